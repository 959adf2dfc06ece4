"""Where uploads and results lie: each alone in its own folder, under names that the server makes."""

import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hipcv.files import sync_files, sync_names

#: One name for every upload, whatever it was called.
CLIP = "clip.bin"
_PART = ".part"


@dataclass(frozen=True, slots=True)
class Shelves:
    """The folders of one data folder.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     shelves = Shelves(Path(folder))
    ...     shelves.make()
    ...     part = shelves.begin_result("7")
    ...     n = (part / "report.html").write_text("<!doctype html>")
    ...     shelves.settle_result("7", part)
    ...     shelves.clip("7").relative_to(folder).as_posix(), shelves.result("7", "report.html").exists()
    ...     shelves.clip("7").parent.mkdir()
    ...     shelves.settle_clip("7")
    ...     shelves.drop_clip("7")
    ...     shelves.drop_parts("7")
    ...     shelves.sweep(jobs=["8"], clips=[])  # no job 7 any more
    ...     shelves.drop("8")
    ...     shelves.result("7", "report.html").exists()
    ('uploads/7/clip.bin', True)
    False
    """

    root: Path

    @property
    def uploads(self) -> Path:
        """Recordings that wait, and those that were to be kept."""
        return self.root / "uploads"

    @property
    def results(self) -> Path:
        """What was drawn and written about each assessment."""
        return self.root / "results"

    def make(self) -> None:
        """Make the folders, for nobody else to read."""
        for folder in (self.root, self.uploads, self.results):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def clip(self, job_id: str) -> Path:
        """Return the place of an upload."""
        return self.uploads / job_id / CLIP

    def result(self, job_id: str, name: str) -> Path:
        """Return the place of a finished file."""
        return self.results / job_id / name

    def settle_clip(self, job_id: str) -> None:
        """Return once an upload is on the disk: a power cut does not take it any more."""
        sync_files(self.uploads / job_id)

    def begin_result(self, job_id: str) -> Path:
        """Return a new folder for files that are being written; it counts only once `settle_result` is called.

        Its name never comes twice: a worker whose server was killed may still write into the last one.
        """
        folder = self.results / f"{job_id}.{secrets.token_hex(4)}{_PART}"
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def settle_result(self, job_id: str, folder: Path) -> None:
        """Let the files of `folder` be those of the job, in one step; they are on the disk then."""
        target = self.results / job_id
        sync_files(folder)
        shutil.rmtree(target, ignore_errors=True)
        folder.replace(target)
        sync_names(self.results)

    def drop_clip(self, job_id: str) -> None:
        """Delete an upload."""
        shutil.rmtree(self.uploads / job_id, ignore_errors=True)

    def drop_parts(self, job_id: str) -> None:
        """Delete what was begun and not settled."""
        for folder in self.results.glob(f"{job_id}.*{_PART}"):
            shutil.rmtree(folder, ignore_errors=True)

    def drop(self, job_id: str) -> None:
        """Delete everything about a job."""
        self.drop_clip(job_id)
        self.drop_parts(job_id)
        shutil.rmtree(self.results / job_id, ignore_errors=True)

    def sweep(self, jobs: Iterable[str], clips: Iterable[str]) -> None:
        """After a crash: delete half-written results, and what belongs to no job.

        `jobs` may have results, `clips` may have uploads.
        """
        for shelf, kept in ((self.uploads, set(clips)), (self.results, set(jobs))):
            for folder in shelf.iterdir():
                if folder.name not in kept:
                    shutil.rmtree(folder, ignore_errors=True)
