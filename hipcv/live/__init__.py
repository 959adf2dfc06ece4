"""A test in front of a camera: guided while it runs, measured precisely once a trial has ended.

Every frame goes through the same `Session` as a recorded file, with a fast pose model. The frames of a swing are kept
in memory, packed, until the leg is back; then those near the end of range are measured again with the precise model, on
a thread of its own, and take the place of the fast ones in the series that is assessed.
"""
