"""The web server of hipcv."""
