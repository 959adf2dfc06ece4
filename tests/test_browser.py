"""The page in a real browser against a real server: the self-test, uploads, results, and every refusal in one sentence.

Chromium is driven by Playwright's Python package: the one named by HIPCV_CHROMIUM, the system's, or Playwright's own
(`make browser` sees to one). Where none can be had these tests are skipped and say so; in CI they fail.
"""

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from simulated import seated
from third_test import build_house

from hipcv.assessment import assess
from hipcv.core.procedures.prone import PRONE
from hipcv.core.series import ANKLES, KNEES
from hipcv.core.setup import Setup
from hipcv.core.skeleton import find_skeleton
from hipcv.core.uncertainty import JOINTS_TERM
from hipcv.live.coach import Coach, Plan
from hipcv.live.livetest import LiveReading
from hipcv.live.placement import Sight
from hipcv.outputs.document import render_document
from hipcv.outputs.html import render_report
from hipcv.outputs.plan import next_steps
from hipcv.pose.landmarker import NOBODY, Pose
from hipcv.session import Reading
from hipcv.sources.stills import decode_still, encode_still
from hipcv.sources.video import open_video
from hipcv.words import Answer, CameraSide, Motions, Sex
from hipcv_server.live_worker import reading_message
from hipcv_server.schemas import MeasureOptions
from hipcv_server.store import JobStore, new_id

pytestmark = pytest.mark.browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Playwright

STATIC = Path(__file__).parents[1] / "server" / "hipcv_server" / "static"
RUN = """
import sys
from pathlib import Path
from hipcv_server.serve import run
from hipcv_server.settings import JobLimits, LiveLimits, Settings, UploadLimits
if __name__ == "__main__":
    run(
        Settings(
            Path(sys.argv[1]), host=sys.argv[2], port=0, jobs=JobLimits(n_workers=1),
            upload=UploadLimits(max_bytes=2_000_000), live=LiveLimits(max_sessions=1, resume_within_s=8.0),
        ),
        open_browser=False,
    )
"""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
WIDTHS = {"phone": (390, 844), "laptop": (1280, 800)}
#: The questions before a test, answered: nothing stands against it.
SCREENED = """try {
    const on = new Date().toISOString().slice(0, 10);
    localStorage.setItem("hipcv.answers", JSON.stringify({ screening: "none", on, by: null }));
} catch { /* a blank page keeps nothing */ }"""
#: What the page asks once on a device, answered: neither this camera nor this device's videos are mirror images.
ANSWERED = """try {
    localStorage.setItem("hipcv.mirrored", "false");
    localStorage.setItem("hipcv.hands.fake_device_0", "straight");
} catch { /* a blank page keeps nothing */ }"""
#: What is handed in is measured with the quick model: here nobody looks at how well.
QUICK = """XMLHttpRequest.prototype.send = new Proxy(XMLHttpRequest.prototype.send, {
    apply: (send, request, [form]) => {
        form?.set?.("model", "lite");
        return send.call(request, form);
    } });"""
#: Shows a result below the home page, as the page itself does.
SHOW_RESULT = """async (assessment) => {
    const { showResult } = await import(new URL("result.js", document.baseURI));
    const box = document.createElement("div");
    document.getElementById("page-home").append(box);
    const links = { series: "/api/v1/assessments/0/series" };
    await showResult(box, { state: "done", assessment, keep: false, links });
}"""
PAGES = ("home", "self-test", "upload", "results")
#: Measuring may take long on a busy machine; nothing here waits longer than it must.
PATIENCE_MS = 240_000
#: Of the fake camera: as many as a laptop's gives in a dim room, and half the work for everybody else on the machine.
FRAME_RATE_HZ = 15


# --------------------------------------------------------------------------------------------------- server and browser


