"""Whether a download can be expected to work, found out quickly."""

from __future__ import annotations

import threading
from collections.abc import Iterable

__all__ = ["reachable"]


def reachable(urls: Iterable[str], *, seconds: float = 2.0) -> bool:
    """Whether the first of `urls` answers a HEAD request (through proxies, if any are set).

    A name server that does not answer can block for much longer than a socket's time limit; the
    question is therefore asked in a thread that is left behind after `seconds`.
    """
    url = next(iter(urls), None)
    if url is None:
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
