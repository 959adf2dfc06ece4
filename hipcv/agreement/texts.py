"""What a batch and an agreement study say on a terminal."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hipcv.agreement.study import Study
from hipcv.batch.input.manifest import carried_sentence
from hipcv.printable import printable

if TYPE_CHECKING:
    from hipcv.batch.output.result_folder import Contents
    from hipcv.batch.run.order import Overview


def print_overview(overview: "Overview", out: Path, console: Console | None = None) -> None:
    """Say what a batch would do."""
    console = console or Console()
    table = Table("test", "told by", "recordings")
    for (test, told_by), n in sorted(overview.tests.items()):
        table.add_row(test, told_by, str(n))
    console.print(table)
    _say(console, f"{overview.n_clips} recordings of {overview.n_subjects or 'unnamed'} subjects, no fault found.")
    if overview.n_with_readings:
        _say(
            console, f"{overview.n_with_readings} have readings of other instruments: an agreement study will be made."
        )
    if overview.carried:
        _say(console, carried_sentence(overview.carried))
    _say(console, f"They would be measured with {overview.place}; results would go to {out}.")
    if not overview.model_found:
        _say(console, "The pose model is not here yet and would be fetched first.")


def print_contents(contents: "Contents", out: Path, console: Console | None = None) -> None:
    """Say how a batch ended and where its results are."""
    console = console or Console()
    counts = contents.counts
    parts = [f"{counts['measured']} measured", f"{counts['not_measured']} not measured"]
    if counts["set_aside"]:
        parts.append(f"{counts['set_aside']} set aside")
    _say(console, f"{counts.total()} recordings: {', '.join(parts)}.")
    n_again = len({row["row"] for row in contents.film_again})
    if n_again:
        _say(console, f"{n_again} to film again or look at, with reasons and advice: {out / 'film-again.csv'}")
    for study in contents.studies:
        print_study(study, (), console)
    _say(console, f"Summary: {out / 'summary.html'}")


def print_study(study: Study, key: tuple[str, ...], console: Console | None = None) -> None:
    """Print an agreement study as a table; `key` are the columns by which the rows were matched."""
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
        _say(console, f"{n_dropped} rows have no partner or no number and are left out.")
    if key:
        _say(console, f"Rows matched by {', '.join(key)}.")


def _interval(value: float, ci95: tuple[float, float], digits: int, unit: str = "") -> str:
    if math.isnan(ci95[0]):
        return f"{_number(value, digits)}{unit}"
    return f"{_number(value, digits)}{unit} ({_number(ci95[0], digits)} to {_number(ci95[1], digits)})"


def _number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def _say(console: Console, line: str) -> None:
    console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
