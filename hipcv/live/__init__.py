"""A test in front of a camera: guided while it runs, read as a whole once it has ended.

Every frame goes through the same `Session` as those of a recorded file, so both have one reader. A fast pose model
follows the person meanwhile and says at once where the legs are; that is for guidance. What the precise model sees
first in the kept frames is looked at ahead, so that the result comes soon after the last hold.
"""
