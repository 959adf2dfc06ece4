"""Understands a list of recordings: every row becomes a `Clip`, or every fault of the list is told at once."""

import math
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from hipcv.batch.input.clip import Clip, Reference, ToldBy
from hipcv.batch.input.listing import find_recordings, procedure_in_name
from hipcv.batch.input.remote import is_url
from hipcv.core.answers import ANSWERS_WANTED, NONE, PAIN_WANTED, read_answers, read_day, read_pain, too_old
from hipcv.core.errors import BatchError, SourceError
from hipcv.core.procedure import Procedure
from hipcv.core.procedures import PROCEDURES, TestName
from hipcv.core.setup import PLACE_WANTED, done_fault, read_place, screened_fault
from hipcv.core.viewing import AS_STORED, ASPECT_WANTED, PICTURES_HZ, RATE_WANTED, TURNS_DEG, Viewing, read_aspect
from hipcv.printable import printable
from hipcv.tables.spreadsheet import OTHER_SUFFIXES, SUFFIXES, Sheet, SheetRow, column_names, parse_number, read_sheet
from hipcv.words import USUAL_MOTIONS, Answer, CameraSide, Effort, EndPoint, HandPlace, Legs, Motions, Sex, Side

T = TypeVar("T")

#: What each column may be called; compared in lower case with words joined by underscores.
COLUMNS: dict[str, tuple[str, ...]] = {
    "path": ("path", "clip", "file", "filename", "file_name", "video", "recording", "url"),
    "subject": ("subject", "subject_id", "patient", "patient_id", "participant", "participant_id", "record_id", "id"),
    "test": ("test", "position"),
    "side_order": ("side_order", "order", "sides", "side"),
    "age": ("age", "age_years"),
    "sex": ("sex", "gender"),
    "effort": ("effort",),
    "legs": ("legs", "legs_at_once"),
    "motion": ("motion", "motions"),
    "helper": ("helper", "moved_by"),
    "hand_place": ("hand_place",),
    "subject_at": ("subject_at",),
    "end_point": ("end_point", "endpoint"),
    "pain": ("pain", "pain_0_10"),
    "pain_left": ("pain_left",),
    "pain_right": ("pain_right",),
    "screening": ("screening",),
    "screened_on": ("screened_on",),
    "screened_by": ("screened_by",),
    "visit_date": ("visit_date", "date_of_visit", "date"),
    "mirrored": ("mirrored", "mirror"),
    "slow_motion": ("slow_motion",),
    "rotate": ("rotate", "rotate_deg"),
    "aspect": ("aspect", "aspect_ratio"),
    "fps": ("fps", "pictures_hz", "pictures_a_second"),
    "still": ("still", "stills"),
    "from_s": ("from_s", "from", "start_s"),
    "to_s": ("to_s", "to", "end_s"),
    "camera": ("camera", "camera_side", "camera_end"),
    "roll_deg": ("roll_deg", "camera_roll_deg", "roll"),
}
#: Other instruments and raters by the names under which their readings are understood without "_deg" at the end.
METHODS = re.compile(r"(reference|goniometer|inclinometer|rater_?\d*|second_rater|motion_capture|mocap|manual)(_.+)?")
#: What a column is called that is carried along on purpose though it looks like one that is known: list_sx.
CARRIED_PREFIX = "list_"
#: Names this alike (`difflib`, 0 to 1) are taken for a slip of the pen: sx and sex are 0.8, site and side 0.75.
_ALIKE = 0.8
_METHOD_WORDS = (
    "reference",
    "goniometer",
    "inclinometer",
    "rater",
    "second_rater",
    "motion_capture",
    "mocap",
    "manual",
)
_SIDED = re.compile(r"(?P<method>[a-z][a-z0-9_]*?)(_(?P<side>left|right|l|r))?(?P<unit>_deg)?")

