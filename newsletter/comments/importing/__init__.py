"""Comments from elsewhere: WordPress (WXR) and Disqus, read as a stream."""
