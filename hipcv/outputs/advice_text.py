"""What the terminal shows of questions, exercises and what is known."""

import shlex
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hipcv.core.answers import NONE
from hipcv.core.setup import Setup
from hipcv.evidence.exercises import (
    Exercise,
    Kind,
    Plan,
    all_exercises,
    common_rules,
    grade_words,
    kind_words,
    plan_order,
    popular_advice,
)
from hipcv.evidence.knowledge import all_cards, all_looks
from hipcv.evidence.screening import Outcome, Screened, asked_again, questions
from hipcv.outputs.plan import NextSteps
from hipcv.printable import printable


def stop_text(screened: Screened) -> Text | None:
    """Return what somebody has to do instead of a test, None where nothing stands against one.

    Examples
    --------
    >>> from hipcv.evidence.screening import judge
    >>> from hipcv.words import Answer
    >>> stop_text(judge([])) is None, str(stop_text(judge([Answer.FEVER])))[:37]
    (True, 'Go to an emergency department today: ')
    """
    if not screened.outcome.stops:
        return None
    return Text(" ".join(screened.say), style="bold red")


def next_texts(steps: NextSteps, setup: Setup) -> Iterable[Text]:
    """Yield what to do next in short; `setup` says what was answered before.

    Examples
    --------
    >>> from hipcv.evidence.screening import judge
    >>> [str(text) for text in next_texts(NextSteps(judge([]), None), Setup())]
    []
    """
    plan = steps.plan
    yield from (Text(f"\n{shown.say}", style="yellow") for shown in steps.shown)
    if plan is None or steps.screened.outcome.stops:
        return
    head = Text("\nWhat to do next", style="bold")
    if plan.withheld:
        yield Text.assemble(head, ": ", _withheld(plan.withheld, steps.screened))
        return
    yield head
    for told in plan.told:
        yield Text(f"{told.title}. {told.say}")
    for exercise in plan.exercises:
        yield Text.assemble("  ", (exercise.name, "bold"), f", {exercise.dose} ({exercise.id})")
    if plan.exercises:
        yield Text(f"{plan_order()[0]} {common_rules()['test_first']} Measure again after 4 weeks.")
        yield Text(f"How: hipcv exercises {' '.join(e.id for e in plan.exercises)} {_answered(setup)}", style="dim")


def _answered(setup: Setup) -> str:
    """Return the option that says again what was answered."""
    if setup.screening is None:
        return f"--screened-by {shlex.quote(printable(setup.screened_by or ''))}"
    return f"--screening {','.join(setup.screening) or NONE}"


def _withheld(sentences: Sequence[str], screened: Screened) -> str:
    """Return why no exercise is shown, and how to answer where nobody did."""
    how = ("`hipcv questions` lists them, --screening answers them.",) if screened.outcome is Outcome.NOT_ASKED else ()
    return " ".join((*sentences, *how))


def render_questions(console: Console) -> None:
    """Print the questions before a test with their answers and the words for them.

    Examples
    --------
    >>> import io
    >>> page = io.StringIO()
    >>> render_questions(Console(file=page, width=160))
    >>> "knee_pain" in page.getvalue()
    True
    """
    for question in questions():
        console.print(Text(f"\n{question.ask}", style="bold"))
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(no_wrap=True, style="cyan")
        table.add_column(overflow="fold")
        for words in question.answers:
            table.add_row(str(words.answer), words.words)
        console.print(table)
    how = "Give what holds after --screening, with commas between, or none. "
    console.print(Text(f"\n{how}{asked_again()}", style="dim"))


