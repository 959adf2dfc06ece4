"""One child process: it does what it is told, ends with its parent, and says how it ended."""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from process_tasks import Unreadable, echo, hold_a_child

from hipcv.process.allowance import Allowance
from hipcv.process.child import Child, describe_end
from hipcv.process.pace import Pace

pytestmark = pytest.mark.process


@pytest.fixture
def children() -> Iterator[list[Child]]:
    made: list[Child] = []
    yield made
    for child in made:
        child.end()
        child.forget_words()


def start(children: list[Child], **named: object) -> Child:
    children.append(Child("hipcv test child", echo, ("hello",), keeps_words=True, **named))  # type: ignore[arg-type]
    assert children[-1].receive(20) == "hello"
    return children[-1]


def test_values_go_both_ways_in_their_order_whatever_their_size(children: list[Child]) -> None:
    child = start(children)
    told = [b"small", bytes(3_000_000), {"a": 1}]
    for value in told:
        child.send(value)
    assert [child.receive(20) for _ in told] == told


def test_what_a_library_prints_disturbs_no_message_and_stands_in_the_last_words(children: list[Child]) -> None:
    child = start(children)
    child.send("print")
    child.send("still there")
    assert child.receive(20) == "still there"
    child.end()
    assert child.last_words() == "a library's chatter\nand more of it\n"


def test_a_child_is_found_by_its_name(children: list[Child]) -> None:
    child = start(children)
    assert "hipcv test child" in psutil.Process(child.pid).cmdline()[-1]


def test_silence_is_told_from_death(children: list[Child]) -> None:
    child = start(children)
    with pytest.raises(TimeoutError):
        child.receive(0.05)
    assert child.alive
    child.send("end")
    for _ in range(2):
        with pytest.raises(EOFError):
            child.receive(20)
    assert child.how_it_ended() == "it ended with status 0"
    with pytest.raises(BrokenPipeError):
        child.send("anything")


def test_a_crash_has_a_name_and_last_words(children: list[Child]) -> None:
    child = start(children)
    child.send("crash")
    with pytest.raises(EOFError):
        child.receive(20)
    assert child.how_it_ended() == "it was ended by the signal SIGSEGV"
    child.end()
    assert "Fatal Python error: Segmentation fault" in child.last_words()


def test_a_fault_of_the_task_is_its_end_and_its_last_words(children: list[Child]) -> None:
    child = start(children)
    child.send("fail")
    with pytest.raises(EOFError):
        child.receive(20)
    assert child.how_it_ended() == "it ended with status 1"
    child.end()
    assert child.last_words().endswith("ValueError: a fault\n")


def test_what_cannot_be_understood_ends_a_child_that_would_wait_for_ever(children: list[Child]) -> None:
    child = start(children)
    child.send(Unreadable())
    with pytest.raises(EOFError):
        child.receive(20)
    assert child.how_it_ended() == "it ended with status 1"


def test_any_thread_may_kill_a_child_and_nobody_blames_the_machine_for_it(children: list[Child]) -> None:
    child = start(children)
    threading.Thread(target=child.kill).start()
    with pytest.raises(EOFError):
        child.receive(20)
    assert child.how_it_ended() == "it stopped answering"


def test_an_end_that_somebody_else_made_is_named() -> None:
    assert describe_end(-9) == "it was ended by the signal SIGKILL; the machine may have run out of memory"
    assert describe_end(-15) == "it was ended by the signal SIGTERM"
    assert describe_end(-99) == "it was ended by the signal 99"
    assert describe_end(3) == "it ended with status 3"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other limits")
def test_a_child_uses_no_more_than_it_may(
    children: list[Child], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    free, confined = (
        start(children, allowance=allowance)
        for allowance in (Allowance(), Allowance(memory_bytes=200 * 1024**2, file_bytes=1000, niceness=3))
    )
    for child, told in ((free, ("done", "done", os.nice(0))), (confined, ("MemoryError", "OSError", os.nice(0) + 3))):
        for word, answer in zip(("memory", "file", "nice"), told, strict=True):
            child.send(word)
            assert child.receive(20) == answer


def test_temporary_files_go_with_the_child_however_it_ends(
    children: list[Child], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    child = start(children, has_scratch=True)
    child.send("scratch")
    made = Path(str(child.receive(20)))
    assert made.is_dir()
    assert made.is_relative_to(tmp_path)
    child.kill()
    child.end()
    assert list(tmp_path.iterdir()) == []


def test_a_child_ends_with_its_parent(children: list[Child]) -> None:
    """Also where the parent is killed: the grandchild notices that nobody holds the other end."""
    children.append(Child("hipcv test parent", hold_a_child))
    heard = children[-1].receive(20)
    assert isinstance(heard, tuple)
    grandchild = psutil.Process(heard[1])
    children[-1].kill()
    grandchild.wait(timeout=20)


def test_a_child_says_how_long_it_has_been_quiet(children: list[Child]) -> None:
    child = start(children)
    time.sleep(0.02)
    before_s = child.quiet_s
    assert before_s >= 0.02
    child.send("a word")
    child.receive(20)
    assert child.quiet_s < before_s


def test_progress_is_told_at_once_where_its_kind_is_new() -> None:
    pace = Pace(every_s=1e6)
    assert [pace.due(kind) for kind in ("reading", "reading", "drawing", "drawing")] == [True, False, True, False]
    assert Pace(every_s=0.0).due()
