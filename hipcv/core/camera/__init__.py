"""The camera against plumb line and thighs, from every cue there is; pure numbers."""
