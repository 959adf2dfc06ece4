"""The document says everything that was told, so that the recording and the model give the same numbers again."""

import json
import sqlite3
from copy import deepcopy
from dataclasses import fields, replace

import pytest
from documents import EARLIER, earlier_document
from hypothesis import given, settings
from hypothesis import strategies as st
from published import faults
from simulated import prone, seated

from hipcv.assessment import Provenance, assess
from hipcv.batch.input.clip import Clip, Key, digest
from hipcv.batch.output.results import Result, side_rows, trial_rows
from hipcv.core.answers import SidePain
from hipcv.core.errors import HistoryError
from hipcv.core.procedures import PROCEDURES
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.series import PoseSeries
from hipcv.core.setup import Setup
from hipcv.core.viewing import Viewing
from hipcv.history.comparison import compare_documents
from hipcv.history.entry import numbers_of as kept_numbers
from hipcv.history.store import open_history
from hipcv.outputs.document import as_today, json_schema, read_document, read_setup, render_document, render_setup
from hipcv.words import Answer, CameraSide, Effort, EndPoint, HandPlace, Legs, Motion, Motions, PainPlace, Sex, Side

side_pain = st.builds(SidePain, level=st.integers(0, 10), place=st.none() | st.sampled_from(PainPlace))
edge = st.tuples(*[st.floats(-1e4, 1e4)] * 4)
#: How every field of `Setup` is drawn.
DRAWN = {
    "procedure": st.sampled_from(PROCEDURES),
    "effort": st.sampled_from(Effort),
    "camera_side": st.none(),
    "mirrored": st.none() | st.booleans(),
    "roll_deg": st.none() | st.floats(-45, 45),
    "pitch_deg": st.none() | st.floats(-60, 60),
    "yaw_deg": st.none() | st.floats(-90, 90),
    "vertical_edges_px": st.lists(edge, max_size=3).map(tuple),
    "age_years": st.none() | st.floats(0, 120),
    "sex": st.none() | st.sampled_from(Sex),
    "sensor_roll_deg": st.none() | st.floats(-45, 45),
    "sensor_pitch_deg": st.none() | st.floats(-60, 60),
    "subject_at": st.none() | st.tuples(*[st.floats(0, 1)] * 2),
    "legs": st.none() | st.sampled_from(Legs),
    "helper": st.none() | st.sampled_from(["physiotherapist", "Anna"]),
    "hand_place": st.none() | st.sampled_from(HandPlace),
    "end_point": st.none() | st.sampled_from(EndPoint),
    "pain": st.none() | st.integers(0, 10),
    "motion": st.sampled_from(Motions),
    "pain_left": st.none() | side_pain,
    "pain_right": st.none() | side_pain,
    "screening": st.lists(st.sampled_from(Answer), unique=True).map(tuple),
    "screened_on": st.none() | st.dates().map(lambda day: day.isoformat()),
    "screened_by": st.none() | st.sampled_from(["Anna", "physiotherapist"]),
}
#: What an active test cannot have.
HELPED = {"helper": st.none(), "hand_place": st.none(), "end_point": st.none() | st.just(EndPoint.FIRM)}
active = st.builds(Setup, **{**DRAWN, **HELPED, "effort": st.just(Effort.ACTIVE)})
passive = st.builds(Setup, **{**DRAWN, "effort": st.just(Effort.PASSIVE)})
setups = (active | passive).flatmap(
    lambda setup: st.builds(replace, st.just(setup), camera_side=st.sampled_from(setup.procedure.camera_sides))
)


@pytest.fixture(scope="module")
def assessment():
    return assess(seated(left=(40.0,), right=(), duration_s=5.0, fps=15.0), Setup())


def written(assessment, setup):
    document = json.loads(json.dumps(render_document(replace(assessment, setup=setup))))
    assert faults(document) == []
    return document


@given(setups)
@settings(max_examples=60)
def test_the_setup_comes_back_from_the_document_alone(assessment, setup):
    assert read_setup(written(assessment, setup)) == setup


