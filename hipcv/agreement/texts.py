"""What an agreement study says on a terminal."""

import math

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hipcv.agreement.study import Study
from hipcv.printable import printable


def print_study(study: Study, key: tuple[str, ...], console: Console | None = None) -> None:
    """Print an agreement study as a table; `key` are the columns by which the rows were matched.

    Examples
    --------
    >>> import io
    >>> from hipcv.agreement.study import Pair, study_agreement
    >>> page = io.StringIO()
    >>> study = study_agreement("hipcv", "goniometer", [Pair("a", 31.0, 30.0), Pair("b", 36.0, math.nan)])
    >>> print_study(study, ("clip", "side"), Console(file=page, width=100))
    >>> page.getvalue().splitlines()[-1]
    'Rows matched by clip, side.'
    """
    console = console or Console()
    table = Table(
        "group",
        "pairs",
        "bias",
        "95 % limits",
        "ICC(2,1)",
        "MAE",
        title=Text(printable(f"{study.first} less {study.second}")),
    )
    for group in study.groups:
        limits, icc = group.bland_altman, group.icc
        table.add_row(
            Text(printable(group.label)),
            str(limits.n),
            _interval(limits.bias, limits.bias_ci95, 1, "°"),
            f"{_number(limits.lower_limit, 1)}° to {_number(limits.upper_limit, 1)}°",
            _interval(icc.value, icc.ci95, 2),
            f"{_number(group.mae.value, 1)}°",
        )
    console.print(table)
    n_dropped = study.groups[0].bland_altman.n_dropped
    if n_dropped:
        say(console, f"{n_dropped} rows have no partner or no number and are left out.")
    if key:
        say(console, f"Rows matched by {', '.join(key)}.")


def _interval(value: float, ci95: tuple[float, float], digits: int, unit: str = "") -> str:
    if math.isnan(ci95[0]):
        return f"{_number(value, digits)}{unit}"
    return f"{_number(value, digits)}{unit} ({_number(ci95[0], digits)} to {_number(ci95[1], digits)})"


def _number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def say(console: Console, line: str) -> None:
    """Print one line as it is, whatever is in it.

    Examples
    --------
    >>> import sys
    >>> say(Console(file=sys.stdout), "[bold]Anna.mp4[/bold]")
    [bold]Anna.mp4[/bold]
    """
    console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
