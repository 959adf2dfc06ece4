"""What the server and its children write into their log, in characters that leave a terminal and a line as they are."""

import logging
import logging.config
from types import TracebackType
from typing import Any

from hipcv.printable import printable, printable_lines


class PlainFormatter(logging.Formatter):
    r"""Writes a record as one line; a traceback below it keeps its own lines.

    Examples
    --------
    >>> formatter = PlainFormatter("%(levelname)s: %(message)s")
    >>> record = logging.LogRecord("hipcv", logging.WARNING, "", 0, "Anna" + chr(27), None, None)
    >>> record.message = record.getMessage()
    >>> print(formatter.formatMessage(record))
    WARNING: Anna\u001b
    >>> formatter.formatException((ValueError, ValueError("a" + chr(27)), None)).isprintable()
    True
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class' name
        """Return the line."""
        return printable(super().formatMessage(record))

    def formatException(  # noqa: N802 - the base class' name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """Return the traceback."""
        return printable_lines(super().formatException(ei))


#: For `logging.config.dictConfig`, uvicorn's own loggers included.
CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": PlainFormatter, "format": "%(levelname)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {
        name: {"handlers": ["stderr"], "level": "WARNING", "propagate": False} for name in ("hipcv.server", "uvicorn")
    },
}


def set_up() -> None:
    """Let this process write its log that way."""
    logging.config.dictConfig(CONFIG)