@pytest.mark.parametrize("name", [f.name for f in fields(Setup)])
@given(data=st.data())
@settings(max_examples=10)
def test_setups_that_differ_in_one_field_differ_in_the_document(assessment, name, data):
    one = data.draw(setups)
    other = data.draw(setups.filter(lambda setup: name != "camera_side" or setup.procedure is one.procedure))
    if name in HELPED or name == "effort":  # what hangs together
        one = data.draw(passive if name in HELPED else active.map(lambda setup: replace(setup, end_point=None)))
    changed = replace(one, **({"camera_side": None} if name == "procedure" else {}), **{name: getattr(other, name)})
    same = changed == one
    assert (written(assessment, changed)["setup"] == written(assessment, one)["setup"]) == same


def test_every_field_of_the_setup_can_be_drawn():
    """A field that is added to `Setup` has to be added to `DRAWN`, or the properties say nothing of it."""
    assert set(DRAWN) == {f.name for f in fields(Setup)}


def test_slow_motion_and_lens_stand_beside_what_was_told(assessment):
    filmed = replace(assessment, provenance=Provenance(slow_motion=8.0, long_side_fov_deg=69.5))
    told = render_document(filmed)["setup"]
    assert (told["slow_motion"], told["long_side_fov_deg"]) == (8.0, 69.5)


def test_a_document_from_before_it_was_asked_how_a_test_was_done_is_read(assessment):
    old = written(assessment, Setup(roll_deg=2.0))
    since = ("pain_left", "pain_right", "screening", "screened_on", "screened_by")
    for name in ("legs", "helper", "hand_place", "end_point", "pain", *since):
        del old["setup"][name]
    del old["screening"], old["plan"]
    del old["how_done"]
    assert read_setup(old) == Setup(roll_deg=2.0)
    assert read_document(old).legs is None


def test_a_document_of_an_earlier_version_is_told_to_hold_no_setup(assessment):
    old = written(assessment, Setup())
    del old["setup"]
    with pytest.raises(ValueError, match=r"found none.*measure the recording again"):
        read_setup(old)


@pytest.mark.parametrize(
    "changed",
    [
        {"test": SEATED},
        {"effort": Effort.PASSIVE},
        {"effort": Effort.PASSIVE, "helper": "physiotherapist"},
        {"legs": Legs.BOTH},
        {"end_point": EndPoint.FIRM},
        {"pain": 3},
        {"camera_side": CameraSide.HEAD_END},
        {"mirrored": True},
        {"roll_deg": 1.0},
        {"age_years": 30.0},
        {"sex": Sex.FEMALE},
        {"slow_motion": 4.0},
        {"viewing": Viewing(aspect=4 / 3)},
    ],
)
def test_a_batch_measures_again_whatever_the_result_depends_on(changed):
    """The key of a finished recording is made of the very setups that it is measured with."""
    clip = Clip(row=1, name="a.mp4", source="/a.mp4", test=PRONE)
    other = replace(clip, **changed)
    assert digest(clip.parameters("heavy")) != digest(other.parameters("heavy"))
    assert digest(clip.parameters("heavy")) == digest(replace(clip, row=2, subject="Anna").parameters("heavy"))
    assert clip.parameters("x")["setups"] == [render_setup(setup) for setup in clip.setups()]


# ------------------------------------------------------------------------------------------------------ what is written

WOMAN = {"age_years": 30, "sex": Sex.FEMALE}
SPOILED = {"hike": 8.0, "lean": 12.0, "roll": 7.0, "room": False}


@pytest.mark.parametrize(
    ("series", "setup"),
    [
        (seated(fps=15.0), Setup(**WOMAN)),
        (seated(fps=15.0, yaw=40.0), Setup()),
        (seated(fps=15.0, **SPOILED), Setup(roll_deg=2, vertical_edges_px=((1, 2, 3, 40),))),
        (seated(left=(4.0,), right=(), fps=15.0), Setup(age_years=12)),
        (prone(), Setup(PRONE, **WOMAN)),
        (prone(rolling=10.0, twist=8.0, room=False), Setup(PRONE, camera_side=CameraSide.HEAD_END)),
    ],
    ids=["measured", "refused", "spoiled", "a child hardly moves", "prone", "prone with a pelvis that rolls"],
)
def test_whatever_comes_of_a_recording_is_written_as_published(series, setup):
    assert faults(render_document(assess(series, setup, provenance=Provenance(fps=30.0, n_frames=len(series))))) == []


