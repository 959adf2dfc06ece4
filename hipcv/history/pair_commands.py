"""`hipcv compare`: results in files held against each other; arguments in, exit status out."""

# Everything heavy is imported where it is used: `hipcv --help` must answer at once.

from collections.abc import Callable
from contextlib import ContextDecorator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hipcv.history.pair import PairChange

OneSentence = Callable[[], ContextDecorator]


def register(app: typer.Typer, one_sentence: OneSentence) -> None:
    """Add the command to `app`; `one_sentence` says what could not be tried."""
    app.command("compare")(one_sentence()(compare_results))


def compare_results(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="BEFORE.json AFTER.json...", help="Results of one person, as `measure --json` prints."),
    ],
    pair: Annotated[
        bool,
        typer.Option(
            "--pair", help="Test, one exercise, test again within one sitting; several pairs give their mean."
        ),
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare results in files: two days, with --pair before and after one exercise, or a bent and a straight hip."""
    from hipcv.history import texts
    from hipcv.history.comparison import Spacing
    from hipcv.history.pair import judge_pairs
    from hipcv.history.positions import are_two_positions, side_by_side

    documents = _read(results, pair=pair)
    if not pair and are_two_positions(*documents):
        sides = side_by_side(*documents)
        texts.print_json(texts.position_values(sides)) if json_ else texts.print_positions(sides)
        return
    spacing = Spacing.ONE_SITTING if pair else Spacing.BETWEEN_DAYS
    changes = judge_pairs(list(zip(documents[::2], documents[1::2], strict=True)), spacing)
    _print_json(changes) if json_ else _print(changes, pair=pair)


def _read(paths: list[Path], *, pair: bool) -> list[dict[str, Any]]:
    import json

    from hipcv.core.errors import HistoryError

    if len(paths) % 2 or (len(paths) != 2 and not pair):
        wanted = "results two by two, each before and after" if pair else "two results, the earlier one first"
        raise HistoryError(f"Wanted {wanted}, found {len(paths)}: name them in this order.")
    documents = []
    for path in paths:
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise HistoryError(
                f"Wanted a result as `hipcv measure --json` prints it, found none in {path}: measure the recording."
            ) from error
        if not isinstance(values, dict):
            raise HistoryError(f"Wanted a result as `hipcv measure --json` prints it, found none in {path}.")
        documents.append(values)
    return documents


def _print_json(changes: "tuple[PairChange, PairChange]") -> None:
    import json
    from dataclasses import asdict

    typer.echo(json.dumps([asdict(change) for change in changes], indent=2))


def _print(changes: "tuple[PairChange, PairChange]", *, pair: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from hipcv.evidence.exercises import common_rules

    table = Table("side", "pairs" if pair else "measured twice", "change", "smallest detectable", "verdict")
    for c in changes:
        change = "–" if c.change_deg is None else f"{c.change_deg:+.1f}°"
        mdc95 = "–" if c.mdc95_deg is None else f"{c.mdc95_deg:.1f}°"
        table.add_row(str(c.side), str(c.n_pairs), change, mdc95, str(c.verdict))
    console = Console()
    console.print(table)
    if pair:
        rules = common_rules()
        console.print(Text(f"{rules['at_once']} {rules['one_thing']}"))
        console.print(Text(rules["at_once_origin"], style="dim"))
