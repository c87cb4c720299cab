"""Whether a download can be expected to work: asked of a real server in this process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nncli.data import network
from nncli.data.network import OfflineError, is_offline, offline, only_local_files, reachable


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


# Offline


def test_offline_nothing_is_asked_and_nothing_looked_up(server: str) -> None:
    host, port = "127.0.0.1", int(server.rpartition(":")[2])
    assert reachable([f"{server}/200"])
    with offline():
        assert is_offline()
        assert not reachable([f"{server}/200"])
        with pytest.raises(OfflineError):
            socket.getaddrinfo("example.org", 80)
        with pytest.raises(OfflineError):
            socket.gethostbyname("example.org")
        with pytest.raises(OfflineError), socket.socket() as one:
            one.connect((host, port))
        with pytest.raises(OfflineError), socket.socket(type=socket.SOCK_DGRAM) as one:
            one.sendto(b"", (host, port))
    assert not is_offline()
    assert reachable([f"{server}/200"])


def test_offline_holds_in_every_thread_and_until_the_outermost_ends(server: str) -> None:
    answers = []

    def ask() -> None:
        try:
            socket.create_connection(("127.0.0.1", int(server.rpartition(":")[2]))).close()
            answers.append("answered")
        except OfflineError:
            answers.append("refused")

    with offline():
        with offline():
            pass
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    ask()
    assert answers == ["refused", "answered"]


def test_processes_of_this_machine_still_talk() -> None:
    with offline():
        one, other = socket.socketpair()
        with one, other:
            one.sendall(b"hello")
            assert other.recv(5) == b"hello"


def test_tensorflow_opens_files_of_this_machine_alone(tmp_path: Path) -> None:
    import tensorflow as tf

    file = tmp_path / "here.txt"
    file.write_text("here")
    with offline(), only_local_files():
        assert tf.io.gfile.GFile(str(file)).read() == "here"
        assert tf.io.gfile.exists(f"file://{file}")
        for address in ("gs://nncli/file", "https://example.org/file", "s3://nncli/file"):
            with pytest.raises(OfflineError):
                tf.io.gfile.exists(address)
    with only_local_files():
        assert not tf.io.gfile.exists(str(tmp_path / "nowhere"))
