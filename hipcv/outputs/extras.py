"""What a few files are made with beside what every hipcv has: libraries that an extra of the installation brings."""

from contextlib import redirect_stdout
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from io import StringIO

from hipcv.core.errors import OutputError


class Extra(StrEnum):
    """An extra, as in `pip install 'hipcv[fhir]'`.

    Examples
    --------
    >>> Extra.FHIR.module
    'fhir'
    """

    FHIR = "fhir"
    PDF = "pdf"

    @property
    def module(self) -> str:
        """The import name of what it brings."""
        return {Extra.FHIR: "fhir", Extra.PDF: "weasyprint"}[self]

    @property
    def at_hand(self) -> bool:
        """Whether its library is installed."""
        return find_spec(self.module) is not None

    def need(self) -> None:
        """Say in one sentence what is missing before its library can be used, where something is.

        Raises
        ------
        OutputError

        Examples
        --------
        >>> Extra.FHIR.need()  # where it is installed, nothing is said
        """
        if not self.at_hand:
            raise OutputError(
                f"Wanted a library that not every hipcv has ({self.module}), found none: install it with "
                f"pip install 'hipcv[{self}]' and try again."
            )
        try:
            with redirect_stdout(StringIO()):  # WeasyPrint prints where to read about installing
                import_module(self.module)
        except OSError as error:
            raise OutputError(
                "Wanted Pango to make a PDF, found none on this machine: install it (Debian: apt install "
                "libpangoft2-1.0-0 libharfbuzz-subset0; macOS: brew install pango; Windows: with MSYS2), or print the "
                "report from a browser."
            ) from error
