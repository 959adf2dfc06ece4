"""Work is shared fairly: no long recording keeps a short one waiting, everybody is told, and each death has its own."""

import json
import logging
import sqlite3
from pathlib import Path

import pytest
from batch_recordings import write_recording
from hypothesis import given
from hypothesis import strategies as st
from test_server_jobs import OPTIONS, add, wait

from hipcv_server.budget import work_budget_s
from hipcv_server.files import Shelves
from hipcv_server.lifetime import FILE_NAME as MARK
from hipcv_server.lifetime import LastStop, Lifetime
from hipcv_server.queueing import Lane, Pace, Waiting, places
from hipcv_server.settings import JobLimits, Settings
from hipcv_server.store import FILE_NAME, JobState, JobStore, new_id
from hipcv_server.worker import Told
from hipcv_server.workers import At, Crew

SHORT_S = 90.0


@pytest.fixture
def store(tmp_path):
    store = JobStore(tmp_path)
    yield store
    store.close()


@pytest.fixture
def shelves(tmp_path):
    shelves = Shelves(tmp_path)
    shelves.make()
    return shelves


# --------------------------------------------------------------------------------------------------------- the queue

lengths = st.lists(st.none() | st.floats(1, 600), max_size=20)
PACE = Pace()
PACE.add(10.0, 20.0)


@given(lengths, st.floats(0, 1e4))
def test_no_long_recording_changes_when_a_short_ones_turn_comes(waiting, busy_s):
    """Whatever long ones wait before it, and however long the other worker is still busy."""
    everybody = [Waiting(str(n), length_s) for n, length_s in enumerate(waiting)]
    short = [one for one in everybody if one.length_s is None or one.length_s <= SHORT_S]
    lanes = [Lane(0.0, SHORT_S), Lane(busy_s)]
    with_long, alone = places(everybody, lanes, PACE), places(short, lanes[:1], PACE)
    assert [found.place for found in with_long.values()] == list(range(1, len(waiting) + 1))
    for one in short:
        assert with_long[one.id].wait_s <= alone[one.id].wait_s


def test_nothing_is_said_of_a_time_that_is_not_known():
    found = places([Waiting("a"), Waiting("b")], [Lane(3.0)], Pace())
    assert (found["a"].wait_s, found["b"].wait_s) == (3.0, None)
    assert places([Waiting("a")], [], PACE)["a"].wait_s is None


def test_the_budget_grows_with_the_recording_up_to_the_most():
    limits = JobLimits()
    budgets = [work_budget_s(limits, length_s) for length_s in (0.0, 20.0, 60.0, 600.0, None)]
    assert budgets == sorted(budgets)
    assert budgets[-1] == limits.max_work_s
    assert budgets[0] == limits.min_work_s


def test_long_ones_are_left_by_the_first_worker_and_short_ones_by_the_others_unless_it_is_busy(store):
    long, short = add(store), add(store)
    store.claim()
    store.requeue(long.id, refund=True, length_s=300.0)
    assert store.waiting() == [(long.id, 300.0), (short.id, None)]
    assert store.claim(longer_than_s=SHORT_S, resting=[long.id]) is None
    assert store.claim(max_length_s=SHORT_S).id == short.id
    assert store.claim(longer_than_s=SHORT_S).id == long.id
    assert store.get(long.id).attempts == 1


@pytest.mark.process
def test_a_short_recording_is_measured_while_a_long_one_is(store, shelves, tmp_path):
    """The long one came first, and is passed on: with one worker the short one would begin after its end."""
    limits = JobLimits(n_workers=2, short_s=1.0)
    crew = Crew(store, shelves, Settings(tmp_path, jobs=limits))
    ids = []
    for n_frames in (90, 3):
        ids.append(new_id())
        clip = shelves.clip(ids[-1])
        write_recording(clip.with_name("clip.mp4"), n_frames, n_frames).rename(clip)
        store.add({**OPTIONS, "model": "lite"}, job_id=ids[-1])
    long = ids[0]
    try:
        crew.start()
        waited = wait(store, long, lambda job: job.length_s is not None)
        assert waited.length_s == pytest.approx(3.0, abs=0.1)
        done = [wait(store, job_id, lambda job: job.ended, 120) for job_id in ids]
        assert [(job.state, job.attempts) for job in done] == [(JobState.DONE, 1)] * 2
        assert done[1].started_at < done[0].finished_at
        assert crew._pace.work_s(3.0) > 0
    finally:
        crew.stop()


