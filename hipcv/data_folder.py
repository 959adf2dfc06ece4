"""The folder in which everything is kept: history, live tests, and what a server works on."""

import os
from pathlib import Path

DATA_VARIABLE = "HIPCV_DATA"


def data_folder() -> Path:
    """Return the data folder: what HIPCV_DATA names, else the user's own.

    Examples
    --------
    >>> data_folder().is_absolute()
    True
    """
    if named := os.environ.get(DATA_VARIABLE):
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("hipcv", appauthor=False)