@pytest.mark.parametrize("n_frames", [0, 1])
def test_hardly_a_frame_is_written_as_published(n_frames):
    whole = seated(duration_s=1.0)
    rows = (getattr(whole, name)[:n_frames] for name in ("time_s", "image_px", "world_m", "visibility"))
    assert faults(render_document(assess(PoseSeries(*rows, whole.frame_size_px), Setup()))) == []


def parts_of(value, path=()):
    """Yield every object and array of a document with its path."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from parts_of(item, (*path, key))


def test_no_part_of_a_document_may_hold_more_or_less_than_is_published(assessment):
    """Only the reader's own parameters are free."""
    document = written(assessment, Setup(**WOMAN))
    objects = [path for path, part in parts_of(document) if isinstance(part, dict) and "parameters" not in path]
    assert len(objects) > 20
    for path in objects:
        for change in ("more", "less"):
            other = deepcopy(document)
            part = other
            for key in path:
                part = part[key]
            if change == "more":
                part["surprise"] = None
            else:
                part.popitem()
            assert faults(other), (path, change)


def numbers_of(schema):
    """Yield what is said of each number that a field may be."""
    if schema.get("type") in ("number", "integer"):
        yield schema
    for key in ("anyOf", "prefixItems"):
        for one in schema.get(key, ()):
            yield from numbers_of(one)
    if isinstance(schema.get("items"), dict):
        yield from numbers_of(schema["items"])


def test_every_field_is_described_and_every_number_has_unit_and_range():
    """A number without limits says so in words, or is a time."""
    whole = json_schema()
    n_numbers = 0
    for part in (whole, *whole["$defs"].values()):
        for name, field in part.get("properties", {}).items():
            assert field["description"].endswith("."), name
            for number in numbers_of(field):
                n_numbers += 1
                assert number["unit"]
                limited = {"minimum", "exclusiveMinimum"} & number.keys()
                assert limited or "any number" in field["description"] or number["unit"] == "s", name
    assert n_numbers > 50


# --------------------------------------------------------------------------------------------------- what is read again

#: What documents of the very first version do not have, by where.
NEWER = {
    (): ("sides_rest_on", "setup", "notes", "how_done", "other_asymmetries", "screening", "plan", "legs_at_once"),
    ("sides", "left"): ("compensations", "beside", "motions", "arc"),
    ("sides", "right"): ("compensations", "beside", "motions", "arc"),
    ("provenance",): ("readings_hz",),
}


@pytest.fixture(scope="module")
def newest():
    return as_today(earlier_document("seated-internal"))


@pytest.fixture(scope="module")
def oldest():
    """The document as the first version wrote it, with findings that are called otherwise by now."""
    old = earlier_document("seated-internal")
    for path, names in NEWER.items():
        part = old
        for key in path:
            part = part[key]
        for name in names:
            del part[name]
    for side in old["sides"].values():
        for comparison in side["reference"]:
            del comparison["no_verdict"], comparison["posture_caveat"]
    old["findings"] = [{**found, "code": "called_otherwise"} for found in old["findings"]]
    return old


