"""Ctrl-C and SIGTERM during a training: the first is a request, the second an order."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from nncli.errors import Terminated

__all__ = ["StopRequest", "stop_requests"]


@dataclass
class StopRequest:
    """Whether somebody asked the training to stop, and when."""

    kind: type[KeyboardInterrupt] | None = None
    asked: float = field(default=0.0)

    def __bool__(self) -> bool:
        return self.kind is not None

    @property
    def waiting_seconds(self) -> float:
        """Time since the request."""
        return time.monotonic() - self.asked if self else 0.0

    def follow(self) -> None:
        """Raise what the signal stands for."""
        if self.kind is not None:
            raise self.kind


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Turn the first SIGINT or SIGTERM inside the block into a request; later ones raise at once.

    Outside the main thread signals are somebody else's, and there is never a request.
    """
    request = StopRequest()

    def receive(number: int, frame: FrameType | None) -> None:
        kind = Terminated if number == signal.SIGTERM else KeyboardInterrupt
        if request:
            raise kind
        request.kind, request.asked = kind, time.monotonic()

    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, receive)
    except ValueError:
        pass
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
