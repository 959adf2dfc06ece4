"""What the server and its children write into their log, in characters that leave a terminal and a line as they are."""

import logging
import logging.config
from types import TracebackType
from typing import Any

#: Control characters, which colour, move, retitle and forge lines; and what reverses or breaks them (Unicode).
_CONTROL = dict.fromkeys(
    [
        *range(0x20),
        *range(0x7F, 0xA0),
        0x061C,
        0x200E,
        0x200F,
        0x2028,
        0x2029,
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    ]
)
_ESCAPES = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _CONTROL}


def printable(text: str) -> str:
    """Return a text with its control characters written out, so that it is one line and no command to a terminal."""
    return text.translate(_ESCAPES).encode("utf-8", "backslashreplace").decode()


class PlainFormatter(logging.Formatter):
    """Writes a record as one line; a traceback below it keeps its own lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class' name
        """Return the line."""
        return printable(super().formatMessage(record))

    def formatException(  # noqa: N802 - the base class' name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """Return the traceback."""
        return "\n".join(printable(line) for line in super().formatException(ei).split("\n"))


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
