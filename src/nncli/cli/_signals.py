"""Ctrl-C and SIGTERM where Python does not come to answer them.

Python answers a signal between two of its own instructions, and a call of TensorFlow may take
half a minute. A thread that the signal wakes needs no such moment.
"""

from __future__ import annotations

import os
import signal
import threading
import time

__all__ = ["leave_at_the_second"]

# So long whoever is asked twice may take for it: to say where the run is, and how it goes on.
PATIENCE_SECONDS = 1.0
SAID = b"""\
error: Stopped at once.
  A run goes on from its last checkpoint: nncli train --resume latest
"""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def leave_at_the_second() -> None:
    """Let the second SIGINT or SIGTERM end the process, unless it ends by itself soon.

    For a process that is nncli's alone; to be called once, in its main thread. Files are whole
    whenever that happens: each is written under another name.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        screen = os.dup(2)  # which soon is a file, for what libraries say
    except OSError:
        screen = None  # closed
    arguments = (reading, screen)
    threading.Thread(target=_watch, args=arguments, name="signals", daemon=True).start()


def _watch(reading: int, screen: int | None) -> None:
    received = 0
    while True:
        for number in os.read(reading, 16):
            received += number in SIGNALS
            if received == 2:
                time.sleep(PATIENCE_SECONDS)
                _leave(128 + number, screen)


def _leave(code: int, screen: int | None) -> None:
    try:
        if screen is not None:
            if os.isatty(screen):
                os.write(screen, b"\x1b[?25h\n")  # the cursor, which a progress bar hides
            os.write(screen, SAID)
    finally:
        os._exit(code)
