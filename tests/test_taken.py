"""When a recording says that it was made, and of which day a result is then kept."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from hipcv import cli
from hipcv.history.store import open_history
from hipcv.sources.taken import read_taken


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    """Make a recording of two frames with such tags."""

    def make(**tags: str) -> Path:
        path = tmp_path / "clip.mp4"
        with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
            container.metadata.update({name.replace("__", "."): value for name, value in tags.items()})
            stream = container.add_stream("mpeg4", rate=10)
            stream.width = stream.height = 64
            for _ in range(2):
                frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return make


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ({"creation_time": "2026-03-01T22:30:00.000000Z"}, datetime(2026, 3, 1, 22, 30, tzinfo=UTC)),
        (
            {
                "com__apple__quicktime__creationdate": "2026-03-01T23:30:00+0100",
                "creation_time": "2026-03-09T00:00:00Z",
            },
            datetime(2026, 3, 1, 22, 30, tzinfo=UTC),
        ),
        ({"creation_time": "1970-01-01T00:00:00Z"}, None),
        ({"creation_time": "2999-01-01T00:00:00Z"}, None),
        ({}, None),
    ],
)
def test_what_a_camera_wrote_is_told_and_a_clock_that_was_never_set_is_not(
    film: Callable[..., Path], tags: dict[str, str], wanted: datetime | None
) -> None:
    assert read_taken(film(**tags)) == wanted


def test_a_local_day_is_the_day_of_the_place_where_it_was_filmed(film: Callable[..., Path]) -> None:
    taken = read_taken(film(com__apple__quicktime__creationdate="2026-03-02T00:30:00+0200"))
    assert taken is not None
    assert taken.date() == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("tags", "told", "wanted", "why"),
    [
        ({"creation_time": "2026-03-01T12:00:00Z"}, None, date(2026, 3, 1), "the file's own day"),
        ({"creation_time": "2026-03-01T12:00:00Z"}, date(2026, 2, 2), date(2026, 2, 2), ""),
        ({}, None, None, "today"),
    ],
)
def test_a_result_is_kept_of_the_day_that_was_told_else_of_the_files_else_of_today(
    film: Callable[..., Path],
    kept: Callable[[str], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tags: dict[str, str],
    told: date | None,
    wanted: date | None,
    why: str,
) -> None:
    monkeypatch.setenv("HIPCV_DATABASE", f"sqlite:///{tmp_path / 'h.sqlite'}")
    cli._keep(kept("seated-easy-101-01"), film(**tags), "Anna", told)
    with open_history() as history:
        (entry,) = history.list("anna")
    today = datetime.now().astimezone().date()
    assert entry.visit_date == (wanted or today) or today - entry.visit_date == timedelta(days=1)  # at midnight
    said = capsys.readouterr().err
    assert "number 1 of Anna, " in said
    assert why in said


def test_a_day_that_is_none_is_a_wrong_argument() -> None:
    ended = CliRunner().invoke(cli.app, ["measure", "clip.mp4", "--test", "seated", "--date", "1 March"])
    assert ended.exit_code == 2