@contextmanager
def serving(folder: Path, host: str = "127.0.0.1", environment: dict[str, str] | None = None) -> Iterator[str]:
    """Run a server of its own; yields the address it prints."""
    command = [sys.executable, "-c", RUN, str(folder), host]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder)
    assert process.stdout is not None
    try:
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None, "the server did not say where it is"
        _await_health(found[0])
        yield found[0]
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def _await_health(address: str) -> None:
    port = urlsplit(address).port
    for _ in range(300):
        try:
            with urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not come up")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all tests here; it has one live place."""
    with serving(tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.fixture(scope="module")
def playwright() -> "Iterator[Playwright]":
    """Playwright without browsers of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def launch(playwright: "Playwright") -> "Iterator[Callable[..., Browser]]":
    """Start Chromium with these flags beside the usual ones, once for each set that is not closed."""
    named = os.environ.get("HIPCV_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    found = found or playwright.chromium.executable_path
    if not Path(found).exists():
        reason = f"The page's tests need Chromium and found none at {found}: run `make browser`."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    running: dict[tuple[str, ...], Browser] = {}

    def start(*flags: str) -> "Browser":
        if flags not in running or not running[flags].is_connected():
            running[flags] = playwright.chromium.launch(executable_path=found, args=[*FLAGS, *flags])
        return running[flags]

    yield start
    for browser in running.values():
        browser.close()


@dataclass
class Visit:
    """A page that is open, and everything that went wrong on it."""

    page: "Page"
    address: str
    context: "BrowserContext"
    own_browser: "Browser | None" = None
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def show(self, name: str) -> None:
        """Open one of the pages by its name."""
        self.page.goto(f"{self.address}#{name}")
        self.page.wait_for_load_state("networkidle")

    def start_test(self) -> None:
        """Go through the self-test as far as the running test."""
        self.page.get_by_role("button", name="Next: the camera").click()
        self.raise_the_right_hand()
        self.page.get_by_role("button", name="Start the test").click()

    def raise_the_right_hand(self) -> None:
        """Say of a camera that is not known yet that it gives no mirror image: a mirror shows the right hand right."""
        self.page.locator("#hands:visible, #hands-told:visible").wait_for()
        if self.page.locator("#hands").is_visible():
            self.page.get_by_role("button", name="On the right").click()

    def expect_text(self, selector: str, text: str | re.Pattern[str], within_ms: float = 30_000) -> None:
        """Wait until an element shows a text."""
        from playwright.sync_api import expect

        expect(self.page.locator(selector)).to_contain_text(text, timeout=within_ms)

    def expect_clean(self, *, statuses: tuple[int, ...] = ()) -> None:
        """Nothing was complained about but answers with these statuses, and no request left the host."""
        known = [f"status of {status}" for status in statuses]
        assert [said for said in self.complaints if not any(words in said for words in known)] == []
        own = urlsplit(self.address).netloc
        assert [url for url in self.requests if urlsplit(url).scheme != "blob" and urlsplit(url).netloc != own] == []


@pytest.fixture
def visit(launch: "Callable[..., Browser]", address: str) -> "Iterator[Callable[..., Visit]]":
    """Open the page in a fresh profile; a Chromium with flags of its own is closed with it, and its film with that."""
    visits = []

    def open_page(
        *flags: str,
        at: str = address,
        size: str = "laptop",
        scheme: str = "light",
        answered: bool = True,
        screened: bool = True,
    ) -> Visit:
        browser = launch(*(flags or FAKE_CAMERA))
        width, height = WIDTHS[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        if screened:
            context.add_init_script(SCREENED)
        if answered:
            context.add_init_script(ANSWERED)
        page = context.new_page()
        own_browser = browser if flags not in ((), FAKE_CAMERA) else None
        opened = Visit(page, at.split("?")[0], context, own_browser)
        page.on("console", lambda m: opened.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.on("request", lambda request: opened.requests.append(request.url))
        page.on("websocket", lambda socket: opened.requests.append(socket.url))
        visits.append(opened)
        return opened

    yield open_page
    for opened in visits:
        opened.context.close()
        if opened.own_browser is not None:
            opened.own_browser.close()


# -------------------------------------------------------------------------------------------------------- the self-test


def film(clip: Path, truth: dict[str, Any], target: Path, n_tries: int = 1) -> None:
    """Write a sample as a fake camera's film: a rest before the first try, and holds as long as the guide asks for.

    Each try of the sample is shown so many times; between two of them the legs hang.
    """
    with av.open(str(clip)) as source:
        rate_hz = float(source.streams.video[0].average_rate or 0)
        pictures = [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]
    order = [0] * int(6 * rate_hz)
    trials = sorted(truth["trials"], key=lambda trial: trial["start"])
    between = [(one["end"] + other["start"]) // 2 for one, other in pairwise(trials)]
    for trial, begin, end in zip(trials, [0, *between], [*between, len(pictures)], strict=True):
        hold = trial["hold_start"]
        there = range(hold, min(hold + int(0.5 * rate_hz), trial["hold_end"]))
        order += [*range(begin, hold + 1), *there, *reversed(there), *range(hold + 1, end)] * n_tries
    times_s = np.arange(0, len(order) / rate_hz, 1 / FRAME_RATE_HZ)
    with av.open(str(target), "w", format="mjpeg") as camera:
        stream = camera.add_stream("mjpeg", rate=FRAME_RATE_HZ)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = "yuvj420p", 40_000_000
        for number, index in enumerate((times_s * rate_hz).astype(int)):
            frame = av.VideoFrame.from_ndarray(pictures[order[index]], format="rgb24").reformat(format="yuvj420p")
            frame.pts, frame.time_base = number, Fraction(1, FRAME_RATE_HZ)
            camera.mux(stream.encode(frame))
        camera.mux(stream.encode(None))


def test_a_whole_self_test_gives_the_clips_angles(
    visit: Callable[..., Visit], samples: Path, truth_of: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    """Two tries a side, hands-free, from the choice of the test to a result within 3° of the truth on each side."""
    name = "seated-easy-101-01"
    truth = truth_of(name)
    film(samples / f"{name}.mp4", truth, tmp_path / "camera.mjpeg", n_tries=2)
    opened = visit(*FAKE_CAMERA, f"--use-file-for-fake-video-capture={tmp_path / 'camera.mjpeg'}")
    page = opened.page
    opened.show("self-test")
    page.get_by_label("Age").and_(page.locator("#test-age")).fill("34")
    page.locator("#test-sex").select_option("male")  # of men a seated range is known
    page.get_by_text("More options").first.click()
    page.locator("#test-trials").select_option("2")
    page.get_by_role("button", name="Next: the camera").click()
    opened.expect_text("#place-film", "Put the camera straight in front")
    opened.raise_the_right_hand()
    page.get_by_role("button", name="Start the test").click()
    page.locator("#checks li.ok").nth(5).wait_for(timeout=PATIENCE_MS)
    page.locator(".pip-row.left .pip.full").nth(1).wait_for(timeout=PATIENCE_MS)
    page.locator(".pip-row.right .pip.full").nth(1).wait_for(timeout=PATIENCE_MS)
    page.locator("#hurt-left").fill("3", timeout=PATIENCE_MS)
    page.locator("#hurt-place-left").select_option("groin")
    page.get_by_role("button", name="Show the result").click()
    page.get_by_role("heading", name="Your result").wait_for(timeout=PATIENCE_MS)
    assert "pain on the left 3 of 10 (groin)" in page.locator(".result").inner_text()

    for side in ("left", "right"):
        letter = side[0].upper()
        told = [t["end_range_shin_to_vertical_deg"] for t in truth["trials"] if t["side"] == letter]
        shown = int(page.locator(f".side-card.{side} .big").inner_text().removesuffix("°"))
        assert abs(shown - np.mean(told)) <= 3.0, side
        assert "Likely between" in page.locator(f".side-card.{side}").inner_text()
    for heading in ("Left against right", "The movement", "What to do next"):
        page.get_by_role("heading", name=heading).wait_for()
    assert page.locator(".chart svg path.curve").count() == 2
    assert page.locator(".chart svg rect.band").count() == 2
    page.get_by_role("link", name="All results").click()
    page.locator("#history li").first.wait_for()
    assert "Self-test" in page.locator("#history li").first.inner_text()
    opened.expect_clean()


def test_the_picture_is_mirrored_but_the_frames_are_not(
    visit: Callable[..., Visit], samples: Path, truth_of: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    """The person sees a mirror image; what is sent is what the camera sees, no larger than 640 pixels, taps as well."""
    name = "seated-easy-101-01"
    film(samples / f"{name}.mp4", truth_of(name), tmp_path / "camera.mjpeg")
    opened = visit(*FAKE_CAMERA, f"--use-file-for-fake-video-capture={tmp_path / 'camera.mjpeg'}")
    sent: list[bytes] = []
    said: list[dict[str, Any]] = []

    def through(socket: Any) -> None:
        server = socket.connect_to_server()

        def forward(message: str | bytes) -> None:
            if isinstance(message, bytes):
                sent.append(message)
            else:
                said.append(json.loads(message))
            server.send(message)

        socket.on_message(forward)

    opened.page.route_web_socket(re.compile("/api/v1/live"), through)
    opened.show("self-test")
    opened.start_test()
    opened.page.locator("#checks li.ok").first.wait_for(timeout=60_000)
    turned = opened.page.locator("#camera").evaluate("video => getComputedStyle(video).transform")
    assert turned == "matrix(-1, 0, 0, 1, 0, 0)"
    box = opened.page.locator("#overlay").bounding_box()
    assert box is not None
    opened.page.locator("#overlay").click(position={"x": 0.25 * box["width"], "y": 0.5 * box["height"]})
    opened.page.get_by_text("Who is nearest to where you tapped is tested.").wait_for()
    assert said[-1]["type"] == "who"
    assert [float(share) for share in said[-1]["subject_at"].split(",")] == pytest.approx([0.75, 0.5], abs=0.01)
    opened.page.get_by_role("button", name="Stop the test").click()
    opened.page.get_by_role("heading", name="Get into place").wait_for()
    (length,) = struct.unpack_from("<I", sent[0])
    head, picture = json.loads(sent[0][4 : 4 + length]), decode_still(sent[0][4 + length :])
    assert head["n"] == 1
    assert max(picture.shape) == 640
    with av.open(str(samples / f"{name}.mp4")) as source:
        first = next(source.decode(video=0)).to_ndarray(format="rgb24")

    def distance(other: NDArray[np.uint8]) -> float:
        return float(np.abs(picture.astype(float) - other).mean())

    assert distance(first) < 0.5 * distance(first[:, ::-1])
    opened.expect_clean()


def test_a_camera_is_asked_once_whether_it_mirrors(visit: Callable[..., Visit]) -> None:
    """No start before the answer; a camera that mirrors is turned back; a page that comes back asks no more."""
    opened = visit(answered=False)
    page = opened.page
    opened.show("self-test")
    page.get_by_role("button", name="Next: the camera").click()
    page.get_by_text("Raise your right hand").wait_for()
    assert page.get_by_role("button", name="Start the test").is_disabled()
    preview = page.locator("#preview")
    turned = "video => getComputedStyle(video).transform"
    assert preview.evaluate(turned) == "matrix(-1, 0, 0, 1, 0, 0)"
    page.get_by_role("button", name="On the left").click()  # in a mirror the right hand is on the right
    opened.expect_text("#hands-told", "Left and right of this camera are checked")
    assert preview.evaluate(turned) == "none"  # it is a mirror already
    assert page.get_by_role("button", name="Start the test").is_enabled()
    page.reload()
    page.get_by_role("button", name="Next: the camera").click()
    opened.expect_text("#hands-told", "Left and right of this camera are checked")
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name="I cannot tell").click()
    opened.expect_text("#hands-told", "Nobody has looked")
    assert page.get_by_role("button", name="Start the test").is_enabled()
    opened.expect_clean()


def test_the_pictures_of_a_camera_that_mirrors_are_turned_back(visit: Callable[..., Visit]) -> None:
    """What is sent is unmirrored in either case: half black, half white tells which way round it is."""
    opened = visit()
    opened.show("home")
    sides = opened.page.evaluate(
        """async () => {
            const { Camera } = await import(new URL("camera.js", document.baseURI));
            const scene = document.createElement("canvas"), pen = scene.getContext("2d", { willReadFrequently: true });
            [scene.width, scene.height] = [64, 48];
            const camera = new Camera(scene.captureStream()), video = document.createElement("video");
            pen.fillRect(0, 0, 64, 48);
            pen.fillStyle = "white";
            pen.fillRect(32, 0, 32, 48);
            await camera.show(video);
            const whiteIsRight = async () => {
                const picture = await createImageBitmap(await camera.picture(video));
                pen.drawImage(picture, 0, 0);
                const [left, right] = [8, 56].map((x) => pen.getImageData(x, 24, 1, 1).data[0]);
                for (const [x, ink] of [[0, "black"], [32, "white"]]) {
                    pen.fillStyle = ink;
                    pen.fillRect(x, 0, 32, 48);
                }
                return right > left;
            };
            const honest = await whiteIsRight();
            camera.mirrors = true;
            return [honest, await whiteIsRight()];
        }"""
    )
    assert sides == [True, False]
    opened.expect_clean()


def test_a_test_under_way_is_not_left_without_asking(
    visit: Callable[..., Visit],
    address: str,
    samples: Path,
    truth_of: Callable[[str], dict[str, Any]],
    tmp_path: Path,
) -> None:
    """Reload and Back ask; going on goes on; what was held is kept where the person says so."""
    name = "seated-easy-101-01"
    film(samples / f"{name}.mp4", truth_of(name), tmp_path / "camera.mjpeg")
    opened = visit(*FAKE_CAMERA, f"--use-file-for-fake-video-capture={tmp_path / 'camera.mjpeg'}")
    page = opened.page
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    opened.show("home")
    page.get_by_role("link", name="Start the self-test").click()
    page.locator("#choose summary").click()
    page.locator("#test-subject").fill("Left early")
    opened.start_test()
    page.locator(".pip.full").first.wait_for(timeout=PATIENCE_MS)

    page.evaluate("setTimeout(() => location.reload())")
    while not asked:
        page.wait_for_timeout(100)
    page.evaluate("history.back()")
    page.get_by_role("heading", name="Leave the test?").wait_for()
    assert asked == ["beforeunload"]
    assert page.url.endswith("#self-test")
    page.get_by_role("button", name="Go on with the test").click()
    assert page.locator("#test").is_visible()
    assert page.locator(".pip.full").count() >= 1

    page.evaluate("location.hash = '#results'")
    page.get_by_role("button", name="Leave and keep what was held").click()
    page.get_by_role("heading", name="Results on this computer").wait_for()
    assert page.locator("#camera").evaluate("video => video.srcObject") is None
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline:  # the server works on without the page
        with urlopen(f"{address}api/v1/assessments?subject=Left+early", timeout=10) as answer:
            if json.load(answer)["n_total"]:
                break
        page.wait_for_timeout(1000)
    page.reload()
    assert re.search(r"\d+°", page.locator("#history li", has_text="Left early").inner_text())
    assert asked == ["beforeunload"]  # nothing is lost any more
    opened.expect_clean()


def test_prone_legs_are_drawn_from_knees_and_ankles_alone(visit: Callable[..., Visit]) -> None:
    """The prone reader knows four landmarks; what the server sends of them, the page draws."""
    image_px, visibility = np.full((33, 2), np.nan), np.zeros(33)
    for column, x in enumerate((260.0, 380.0)):  # seen from the foot end the left leg is on the left
        image_px[KNEES[column]], image_px[ANKLES[column]] = (x, 330.0), (x + 40 * (2 * column - 1), 180.0)
        visibility[[KNEES[column], ANKLES[column]]] = 1.0
    pose = Pose(image_px, np.full((33, 3), np.nan), visibility, np.full(2, np.nan))
    setup = Setup(procedure=PRONE, camera_side=CameraSide.FOOT_END)
    sight = Sight(0.0, image_px, pose.world_m, visibility, (640, 480), (15.0, 15.0))
    coaching = Coach(Plan(), setup).see(sight)
    drawn = find_skeleton(image_px, visibility, setup, 0.0)
    seen = LiveReading(Reading(0.0, pose, 15.0, 15.0, -1, True), drawn, (15.0, 15.0), None, coaching, True)
    message = reading_message(1, 0.0, (640, 480), seen)
    assert json.loads(json.dumps(message, allow_nan=False))["skeleton"]["left"] == [None, [260, 330], [220, 180], None]
    blind = find_skeleton(NOBODY.image_px, NOBODY.visibility, setup, 0.0)
    nobody = reading_message(1, 0.0, (640, 480), replace(seen, skeleton=blind))
    assert nobody["skeleton"] is None
    opened = visit()
    opened.show("home")
    painted = opened.page.evaluate(
        """async (readings) => {
            const { draw, COLOURS } = await import(new URL("draw.js", document.baseURI));
            return readings.map((reading) => {
                const canvas = document.createElement("canvas");
                canvas.style.cssText = "position:fixed;width:640px;height:480px";
                document.body.append(canvas);
                draw(canvas, reading, { mirrored: false, side: "left" });
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                const painted = Object.values(COLOURS).map((colour) => {
                    const ink = [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));
                    let n = 0;
                    for (let k = 0; k < data.length; k += 4) n += [...ink, 255].every((v, c) => data[k + c] === v);
                    return n;
                });
                return painted;
            });
        }""",
        [message, nobody],
    )
    assert min(painted[0]) > 300
    assert painted[1] == [0, 0]
    opened.expect_clean()


def test_a_new_test_is_offered_wherever_one_is_chosen(visit: Callable[..., Visit], tmp_path: Path) -> None:
    """A third test is one file more: both choices, the filter and the steps of filming know it; none is drawn."""
    (tmp_path / "house").mkdir()
    (tmp_path / "data").mkdir()
    with serving(tmp_path / "data", environment=build_house(tmp_path / "house")) as there:
        opened = visit(at=there)
        page = opened.page
        opened.show("self-test")
        page.get_by_role("radio", name="Half reclined The toy test, filmed from the front.").check()
        assert page.locator("#choose .pick .drawing:visible").count() == 3
        page.get_by_role("button", name="Next: the camera").click()
        opened.expect_text("#place-film", "Hold it there still for two seconds")
        opened.show("upload")
        page.get_by_role("radio", name="Half reclined filmed from the front").check()
        opened.show("results")
        page.locator("#filter-test").select_option("toy")
        opened.expect_clean(statuses=(404,))


def test_a_prone_self_test_is_led_and_drawn(
    visit: Callable[..., Visit], samples: Path, truth_of: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    """Chosen on the page, filmed from the foot end: prone words, both legs over the picture, a captured hold."""
    name = "prone-easy-102-02"
    film(samples / f"{name}.mp4", truth_of(name), tmp_path / "camera.mjpeg")
    opened = visit(*FAKE_CAMERA, f"--use-file-for-fake-video-capture={tmp_path / 'camera.mjpeg'}")
    page = opened.page
    opened.show("self-test")
    page.get_by_role("radio", name="Face down").check()
    page.locator("#test-order").select_option("right")
    page.get_by_text("More options").first.click()
    page.locator("#test-trials").select_option("2")
    page.locator("#test-hold").select_option("1")
    opened.start_test()
    page.locator(".pip-row.right .pip.full").first.wait_for(timeout=PATIENCE_MS)
    drawn = page.evaluate(
        """async () => {
            const { COLOURS } = await import(new URL("draw.js", document.baseURI));
            const canvas = document.getElementById("overlay");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return Object.values(COLOURS).map((colour) => {
                const ink = [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));
                let n = 0;
                for (let k = 0; k < data.length; k += 4) n += [...ink, 255].every((v, c) => data[k + c] === v);
                return n;
            });
        }"""
    )
    assert min(drawn) > 100
    opened.expect_text("#cue", re.compile("Bring it back up|let it sink slowly outwards|Let your right foot sink"))
    page.get_by_role("button", name="Stop the test").click()
    page.locator("#ask-answers").get_by_role("button", name="Stop the test").click()
    page.get_by_role("heading", name="Get into place").wait_for()
    opened.expect_text("#place-film", "Lie face down")
    opened.expect_clean()


def test_beside_a_percentile_stands_how_far_protocols_differ_on_the_page(visit: Callable[..., Visit]) -> None:
    """A man is compared with men whose posture is printed; what another protocol would make of it stands there."""
    assessment = assess(seated(fps=15.0), Setup(age_years=30.0, sex=Sex.MALE))
    opened = visit()
    opened.show("home")
    opened.page.evaluate(SHOW_RESULT, render_document(assessment))
    for side in ("left", "right"):
        opened.expect_text(
            f".side-card.{side} .verdict",
            re.compile(r"in 100 of that group \(measured in another way its middle shifts by about 6°\)\.$"),
        )
    opened.expect_clean(statuses=(404,))


def test_a_woman_who_sits_is_told_on_the_page_that_the_posture_is_not_printed(visit: Callable[..., Visit]) -> None:
    """She is judged by a range of the same bend of the hip; a man's first range prints its posture and says nothing."""
    opened = visit()
    opened.show("home")
    for sex, n in ((Sex.MALE, 0), (Sex.FEMALE, 1)):
        opened.page.reload()
        assessment = assess(seated(fps=15.0), Setup(age_years=30.0, sex=sex))
        opened.page.evaluate(SHOW_RESULT, render_document(assessment))
        for side in ("left", "right"):
            opened.page.locator(f".side-card.{side} .verdict").wait_for()
            told = opened.page.locator(f".side-card.{side}").inner_text()
            assert told.count("Posture not printed: by Gradoz 2018 seated and supine differ by up to about 3°.") == n
    opened.expect_clean(statuses=(404,))


