"""The network: whether a download can be expected to work, and how to do without it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

__all__ = ["OfflineError", "is_offline", "offline", "only_local_files", "reachable", "refused"]

# What Python says to an audit hook before it asks a name server or sends something.
SOCKET_EVENTS = frozenset(
    (
        "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr",
        "socket.getnameinfo", "socket.sendto", "socket.sendmsg",
    )
)  # fmt: skip
LOCAL_SCHEMES = ("file", "ram")

# Process-wide, as sockets are: tensorflow-datasets downloads in threads of its own.
_lock = threading.Lock()
_offline = 0
_refusing = 0
_is_watched = False


class OfflineError(OSError):
    """Something wanted the network while it was not to be used."""


@contextmanager
def offline() -> Iterator[None]:
    """Within it nothing touches the network, name servers included, in any thread."""
    global _offline
    with refused():
        with _lock:
            _offline += 1
        try:
            yield
        finally:
            with _lock:
                _offline -= 1


def is_offline() -> bool:
    """Whether `offline` is in force."""
    return _offline > 0


@contextmanager
def refused() -> Iterator[None]:
    """Within it every attempt to use the network is an `OfflineError`, in any thread."""
    global _refusing, _is_watched
    with _lock:
        if not _is_watched:  # a hook cannot be taken away again
            sys.addaudithook(_refuse_sockets)
            _is_watched = True
        _refusing += 1
    try:
        yield
    finally:
        with _lock:
            _refusing -= 1


def _refuse_sockets(event: str, arguments: tuple[Any, ...]) -> None:
    if not _refusing or event not in SOCKET_EVENTS:
        return
    if event == "socket.connect" and not isinstance(arguments[1], tuple):
        return  # to another process of this machine
    raise OfflineError("the network is not to be used")


@contextmanager
def only_local_files() -> Iterator[None]:
    """Within it TensorFlow's file systems for clouds are not asked, where `refused` is in force.

    TensorFlow speaks to them from C++, where no audit hook listens.
    """
    if not _refusing:
        yield
        return
    from tensorflow.python.lib.io import file_io

    original = file_io._pywrap_file_io
    file_io._pywrap_file_io = _LocalFiles(original)
    try:
        yield
    finally:
        file_io._pywrap_file_io = original


class _LocalFiles:
    """TensorFlow's functions for files, which refuse the addresses of others."""

    def __init__(self, functions: Any) -> None:
        self._functions = functions

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._functions, name)
        if not callable(function):
            return function

        def checked(*arguments: Any, **named: Any) -> Any:
            for argument in (*arguments, *named.values()):
                _check_place(argument)
            return function(*arguments, **named)

        return checked


def _check_place(argument: Any) -> None:
    text = argument.decode(errors="replace") if isinstance(argument, bytes) else argument
    if isinstance(text, str):
        scheme, separator, _ = text.partition("://")
        if separator and scheme not in LOCAL_SCHEMES:
            _refuse(text)


def _refuse(place: str) -> NoReturn:
    raise OfflineError(f"{place} is on the network, which is not to be used")


def reachable(urls: Iterable[str], *, seconds: float = 2.0) -> bool:
    """Whether the first of `urls` answers a HEAD request (through proxies, if any are set).

    A name server that does not answer can block for much longer than a socket's time limit; the
    question is therefore asked in a thread that is left behind after `seconds`. Offline nothing is
    asked.
    """
    url = next(iter(urls), None)
    if url is None or is_offline():
        return False
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(_answers(url, seconds)), daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(answers and answers[0])


def _answers(url: str, seconds: float) -> bool:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, method="HEAD"), timeout=seconds):
            return True
    except HTTPError as error:
        return error.code in (405, 501)  # the server is there but knows no HEAD
    except (OSError, ValueError):
        return False
