"""What a finding means in plain words, how to film again, and what is known about its limit.

The words live in `data/guidance.toml` by the finding's code; they are for patients and contain no diagnosis.
"""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from hipcv.core.finding import Finding
from hipcv.core.procedure import Procedure
from hipcv.words import Effort, Motion, Motions

_OPTIONAL = re.compile(r"\[([^\]]*)\]")
_FIELD = re.compile(r"\{(\w+)(?::([^}]+))?\}")


@dataclass(frozen=True, slots=True)
class Guidance:
    """One finding in words; `advice` is the template that `advice_for` fills, `origin` empty where nothing is known.

    `cause` holds the template for each cause that calls for other advice, `passive` the one for a test in which
    somebody else moves the leg, `inwards` the one for a foot that swings inwards, whoever moves it; both are empty
    where it does not differ.
    """

    title: str
    meaning: str
    advice: str
    origin: str = ""
    cause: Mapping[str, str] = field(default_factory=dict)
    passive: str = ""
    inwards: str = ""


@dataclass(frozen=True, slots=True)
class TestWords:
    """One test in words, for people who choose it: its name, how it is done, how it is filmed."""

    title: str
    how: str
    filmed: str


def words_for(procedure: Procedure) -> TestWords:
    """Return a test in words; of one that has none in the data file, what the test itself says.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> words_for(procedure_named("prone")).title
    'Face down'
    """
    own = _words()["test"].get(procedure.name)
    if own is not None:
        return TestWords(**own)
    filmed = f"filmed from the {' or '.join(procedure.camera_sides)}"
    return TestWords(procedure.label, f"The {procedure.name} test, {filmed}.", filmed)


def known_codes() -> tuple[str, ...]:
    """Return every finding code that has words.

    Examples
    --------
    >>> "pelvis_hike" in known_codes()
    True
    """
    return tuple(_findings())


def known_causes(code: str) -> tuple[str, ...]:
    """Return the causes for which a finding has advice of its own; ValueError for an unknown code.

    Examples
    --------
    >>> known_causes("wrong_view"), known_causes("pelvis_hike")
    (('other_end',), ())
    """
    return tuple(_guidance(code).cause)


def title_for(code: str) -> str:
    """Return the finding's title, a few words without a full stop; ValueError for an unknown code.

    Examples
    --------
    >>> title_for("pelvis_hike")
    'The hip lifted'
    """
    return _guidance(code).title


def meaning_for(code: str) -> str:
    """Return one plain sentence on what the finding means for the result; ValueError for an unknown code.

    Examples
    --------
    >>> meaning_for("pelvis_hike")
    'When the pelvis tips, the foot goes further out without the hip joint turning further.'
    """
    return _guidance(code).meaning


def origin_for(code: str) -> str:
    """Return what literature or geometry says about the finding's limit, else ""; ValueError for an unknown code.

    Examples
    --------
    >>> origin_for("pelvis_hike")
    'The range ends with the first movement of the pelvis (Hogg 2018, doi:10.4085/1062-6050-426-16).'
    """
    return _guidance(code).origin


def advice_for(
    code: str,
    *,
    observed: float | None = None,
    limit: float | None = None,
    unit: str = "",
    side: str | None = None,
    cause: str | None = None,
    values: Mapping[str, float | str] | None = None,
    effort: Effort = Effort.ACTIVE,
    motion: Motion | None = None,
) -> str:
    """Return what to do, or how to film again, in one plain sentence (for a cause of its own, two at most).

    Parameters
    ----------
    code : the finding's code.
    observed, limit : what was found and what is allowed, in `unit`; None or NaN leaves out what would need them. Only
        "camera_yaw" looks at a sign: with `observed` above 0 the camera stands to its own right of the line of the
        thighs (`hipcv.core.camera.pinhole`) and has to be carried to its left.
    unit : the unit's words, such as "°", "s" or "frames a second"; "deg" means "°".
    side : "left" or "right", the subject's own, where the finding belongs to one.
    cause : what lies behind the finding, where it calls for a sentence of its own.
    values : what stands in that sentence: numbers, and what a source of an angle is called in the program.
    effort : who moves the leg, which calls for another sentence where a helper does.
    motion : which way the hip turned, where the finding concerns one.

    Raises
    ------
    ValueError
        If the code, or this code's cause, is unknown.

    Examples
    --------
    >>> advice_for("low_frame_rate", observed=12.0, limit=20.0, unit="frames a second")[:66]
    'Film in an ordinary video setting with at least 20 frames a second'
    >>> advice_for("wrong_view", cause="other_end", values={"seen": "head", "said": "foot"})[:61]
    'This looks filmed from the head end, not from the foot end: i'
    >>> advice_for("several_people", effort=Effort.PASSIVE)
    'Film again with only the person who is tested and one helper in the picture.'
    """
    found = _finite(observed)
    fields: dict[str, float | str | None] = {
        **(values or {}),
        "observed": None if found is None else _quantity(found, unit),
        "limit": None if (allowed := _finite(limit)) is None else _quantity(allowed, unit),
        "side": side,
        "way": None if not found else ("left" if found > 0 else "right"),
    }

    def keep(part: re.Match[str]) -> str:
        text = part.group(1)
        return "" if any(fields[name] is None for name, _ in _FIELD.findall(text)) else text

    def fill(part: re.Match[str]) -> str:
        name, form = part.groups()
        value = fields[name]
        if isinstance(value, str):
            return _words()["source"].get(value, value)  # type: ignore[no-any-return]
        return "" if value is None else format(value, form or "")

    text = _OPTIONAL.sub(keep, _advice(code, cause, effort, motion))
    return _FIELD.sub(fill, text)


