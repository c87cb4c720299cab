"""Signals that come while no Python runs, in a process of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

# Locks what it has locked itself, which no signal ends: a call of a library that takes for ever.
STUCK = """
import ctypes, signal, threading
from nncli.cli import _signals

signal.signal(signal.SIGTERM, signal.default_int_handler)
_signals.leave_at_the_second()
mutex = ctypes.create_string_buffer(64)
lock = ctypes.CDLL(None).pthread_mutex_lock
lock(mutex)
threading.Timer(0.5, lambda: print("stuck", flush=True)).start()
lock(mutex)
"""


@pytest.fixture
def stuck() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", STUCK]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "stuck\n"
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (signal.SIGINT, signal.SIGINT, 130),
        (signal.SIGTERM, signal.SIGINT, 130),
        (signal.SIGTERM, signal.SIGTERM, 143),
    ],
)
def test_the_second_signal_ends_a_call_that_python_cannot(
    stuck: subprocess.Popen[str], first: int, second: int, code: int
) -> None:
    stuck.send_signal(first)
    with pytest.raises(subprocess.TimeoutExpired):
        stuck.wait(timeout=2)
    stuck.send_signal(second)
    began = time.monotonic()
    assert stuck.wait(timeout=30) == code
    assert time.monotonic() - began > 0.5, "whoever can answer has the time to"
    assert stuck.stderr is not None and "error: Stopped at once." in stuck.stderr.read()