def render_plan(plan: Plan, console: Console) -> None:
    """Print a plan with every word of its exercises.

    Examples
    --------
    >>> import io
    >>> from hipcv.evidence.exercises import Reading, make_plan
    >>> from hipcv.evidence.screening import judge
    >>> page = io.StringIO()
    >>> render_plan(make_plan([Reading(90)], judge([])), Console(file=page, width=160))
    >>> "Nobody can say whether" in page.getvalue()
    True
    """
    for sentence in plan.withheld:
        console.print(Text(sentence))
    for told in plan.told:
        console.print(Text.assemble((told.title, "bold"), f". {told.say}"))
        if told.origin:
            console.print(Text(told.origin, style="dim"))
    for exercise in plan.exercises:
        render_exercise(exercise, console)
    if plan.exercises:
        rules, (order, origin) = common_rules(), plan_order()
        console.print(Text(f"\n{order} {rules['pull']}"))
        console.print(Text(origin, style="dim"))
        for week in plan.weeks:
            console.print(Text(f"  {week}"))
        for name in ("test_first", "one_thing", "expect", "at_once", "build"):
            console.print(Text(rules[name]))
            if f"{name}_origin" in rules:
                console.print(Text(rules[f"{name}_origin"], style="dim"))


def render_exercise(exercise: Exercise, console: Console) -> None:
    """Print every word of one exercise.

    Examples
    --------
    >>> import io
    >>> from hipcv.evidence.exercises import exercise_named
    >>> page = io.StringIO()
    >>> render_exercise(exercise_named("gen-leg-roll"), Console(file=page, width=160))
    >>> "Roll the straight leg" in page.getvalue()
    True
    """
    kind = kind_words(exercise.kind)
    ours = " (proposed here)" if exercise.dose_ours else ""
    console.print(Text.assemble("\n", (exercise.name, "bold"), f" ({exercise.id}): {exercise.dose}{ours}"))
    console.print(Text(exercise.place + (f" You need {exercise.kit}." if exercise.kit else "")))
    for number, cue in enumerate(exercise.cues, start=1):
        console.print(Text(f"  {number}. {cue}"))
    if exercise.caution:
        console.print(Text(exercise.caution))
    known = f"{exercise.known} " if exercise.known else ""
    grade = f"Evidence {exercise.grade}: {grade_words(exercise.grade)}."
    console.print(Text(f"{grade} {known}{kind.known} {kind.source}", style="dim"))


def render_catalogue(screened: Screened, console: Console) -> None:
    """Print the exercises that somebody's answers leave open, and what popular advice gets wrong; else why not.

    Examples
    --------
    >>> import io
    >>> from hipcv.evidence.screening import judge
    >>> from hipcv.words import Answer
    >>> page = io.StringIO()
    >>> render_catalogue(judge([Answer.FEVER]), Console(file=page, width=200))
    >>> page.getvalue()[:37]
    'Go to an emergency department today: '
    """
    if not screened.exercises_allowed:
        console.print(Text(_withheld(screened.say, screened)))
        return
    for kind in Kind:
        listed = [one for one in all_exercises() if one.kind is kind and one.open_to(screened)]
        if listed:
            console.print(_listed(kind_words(kind).title, listed))
    console.print(Text("\nOften heard", style="bold"))
    for popular in popular_advice():
        console.print(Text(f"“{popular.heard}” {popular.instead}"))
        console.print(Text(popular.source, style="dim"))
    console.print(Text(f"\n{common_rules()['pull']}"))


def _listed(title: str, exercises: Sequence[Exercise]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for name in ("id", "name", "dose", "grade"):
        table.add_column(name, no_wrap=name == "id", style="cyan" if name == "id" else "")
    for one in exercises:
        table.add_row(one.id, one.name, one.dose, f"evidence {one.grade}")
    return table


def render_cards(console: Console) -> None:
    """Print what is known about turning the hip inwards.

    Examples
    --------
    >>> import io
    >>> page = io.StringIO()
    >>> render_cards(Console(file=page, width=160))
    >>> "Bone, or soft tissue?" in page.getvalue()
    True
    """
    for card in all_cards():
        console.print(Text.assemble("\n", (card.title, "bold"), f" ({card.sure.wording})"))
        console.print(Text(card.text))
        console.print(Text(card.source, style="dim"))
    console.print(Text("\nLooks without a number", style="bold underline"))
    for look in all_looks():
        console.print(Text.assemble("\n", (look.title, "bold")))
        console.print(Text(look.text))
        console.print(Text(look.source, style="dim"))
