"""One supervised child process: started, confined, talked to, watched, and ended with words about how it ended."""
