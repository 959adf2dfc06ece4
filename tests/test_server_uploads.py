"""Uploads go to the disk piece by piece and are known by their content alone; what is refused leaves nothing."""

import asyncio
import os
import random
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from hipcv.evidence.guidance import origin_for
from hipcv.evidence.reference import AsymmetryVerdict
from hipcv_server.app import create_app
from hipcv_server.files import CLIP, Shelves
from hipcv_server.problems import ProblemError
from hipcv_server.settings import JobLimits, Settings, UploadLimits
from hipcv_server.uploads import Upload, files_of, receive, what_it_is

SAMPLE = Path(__file__).parent.parent / "samples" / "seated-easy-101-01.mp4"
VIDEO = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 40
EDGE = "b0undary"


def form(*parts: tuple[str, bytes, str | None], edge: str = EDGE) -> bytes:
    """Return a form of parts (name, content, file name or None)."""
    body = b""
    for name, content, file_name in parts:
        named = "" if file_name is None else f'; filename="{file_name}"'
        body += f'--{edge}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"
    return body + f"--{edge}--\r\n".encode()


def take(body: bytes, target: Path, cuts: list[int] | None = None, max_bytes: int = 10**9) -> Upload:
    """Receive a body in pieces that end at `cuts`."""
    ends = [*sorted(cuts or []), len(body)]

    async def pieces() -> AsyncIterator[bytes]:
        start = 0
        for end in ends:
            yield body[start:end]
            start = end

    return asyncio.run(receive(f"multipart/form-data; boundary={EDGE}", pieces(), target, max_bytes))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A server that takes up to three waiting recordings of 1 MB and scores none."""
    limits = UploadLimits(max_bytes=1_000_000, max_waiting=3)
    app = create_app(Settings(tmp_path / "data", upload=limits, jobs=JobLimits(n_workers=0)))
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        yield client


def _kept(folder: Path) -> list[Path]:
    return [path for path in (folder / "data" / "uploads").rglob("*") if path.is_file()]


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=3000), cuts=st.lists(st.integers(0, 4000), max_size=12), after=st.booleans())
def test_a_file_arrives_as_it_was_however_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, cuts: list[int], after: bool
) -> None:
    """Pieces end anywhere, in the middle of a boundary too; fields may come before or after the file."""
    content = VIDEO[:12] + content
    fields: list[tuple[str, bytes, str | None]] = [("test", b"seated", None), ("age", b"31", None)]
    file: tuple[str, bytes, str | None] = ("file", content, "x.mp4")
    body = form(*([file, *fields] if after else [*fields, file]))
    target = tmp_path_factory.mktemp("up") / CLIP
    upload = take(body, target, [min(cut, len(body)) for cut in cuts])
    assert target.read_bytes() == content
    assert upload.options() == {"test": "seated", "age": "31"}
    assert upload.n_bytes == len(content)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2000))
def test_a_form_that_breaks_off_is_refused_wherever_it_does(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Half a form is a bad request, never half a recording."""
    body = form(("test", b"seated", None), ("file", VIDEO[:1500], "x.mp4"))
    with pytest.raises(ProblemError) as caught:
        take(body[: min(cut, len(body) - 4)], tmp_path_factory.mktemp("up") / CLIP)
    assert caught.value.code in ("bad_request", "not_a_video")


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """60 MB go to the disk with less than 4 MB of memory."""
    piece = os.urandom(1 << 16)

    async def pieces() -> AsyncIterator[bytes]:
        whole = form(("test", b"seated", None), ("file", VIDEO[:64], "x.mp4"))
        at = whole.index(b"ftypmp42") + 60
        yield whole[:at]
        for _ in range(960):
            yield piece
        yield whole[at:]

    tracemalloc.start()
    try:
        upload = asyncio.run(receive(f"multipart/form-data; boundary={EDGE}", pieces(), tmp_path / CLIP, 10**9))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert upload.n_bytes > 60_000_000
    assert peak < 4_000_000


WRONG = {
    "picture (PNG)": b"\x89PNG\r\n\x1a\n" + b"\0" * 5000,
    "picture (JPEG)": b"\xff\xd8\xff\xe0" + b"\0" * 5000,
    "picture (WebP)": b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 100,
    "a ZIP archive": b"PK\x03\x04" + b"\0" * 5000,
    "a PDF": b"%PDF-1.7\n" + b"\0" * 100,
    "a program": b"\x7fELF" + b"\0" * 100,
    "a playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "playlist or other list": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "text": b"<html><script>alert(1)</script></html>",
    "an empty file": b"",
    "no video that can be read": bytes(random.Random(3).randbytes(5000)),
}


