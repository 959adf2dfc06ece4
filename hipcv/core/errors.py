"""What went wrong when a measurement could not even be tried.

A recording that was read but cannot be measured is a value (`not_measured` with findings), never one of these.
"""


class HipcvError(Exception):
    """Could not try. The message says what was wanted, what was found and what to do."""


class SourceError(HipcvError):
    """A recording or camera gave no usable frames."""


class ModelError(HipcvError):
    """A pose model is missing, damaged or would not load."""


class HistoryError(HipcvError):
    """Kept assessments could not be read or written."""


class BatchError(HipcvError):
    """A list of recordings could not be understood or its results not be written."""


class OutputError(HipcvError):
    """A result could not be written; the message names the disk or folder that refused."""
