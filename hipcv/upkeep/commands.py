"""`hipcv replay` and `hipcv doctor`: is it the same again, and is all that it rests on there."""

# Everything heavy is imported where it is used: `hipcv --help` must answer at once.

from collections.abc import Callable
from contextlib import ContextDecorator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hipcv.upkeep.doctor import Check
    from hipcv.upkeep.replay import Replay

OneSentence = Callable[[], ContextDecorator]
#: More values that differ are counted, not printed.
MAX_SHOWN = 20


def register(app: typer.Typer, one_sentence: OneSentence) -> None:
    """Add the commands to `app`; `one_sentence` says what could not be tried."""
    said = one_sentence()
    app.command()(said(replay))
    app.command()(said(doctor))


def replay(
    file: Annotated[Path, typer.Argument(help="A result: what `measure --json` printed.", show_default=False)],
    clip: Annotated[
        Path | None,
        typer.Option(
            "--clip",
            help="The recording, or a folder in which it is looked for by its bytes; by default the result's folder.",
            show_default=False,
        ),
    ] = None,
    models: Annotated[
        Path | None, typer.Option("--models", help="Model file, or folder to look in first.", show_default=False)
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the new result as JSON instead.")] = False,
) -> None:
    """Measure a result once more from what it says itself, and tell whether every byte of it comes out again."""
    from hipcv.upkeep.replay import read_kept
    from hipcv.upkeep.replay import replay as measure_again

    done = measure_again(read_kept(file), clip or file.absolute().parent, model_path=models)
    if json_:
        from hipcv.printable import printable_lines

        typer.echo(printable_lines(done.text))
    else:
        _print_replay(done)
    raise typer.Exit(0 if done.same else 1)


def doctor() -> None:
    """Hold what is installed against what hipcv rests on: libraries, their known faults, pose models."""
    from hipcv.upkeep.doctor import examine

    checks = examine()
    _print_checks(checks)
    if any(check.trouble for check in checks):
        raise typer.Exit(3)


def _print_replay(done: "Replay") -> None:
    from rich.console import Console
    from rich.table import Table

    from hipcv.printable import printable

    console = Console()
    if done.same:
        n_bytes = len(done.text.encode())
        console.print(f"The same again: all {n_bytes} bytes of the result.", highlight=False)
        return
    table = Table(title=f"{len(done.differences)} values came out otherwise", title_justify="left")
    for name in ("value", "in the result", "now"):
        table.add_column(name, overflow="fold")
    for one in done.differences[:MAX_SHOWN]:
        table.add_row(*(printable(str(text)) for text in (one.where, one.kept, one.now)))
    console.print(table, markup=False)
    for name, then, now in done.otherwise:
        console.print(f"{name} was {printable(then)} then and is {now} now.", highlight=False, markup=False)


def _print_checks(checks: "list[Check]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="What hipcv rests on", title_justify="left")
    for name in ("what", "found", "state", "known, and how it is met"):
        table.add_column(name, overflow="fold")
    for check in checks:
        known = "\n".join(f"{fault.what} {fault.met} ({fault.source})" for fault in check.faults)
        table.add_row(check.name, check.found, check.trouble or "good", known)
    Console().print(table, markup=False)