def test_what_the_body_added_stands_at_the_number_it_spoils(visit: Callable[..., Visit]) -> None:
    """The page's card shows the rows of the document, above the interval."""
    assessment = assess(seated(left=(40.0, 39.0), right=(20.0, 19.0), hike=10.0, fps=15.0), Setup(age_years=30.0))
    document = render_document(assessment)
    opened = visit()
    opened.show("home")
    opened.page.evaluate(SHOW_RESULT, document)
    for side in ("left", "right"):
        card = opened.page.locator(f".side-card.{side}").inner_text()
        for row in document["sides"][side]["motions"]["internal"]["beside"]:
            assert card.index(row["label"]) < card.index("Likely between")
            assert re.search(rf"{row['label']}\s+{row['value_deg']:.0f}°", card)
    assert "Left and right rest on: the camera in front" in opened.page.locator(".result").inner_text()
    opened.expect_clean(statuses=(404,))


def test_the_other_direction_stands_below_the_usual_one_where_it_was_asked_for(visit: Callable[..., Visit]) -> None:
    """Cards of both directions, and from one end to the other; who asked for one alone sees no empty cards."""
    series = seated(left=(40.0, -30.0), right=(25.0, -42.0), fps=15.0)
    opened = visit()
    opened.show("home")
    for asked, cards in ((Motions.BOTH, 4), (Motions.EXTERNAL, 2)):
        opened.page.evaluate(SHOW_RESULT, render_document(assess(series, Setup(motion=asked))))
        shown = opened.page.locator(".result").last
        assert shown.locator(".side-card").count() == cards
        told = shown.inner_text()
        assert re.search(r"Turned the other way: the foot inwards\s+Left hip\s+30°", told)
        assert ("From one end to the other" in told) == (asked is Motions.BOTH)
        if asked is Motions.BOTH:
            assert re.search(
                r"Left hip: 70° in all, likely between \d+° and \d+°\. The foot goes \d+° further out", told
            )
            assert "Few repetitions (left, foot inwards)" in told
    opened.expect_clean(statuses=(404,))


