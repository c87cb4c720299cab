"""`--offline`: nothing touches the network, and what is not here is said at once."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from nncli.data import network


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Makes every use of the network, refused or not, fail the test that it happens in."""
    used: list[str] = []

    def fail(name: str) -> Callable[..., NoReturn]:
        def called(*arguments: Any, **_: Any) -> NoReturn:
            used.append(f"{name}{arguments[1:] or arguments}")
            raise OSError(f"{name} was called")  # somebody may catch it; the list remains

        return called

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, fail(name))
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, fail(name))
    yield used
    assert not used


def test_the_fixture_notices_a_network_that_is_used(run_cli: Any, no_sockets: list[str]) -> None:
    run_cli(["data", "prepare", "mnist"])
    assert no_sockets
    no_sockets.clear()


@pytest.mark.parametrize(
    "command",
    [
        "train --dataset kmnist",
        "train --dataset kmnist --dry-run",
        "train --dataset kmnist:1.0.0",
        "data show kmnist",
        "data check kmnist",
        "data prepare kmnist",
        "data show bridge",  # constructing it would ask Google's storage
        "data prepare glue/cola",
    ],
)
def test_a_dataset_that_is_not_here(command: str, run_cli: Any, no_sockets: list[str]) -> None:
    began = time.monotonic()
    result = run_cli([*command.split(), "--offline"])
    assert time.monotonic() - began < 3
    assert result.exit_code == 1
    name = next(word for word in command.split() if word[:4] in ("kmni", "brid", "glue"))
    said = result.stdout if "check" in command else result.stderr  # there it is a finding
    assert f"The dataset {name} is not prepared in" in said
    assert "nothing is downloaded offline" in said
    assert f"nncli data prepare {name} --from FOLDER" in said


def test_no_dataset_named_is_digits(
    run_cli: Any, no_sockets: list[str], shared_cache: Path
) -> None:
    result = run_cli(["train", "--offline", "--epochs", "1", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["dataset"]["fallback"] is True
    for command in (["evaluate", "runs/1-digits-mlp/model.keras"], ["runs", "reproduce", "1"]):
        assert run_cli([*command, "--offline"]).exit_code == 0
    result = run_cli(["train", "--offline", "--resume", "1"])
    assert "nothing left to do" in result.stderr


def test_archives_are_prepared_without_a_network(
    run_cli: Any, no_sockets: list[str], tmp_path: Path
) -> None:
    (tmp_path / "archives").mkdir()
    for offline in ([], ["--offline"]):  # with --from the network is never touched anyway
        result = run_cli(["data", "prepare", "mnist", "--from", tmp_path / "archives", *offline])
        assert result.exit_code == 2
        assert "lacks" in result.stderr
    result = run_cli(["data", "prepare", "bridge", "--from", tmp_path / "archives"])
    assert result.exit_code == 1
    assert "cannot open 'bridge'" in result.stderr


def test_an_unknown_name_is_still_one(run_cli: Any, no_sockets: list[str]) -> None:
    result = run_cli(["train", "--dataset", "kmnits", "--offline"])
    assert result.exit_code == 2
    assert "Did you mean kmnist" in result.stderr


def test_listing_names(run_cli: Any, no_sockets: list[str]) -> None:
    assert run_cli(["data", "list", "mnist", "--offline"]).exit_code == 0


def test_a_command_leaves_the_network_as_it_was(run_cli: Any) -> None:
    run_cli(["data", "list", "mnist", "--offline"])
    assert not network.is_offline()
    run_cli(["data", "show", "kmnist", "--offline"])
    assert not network.is_offline()


@pytest.mark.slow
def test_the_doctor_does_not_ask(run_cli: Any, no_sockets: list[str]) -> None:
    result = run_cli(["doctor", "--offline", "--json"])
    findings = {finding["name"]: finding for finding in json.loads(result.stdout)["findings"]}
    assert findings["network"]["message"].startswith("not asked")
    assert findings["network"]["grade"] == "good"
