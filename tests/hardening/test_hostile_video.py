"""Hostile recordings: damaged ones by the thousand, references to other files, small ones that ask for much."""

import json
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from isolated import Outcome, run_apart
from mutants import KINDS, N_FRAMES, OPERATORS, good, mutants

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are forked, and looked at under /proc"),
]

REGRESSIONS = sorted((Path(__file__).parent / "regressions").glob("*-*-*"))
#: A bomb is refused within so long, and takes no more than so much.
MAX_S, MAX_MB = 2.0, 300.0
SAMPLE = Path(__file__).parents[2] / "samples" / "seated-easy-101-01.mp4"


def wrong(outcomes: list[Outcome]) -> list[Outcome]:
    """Return what died, took too long, or ended otherwise than it may."""
    return [one for one in outcomes if one.ended_by or not isinstance(one.answer, dict) or not one.answer.get("typed")]


def test_the_same_seed_makes_the_same_damage_and_every_kind_gets_every_operator():
    made = list(mutants(len(KINDS) * len(OPERATORS)))
    assert [one.content for one in made] == [one.content for one in mutants(len(made))]
    assert len({(one.kind, one.operator) for one in made}) == len(made)
    assert not [one.name for one in made if one.content == good(one.kind)]


def test_what_dies_hangs_or_shows_its_insides_is_found():
    """The net has no hole of its own."""
    found = run_apart("traps", "traps")
    assert [one.name for one in wrong(found)] == ["dies", "hangs", "raises", "says nothing"]


@pytest.fixture(scope="module")
def read(often) -> list[Outcome]:
    """Damaged recordings, read to their end."""
    return run_apart("hostile", "read_mutants", n=often(160, 2000))


def test_a_damaged_recording_ends_in_frames_or_one_sentence(read, tally):
    bad = wrong(read)
    refused = sum("refused" in (one.answer or {}) for one in read)
    tally(len(read) - len(bad), len(read), f"read: {refused} refused, slowest {max(one.took_s for one in read):.1f} s")
    assert bad == []


def test_what_was_lost_is_told(read, tally):
    """Of the recordings that give fewer pictures than they had, next to all are told to be damaged."""
    short = [one for one in read if one.answer and one.answer.get("n_frames", N_FRAMES) < N_FRAMES]
    silent = [one for one in short if not one.answer["told"]]
    most = max((N_FRAMES - one.answer["n_frames"] for one in silent), default=0)
    tally(
        len(short) - len(silent), len(short), f"short ones told; {len(silent)} not, up to {most} of {N_FRAMES} pictures"
    )
    assert len(silent) <= max(1, len(short) // 10)


@pytest.mark.model
def test_a_damaged_recording_has_its_exit_status(tally, often):
    """No traceback and no wrong status, whatever is handed to the command."""
    n_seen = often(2, 300)
    outcomes = run_apart("hostile", "measure_mutants", n=often(8, 2000), n_seen=n_seen, limit_s=120.0)
    bad = wrong(outcomes)
    by_status = Counter(one.answer["status"] for one in outcomes if one not in bad)
    ends = ", ".join(f"{status} {n} times" for status, n in sorted(by_status.items()))
    told = f"to the exit status: {ends}; all but {n_seen} of them by networks that look once"
    tally(len(outcomes) - len(bad), len(outcomes), told if n_seen < len(outcomes) else f"to the exit status: {ends}")
    assert bad == []


@pytest.mark.model
def test_a_damaged_recording_of_a_known_angle_is_right_or_told(tally, often):
    n = often(0, 400)
    if not n:
        pytest.skip("each takes the time of a whole measurement: in the long form only")
    truth = json.loads(SAMPLE.with_suffix(".truth.json").read_text("utf-8"))
    outcomes = run_apart("hostile", "measure_known", n=n, clip=str(SAMPLE), limit_s=300.0)
    off = [one for one in outcomes if (one.answer or {}).get("silent", {})]
    beyond = {limit: sum(worst(one, truth) > limit for one in off) for limit in (2.0, 5.0)}
    tally(len(outcomes) - beyond[2.0], len(outcomes), f"silently beyond 2°: {beyond[2.0]}, beyond 5°: {beyond[5.0]}")
    assert wrong(outcomes) == []
    assert beyond[5.0] == 0
    assert beyond[2.0] <= n // 100


def worst(one: Outcome, truth: dict) -> float:
    """Return how far the numbers that nothing doubts are off, degrees."""
    true_deg = {trial["side"]: trial["end_range_hip_ir_deg"] for trial in truth["trials"]}
    return max(abs(value - true_deg[side[0].upper()]) for side, value in one.answer["silent"].items())


def test_regressions(tally):
    """Every recording that once did harm, under the name of what was done to it."""
    outcomes = run_apart("hostile", "read_files", paths=[str(path) for path in REGRESSIONS])
    tally(len(REGRESSIONS) - len(wrong(outcomes)), len(REGRESSIONS), f"recordings that once did harm: {len(outcomes)}")
    assert wrong(outcomes) == []
    assert len(outcomes) == len(REGRESSIONS)


class _Asked(BaseHTTPRequestHandler):
    """Notes what it is asked for."""

    asked: list[str] = []  # noqa: RUF012 - shared by all requests, on purpose

    def do_GET(self) -> None:
        """Give nothing."""
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_reference_opens_nothing(tmp_path, tally):
    """Neither the file beside it, which can be read, nor the server, which answers."""
    (tmp_path / "secret.mp4").write_bytes(good("h264.mp4"))
    server = HTTPServer(("127.0.0.1", 0), _Asked)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        home = f"http://127.0.0.1:{server.server_port}"
        outcomes = run_apart("hostile", "references", folder=str(tmp_path), home=home)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    opened = [one.name for one in outcomes if one.ended_by or "refused" not in one.answer or not one.answer["typed"]]
    tally(len(outcomes) - len(opened), len(outcomes))
    assert opened == []
    assert _Asked.asked == []
    assert len(outcomes) == 24


def test_a_bomb_is_refused_at_once(tmp_path, tally):
    outcomes = run_apart("hostile", "bombs", folder=str(tmp_path))
    harmful = [one for one in outcomes if one in wrong(outcomes) or one.memory_mb > MAX_MB]
    tally(len(outcomes) - len(harmful), len(outcomes), f"slowest {max(one.took_s for one in outcomes):.1f} s")
    assert harmful == []
    assert len(outcomes) == 12