@pytest.mark.parametrize("size", WIDTHS)
def test_questions_come_before_the_first_test_and_an_answer_may_stop_it(visit: Callable[..., Visit], size: str) -> None:
    """Every question wants an answer; one that calls for somebody leaves nothing but where to go; others are kept."""
    opened = visit(size=size, screened=False)
    page = opened.page
    opened.show("self-test")
    page.get_by_role("button", name="Go on", exact=True).click()
    opened.expect_text("#questions .notice", "One question is still open: “Are you under 18?”")
    for none in page.locator("#questions .none input").all():
        none.check()
    page.locator("#questions input[name=fever]").check()
    page.get_by_role("button", name="Go on", exact=True).click()
    opened.expect_text("#questions .stopped", "Go to an emergency department today")
    assert not page.get_by_role("button", name="Next: the camera").is_visible()
    assert page.locator("#questions form").count() == 0
    page.reload()
    page.locator("#questions form").wait_for()  # a stop is nothing that is kept
    for none in page.locator("#questions .none input").all():
        none.check()
    page.locator("#questions input[name=pinch]").check()
    assert not page.locator("#questions .none input").last.is_checked()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_role("button", name="Next: the camera").wait_for()
    page.reload()
    opened.expect_text("#answered", "The questions were answered on this device on")
    assert page.evaluate("JSON.parse(localStorage.getItem('hipcv.answers')).screening") == "pinch"
    page.evaluate("localStorage.setItem('hipcv.answers', JSON.stringify({ screening: 'pinch', on: '2020-01-01' }))")
    page.reload()
    page.locator("#questions form").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    opened.expect_clean()


def test_a_clinician_may_judge_instead_of_the_questions(visit: Callable[..., Visit]) -> None:
    """A name is wanted, and stands on the page from then on."""
    opened = visit(screened=False)
    page = opened.page
    opened.show("self-test")
    page.get_by_text("A clinician judges instead").click()
    page.get_by_role("button", name="Go on without the questions").click()
    assert page.locator("#questions form").is_visible()
    page.get_by_label("Name or role").fill("Anna, physiotherapist")
    page.get_by_role("button", name="Go on without the questions").click()
    opened.expect_text("#answered", "Judged by Anna, physiotherapist on")
    opened.expect_clean()


def test_the_questions_of_a_recording_are_those_of_the_person_in_it(visit: Callable[..., Visit]) -> None:
    """Nothing is uploaded against an answer, and another name is another person."""
    opened = visit()
    page = opened.page
    opened.show("upload")
    page.locator("#up-screening summary").first.click()
    page.locator("#up-questions form").wait_for()
    for none in page.locator("#up-questions .none input").all():
        none.check()
    page.locator("#up-questions input[name=operation]").check()
    page.locator("#up-questions button[type=submit]").click()
    opened.expect_text("#up-questions .stopped", "Ask the surgeon's team")
    assert not page.locator("#upload-form").is_visible()
    page.get_by_role("button", name="Answer again").click()
    page.locator("#up-questions form").wait_for()
    assert page.locator("#upload-form").is_visible()
    for none in page.locator("#up-questions .none input").all():
        none.check()
    page.locator("#up-questions button[type=submit]").click()
    opened.expect_text("#up-answered", "Answered.")
    page.locator("#up-subject").fill("Somebody else")
    page.locator("#up-subject").blur()
    opened.expect_text("#up-answered", "Not answered")
    opened.expect_clean()


@pytest.mark.parametrize("size", WIDTHS)
def test_a_result_shows_what_to_do_behind_the_answers(visit: Callable[..., Visit], size: str) -> None:
    """Three exercises with drawings where nothing stands against them; a stop above the numbers, and no exercise."""
    setup = Setup(age_years=30.0, sex=Sex.MALE, roll_deg=0.0, screening=())
    low = assess(seated(left=(10.0,) * 3, right=(10.0,) * 3, fps=15.0), setup)
    opened = visit(size=size)
    page = opened.page
    opened.show("home")
    page.evaluate(SHOW_RESULT, render_document(low))
    assert page.locator(".exercise h4").all_inner_texts() == [one.name for one in next_steps(low).plan.exercises]
    assert page.locator(".exercise svg[aria-label]").count() == 3
    page.get_by_text("Other exercises that your answers leave open").click()
    page.get_by_text("Roll the straight leg, 20 times a side").click()
    page.get_by_text("kneecap and toes turn towards the other leg").wait_for()
    page.get_by_text("What is known about turning the hip inwards").click()
    page.get_by_text("Bone, or soft tissue?").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".result").evaluate("result => result.parentElement.remove()")
    page.evaluate(SHOW_RESULT, render_document(replace(low, setup=replace(setup, screening=(Answer.FEVER,)))))
    told = page.locator(".result").inner_text()
    assert told.index("Go to an emergency department") < told.index("Likely between")
    assert "Exercises" not in told
    assert page.locator(".exercise").count() == 0
    opened.expect_clean(statuses=(404,))


def test_one_exercise_between_two_tests_is_shown_and_what_it_did(visit: Callable[..., Visit]) -> None:
    """The exercise is chosen, done and left by a button that remembers the test before; then the pair is told."""
    setup = Setup(age_years=30.0, sex=Sex.MALE, roll_deg=0.0, screening=())
    low = assess(seated(left=(10.0,) * 3, right=(10.0,) * 3, fps=15.0), setup)
    opened = visit()
    page = opened.page
    opened.show("home")
    page.evaluate(
        """async (assessment) => {
            const { offerPair, pairOf } = await import(new URL("pair.js", document.baseURI));
            const box = document.createElement("div");
            document.getElementById("page-home").append(box);
            await offerPair(box, { id: "first", assessment }, async (held) => box.after(await pairOf(held, "second")));
        }""",
        render_document(low),
    )
    sides = {"left": (6.0, "increased"), "right": (-0.4, "no change detected")}
    answer = {
        "spacing": "within one sitting",
        "sides": {s: {"change_deg": c, "mdc95_deg": 3.1, "verdict": v} for s, (c, v) in sides.items()},
        "say": "Seldom more.",
        "origin": "Somebody 2020.",
    }
    page.route("**/api/v1/pair?before=first&after=second", lambda route: route.fulfill(json=answer))
    page.get_by_role("button", name="Knee falls in, on the back").click()
    page.get_by_text("Lay the other foot on the outside of that knee").wait_for()
    page.get_by_role("button", name="Done: the same test again").click()
    opened.expect_text(".pair", "Before and after “Knee falls in, on the back”")
    opened.expect_text(".pair", "Left: +6.0°, increased (within one sitting a change can be told from 3.1° on).")
    opened.expect_text(".pair", "Right: −0.4°, no change detected")
    opened.expect_clean()


def test_kinds_of_test_of_one_person_make_one_plan(visit: Callable[..., Visit]) -> None:
    """Under a person's name, where more than one kind of test was done; one kind has its plan with the result."""
    setup = Setup(age_years=30.0, sex=Sex.MALE, roll_deg=0.0, screening=())
    low = render_document(assess(seated(left=(10.0,) * 3, right=(10.0,) * 3, fps=15.0), setup))
    told = {"screening": low["screening"], "plan": low["plan"], "setup": low["setup"], "subject": "Anna"}
    person = {"id": "one", "kind": "live", "state": "done", "test": "seated", "subject": "Anna", "status": "measured"}
    person |= {"created_at": "2026-11-27T10:00:00Z", "links": {"self": "/api/v1/assessments/one"}, "problem": None}
    person |= {side: {"end_range_deg": 10.0, "interval95_deg": [8.0, 12.0]} for side in ("left", "right")}
    opened = visit()
    page = opened.page
    page.route(
        "**/api/v1/assessments?*", lambda route: route.fulfill(json={"items": [person], "next": None, "n_total": 1})
    )
    counts = iter([1, 2])
    anna = {"subject": "Anna", "n_kept": 1, "first": "2026-11-27", "last": "2026-11-27"}
    page.route("**/api/v1/people", lambda route: route.fulfill(json={"people": [anna]}))
    page.route("**/api/v1/plan?subject=Anna", lambda route: route.fulfill(json={**told, "n_tests": next(counts)}))
    opened.show("results")
    page.locator("#filter-subject").select_option("Anna")
    opened.expect_text("#trend", "Name, copies and deletion of Anna")
    assert page.locator("#trend .exercise").count() == 0
    opened.show("home")
    opened.show("results")
    opened.expect_text("#trend", "From the newest 2 kinds of test of Anna together:")
    assert page.locator("#trend .exercise").count() == 3
    opened.expect_clean()


