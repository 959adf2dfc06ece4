"""Frames in, landmarks out."""
