"""The document says everything that was told, so that the recording and the model give the same numbers again."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import seated

from hipcv.assessment import Provenance, assess
from hipcv.batch.input.clip import Clip, digest
from hipcv.core.procedures import PROCEDURES
from hipcv.core.procedures.prone import PRONE
from hipcv.core.procedures.seated import SEATED
from hipcv.core.setup import Setup
from hipcv.outputs.document import read_setup, render_document, render_setup
from hipcv.words import CameraSide, Effort, Sex

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
}
setups = st.builds(Setup, **DRAWN).flatmap(
    lambda setup: st.builds(replace, st.just(setup), camera_side=st.sampled_from(setup.procedure.camera_sides))
)


@pytest.fixture(scope="module")
def assessment():
    return assess(seated(left=(40.0,), right=(), duration_s=5.0, fps=15.0), Setup())


def written(assessment, setup):
    return json.loads(json.dumps(render_document(replace(assessment, setup=setup))))


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
        {"camera_side": CameraSide.HEAD_END},
        {"mirrored": True},
        {"roll_deg": 1.0},
        {"age_years": 30.0},
        {"sex": Sex.FEMALE},
        {"slow_motion": 4.0},
    ],
)
def test_a_batch_measures_again_whatever_the_result_depends_on(changed):
    """The key of a finished recording is made of the very setups that it is measured with."""
    clip = Clip(row=1, name="a.mp4", source="/a.mp4", test=PRONE)
    other = replace(clip, **changed)
    assert digest(clip.parameters("heavy")) != digest(other.parameters("heavy"))
    assert digest(clip.parameters("heavy")) == digest(replace(clip, row=2, subject="Anna").parameters("heavy"))
    assert clip.parameters("x")["setups"] == [render_setup(setup) for setup in clip.setups()]