_TESTS = {word: procedure for procedure in PROCEDURES for word in (procedure.name, *procedure.spoken)}
_SEXES = {"female": Sex.FEMALE, "f": Sex.FEMALE, "w": Sex.FEMALE, "woman": Sex.FEMALE, "girl": Sex.FEMALE}
_SEXES |= {"male": Sex.MALE, "m": Sex.MALE, "man": Sex.MALE, "boy": Sex.MALE}
_EFFORTS = {"active": Effort.ACTIVE, "passive": Effort.PASSIVE}
_LEGS = {"one": Legs.ONE, "both": Legs.BOTH, "single": Legs.ONE, "auto": Legs.AUTO}
_MOTIONS = {str(motions): motions for motions in Motions}
_HANDS = {"shin": HandPlace.SHIN, "ankle": HandPlace.SHIN, "foot": HandPlace.FOOT}
_HANDS |= {"gravity": HandPlace.GRAVITY, "own weight": HandPlace.GRAVITY}
_ENDS = {"pelvis moved": EndPoint.PELVIS_MOVED, "pelvis": EndPoint.PELVIS_MOVED, "firm": EndPoint.FIRM}
_ENDS |= {"pain": EndPoint.PAIN, "helper stopped": EndPoint.HELPER_STOPPED, "helper": EndPoint.HELPER_STOPPED}
_TRUTHS = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}
_CAMERAS = {"front": CameraSide.FRONT, "foot end": CameraSide.FOOT_END, "foot": CameraSide.FOOT_END}
_CAMERAS |= {"feet": CameraSide.FOOT_END, "head end": CameraSide.HEAD_END, "head": CameraSide.HEAD_END}
_SIDES = {"left": Side.LEFT, "l": Side.LEFT, "right": Side.RIGHT, "r": Side.RIGHT}
#: Words for "not known" that are left in clinical tables.
_UNKNOWN = {"", "na", "n/a", "nan", "none", "null", "-", "–", "?", "unknown", "missing"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one cell; row as a spreadsheet shows it, column as the list names it."""

    row: int
    column: str
    wanted: str
    found: str

    def __str__(self) -> str:
        return printable(f"row {self.row}, {self.column}: wanted {self.wanted}, found {self.found}")


class ListError(BatchError):
    """A list with faults; the message names all of them, one a line."""

    def __init__(self, path: Path | None, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        place = "the recordings" if path is None else f"the list {printable(str(path))}"
        lines = "".join(f"\n  {fault}" for fault in faults)
        super().__init__(f"Found {count} in {place}; nothing was started, mend them and run again:{lines}")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where the list says nothing."""

    test: Procedure | None = None
    effort: Effort = Effort.ACTIVE
    mirrored: bool | None = None
    slow_motion: float = 1.0
    legs: Legs | None = None
    motion: Motions = USUAL_MOTIONS


def read_clips(asked: Sequence[str], defaults: Defaults, *, leave_out: Path | None = None) -> list[Clip]:
    """Return every recording that is meant, in the order of the list or of the names.

    Parameters
    ----------
    asked : one list (.csv, .xlsx), or folders, globs, files and URLs.
    defaults : what holds where nothing else says it.
    leave_out : the folder of the results, which may lie inside the folder that is asked for.

    Raises
    ------
    ListError
        With every fault of the list.
    BatchError, SourceError
        Where there is nothing to read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     Path(folder, "S01_prone.mp4").touch()
    ...     clips = read_clips([folder], Defaults())
    >>> [(clip.row, clip.name, clip.test.name, clip.test_told_by.value) for clip in clips]
    [(1, 'S01_prone.mp4', 'prone', 'file name')]
    """
    lists = [one for one in asked if Path(one).suffix.lower() in (*SUFFIXES, *OTHER_SUFFIXES) and not is_url(one)]
    if lists and len(asked) > 1:
        raise BatchError(f"Wanted one list, or folders and recordings, found {len(asked)} with {lists[0]} among them.")
    if lists:
        return read_manifest(Path(lists[0]), defaults)
    found = find_recordings(asked, leave_out=leave_out)
    return [
        _with_test(
            Clip(
                row,
                listed.name,
                listed.source,
                effort=defaults.effort,
                mirrored=defaults.mirrored,
                slow_motion=defaults.slow_motion,
                legs=defaults.legs,
                motion=defaults.motion,
            ),
            defaults,
        )
        for row, listed in enumerate(found, start=1)
    ]


def read_manifest(path: Path, defaults: Defaults) -> list[Clip]:
    r"""Return the recordings of a list; paths in it are relative to its folder. Parameters and errors: `read_clips`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     n = Path(folder, "a.mp4").write_bytes(b"picture")
    ...     n = Path(folder, "list.csv").write_text("path,age,goniometer_left_deg,clinic\na.mp4,30,31,Bonn\n")
    ...     clip = read_manifest(Path(folder, "list.csv"), Defaults())[0]
    >>> clip.row, clip.age_years, clip.references[0].left_deg, clip.carried
    (2, 30.0, 31.0, {'clinic': 'Bonn'})
    """
    sheet = read_sheet(path)
    columns, faults = _find_columns(sheet)
    clips = []
    for row in sheet.rows:
        reader = _RowReader(sheet, row, columns)
        clips.append(_read_row(reader, path.parent, defaults))
        faults += reader.faults
    faults += _find_repeats(clips, sheet, columns)
    if faults:
        raise ListError(path, sorted(faults, key=lambda fault: fault.row))
    return clips


# --------------------------------------------------------------------------------------------------------- columns


@dataclass(frozen=True, slots=True)
class _Columns:
    known: Mapping[str, int]
    references: Mapping[str, Mapping[Side | None, int]]
    carried: Mapping[str, int]


def _find_columns(sheet: Sheet) -> tuple[_Columns, list[Fault]]:
    names = column_names(sheet.header)
    known: dict[str, int] = {}
    references: dict[str, dict[Side | None, int]] = {}
    carried: dict[str, int] = {}
    faults = []
    aliases = {alias: (rank, meant) for meant, known_as in COLUMNS.items() for rank, alias in enumerate(known_as)}
    # the plainest name of a column wins; a second one is carried through as it stands
    for _, meant, at in sorted((*aliases[name], at) for at, name in enumerate(names) if name in aliases):
        known.setdefault(meant, at)
    for at, (name, written) in enumerate(zip(names, sheet.header, strict=True)):
        if at in known.values():
            continue
        sided = _SIDED.fullmatch(name)
        if sided and (METHODS.fullmatch(sided["method"]) or (sided["unit"] and sided["side"])):
            side = _SIDES[sided["side"]] if sided["side"] else None
            references.setdefault(sided["method"], {}).setdefault(side, at)
        elif written in carried:
            faults.append(Fault(1, written, "a name for every column", "two columns of this name"))
        elif (intended := _meant(name, sided, known)) is not None:
            found = f"{written!r}: did you mean {intended!r}? If not, name it {CARRIED_PREFIX}{name} to carry it along"
            faults.append(Fault(1, written, known_columns(), found))
        else:
            carried[written or f"column {at + 1}"] = at
    if "path" not in known:
        seen = ", ".join(sheet.header[:8])
        faults.append(Fault(1, "path", "a column that gives each recording's path", f"only {seen}"))
    return _Columns(known, references, carried), faults


def _meant(name: str, sided: re.Match[str] | None, known: Collection[str]) -> str | None:
    """Return the known column that a name nobody knows is likely to mean; None where it is to be carried along."""
    if not name or name.startswith(CARRIED_PREFIX):
        return None
    missing = [alias for meant, aliases in COLUMNS.items() if meant not in known for alias in aliases]
    turned = [alias for alias in missing if sorted(alias) == sorted(name)]
    if found := turned or get_close_matches(name, missing, n=1, cutoff=_ALIKE):
        return found[0]
    if sided and (sided["side"] or sided["unit"]):
        method = sided["method"]
        if words := get_close_matches(method, _METHOD_WORDS, n=1, cutoff=_ALIKE):
            return words[0] + name.removeprefix(method)
    return None


def known_columns() -> str:
    """Return the names of the columns that a list may have, in words.

    Examples
    --------
    >>> known_columns().split(", ")[:3]
    ['path', 'subject', 'test']
    """
    return f"{', '.join(COLUMNS)} or readings such as goniometer_left_deg"


def find_carried(clips: Iterable[Clip]) -> tuple[str, ...]:
    """Return the columns of the list that nobody knows and that go along into the results as they stand.

    Examples
    --------
    >>> find_carried([Clip(2, "a.mp4", "/a.mp4", carried={"clinic": "Bonn"}), Clip(3, "b.mp4", "/b.mp4")])
    ('clinic',)
    """
    return tuple(dict.fromkeys(name for clip in clips for name in clip.carried))


def carried_sentence(columns: Sequence[str]) -> str:
    """Return one sentence that names the columns that are only carried along, and those that would be understood.

    Examples
    --------
    >>> carried_sentence(["clinic"])[:51]
    'Carried along as they stand, not understood: clinic'
    """
    return f"Carried along as they stand, not understood: {', '.join(columns)}; understood are {known_columns()}."


class _RowReader:
    """Reads the cells of one row and collects what is wrong with them."""

    def __init__(self, sheet: Sheet, row: SheetRow, columns: _Columns) -> None:
        self.sheet, self.row, self.columns = sheet, row, columns
        self.faults: list[Fault] = []

    def text(self, column: str) -> str:
        """Return the cell of a known column, "" where there is none."""
        at = self.columns.known.get(column)
        cell = "" if at is None else self.row.cells[at]
        return "" if cell.casefold() in _UNKNOWN else cell

    def read(self, column: str, wanted: str, parse: Callable[[str], T | None], default: T) -> T:
        """Return what a cell means, the default where it is empty; None from `parse` is a fault."""
        text = self.text(column)
        if not text:
            return default
        value = parse(text)
        if value is None:
            self.fault(column, wanted, repr(text))
            return default
        return value

    def number(self, at: int, wanted: str, low: float, high: float) -> float | None:
        """Return the number in a cell within its limits, None where it is empty."""
        text = self.row.cells[at]
        if text.casefold() in _UNKNOWN:
            return None
        value = parse_number(text, decimal_comma=self.sheet.decimal_comma)
        if value is None or not low <= value <= high:
            self.faults.append(Fault(self.row.number, self.sheet.header[at], wanted, repr(text)))
            return None
        return value

    def known_number(self, column: str, wanted: str, low: float, high: float) -> float | None:
        """Return the number in a known column, None where there is none."""
        at = self.columns.known.get(column)
        return None if at is None else self.number(at, wanted, low, high)

    def fault(self, column: str, wanted: str, found: str) -> None:
        """Note a fault of a known column."""
        at = self.columns.known.get(column)
        self.faults.append(Fault(self.row.number, column if at is None else self.sheet.header[at], wanted, found))


# ------------------------------------------------------------------------------------------------------------ rows


def _read_row(reader: _RowReader, folder: Path, defaults: Defaults) -> Clip:
    number = reader.row.number
    name = reader.text("path")
    viewing = _viewing(reader)
    source = _find_source(reader, name, folder, of_pictures=viewing.still or viewing.pictures_hz is not None)
    test = reader.read("test", _one_of(TestName), _word(_TESTS), None)
    nobody_says: tuple[Side, ...] = ()
    side_order = reader.read("side_order", "left, right, or both in order as in right,left", _sides, nobody_says)
    clip = Clip(
        row=number,
        name=name,
        source=source,
        test=test,
        test_told_by=ToldBy.LIST,
        effort=reader.read("effort", "active or passive", _word(_EFFORTS), defaults.effort),
        camera_side=reader.read("camera", "front, foot end or head end", _word(_CAMERAS), None),
        mirrored=reader.read("mirrored", "yes or no", _word(_TRUTHS), defaults.mirrored),
        slow_motion=reader.known_number("slow_motion", "how many times slower, 0.05 to 100", 0.05, 100)
        or defaults.slow_motion,
        roll_deg=reader.known_number("roll_deg", "degrees from -45 to 45", -45, 45),
        age_years=reader.known_number("age", "years from 0 to 120", 0, 120),
        sex=reader.read("sex", "female or male", _word(_SEXES), None),
        subject=reader.text("subject"),
        visit_date=reader.read("visit_date", "a date as YYYY-MM-DD", _date, ""),
        side_order=side_order,
        references=_read_references(reader, side_order),
        carried={column: reader.row.cells[at] for column, at in reader.columns.carried.items()},
        legs=reader.read("legs", "one, both or auto", _word(_LEGS), defaults.legs),
        motion=reader.read("motion", "internal, external or both", _word(_MOTIONS), defaults.motion),
        helper=reader.text("helper") or None,
        hand_place=reader.read("hand_place", "shin, foot or gravity", _word(_HANDS), None),
        end_point=reader.read("end_point", "pelvis moved, firm, pain or helper stopped", _word(_ENDS), None),
        subject_at=reader.read("subject_at", PLACE_WANTED, _or_none(read_place), None),
        pain=reader.read("pain", "a whole number from 0 to 10", _whole, None),
        pain_left=reader.read("pain_left", PAIN_WANTED, _or_none(read_pain), None),
        pain_right=reader.read("pain_right", PAIN_WANTED, _or_none(read_pain), None),
        screening=_read_screening(reader),
        screened_on=reader.read("screened_on", "a date as YYYY-MM-DD", _date, None),
        screened_by=reader.text("screened_by") or None,
        viewing=viewing,
    )
    told = done_fault(clip.effort, clip.helper, clip.hand_place, clip.end_point, clip.pain)
    for fault in (told, screened_fault(clip.screened_on, clip.screened_by)):
        if fault:
            reader.fault(fault.field, fault.wanted, fault.found)
    _check_answers_age(reader, clip)
    return _with_test(clip, defaults)


def _read_screening(reader: _RowReader) -> tuple[Answer, ...] | None:
    """Return what was answered; "none" says that nothing holds, where in other columns it says that nobody knows."""
    at = reader.columns.known.get("screening")
    if at is not None and reader.row.cells[at].casefold() == NONE:
        return ()
    return reader.read("screening", ANSWERS_WANTED, _or_none(read_answers), None)


def _check_answers_age(reader: _RowReader, clip: Clip) -> None:
    """Note a fault where answers did not hold any more on the day of the test: that of the visit, else today."""
    if clip.screened_on is None or screened_fault(clip.screened_on, None):
        return
    tested_on = read_day(clip.visit_date[:10]) if clip.visit_date else datetime.now().astimezone().date()
    if too_old(clip.screened_on, tested_on):
        wanted = f"answers of at most three months before {tested_on.isoformat()}, the day of the test"
        reader.fault("screened_on", wanted, clip.screened_on)


def _or_none(read: Callable[[str], T]) -> Callable[[str], T | None]:
    """Return a reader that has None for what another does not understand."""

    def parse(text: str) -> T | None:
        with suppress(ValueError):
            return read(text)
        return None

    return parse


def _viewing(reader: _RowReader) -> Viewing:
    rotate = reader.known_number("rotate", "0, 90, 180 or 270", 0, 270) or 0
    from_s, to_s = (reader.known_number(name, "seconds, 0 or more", 0, math.inf) for name in ("from_s", "to_s"))
    aspect = reader.read("aspect", ASPECT_WANTED, _aspect, None)
    rate_hz = reader.known_number("fps", RATE_WANTED, *PICTURES_HZ)
    still = reader.read("still", "yes or no", _word(_TRUTHS), False)
    try:
        return Viewing(int(rotate), aspect, from_s, to_s, pictures_hz=rate_hz, still=bool(still))
    except ValueError as error:
        wanted, _, found = str(error).partition(" is wanted, found ")
        column = "still" if "stills" in wanted else "rotate" if rotate not in TURNS_DEG else "to_s"
        reader.fault(column, wanted, found)
        return AS_STORED


def _aspect(text: str) -> float | None:
    with suppress(ValueError):
        return read_aspect(text)
    return None


def _with_test(clip: Clip, defaults: Defaults) -> Clip:
    """Return the clip with the test that the list, the option or its own name gives, in this order."""
    if clip.test is not None:
        return clip
    if defaults.test is not None:
        return replace(clip, test=defaults.test, test_told_by=ToldBy.OPTION)
    in_name = procedure_in_name(clip.name)
    return replace(clip, test=in_name, test_told_by=ToldBy.NAME if in_name else ToldBy.RECORDING)


def _find_source(reader: _RowReader, name: str, folder: Path, *, of_pictures: bool) -> str:
    if "path" not in reader.columns.known:
        return ""
    if not name:
        reader.fault("path", "the path of a recording", "nothing")
        return ""
    if is_url(name):
        return name
    path = Path(os.path.normpath((folder / name).absolute()))
    if of_pictures and not path.is_file():
        from hipcv.sources.pictures import find_pictures

        try:
            if find_pictures(path) is not None:
                return str(path)
        except SourceError:
            reader.fault("path", "a picture, or a folder or pattern of pictures", f"no picture as {name!r}")
            return str(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        reader.fault("path", "a recording", f"no file {name!r} in {folder.absolute()}")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        reader.fault("path", "a recording", f"{name!r} cannot be looked at ({reason})")
    else:
        if not stat.S_ISREG(status.st_mode):
            reader.fault("path", "a recording", f"{name!r} is not a file")
        elif status.st_size == 0:
            reader.fault("path", "a recording", f"{name!r} holds no bytes")
    return str(path)


def _one_of(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _word(meanings: Mapping[str, T]) -> Callable[[str], T | None]:
    return lambda text: meanings.get(" ".join(text.casefold().replace("_", " ").split()))


def _whole(text: str) -> int | None:
    number = parse_number(text)
    return int(number) if number is not None and number == round(number) else None


def _date(text: str) -> str | None:
    try:
        return date.fromisoformat(text[:10]).isoformat() if re.fullmatch(r"[\d-]{10}(T.*)?", text) else None
    except ValueError:
        return None


def _sides(text: str) -> tuple[Side, ...] | None:
    plain = text.casefold().removesuffix(" first")
    words = list(plain) if re.fullmatch(r"[lr]{1,2}", plain) else re.split(r"[^a-z]+", plain.strip())
    words = [word for word in words if word not in ("", "then", "and", "first")]
    if words == ["both"]:
        return ()
    sides = tuple(_SIDES[word] for word in words if word in _SIDES)
    if len(sides) != len(words) or not sides or len(set(sides)) != len(sides):
        return None
    return (*sides, sides[0].other) if text.casefold().endswith(" first") and len(sides) == 1 else sides


def _read_references(reader: _RowReader, sides: tuple[Side, ...]) -> tuple[Reference, ...]:
    """Read what other instruments measured; a column without a side belongs to the one side of its row."""
    wanted = "degrees from -90 to 120"
    readings = []
    for method, columns in reader.columns.references.items():
        values = {side: reader.number(at, wanted, -90, 120) for side, at in columns.items()}
        loose = values.pop(None, None)
        if loose is not None and len(sides) == 1:
            values.setdefault(sides[0], loose)
        elif loose is not None:
            column = reader.sheet.header[columns[None]]
            says = f"one side in the row, or the columns {method}_left_deg and {method}_right_deg"
            reader.faults.append(Fault(reader.row.number, column, says, "an angle of no side"))
        readings.append(Reference(method, values.get(Side.LEFT), values.get(Side.RIGHT)))
    return tuple(readings)


def _find_repeats(clips: Iterable[Clip], sheet: Sheet, columns: _Columns) -> list[Fault]:
    """Find rows that ask for the same side of the same recording: their results could not be told apart."""
    first: dict[tuple[str, Side], int] = {}
    faults = []
    for clip in clips:
        if not clip.source:
            continue
        rows = {first.setdefault((clip.source, side), clip.row) for side in clip.expected_sides} - {clip.row}
        if rows:
            column = sheet.header[columns.known["path"]]
            faults.append(Fault(clip.row, column, "every recording once", f"the recording of row {min(rows)} again"))
    return faults