def advised(finding: Finding, effort: Effort = Effort.ACTIVE) -> Finding:
    """Return the finding with its advice: what to do about it, in words for a test of this effort.

    Examples
    --------
    >>> from hipcv.core.finding import FindingCode, Severity
    >>> advised(Finding(FindingCode.PELVIS_HIKE, Severity.DOUBT)).advice != ""
    True
    """
    advice = advice_for(
        finding.code,
        observed=finding.observed,
        limit=finding.limit,
        unit=finding.unit,
        side=finding.side,
        cause=finding.cause,
        values=finding.values,
        effort=effort,
        motion=finding.motion,
    )
    return replace(finding, advice=advice)


def note_for(code: str) -> str:
    """Return what is said beside a comparison with other people; ValueError for an unknown code.

    Examples
    --------
    >>> note_for("under_18")[:96]
    'Under 18 years: with pain in the hip, groin, thigh or knee, or a limp, see a doctor the same day'
    """
    notes: dict[str, dict[str, str]] = _words()["note"]
    if code not in notes:
        raise ValueError(f"a known note is needed, found {code!r}; known are {', '.join(notes)}")
    return notes[code]["text"]


def wording_of(verdict: str) -> str:
    """Return what a left–right difference amounts to in words; ValueError for an unknown verdict.

    Examples
    --------
    >>> wording_of("notable")
    'notable difference: repeat the measurement'
    """
    verdicts: dict[str, str] = _words()["asymmetry"]
    if verdict not in verdicts:
        raise ValueError(f"a known verdict is needed, found {str(verdict)!r}; known are {', '.join(verdicts)}")
    return verdicts[verdict]


def filming_guide(
    procedure: Procedure, effort: Effort = Effort.ACTIVE, asked: Motions = Motions.INTERNAL
) -> tuple[str, ...]:
    """Return short steps on how to film a test so that it can be measured, in the order in which they are done.

    Where external rotation is `asked` for, the foot swings inwards as well, or only. In a passive test they are the
    subject's and the camera's; the helper's are in `helper_guide`.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> filming_guide(procedure_named("seated"))[0][:71]
    'Sit on a table or a high chair so that both feet hang free of the floor'
    >>> filming_guide(procedure_named("seated"), Effort.PASSIVE)[4][:41]
    'Let the leg hang loose and let the helper'
    """
    steps = _words()["film"]
    moved = steps[effort]
    ways = {Motion.INTERNAL: moved, Motion.EXTERNAL: moved["inwards"]}
    return (
        *steps.get(procedure.name, ()),
        *(step for motion in asked.each for step in ways[motion].get(procedure.name, ())),
        moved["hold"],
        *steps["both"],
        moved["last"],
    )


@dataclass(frozen=True, slots=True)
class HelperGuide:
    """What somebody does who moves the leg of another: short steps in their order, and where they come from."""

    steps: tuple[str, ...]
    origin: str


def helper_guide(procedure: Procedure) -> HelperGuide:
    """Return how a helper stands, holds, moves and stops in a passive test.

    Examples
    --------
    >>> from hipcv.core.procedures import procedure_named
    >>> helper_guide(procedure_named("seated")).steps[0][:40]
    'Kneel beside the leg that is tested, beh'
    """
    words = _words()["helper"]
    own = words.get(procedure.name, {"steps": ()})
    return HelperGuide((*own["steps"], *words["any"]["steps"]), words["any"]["origin"])


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files("hipcv.evidence").joinpath("data/guidance.toml").read_text("utf-8"))


@cache
def _findings() -> dict[str, Guidance]:
    return {code: Guidance(**words) for code, words in _words()["finding"].items()}


def _guidance(code: str) -> Guidance:
    try:
        return _findings()[code]
    except KeyError:
        known = ", ".join(known_codes())
        raise ValueError(f"a known finding code is needed, found {str(code)!r}; known are {known}") from None


def _advice(code: str, cause: str | None, effort: Effort, motion: Motion | None) -> str:
    if cause is None:
        words = _guidance(code)
        if motion is Motion.EXTERNAL and words.inwards:
            return words.inwards
        return (effort is Effort.PASSIVE and words.passive) or words.advice
    if cause not in (causes := _guidance(code).cause):
        raise ValueError(f"a known cause of {code} is needed, found {str(cause)!r}; known are {', '.join(causes)}")
    return causes[cause]


def _finite(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else float(number)


def _quantity(number: float, unit: str) -> str:
    size = abs(number)
    digits = f"{size:.0f}" if size >= 10 or size == int(size) else f"{size:.1f}"
    if unit == "deg" or unit.startswith("°"):
        return f"{digits}{unit.replace('deg', '°')}"
    return f"{digits} {unit}".strip()