@pytest.mark.parametrize("width_px", [390, 900])
def test_no_words_of_the_reports_drawings_run_into_each_other(
    visit: Callable[..., Visit], width_px: int, tmp_path: Path
) -> None:
    """Whatever a reference is called: no two texts of the chart of ranges touch, and none leaves it."""
    assessment = assess(seated(fps=15.0), Setup(age_years=30.0))
    wide = "Women and men wholly without hip symptoms, MMMM WWWW, seated (Kouyoumdjian 2012, quoted by somebody)"
    left = replace(assessment.left, reference=tuple(replace(c, label=wide) for c in assessment.left.reference))
    (tmp_path / "report.html").write_text(render_report(replace(assessment, left=left), []), encoding="utf-8")
    opened = visit()
    opened.page.set_viewport_size({"width": width_px, "height": 900})
    opened.page.goto((tmp_path / "report.html").as_uri())
    touching = opened.page.evaluate(
        """() => [...document.querySelectorAll("svg.norms")].flatMap((drawing) => {
            const frame = drawing.getBoundingClientRect();
            const texts = [...drawing.querySelectorAll("text")];
            const boxes = texts.map((text) => [text.textContent, text.getBoundingClientRect()]);
            const outside = ([, b]) => b.left < frame.left - 1 || b.right > frame.right + 1;
            const out = boxes.filter(outside).map(([words]) => words);
            const pairs = boxes.flatMap(([one, a], k) => boxes.slice(k + 1)
                .filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom - 3 && b.top < a.bottom - 3)
                .map(([other]) => `${one} | ${other}`));
            return [...out, ...pairs];
        })"""
    )
    assert touching == []


@pytest.mark.parametrize(("scheme", "media"), [("light", "screen"), ("dark", "screen"), ("light", "print")])
def test_the_reports_legend_shows_the_colours_of_its_bar(
    visit: Callable[..., Visit], scheme: str, media: str, tmp_path: Path
) -> None:
    """Pixel by pixel: every term that the bar of an interval shows has its colour in the legend, and no other has."""
    assessment = assess(seated(fps=15.0, yaw=12.0, pitch=10.0), Setup())
    (tmp_path / "report.html").write_text(render_report(assessment, []), encoding="utf-8")
    opened = visit(scheme=scheme)
    opened.page.emulate_media(media=media, color_scheme=scheme)
    opened.page.goto((tmp_path / "report.html").as_uri())
    places: list[dict[str, dict[str, list[float]]]] = opened.page.evaluate(
        """() => [...document.querySelectorAll("svg.budget")].map((bar) => {
            const middle = (box) => [box.left + box.width / 2 + scrollX, box.top + box.height / 2 + scrollY];
            const name = (words) => words.split(" ±")[0].trim();
            const shown = [...bar.querySelectorAll("rect")].filter((r) => r.getBoundingClientRect().width >= 4);
            const legend = bar.parentElement.querySelectorAll(".term-name");
            const swatch = (term) => term.querySelector(".swatch").getBoundingClientRect();
            return {
                bar: Object.fromEntries(shown.map((r) => [name(r.textContent), middle(r.getBoundingClientRect())])),
                legend: Object.fromEntries([...legend].map((t) => [name(t.textContent), middle(swatch(t))])),
            };
        })"""
    )
    picture = cv2.imdecode(np.frombuffer(opened.page.screenshot(full_page=True), np.uint8), cv2.IMREAD_COLOR)
    assert len(places) == 2
    for place in places:
        bar, legend = ({t: tuple(picture[int(y), int(x)]) for t, (x, y) in place[k].items()} for k in ("bar", "legend"))
        assert {JOINTS_TERM, "reading of the shank"} <= set(bar) <= set(legend)
        assert {term: legend[term] for term in bar} == bar
        assert len(set(legend.values())) == len(legend)


def test_the_sensor_of_a_built_in_camera_is_read_and_a_refused_one_does_no_harm(visit: Callable[..., Visit]) -> None:
    """A frame carries the newest reading with the screen's turn and the camera's side; a camera on a cable none."""
    opened = visit(size="phone")
    opened.show("home")
    told = opened.page.evaluate(
        """async () => {
            const { Gravity, allowGravity } = await import(new URL("gravity.js", document.baseURI));
            DeviceMotionEvent.requestPermission = () => Promise.reject(new Error("refused"));
            await allowGravity();
            let asked = false;
            DeviceMotionEvent.requestPermission = async () => { asked = true; return "granted"; };
            await allowGravity();
            const rear = new Gravity("environment"), cable = new Gravity(null);
            const before = rear.reading();
            const feel = (x, y, z) => window.dispatchEvent(
                new DeviceMotionEvent("devicemotion", { accelerationIncludingGravity: { x, y, z } }));
            feel(-1.7, 9.66, 0.25);
            feel(null, null, null);
            const during = rear.reading(), never = cable.reading();
            rear.close();
            feel(0, 1, 0);
            const after = rear.reading();
            return { asked, before, during, never, after };
        }"""
    )
    felt = {"x": -1.7, "y": 9.66, "z": 0.25, "screen_angle": 0, "facing": "environment"}
    assert told == {"asked": True, "before": None, "during": felt, "never": None, "after": felt}
    opened.expect_clean()


def test_nobody_in_the_picture_is_said_and_gives_no_number(visit: Callable[..., Visit]) -> None:
    """The check stays red with what to do; finished anyway, the result says why there is none."""
    opened = visit()
    page = opened.page
    opened.show("self-test")
    opened.start_test()
    opened.expect_text("#checks li[data-code=person]", "Nobody is seen", 60_000)
    opened.expect_text("#cue", "Nobody is seen: place yourself before the camera", 60_000)
    assert "ok" not in (page.locator("#checks li[data-code=person]").get_attribute("class") or "")
    page.get_by_role("button", name="Finish now").click()
    page.get_by_role("heading", name="This recording could not be measured").wait_for(timeout=60_000)
    opened.expect_text("#test-result", "Do the test once more")
    page.get_by_role("button", name="Delete this result").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("heading", name="Self-test").wait_for()
    opened.expect_clean()


def test_a_broken_connection_is_picked_up_again(visit: Callable[..., Visit]) -> None:
    """The page says that it joins again, joins, and goes on with the same test."""
    opened = visit()
    sockets = []

    def through(socket: Any) -> None:
        sockets.append((socket, socket.connect_to_server()))

    opened.page.route_web_socket(re.compile("/api/v1/live"), through)
    opened.show("self-test")
    opened.start_test()
    opened.expect_text("#cue", "Nobody is seen", 60_000)
    ours, theirs = sockets[0]
    theirs.close()
    ours.close()
    opened.expect_text("#link-note", "Joining again")
    opened.page.locator("#link-note").wait_for(state="hidden", timeout=10_000)
    assert len(sockets) >= 2
    opened.expect_text("#cue", "Nobody is seen")
    opened.page.get_by_role("button", name="Stop the test").click()
    opened.page.get_by_role("heading", name="Get into place").wait_for()


# ------------------------------------------------------------------------------------------------------------- refusals


def test_a_forbidden_camera_is_named_with_what_to_do(visit: Callable[..., Visit]) -> None:
    """One sentence, a button to try again, and no start."""
    opened = visit("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream=deny")
    opened.show("self-test")
    opened.page.get_by_role("button", name="Next: the camera").click()
    opened.expect_text("#camera-problem", "The camera was not allowed: allow it for this page")
    assert opened.page.get_by_role("button", name="Try the camera again").is_visible()
    assert opened.page.get_by_role("button", name="Start the test").is_disabled()
    opened.expect_clean()


def test_a_machine_without_camera_is_named_with_what_to_do(visit: Callable[..., Visit]) -> None:
    """No camera is another sentence than a forbidden one."""
    opened = visit("--use-fake-device-for-media-stream=device-count=0", "--use-fake-ui-for-media-stream")
    opened.show("self-test")
    opened.page.get_by_role("button", name="Next: the camera").click()
    opened.expect_text("#camera-problem", "No camera was found: plug one in")
    opened.expect_clean()


