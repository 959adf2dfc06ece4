"""What a batch says on a terminal before it begins and when it has ended."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from hipcv.agreement.texts import print_study, say
from hipcv.batch.input.manifest import carried_sentence
from hipcv.batch.order import Overview
from hipcv.batch.output.contents import Contents


def print_overview(overview: Overview, out: Path, console: Console | None = None) -> None:
    """Say what a batch would do.

    Examples
    --------
    >>> import io
    >>> from collections import Counter
    >>> page = io.StringIO()
    >>> overview = Overview(2, Counter({("seated", "list"): 2}), 1, 0, (), "1 worker", True)
    >>> print_overview(overview, Path("results"), Console(file=page, width=100))
    >>> page.getvalue().splitlines()[-1]
    'They would be measured with 1 worker; results would go to results.'
    """
    console = console or Console()
    table = Table("test", "told by", "recordings")
    for (test, told_by), n in sorted(overview.tests.items()):
        table.add_row(test, told_by, str(n))
    console.print(table)
    say(console, f"{overview.n_clips} recordings of {overview.n_subjects or 'unnamed'} subjects, no fault found.")
    if overview.n_with_readings:
        say(console, f"{overview.n_with_readings} have readings of other instruments: an agreement study will be made.")
    if overview.carried:
        say(console, carried_sentence(overview.carried))
    say(console, f"They would be measured with {overview.place}; results would go to {out}.")
    if not overview.model_found:
        say(console, "The pose model is not here yet and would be fetched first.")


def print_contents(contents: Contents, out: Path, console: Console | None = None) -> None:
    """Say how a batch ended and where its results are.

    Examples
    --------
    >>> import sys
    >>> print_contents(Contents(), Path("results"), Console(file=sys.stdout))
    0 recordings: 0 measured, 0 not measured.
    Summary: results/summary.html
    """
    console = console or Console()
    counts = contents.counts
    parts = [f"{counts['measured']} measured", f"{counts['not_measured']} not measured"]
    if counts["set_aside"]:
        parts.append(f"{counts['set_aside']} set aside")
    say(console, f"{counts.total()} recordings: {', '.join(parts)}.")
    n_again = len({row["row"] for row in contents.film_again})
    if n_again:
        say(console, f"{n_again} to film again or look at, with reasons and advice: {out / 'film-again.csv'}")
    for study in contents.studies:
        print_study(study, (), console)
    say(console, f"Summary: {out / 'summary.html'}")
