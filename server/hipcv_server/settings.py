"""What a server is told when it starts, and the limits it keeps."""

import ipaddress
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

TOKEN_VARIABLE = "HIPCV_TOKEN"  # noqa: S105 - the name of a variable, not a secret
LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: Shortest token beyond this machine: as hexadecimal digits, the fewest that so many hold, 64 bits.
MIN_TOKEN_CHARACTERS = 16
#: What a cookie carries as it is (RFC 6265, 4.1.1: cookie-octet).
_TOKEN = re.compile(r"[!#-+\--:<-\[\]-~]+")
DEFAULT_PORT = 8765


def _n_cores() -> int:
    return os.cpu_count() or 1


def _default_workers() -> int:
    """Half the cores, the other half is for live sessions and for answering; two at least, or a long one blocks all."""
    return max(2, _n_cores() // 2)


def _default_sessions() -> int:
    """Two live sessions at most on two cores: a third would fall below 10 readings a second in each."""
    return max(1, min(4, _n_cores()))


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How large, how long and how many recordings are taken."""

    max_bytes: int = 500_000_000
    max_duration_s: float = 600.0
    #: Ten minutes at 60 a second.
    max_frames: int = 36_000
    #: A 4K picture, and no more: nobody needs more than 1080p, and a small file can ask for much.
    max_pixels: int = 4096 * 2304
    max_waiting: int = 20
    #: A body of which nothing comes for so long is given up.
    idle_s: float = 20.0


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """How many sessions there are at once, how large their frames, how long they last."""

    max_sessions: int = field(default_factory=_default_sessions)
    max_frame_bytes: int = 2_000_000
    max_duration_s: float = 1800.0
    resume_within_s: float = 10.0
    start_within_s: float = 10.0
    silence_s: float = 30.0


@dataclass(frozen=True, slots=True)
class JobLimits:
    """What the work on one recording may take."""

    n_workers: int = field(default_factory=_default_workers)
    #: Where there are several workers the first takes no longer recording than this: nobody waits behind a long one.
    short_s: float = 90.0
    #: Wall time of one recording from its first frame on: so much, and for each of its seconds so much more, up to
    #: twice what the longest one that is taken lasts. Reading takes about 0.7 s of one core for a second.
    min_work_s: float = 300.0
    work_s_per_s: float = 8.0
    max_work_s: float = 1200.0
    #: A worker that reports nothing for so long hangs, unless it assesses: then only `max_work_s` holds.
    stall_s: float = 90.0
    #: So many worker deaths set a recording aside.
    max_attempts: int = 3
    #: So many times the machine itself may go down under a recording. It waits behind all others after the first.
    max_machine_deaths: int = 3
    #: A worker is replaced after so many recordings: the pose library is known to leak.
    jobs_per_worker: int = 20
    #: Writable memory of a worker, and all of its address space. Measured: 1.0 and 1.9 GB with the heavy model.
    max_memory_bytes: int = 4 << 30
    max_address_bytes: int = 24 << 30
    #: Largest file that a worker writes.
    max_file_bytes: int = 4 << 30
    #: No work begins with less room on the disk: a result with its annotated video needs some tens of megabytes.
    min_free_bytes: int = 100_000_000
    #: A recording whose result found no room is tried again after so long, then after twice as long, and so on.
    retry_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a server is told.

    Parameters
    ----------
    data : the folder that holds its database, uploads and results.
    host, port : where it listens.
    token : what a request must show; None on loopback.
    models : where to look for pose models first.
    header_s : a request's head must be there after so long.

    Examples
    --------
    >>> Settings(Path("data")).on_loopback, Settings(Path("data"), host="0.0.0.0", token="short").token_fault is None
    (True, False)
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    token: str | None = None
    models: Path | None = None
    header_s: float = 15.0
    upload: UploadLimits = field(default_factory=UploadLimits)
    live: LiveLimits = field(default_factory=LiveLimits)
    jobs: JobLimits = field(default_factory=JobLimits)

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK or _is_loopback_address(self.host)

    @property
    def token_fault(self) -> str | None:
        """What is wrong with the token, in a sentence that does not repeat it; None where nothing is."""
        if self.token is None:
            return None
        wanted = f"Wanted a token of at least {MIN_TOKEN_CHARACTERS} characters in {TOKEN_VARIABLE}"
        advice = "use a longer random one, or unset it and one is made"
        if not _TOKEN.fullmatch(self.token):
            return f"{wanted}, found one with characters that no cookie carries (spaces, quotes, commas, …): {advice}."
        if not self.on_loopback and len(self.token) < MIN_TOKEN_CHARACTERS:
            return f"{wanted} for {self.host}, which others reach, found {len(self.token)}: {advice}."
        return None


def _is_loopback_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
