"""Whether a download can be expected to work: asked of a real server in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from nncli.data import network
from nncli.data.network import reachable


class Answers(BaseHTTPRequestHandler):
    """Answers a HEAD request with the code that its path names."""

    def do_HEAD(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("code", "answer"), [(200, True), (405, True), (501, True), (404, False), (500, False)]
)
def test_what_a_server_answers(server: str, code: int, answer: bool) -> None:
    assert reachable([f"{server}/{code}"]) is answer


def test_only_the_first_address_is_asked(server: str) -> None:
    assert not reachable([f"{server}/404", f"{server}/200"])


def test_nobody_listens(no_network: str) -> None:
    assert not reachable([f"{no_network}/200"])


def test_a_proxy_that_is_not_there_is_no_network(no_network: str) -> None:
    assert not reachable(["http://example.org/file.zip"])
    assert not reachable(["https://example.org/file.zip"])


@pytest.mark.parametrize("urls", [[], ["no address"], ["file:///nowhere/at/all"]])
def test_what_is_no_address_is_not_reachable(urls: list[str]) -> None:
    assert not reachable(urls)


def test_a_name_server_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = threading.Event()
    monkeypatch.setattr(network, "_answers", lambda *_: never.wait(30))
    began = time.monotonic()
    assert not reachable(["http://example.org"], seconds=0.2)
    assert time.monotonic() - began < 10
    never.set()