def test_a_page_without_https_says_why_it_has_no_camera(
    visit: Callable[..., Visit], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Beyond the own machine, over plain http: signed in by the token, the page works, the camera is explained."""
    name = f"{socket.gethostname().lower()}.local"
    with serving(tmp_path_factory.mktemp("open"), "0.0.0.0") as printed:
        parts = urlsplit(printed)
        flags = (*FAKE_CAMERA, f"--host-resolver-rules=MAP {name} 127.0.0.1")
        opened = visit(*flags, at=f"http://{name}:{parts.port}/")
        opened.page.goto(f"{opened.address}?{parts.query}")
        assert "token" not in opened.page.url
        opened.show("self-test")
        opened.page.get_by_role("button", name="Next: the camera").click()
        opened.expect_text(
            "#camera-problem", "Browsers lend the camera only to pages on the same computer or over https"
        )
        opened.show("results")
        opened.expect_text("#history", "Nothing has been measured yet")
        refused = [said for said in opened.complaints if "untrustworthy" not in said]
        opened.complaints[:] = refused
        opened.expect_clean()


def test_a_taken_place_is_told_and_can_be_tried_again(visit: Callable[..., Visit], address: str) -> None:
    """Where all places are taken, the page says so; once one is free, the same button starts the test."""
    from websockets.sync.client import connect

    opened = visit()
    opened.show("self-test")
    with connect(f"{address.replace('http', 'ws')}api/v1/live") as other:
        other.send(json.dumps({"type": "start", "test": "seated"}))
        assert json.loads(other.recv(timeout=30))["type"] == "started"
        opened.start_test()
        opened.expect_text("#camera-problem", "All 1 live places of this server are taken: try again in a few minutes.")
        other.send(json.dumps({"type": "cancel"}))
        while json.loads(other.recv(timeout=30))["type"] != "cancelled":
            pass
    deadline = time.monotonic() + 20
    while opened.page.locator("#test").is_hidden() and time.monotonic() < deadline:
        opened.page.get_by_role("button", name="Start the test").click()
        opened.page.wait_for_timeout(1000)
    opened.expect_text("#cue", "Nobody is seen", 60_000)
    opened.page.get_by_role("button", name="Stop the test").click()
    opened.page.get_by_role("heading", name="Get into place").wait_for()
    opened.expect_clean()


def test_leaving_the_test_frees_camera_and_place(visit: Callable[..., Visit], address: str) -> None:
    """Another page ends the test: the camera is off, and the place is free for the next one."""
    opened = visit()
    opened.show("self-test")
    opened.start_test()
    opened.expect_text("#cue", "Take your place", 60_000)
    opened.page.evaluate("location.hash = '#home'")
    opened.page.get_by_role("heading", name="How far do your hips turn inwards?").wait_for()
    assert opened.page.locator("#camera").evaluate("video => video.srcObject") is None
    opened.show("self-test")
    opened.start_test()
    opened.expect_text("#cue", "Take your place", 60_000)
    opened.page.evaluate("location.hash = '#home'")
    opened.expect_clean()


# -------------------------------------------------------------------------------------------------- uploads and results


def test_uploads_show_progress_result_and_refusal(visit: Callable[..., Visit], samples: Path, tmp_path: Path) -> None:
    """A clip is measured and linked to report and video; what is no video, or too large, is refused in a sentence."""
    opened = visit()
    page = opened.page
    page.add_init_script(QUICK)
    opened.show("upload")
    page.locator("#up-subject").fill("Browser test")
    page.locator("#upload-form summary").click()
    page.get_by_label("Keep the clip on this computer").check()
    (tmp_path / "notes.mp4").write_text("no video at all")
    (tmp_path / "large.mp4").write_bytes(bytes(2_000_001))
    clip = samples / "seated-easy-101-01.mp4"
    page.locator("#files").set_input_files([clip, tmp_path / "notes.mp4", tmp_path / "large.mp4"])
    measured, text, large = (page.locator("#uploads li", has_text=n) for n in (clip.name, "notes.mp4", "large.mp4"))
    text.get_by_role("button", name="Try notes.mp4 again").wait_for(timeout=60_000)
    assert re.search("Wanted a video .* found", text.inner_text())
    large.get_by_role("button", name="Try large.mp4 again").wait_for(timeout=60_000)
    assert "cut it down to the test" in large.inner_text()
    measured.get_by_role("progressbar").wait_for()
    measured.get_by_role("link", name="Annotated video").wait_for(timeout=PATIENCE_MS)
    assert re.search(r"Left \d+°, right \d+°", measured.inner_text())

    with opened.context.expect_page() as tab:
        measured.get_by_role("link", name="Full report").click()
    tab.value.wait_for_load_state()
    assert "internal rotation" in tab.value.inner_text("body").lower()
    tab.value.close()

    measured.get_by_role("link", name="Show the result").click()
    page.get_by_role("heading", name="Your result").wait_for()
    resource = page.evaluate("id => fetch(`/api/v1/assessments/${id}`).then(r => r.json())", page.url.split("/")[-1])
    for side, told in resource["assessment"]["sides"].items():
        assert (
            page.locator(f".side-card.{side} .big").inner_text()
            == f"{told['motions']['internal']['end_range_deg']:.0f}°"
        )
    assert resource["subject"] == "Browser test"
    assert resource["assessment"]["provenance"]["pose_model"] == "lite"
    opened.expect_clean(statuses=(413, 415))


def on_its_head(clip: Path, path: Path) -> Path:
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        stored = source.streams.video[0]
        stream = target.add_stream("libx264", rate=stored.average_rate)
        stream.width, stream.height, stream.pix_fmt = stored.width, stored.height, "yuv420p"
        for frame in source.decode(stored):
            turned = np.ascontiguousarray(frame.to_ndarray(format="rgb24")[::-1, ::-1])
            target.mux(stream.encode(av.VideoFrame.from_ndarray(turned, format="rgb24")))
        target.mux(stream.encode())
    return path


def test_a_video_on_its_head_is_turned_by_a_tap(visit: Callable[..., Visit], samples: Path, tmp_path: Path) -> None:
    """It is refused with that cause, and measured upright once somebody taps."""
    opened = visit()
    page = opened.page
    page.add_init_script(QUICK)
    opened.show("upload")
    clip = on_its_head(samples / "seated-easy-101-01.mp4", tmp_path / "head.mp4")
    page.locator("#files").set_input_files(clip)
    page.get_by_role("button", name="Turn head.mp4 upright and measure it again").click(timeout=PATIENCE_MS)
    page.get_by_role("link", name="Show the result of head.mp4").wait_for(timeout=PATIENCE_MS)
    assert re.search(r"Left \d+°, right \d+°", page.locator("#uploads li").inner_text())
    assert (
        page.get_by_role("button", name="Mark upright edges").count() == 0
    )  # they would be drawn over it as it is stored
    opened.expect_clean()


def test_photographs_that_are_chosen_together_are_one_test(
    visit: Callable[..., Visit], samples: Path, tmp_path: Path
) -> None:
    """One of each leg at the end of its range: one result with both sides, told to be of stills."""
    clip = samples / "seated-easy-101-01.mp4"
    trials = json.loads(clip.with_suffix(".truth.json").read_text(encoding="utf-8"))["trials"]
    wanted = {(trial["hold_start"] + trial["hold_end"]) // 2: trial["side"] for trial in trials}
    with open_video(clip) as video:
        for frame in video:
            if frame.index in wanted:
                (tmp_path / f"{wanted[frame.index]}.jpg").write_bytes(encode_still(frame.rgb))
    opened = visit()
    page = opened.page
    page.add_init_script(QUICK)
    opened.show("upload")
    page.locator("#files").set_input_files(sorted(tmp_path.glob("*.jpg")))
    page.get_by_role("link", name="Show the result of 2 photographs").wait_for(timeout=PATIENCE_MS)
    assert re.search(r"Left \d+°, right \d+°", page.locator("#uploads li").inner_text())
    assert page.get_by_role("button", name="Mark upright edges").count() == 0  # they would be drawn over a video
    page.get_by_role("link", name="Show the result of 2 photographs").click()
    opened.expect_text("main", "Measured in single pictures")
    opened.expect_clean()


def test_edges_drawn_over_the_video_say_where_down_is(visit: Callable[..., Visit], samples: Path) -> None:
    """Two edges that lean by 3° to the right in the picture: the video is measured again with that roll."""
    opened = visit()
    page = opened.page
    page.add_init_script(QUICK)
    opened.show("upload")
    clip = samples / "seated-easy-101-01.mp4"
    page.locator("#files").set_input_files(clip)
    page.get_by_role("button", name=f"Mark upright edges in {clip.name}").click(timeout=PATIENCE_MS)
    again = page.get_by_role("button", name="Measure again with these edges")
    opened.expect_text(".marking .state", "No edge drawn yet")
    assert again.is_disabled()
    canvas = page.locator("canvas.edges")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    for share in (0.1, 0.85):
        x, tall = box["x"] + share * box["width"], 0.8 * box["height"]
        page.mouse.move(x, box["y"] + 0.9 * box["height"])
        page.mouse.down()
        page.mouse.move(x + tall * 0.0524, box["y"] + 0.1 * box["height"], steps=4)
        page.mouse.up()
    opened.expect_text(".marking .state", "2 edges drawn")
    again.click()
    page.get_by_role("button", name=f"Mark upright edges in {clip.name}").wait_for(timeout=PATIENCE_MS)
    page.get_by_role("link", name=f"Show the result of {clip.name}").click()
    page.get_by_role("heading", name="Your result").wait_for()
    resource = page.evaluate("id => fetch(`/api/v1/assessments/${id}`).then(r => r.json())", page.url.split("/")[-1])
    camera = resource["assessment"]["camera"]
    assert "marked edges" in camera["roll_source"]
    assert camera["roll_deg"] == pytest.approx(3.0, abs=1.0)
    opened.expect_clean()


def test_a_tap_says_which_of_two_who_sit_side_by_side_is_tested(
    visit: Callable[..., Visit], samples: Path, tmp_path: Path
) -> None:
    """Two of the same person: refused, asked, and then measured as the one who was tapped on."""
    opened = visit()
    page = opened.page
    page.add_init_script(QUICK)
    opened.show("upload")
    clip = tmp_path / "two.mp4"
    with open_video(samples / "seated-easy-101-01.mp4") as video:
        middle = slice(video.info.width_px // 4, 3 * video.info.width_px // 4)
        pictures = [np.hstack([frame.rgb[:, middle]] * 2) for frame in video]
        rate_hz = round(video.info.nominal_fps_hz or 30)
    with av.open(str(clip), "w") as written:
        stream = written.add_stream("libx264", rate_hz)
        stream.height, stream.width, stream.pix_fmt = *pictures[0].shape[:2], "yuv420p"
        for picture in pictures:
            written.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        written.mux(stream.encode())
    page.locator("#files").set_input_files(clip)
    page.get_by_role("button", name=f"Say who is tested in {clip.name}").click(timeout=PATIENCE_MS)
    canvas = page.locator("canvas.edges")
    opened.expect_text(".marking .state", "")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    assert page.get_by_role("button", name="The person on the left").is_enabled()
    canvas.click(position={"x": 0.25 * box["width"], "y": 0.6 * box["height"]})
    page.get_by_role("link", name=f"Show the result of {clip.name}").click(timeout=PATIENCE_MS)
    page.get_by_role("heading", name="Your result").wait_for()
    resource = page.evaluate("id => fetch(`/api/v1/assessments/${id}`).then(r => r.json())", page.url.split("/")[-1])
    assert resource["assessment"]["setup"]["subject_at"] == pytest.approx([0.25, 0.6], abs=0.02)
    assert resource["assessment"]["status"] == "measured"
    opened.expect_clean()


def test_an_upload_asks_once_whether_the_video_is_a_mirror_image(visit: Callable[..., Visit], tmp_path: Path) -> None:
    """The first video on a device waits for an answer; it is kept, shown, and sent along."""
    opened = visit(answered=False)
    page = opened.page
    page.add_init_script(
        """XMLHttpRequest.prototype.send = new Proxy(XMLHttpRequest.prototype.send, {
            apply: (send, request, [form]) => {
                window.sent = form.get("mirrored");
                return send.call(request, form);
            } });"""
    )
    (tmp_path / "notes.mp4").write_text("no video at all")
    opened.show("upload")
    page.locator("#files").set_input_files(tmp_path / "notes.mp4")
    page.get_by_role("heading", name="Is the video a mirror image?").wait_for()
    assert page.locator("#uploads li").count() == 0
    page.get_by_role("button", name="Yes, mirrored").click()
    opened.expect_text("#uploads li", "Wanted a video")
    assert page.locator("#up-mirrored").input_value() == "true"
    assert page.evaluate("window.sent") == "true"
    page.reload()
    assert page.locator("#up-mirrored").input_value() == "true"
    page.locator("#files").set_input_files(tmp_path / "notes.mp4")
    opened.expect_text("#uploads li", "Wanted a video")
    opened.expect_clean(statuses=(415,))


def test_a_passive_test_is_explained_to_the_helper_and_sent_as_it_was_done(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    """What belongs to a helper shows with the choice alone, in both forms; an upload sends what was said of it."""
    opened = visit()
    page = opened.page
    page.add_init_script(
        """XMLHttpRequest.prototype.send = new Proxy(XMLHttpRequest.prototype.send, {
            apply: (send, request, [form]) => {
                window.sent = [...form].filter(([name]) => name !== "file");
                return send.call(request, form);
            } });"""
    )
    (tmp_path / "notes.mp4").write_text("no video at all")
    opened.show("upload")
    page.locator("#show-film").click()
    opened.expect_text("#upload-film", "Be alone in the picture, in even light")
    assert not page.locator("#upload-helper").is_visible()
    page.locator("#upload-form summary").click()
    assert not page.locator("#up-pain").is_visible()
    page.locator("#up-legs").select_option("one")
    page.locator("#upload-form input[name=passive]").check()
    opened.expect_text("#upload-helper-steps", "Kneel beside the leg that is tested")
    opened.expect_text("#upload-film", "Be alone in the picture with one helper")
    page.locator("#upload-helper-drawing svg").wait_for()
    page.locator("#up-helper").fill("physiotherapist")
    page.locator("#up-end").select_option("firm")
    page.locator("#up-pain").fill("0")
    page.locator("#files").set_input_files(tmp_path / "notes.mp4")
    opened.expect_text("#uploads li", "Wanted a video")
    sent = dict(page.evaluate("window.sent"))
    told = {"effort": "passive", "legs": "one", "helper": "physiotherapist", "end_point": "firm", "pain": "0"}
    assert {name: sent.get(name) for name in (*told, "hand_place")} == {**told, "hand_place": None}
    page.locator("#upload-form input[name=passive]").uncheck()
    page.locator("#files").set_input_files(tmp_path / "notes.mp4")
    page.locator("#uploads li").nth(1).wait_for()
    page.wait_for_function("window.sent.find(([name]) => name === 'effort')[1] === 'active'")
    assert "helper" not in dict(page.evaluate("window.sent"))
    opened.expect_clean(statuses=(415,))


def test_a_passive_self_test_shows_the_helper_where_to_stand(visit: Callable[..., Visit]) -> None:
    """Before the test both guides stand beside the camera's picture; during it two people may be in view."""
    opened = visit(*FAKE_CAMERA)
    page = opened.page
    opened.show("self-test")
    page.get_by_role("radio", name="Face down").check()
    page.locator("#choose summary").click()
    page.locator("#choose input[name=passive]").check()
    page.locator("#test-pain").fill("3")
    page.get_by_role("button", name="Next: the camera").click()
    opened.expect_text("#place-helper-steps", "Stand beside the hip on the side that is tested")
    page.locator("#place-helper-drawing svg").wait_for()
    page.get_by_role("button", name="Start the test").click()
    opened.expect_text("#checks", "One person and one helper in view")
    opened.expect_clean()


def test_a_dropped_video_is_taken_like_a_chosen_one(visit: Callable[..., Visit]) -> None:
    """Drag and drop hands the same files over as the button."""
    opened = visit()
    opened.show("upload")
    opened.page.evaluate(
        """() => {
            const given = new DataTransfer();
            given.items.add(new File(["no video"], "dropped.mp4", {type: "video/mp4"}));
            const drop = new DragEvent("drop", {dataTransfer: given, bubbles: true, cancelable: true});
            document.getElementById("drop").dispatchEvent(drop);
        }"""
    )
    opened.expect_text("#uploads li", "Wanted a video")
    opened.expect_clean(statuses=(415,))


def test_a_wrong_age_is_pointed_out_before_anything_is_sent(visit: Callable[..., Visit], samples: Path) -> None:
    """The browser itself names the field; no upload starts."""
    opened = visit()
    opened.show("upload")
    opened.page.locator("#up-age").fill("200")
    opened.page.locator("#files").set_input_files(samples / "seated-easy-101-01.mp4")
    assert opened.page.locator("#up-age").evaluate("field => field.validity.rangeOverflow")
    assert opened.page.locator("#uploads li").count() == 0
    opened.expect_clean()


def test_a_stop_that_was_not_in_order_is_told_once(visit: Callable[..., Visit], tmp_path: Path) -> None:
    """On the first page that is opened afterwards, and not on the next."""
    (tmp_path / "running.json").write_text('{"boot": "another", "at_s": 0}')
    with serving(tmp_path) as address:
        opened = visit(at=address)
        opened.page.goto(address)
        opened.expect_text("#alarm", "this machine went down while hipcv ran")
        opened.page.reload()
        opened.expect_text("#version", ".")
        assert opened.page.locator("#alarm").is_hidden()


def test_results_are_listed_and_deleted(visit: Callable[..., Visit], samples: Path, address: str) -> None:
    """A waiting upload appears in the list, can be cancelled there, and is gone after a question."""
    opened = visit()
    page = opened.page
    opened.show("upload")
    page.locator("#up-subject").fill("To be deleted")
    page.locator("#files").set_input_files(samples / "seated-hard-103-00.mp4")
    page.locator("#uploads li progress").wait_for()
    page.wait_for_function("() => document.getElementById('upload-status').textContent.includes('handed over')")
    opened.show("results")
    entry = page.locator("#history li", has_text="To be deleted")
    entry.get_by_role("button", name="Cancel").click()
    entry.get_by_role("button", name="Delete").click(timeout=60_000)
    page.get_by_role("button", name="Cancel", exact=True).click()
    assert entry.count() == 1
    entry.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    entry.wait_for(state="detached")
    opened.expect_clean()


@pytest.fixture
def known_people(tmp_path: Path) -> Iterator[str]:
    """A server that holds results: two of Anna, as told by her and by somebody who writes her small, one of Ben."""
    found = render_document(assess(seated(left=(35.0,) * 3, right=(25.0,) * 3, fps=15.0), Setup()))
    store = JobStore(tmp_path)
    for day, name in enumerate(("Anna", "Ben", "anna"), start=1):
        options, at = MeasureOptions(test="seated", subject=name).model_dump(), f"2026-03-0{day}T10:00:00.000Z"
        store.add_done(options, found, job_id=new_id(), kind="live", n_frames=1, began=at)
    store.close()
    with serving(tmp_path) as address:
        yield address


def test_a_trend_is_shown_of_one_named_person_and_says_that_days_lie_between(
    visit: Callable[..., Visit], known_people: str
) -> None:
    """Nobody chosen: no trend, and a word on how to see one. Anna: her two results. Ben: one is no trend."""
    opened = visit(at=known_people)
    page = opened.page
    opened.show("results")
    opened.expect_text("#trend", "Choose a person above")
    assert page.locator("#trend svg").count() == 0
    assert page.locator("#filter-subject option").all_inner_texts() == ["everybody", "Anna", "Ben"]
    page.locator("#filter-subject").select_option(label="Anna")
    opened.expect_text("#trend h2", "Trend of Anna, seated")
    opened.expect_text("#trend", "no change detected: between days it would have to be 9.0° or more")
    opened.expect_text("#trend", "What counts as a change between days comes from people measured by hand on two days")
    assert page.locator("#trend .mark.left").count() == 3  # two results, and the legend's
    page.locator("#filter-subject").select_option(label="Ben")
    opened.expect_text("#trend h2", "Ben, seated: the first measurement")
    opened.expect_text("#trend", "Measure once more on another day before you begin")
    opened.expect_text("#trend", "Measure again on 2026-03-30")
    assert page.locator("#trend svg").count() == 0
    opened.expect_clean()


def test_whose_a_result_is_can_be_changed_and_everything_of_a_person_deleted(
    visit: Callable[..., Visit], known_people: str
) -> None:
    """Ben's result becomes Carl's, of another day; Carl is renamed, put together with Anna, and she is forgotten."""
    opened = visit(at=known_people)
    page = opened.page
    opened.show("results")
    page.locator(".entry", has_text="Ben").get_by_role("link", name="Open").click()
    page.get_by_text("Result 2 of Ben: change name or day").click()
    page.locator(".whose input[name=subject]").fill("Carl")
    page.locator(".whose input[name=date]").fill("2026-02-01")
    page.get_by_role("button", name="Change").click()
    page.get_by_text("Result 2 of Carl: change name or day").wait_for()
    opened.show("results")
    page.locator("#filter-subject").select_option(label="Carl")
    page.get_by_text("Name, copies and deletion of Carl").click()
    page.get_by_label("New name or code").fill("anna")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("button", name="Yes, one person").click()
    opened.expect_text("#trend h2", "Trend of Anna, seated")
    page.get_by_text("Name, copies and deletion of Anna").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a table (CSV)").click()
    assert download.value.path().read_text().count("Anna") == 3
    page.get_by_role("button", name="Delete everything of Anna").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_text("Nothing has been measured yet.").wait_for()
    opened.expect_clean(statuses=(404, 409))  # no curves were kept; a name was taken


def test_a_result_without_a_stated_sex_shows_both_ranges_and_no_verdict(
    visit: Callable[..., Visit], known_people: str
) -> None:
    """No group is the default; a range that is chosen by hand is shown with why it does not judge."""
    opened = visit(at=known_people)
    page = opened.page
    opened.show("results")
    page.get_by_role("link", name="Open").first.click()
    page.get_by_role("heading", name="Your result").wait_for()
    opened.expect_text("#one-result", "Age and sex were not stated")
    for group in ("College women", "College men"):
        opened.expect_text("#one-result", re.compile(f"{group}, hip at 90°.*: \\d+° to \\d+°"))
    assert page.locator(".verdict, #one-result .band").count() == 0
    for label, reason in (
        ("Young men, seated (Hilfiker 2022)", "age and sex not stated"),
        ("College men, hip at 90° (Czuppon 2017)", "age and sex not stated"),
    ):
        page.get_by_label("Compare with", exact=True).select_option(label=label)
        opened.expect_text(".side-card.left", f"no verdict: {reason}")
    opened.expect_text(".side-card.left", "Posture not printed: by Gradoz 2018 seated and supine differ")
    assert page.locator(".verdict").count() == 0
    opened.expect_clean(statuses=(404,))  # what was put there by hand has no curves


def test_a_result_that_does_not_exist_is_said(visit: Callable[..., Visit]) -> None:
    """An old bookmark leads to a sentence, not to an empty page."""
    opened = visit()
    opened.show("results/0000000000000000")
    opened.expect_text("#one-result", re.compile(r"\w+ .*\."))
    opened.expect_clean(statuses=(404,))


# ------------------------------------------------------------------------------------------------- for everybody's eyes


@pytest.mark.parametrize("size", WIDTHS)
def test_no_page_is_wider_than_the_screen(visit: Callable[..., Visit], size: str) -> None:
    """Nothing has to be scrolled sideways, on a phone or on a laptop."""
    opened = visit(size=size)
    for name in PAGES:
        opened.show(name)
        opened.page.get_by_role("heading", level=1).first.wait_for()
        assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    opened.expect_clean()


def test_the_keyboard_reaches_everything_in_order(visit: Callable[..., Visit]) -> None:
    """First the way past the menu; then menu, form, button; a new step takes the focus to its heading."""
    opened = visit()
    page = opened.page
    opened.show("self-test")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.locator("#choose input[value=prone]").is_checked()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "test-age"
    page.get_by_role("button", name="Next: the camera").focus()
    page.keyboard.press("Enter")
    page.locator("#start:enabled").wait_for()
    assert page.evaluate("document.activeElement.id") == "place-title"
    opened.expect_text("#place-film", "Lie face down")
    opened.expect_clean()


def test_every_control_has_a_name(visit: Callable[..., Visit]) -> None:
    """Buttons, links and fields say what they are, drawings have words, and each page has one main heading."""
    opened = visit()
    for name in PAGES:
        opened.show(name)
        unnamed = opened.page.evaluate(
            """() => [...document.querySelectorAll("button, a, input, select, svg[role=img], progress")].filter((one) =>
                !(one.labels?.length || one.getAttribute("aria-label") || one.getAttribute("aria-labelledby")
                  || one.textContent.trim() || one.closest("[data-still]"))).map((one) => one.outerHTML.slice(0, 90))"""
        )
        assert unnamed == []
        assert opened.page.locator("main h1:visible").count() == 1
    assert opened.page.locator("#cue").get_attribute("aria-live") in ("polite", "off")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(visit: Callable[..., Visit], scheme: str) -> None:
    """Every colour of words has a contrast of 4.5 to 1 at least to every ground it stands on (WCAG 2.2, 1.4.3)."""
    opened = visit(scheme=scheme)
    opened.show("home")

    def luminance(name: str) -> float:
        colour = opened.page.evaluate("n => getComputedStyle(document.documentElement).getPropertyValue(n)", name)
        value = np.array([int(colour.strip()[k : k + 2], 16) for k in (1, 3, 5)]) / 255
        linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    grounds = ("--paper", "--card", "--well")
    words = ("--ink", "--soft", "--accent", "--left", "--right", "--good", "--bad", "--doubt")
    for pair in [*((word, ground) for word in words for ground in grounds), ("--on-accent", "--accent")]:
        low, high = sorted(map(luminance, pair))
        assert (high + 0.05) / (low + 0.05) >= 4.5, pair
    opened.expect_clean()


def test_the_page_holds_nothing_from_elsewhere() -> None:
    """No address of another host, no inline script or style: the page works without a network and under its policy."""
    for path in STATIC.rglob("*"):
        if path.suffix not in (".html", ".js", ".css", ".svg"):
            continue
        text = path.read_text(encoding="utf-8")
        elsewhere = {url for url in re.findall(r"https?://[\w.-]+", text) if "w3.org" not in url}
        assert elsewhere <= {"https://doi.org"}, path.name  # a link to follow, nothing that is loaded
        if path.suffix in (".html", ".svg"):
            assert re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text) is None, path.name
