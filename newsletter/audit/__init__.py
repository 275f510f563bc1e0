"""The paywall audit: publishes sentinels, asks every route as everybody, reports what is wrong."""
