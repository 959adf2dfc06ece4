"""A thread without a network, for a library that reports its use to its maker.

MediaPipe's pose landmarker, a second opinion on recordings (`pose.graph`), posts a usage log to play.googleapis.com and
has no switch against it. So it is loaded, run and closed on threads of this kind only, and with them all threads that
it starts itself. Two locks, each enough by itself: a proxy at which nobody can listen, which the library's HTTP client
is told (on Linux libcurl, by the environment; on Windows WinINet, by its setting for this process), and on Linux the
kernel, which refuses these threads every socket. On macOS the library uses the system's own client, which neither
reaches. Nothing else notices.
"""

import ctypes
import os
import platform
import sys
from concurrent.futures import ThreadPoolExecutor

#: At port 0 nobody can listen; WinINet wants another, and nobody listens at the one for what is to be discarded.
DEAD_PROXY, _DEAD_PROXY_OF_WININET = "http://127.0.0.1:0", b"127.0.0.1:9"
# wininet.h
_OPTION_PROXY, _OPEN_TYPE_PROXY = 38, 3
#: By processor: how Linux names it in a system call's record, and the number of the call that opens a socket
#: (linux/audit.h; asm/unistd_64.h and asm-generic/unistd.h).
_PROCESSORS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
# linux/prctl.h, linux/seccomp.h, linux/bpf_common.h
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_EPERM = 1
#: Where the record of a system call holds its number and its processor.
_NUMBER_AT, _PROCESSOR_AT = 0, 4


class _Step(ctypes.Structure):
    """One instruction of a filter (struct sock_filter)."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _ProxyInfo(ctypes.Structure):
    """What WinINet is told of a proxy (INTERNET_PROXY_INFO)."""

    _fields_ = (("access", ctypes.c_uint32), ("proxy", ctypes.c_char_p), ("bypass", ctypes.c_char_p))


class _Filter(ctypes.Structure):
    """A whole filter (struct sock_fprog)."""

    _fields_ = (("n_steps", ctypes.c_uint16), ("steps", ctypes.POINTER(_Step)))


def offline_thread(name: str) -> ThreadPoolExecutor:
    """Return one thread that reaches no network, and none that it starts does.

    On Linux the C environment of this process names a dead proxy from now on; `os.environ`, and with it every download
    and child of hipcv's own, stays as it is. Only a child that is started here without an environment inherits it.
    """
    _name_dead_proxy()
    return ThreadPoolExecutor(1, name, initializer=_refuse_sockets)


def _name_dead_proxy() -> None:
    if sys.platform == "win32":
        info = _ProxyInfo(_OPEN_TYPE_PROXY, _DEAD_PROXY_OF_WININET, b"")
        ctypes.windll.urlmon.UrlMkSetSessionOption(_OPTION_PROXY, ctypes.byref(info), ctypes.sizeof(info), 0)
        return
    os.putenv("https_proxy", DEAD_PROXY)
    # an exception that the user made for all hosts, or for that one, would pass the proxy by
    os.putenv("no_proxy", "localhost")


def _refuse_sockets() -> None:
    """Let the kernel refuse this thread, and those it starts, every socket; where it cannot, the proxy has to do."""
    processor = _PROCESSORS.get(platform.machine())
    if sys.platform != "linux" or processor is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return
    record, socket = processor
    steps = (_Step * 6)(
        _Step(_LOAD_WORD, 0, 0, _PROCESSOR_AT),
        _Step(_JUMP_IF_EQUAL, 0, 3, record),
        _Step(_LOAD_WORD, 0, 0, _NUMBER_AT),
        _Step(_JUMP_IF_EQUAL, 0, 1, socket),
        _Step(_RETURN, 0, 0, _REFUSE | _EPERM),
        _Step(_RETURN, 0, 0, _ALLOW),
    )
    program = _Filter(len(steps), steps)
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = (ctypes.c_int, *(ctypes.c_ulong,) * 4)
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(program), 0, 0)