@pytest.mark.parametrize("path", EARLIER, ids=lambda path: path.stem)
def test_a_document_of_the_definition_before_says_the_same_as_one_of_today(path):
    """Every number of it stands somewhere in today's, and nothing that today's has is missing."""
    old = earlier_document(path.stem)
    today = as_today(old)
    assert faults(old)
    assert faults(today) == []
    assert as_today(today) == today
    assert json.loads(json.dumps(read_document(old).model_dump(mode="json", by_alias=True))) == today
    asked = Motions(old["setup"]["motion"])
    read = read_document(old)
    assert read.asked == asked.each
    for side in Side:
        was = old["sides"][side]
        each = {Motion.INTERNAL: was} | {Motion(part["motion"]): part for part in was["motions"]}
        for motion in asked.each:
            part = read.of(side, motion)
            assert (part.end_range_deg, part.status) == (each[motion]["end_range_deg"], each[motion]["status"])
            assert [trial.start_s for trial in part.trials] == [trial["start_s"] for trial in each[motion]["trials"]]
        assert (read.arc_of(side) is None) == (was["arc"] is None)
    differences = {Motion.INTERNAL: old["asymmetry"]} | {Motion(a["motion"]): a for a in old["other_asymmetries"]}
    for motion in asked.each:
        difference = read.asymmetry_of(motion)
        assert (difference and difference.difference_deg) == (
            differences[motion] and differences[motion]["difference_deg"]
        )
    assert read_setup(old) == read_setup(today)


@pytest.mark.parametrize("path", EARLIER, ids=lambda path: path.stem)
def test_a_document_of_the_definition_before_is_kept_as_it_is_and_told_as_today(path, tmp_path):
    old = earlier_document(path.stem)
    with open_history(f"sqlite:///{tmp_path / 'history.sqlite'}") as history:
        entry = history.keep(old, "S1")
        assert history.get(entry.id).document == as_today(old)
        assert history.keep(old, "S1") == entry  # the same once more
        assert history.verify().whole
    with sqlite3.connect(tmp_path / "history.sqlite") as database:
        ((text,),) = database.execute("SELECT text FROM documents").fetchall()
    assert json.loads(text) == old


@pytest.mark.parametrize(
    "more",
    [
        {"sides": {"left": 3, "right": None}},
        {"setup": {"motion": ["both"]}},
        {"other_asymmetries": [3, {"motion": None}]},
        {"asymmetry": "large"},
    ],
)
def test_what_is_no_document_of_the_definition_before_is_refused_in_one_sentence(more):
    with pytest.raises(HistoryError, match="found a fault in it at"):
        read_document({**earlier_document("seated-both"), **more})


def test_an_old_document_is_kept_and_compared_like_a_new_one(oldest, newest, tmp_path):
    with open_history(f"sqlite:///{tmp_path / 'history.sqlite'}") as history:
        entry = history.keep(oldest, "S1")
        assert history.get(entry.id).document == as_today(oldest)
    assert entry.of(Side.LEFT) == newest["sides"]["left"]["motions"]["internal"]["end_range_deg"]
    assert compare_documents(oldest, newest) == compare_documents(newest, newest)


def test_an_old_document_makes_the_rows_of_a_new_one(oldest, newest):
    clip, key = Clip(1, "a.mp4", "/a.mp4", SEATED), Key("c" * 64, "p" * 64, "m" * 64)
    old, new = Result(clip, key, oldest), Result(clip, key, newest)
    blank = {"findings": None, "reference_posture_caveat": None}
    assert list(trial_rows(old)) == list(trial_rows(new))
    for one, other in zip(side_rows(old), side_rows(new), strict=True):
        assert {**one, **blank} == {**other, **blank}


def test_a_server_tells_an_old_document_like_a_new_one(oldest, newest):
    assert kept_numbers(read_document(oldest)) == kept_numbers(read_document(newest))


def test_a_field_that_a_later_version_adds_is_passed_over(newest):
    later = {**newest, "weather": "fine", "sides": {**newest["sides"], "middle": None}}
    assert read_document(later) == read_document(newest)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema": "hipcv.batch/1"}, "Wanted a document of schema hipcv.assessment/2, found 'hipcv.batch/1'"),
        ({"sides": {}}, r"found a fault in it at sides\.left \(Field required\)"),
        ({"age_years": float("nan")}, "found a fault in it at age_years"),
    ],
)
def test_what_is_no_document_is_refused_in_one_sentence(newest, change, sentence):
    with pytest.raises(HistoryError, match=sentence):
        read_document({**newest, **change})