def test_the_rest_of_a_running_one_is_judged_by_its_share():
    assert At(since_s=0.0).left_s(5.0) is None
    assert At(Told("reading", 100, 100), since_s=0.0).left_s(85.0) == pytest.approx(15.0)


# ------------------------------------------------------------------------------------------------------- three deaths


def test_what_the_machine_goes_down_under_waits_behind_all_others_and_is_set_aside_the_third_time(
    store, shelves, tmp_path, caplog
):
    culprit, other = add(store), add(store)
    settings = Settings(tmp_path, jobs=JobLimits(n_workers=0))
    caplog.set_level(logging.WARNING, "hipcv.server")
    monkey = logging.getLogger("hipcv.server")
    propagates, monkey.propagate = monkey.propagate, True
    try:
        for times in (1, 2, 3):
            assert store.claim(resting=[other.id]).id == culprit.id
            (tmp_path / MARK).write_text(json.dumps({"boot": "another", "at_s": 0.0}))
            crew = Crew(store, shelves, settings)
            crew.start()
            crew.stop()
            assert crew.last_stop is LastStop.MACHINE_DIED
            assert store.get(culprit.id).attempts == 0
            assert store.get(culprit.id).machine_deaths == times
            waiting = [job_id for job_id, _ in store.waiting()]
            assert waiting == ([other.id, culprit.id] if times < 3 else [other.id])
    finally:
        monkey.propagate = propagates
    aside = store.get(culprit.id)
    assert aside.state is JobState.SET_ASIDE
    assert "The machine went down 3 times" in aside.problem["detail"]
    assert [record.getMessage() for record in caplog.records] == [
        "The last time the machine went down without being stopped. Nothing finished was lost; begun again: 1"
    ] * 3


def test_a_server_that_dies_counts_for_nothing_and_is_told_once(store, shelves, tmp_path):
    job = add(store)
    settings = Settings(tmp_path, jobs=JobLimits(n_workers=0))
    stops = []
    for ends in (False, False, True, True):
        store.claim()
        crew = Crew(store, shelves, settings)
        crew.start()
        stops.append(crew.last_stop)
        if ends:
            crew.stop()
    assert stops == [LastStop.IN_ORDER, LastStop.SERVER_DIED, LastStop.SERVER_DIED, LastStop.IN_ORDER]
    found = store.get(job.id)
    assert (found.state, found.attempts, found.machine_deaths) == (JobState.QUEUED, 0, 0)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"boot": 3}', "null"])
def test_a_mark_that_was_cut_off_is_one_of_a_machine_that_went_down(tmp_path, content):
    (tmp_path / MARK).write_text(content)
    assert Lifetime(tmp_path).begin() is LastStop.MACHINE_DIED


# ------------------------------------------------------------------------------------------------- an older database


def test_a_database_of_the_version_before_is_taken_on_with_all_that_is_in_it(tmp_path):
    store = JobStore(tmp_path)
    kept, new = add(store, subject="S01"), ("length_s", "machine_deaths", "replay_of", "replayed")
    store.close()
    old = sqlite3.connect(tmp_path / FILE_NAME)
    for column in new:
        old.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
    old.execute("PRAGMA user_version=1")
    old.commit()
    old.close()
    store = JobStore(tmp_path)
    try:
        found = store.get(kept.id)
        assert found == kept
        assert store.claim().id == kept.id
        assert len(store.recover(machine_died=True)) == 1
    finally:
        store.close()
    again = JobStore(Path(tmp_path))
    assert again.get(kept.id).machine_deaths == 1
    again.close()