@pytest.mark.parametrize("found", WRONG)
@pytest.mark.parametrize("name", ["test.mp4", "film.mov"])
def test_what_is_no_video_is_told_by_its_content(client: TestClient, tmp_path: Path, found: str, name: str) -> None:
    """Whatever it is called and whatever type it claims, and nothing of it stays."""
    answer = client.post(
        "/api/v1/assessments", data={"test": "seated"}, files={"file": (name, WRONG[found], "video/mp4")}
    )
    assert answer.status_code == 415
    assert found in answer.json()["detail"]
    assert _kept(tmp_path) == []


@pytest.mark.parametrize(
    "head",
    [
        VIDEO,
        b"\0\0\0\x08wide\0\0\0\0mdat",
        b"\x1a\x45\xdf\xa3\x01\0",
        b"RIFF\x10\0\0\0AVI LIST",
        (b"\x47" + b"\0" * 187) * 3,
        b"\0\0\0\0" + (b"\x47" + b"\0" * 191) * 3,
        b"FLV\x01\x05",
        b"OggS\0\x02",
    ],
)
def test_containers_that_cameras_write_are_let_through(head: bytes) -> None:
    """Whether they really are videos is for the worker to find out."""
    assert what_it_is(head) is None


HOSTILE_NAMES = [
    "../../../../tmp/owned",
    "..\\\\..\\\\owned.exe",
    "/etc/passwd",
    "C:\\\\Windows\\\\system32\\\\x",
    "a/b/c.mp4",
    "con.mp4",
    "x" * 900,
    "<script>alert(1)</script>.mp4",
    "=cmd|' /C calc'!A0.mp4",
    "%2e%2e%2fowned",
    ".htaccess",
    "-rf *",
    "$(touch owned)",
    "..",
    "....//....//owned",
    "%00.mp4",
    "~/.ssh/authorized_keys",
    "/dev/sda",
    "\\\\server\\share\\x.mp4",
    "file:///etc/passwd",
    "http://127.0.0.1:9/x.mp4",
    "clip.mp4;id",
    "`id`.mp4",
    "a&&reboot",
    "| cat /etc/passwd",
    "${HOME}",
    "{{7*7}}.mp4",
    "'; DROP TABLE jobs; --",
    "\u202egpm.exe",
    "clip\x1b[2J.mp4",
    "clip.mp4:stream",
    "<svg onload=alert(1)>",
    "clip.mp4\\x00.txt",
    "",
    " ",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_file_name_is_never_a_path_and_never_repeated(client: TestClient, tmp_path: Path, name: str) -> None:
    """Each upload lies alone in its own folder, under the server's own name."""
    body = form(("test", b"seated", None), ("file", VIDEO, name))
    answer = client.post(
        "/api/v1/assessments", content=body, headers={"Content-Type": f"multipart/form-data; boundary={EDGE}"}
    )
    assert answer.status_code == 202
    assert [path.name for path in _kept(tmp_path)] == [CLIP]
    assert _kept(tmp_path)[0].parent.name == answer.json()["id"]
    if len(name.strip()) > 2:
        assert name not in answer.text
        assert name not in client.get("/api/v1/assessments").text


def test_a_recording_beyond_the_limit_is_refused_and_gone(client: TestClient, tmp_path: Path) -> None:
    """With a declared length and without one."""
    big = VIDEO + b"\0" * 1_100_000
    declared = client.post("/api/v1/assessments", data={"test": "seated"}, files={"file": big})
    assert declared.status_code == 413
    assert "1 MB" in declared.json()["detail"]
    body = form(("test", b"seated", None), ("file", big, "x"))

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    chunked = client.post(
        "/api/v1/assessments", content=pieces(), headers={"Content-Type": f"multipart/form-data; boundary={EDGE}"}
    )
    assert chunked.status_code == 413
    far = client.post("/api/v1/assessments", content=b"x" * 3_000_000, headers={"Content-Type": "text/plain"})
    assert far.status_code in (400, 413)
    assert _kept(tmp_path) == []


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "test"),
        ({"test": "standing"}, "test"),
        ({"test": "seated", "age": "-1"}, "age"),
        ({"test": "seated", "age": "nan"}, "age"),
        ({"test": "seated", "sex": "other"}, "sex"),
        ({"test": "seated", "roll": "46"}, "roll"),
        ({"test": "seated", "slow_motion": "0"}, "slow_motion"),
        ({"test": "seated", "slow_motion": "inf"}, "slow_motion"),
        ({"test": "seated", "rotate": "45"}, "rotate"),
        ({"test": "seated", "aspect": "wide"}, "aspect"),
        ({"test": "seated", "from_s": "9", "to_s": "3"}, "to_s"),
        ({"test": "seated", "vertical": "1,2,3"}, "vertical.0"),
        ({"test": "seated", "vertical": "1,2,3,4"}, "vertical"),
        ({"test": "seated", "subject": "x" * 81}, "subject"),
        ({"test": "seated", "subject": "a\nb"}, "subject"),
        ({"test": "seated", "subject": "<b>"}, "subject"),
        ({"test": "seated", "wat": "1"}, "wat"),
        ({"test": ["seated", "prone"]}, "test"),
    ],
)
def test_wrong_fields_are_named_and_nothing_stays(
    client: TestClient, tmp_path: Path, fields: dict[str, str], named: str
) -> None:
    """Every field is checked as on the command line."""
    answer = client.post("/api/v1/assessments", data=fields, files={"file": VIDEO})
    assert answer.status_code == 422
    assert named in [error["field"] for error in answer.json()["errors"]]
    assert _kept(tmp_path) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        form(("test", b"seated", None)),
        form(("file", VIDEO, "x"), ("file", VIDEO, "y")),
        form(("other", VIDEO, "x")),
        form(*[(f"f{k}", b"1", None) for k in range(40)]),
        form(("test", b"x" * 2000, None), ("file", VIDEO, "x")),
        form(("test", b"\xff\xfe", None), ("file", VIDEO, "x")),
        b"--b0undary\r\n\r\nno headers\r\n--b0undary--\r\n",
        b"--b0undary\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b0undary--\r\n",
        b"--b0undary\r\n" + b"X-A: " + b"a" * 70_000 + b"\r\n\r\nx\r\n--b0undary--\r\n",
    ],
)
def test_a_form_that_is_none_is_a_bad_request(client: TestClient, tmp_path: Path, body: bytes) -> None:
    """Damaged, too many fields, no file, two files: 400, and nothing stays."""
    answer = client.post(
        "/api/v1/assessments", content=body, headers={"Content-Type": f"multipart/form-data; boundary={EDGE}"}
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_request"
    assert _kept(tmp_path) == []


def test_the_queue_has_an_end(client: TestClient, tmp_path: Path) -> None:
    """The fourth waiting recording is told to come back, and is not kept."""
    codes = [
        client.post("/api/v1/assessments", data={"test": "seated"}, files={"file": VIDEO}).status_code for _ in range(4)
    ]
    assert codes == [202, 202, 202, 429]
    assert len(_kept(tmp_path)) == 3


def test_a_waiting_recording_can_be_cancelled_and_deleted(client: TestClient, tmp_path: Path) -> None:
    """Cancelled: the clip goes, the entry stays. Deleted: nothing is left, in the database's log neither."""
    subject = "Canary-5512"
    made = client.post("/api/v1/assessments", data={"test": "seated", "subject": subject}, files={"file": VIDEO})
    links = made.json()["links"]
    assert made.headers["location"] == links["self"]
    assert client.post(links["cancel"]).json()["state"] == "cancelled"
    assert _kept(tmp_path) == []
    assert client.post(links["cancel"]).json()["code"] == "not_running"
    assert client.get(links["series"]).json()["code"] == "not_done"
    assert client.get(links["video"]).json()["code"] == "no_video"
    assert client.delete(links["self"]).status_code == 204
    assert client.get(links["self"]).status_code == 404
    left = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert subject.encode() not in left


def test_the_list_is_paged_newest_first(client: TestClient) -> None:
    """Following `next` shows every assessment once, and filters hold on every page."""
    made = []
    for k in range(3):
        fields = {"test": "seated" if k else "prone", "subject": f"s{k}"}
        made.append(client.post("/api/v1/assessments", data=fields, files={"file": VIDEO}).json()["id"])
    seen, page = [], "/api/v1/assessments?limit=2"
    while page:
        answer = client.get(page).json()
        assert answer["n_total"] == 3
        seen += [item["id"] for item in answer["items"]]
        page = answer["next"]
    assert seen == made[::-1]
    assert [i["subject"] for i in client.get("/api/v1/assessments?test=seated").json()["items"]] == ["s2", "s1"]
    assert client.get("/api/v1/assessments?state=done").json()["n_total"] == 0


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room is told as such, and half a recording does not stay."""
    app = create_app(Settings(tmp_path / "data", jobs=JobLimits(n_workers=0)))
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("hipcv_server.uploads._write", full)
        answer = client.post("/api/v1/assessments", data={"test": "seated"}, files={"file": VIDEO})
    assert answer.status_code == 507
    assert "No space left" in answer.json()["detail"]
    assert _kept(tmp_path) == []


def test_what_a_crash_left_is_swept(tmp_path: Path) -> None:
    """Half-written results and clips that belong to no waiting job are gone after a start."""
    shelves = Shelves(tmp_path)
    shelves.make()
    for name in ("known", "orphan"):
        (shelves.uploads / name).mkdir()
        (shelves.uploads / name / CLIP).write_bytes(b"x")
        (shelves.results / name).mkdir()
    (shelves.begin_result("known") / "report.html").write_text("half")
    shelves.sweep(["known"], ["known"])
    assert sorted(path.name for path in shelves.uploads.iterdir()) == ["known"]
    assert sorted(path.name for path in shelves.results.iterdir()) == ["known"]


def test_limits_and_words_are_told(client: TestClient) -> None:
    """The page asks the server what it takes, and for the words of findings, norms and models."""
    assert client.get("/api/v1/limits").json()["upload"]["max_bytes"] == 1_000_000
    guide = client.get("/api/v1/guidance?test=prone").json()
    assert guide["findings"]["pelvis_hike"]["origin"] == origin_for("pelvis_hike")
    assert guide["asymmetry"] == {str(verdict): verdict.wording for verdict in AsymmetryVerdict}
    assert guide["film"]
    assert guide["findings"]["pelvis_hike"]["title"]
    norms = client.get("/api/v1/norms?test=seated&age=30&sex=female").json()["norms"]
    assert norms
    assert all(row["who"] != "men" for row in norms)
    assert {row["name"] for row in client.get("/api/v1/models").json()["models"]} == {"lite", "full", "heavy"}
    nobody = client.get("/api/v1/trend?test=seated&subject=Nobody").json()
    assert (nobody["points"], nobody["change"]) == ([], {"left": None, "right": None})


def test_replacing_settings_keeps_them_whole(tmp_path: Path) -> None:
    """Settings say themselves whether only this machine can reach the server."""
    assert Settings(tmp_path).on_loopback
    assert not replace(Settings(tmp_path), host="0.0.0.0").on_loopback


PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20
HEIC = b"\0\0\0\x18ftypheic" + bytes(5000)


def test_pictures_of_one_test_arrive_side_by_side_in_their_order(tmp_path: Path) -> None:
    contents = [PICTURE, HEIC, b"\x89PNG" + bytes(10)]
    files = [("file", content, f"{n}.jpg") for n, content in enumerate(contents)]
    body = form(*files, ("still", b"true", None), ("test", b"seated", None))
    upload = take(body, tmp_path / CLIP, list(range(0, len(body), 700)))
    assert (upload.n_files, upload.n_bytes) == (3, sum(map(len, contents)))
    assert [path.read_bytes() for path in files_of(tmp_path / CLIP)] == contents


@pytest.mark.parametrize(
    ("files", "still", "code", "found"),
    [
        ([PICTURE, VIDEO], True, "not_a_video", "Wanted pictures of the test in the upload, found a video."),
        ([PICTURE, b""], True, "not_a_video", "found an empty file."),
        ([PICTURE], False, "not_a_video", r"found a picture \(JPEG\): give a video, or say that it is a still"),
        ([HEIC], False, "not_a_video", r"found a picture \(HEIC\)"),
        ([VIDEO, VIDEO], False, "bad_request", "found 2: send each by itself"),
        ([PICTURE] * 25, True, "bad_request", "up to 24 stills"),
    ],
)
def test_what_is_not_one_test_is_refused(tmp_path: Path, files, still, code, found) -> None:
    fields = [("still", b"true", None)] if still else []
    with pytest.raises(ProblemError, match=found) as refused:
        take(form(*(("file", content, "x") for content in files), *fields), tmp_path / CLIP)
    assert refused.value.code == code


def test_stills_have_no_stretch(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/assessments",
        data={"test": "seated", "still": "true", "from_s": "2"},
        files={"file": ("a.jpg", PICTURE)},
    )
    assert answer.status_code == 422
    assert "still" in {error["field"] for error in answer.json()["errors"]}
