"""What is told of a part of a recording, or of one that was turned, is told so that it can be given back."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from simulated import seated

from hipcv.assessment import Provenance, assess
from hipcv.core.checks.limits import found
from hipcv.core.checks.posture import picture_turned
from hipcv.core.finding import Cause, FindingCode, Severity
from hipcv.core.setup import Setup, places_text, read_place, read_places
from hipcv.core.viewing import Viewing
from hipcv.session import Session


def test_places_in_a_part_are_told_in_shares_of_the_whole_picture_and_read_back_there():
    part = SimpleNamespace(viewing=Viewing(crop_px=(100, 50, 400, 300)), whole_px=(1000, 500), setup=Setup())
    in_part = [(0.25, 0.5), (0.75, 0.5)]
    unclear = found(
        *(FindingCode.SUBJECT_UNCLEAR, Severity.REJECT, 2),
        cause=Cause.SEVERAL_SIT,
        values={"where": places_text(in_part)},
    )
    told = Session._in_whole_picture(part, unclear).values["where"]
    assert read_places(told) == [(0.2, 0.4), (0.4, 0.4)]
    for place, expected in zip(told.split(" or "), in_part, strict=True):  # as `--subject` takes it
        given = SimpleNamespace(**vars(part) | {"setup": Setup(subject_at=read_place(place))})
        assert Session._seen_setup(given).subject_at == pytest.approx(expected, abs=0.02)
    whole = SimpleNamespace(viewing=Viewing(), whole_px=(1000, 500))
    assert Session._in_whole_picture(whole, unclear) is unclear


@pytest.mark.parametrize(
    ("already", "seen_deg", "told"), [(0, 180.0, 180), (0, 90.0, 270), (90, 180.0, 270), (180, 180.0, 0)]
)
def test_the_turn_that_is_told_is_the_whole_one(already, seen_deg, told):
    origin = Provenance(viewing=Viewing(rotate_deg=already))
    refused = assess(seated(duration_s=2.0), Setup(), provenance=origin, recording_findings=[picture_turned(seen_deg)])
    (finding,) = refused.findings
    assert f"(--rotate {told})" in finding.advice
    assert finding.observed == seen_deg  # what the page adds to the turn that it asked for itself


def test_a_still_in_a_part_keeps_its_other_findings():
    plain = found(FindingCode.LOW_LIGHT, Severity.DOUBT, 0.02)
    part = SimpleNamespace(viewing=Viewing(crop_px=(100, 50, 400, 300)), whole_px=(1000, 500))
    assert Session._in_whole_picture(part, replace(plain)) == plain
