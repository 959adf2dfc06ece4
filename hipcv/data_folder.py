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


def result_folder(data: Path, token: str) -> Path:
    """Return where, in a data folder, everything drawn and written about one kept assessment lies.

    Examples
    --------
    >>> result_folder(Path("data"), "7r2m").as_posix()
    'data/results/7r2m'
    """
    return data / "results" / token
