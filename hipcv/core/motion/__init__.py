"""The shank's angle over time, and the trials in it."""
