"""The paywall audit's part of courses: sentinels, and the addresses of their views."""
