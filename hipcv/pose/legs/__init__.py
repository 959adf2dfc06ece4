"""Both lower legs by MediaPipe's landmark network on a region of our own, over a whole clip."""
