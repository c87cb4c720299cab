"""What every test gets: folders of its own, and things that are made once for all tests."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nncli.reporting import SilentReporter
from recording import RecordingReporter

if TYPE_CHECKING:
    from nncli.training import TrainingResult

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and no setting, cache or dataset of the person who tests."""
    for name in list(os.environ):
        if name.startswith("NNCLI_"):
            monkeypatch.delenv(name)
    user = tmp_path / "user"
    monkeypatch.setenv("XDG_CACHE_HOME", str(user / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(user / "state"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(user / "tensorflow_datasets"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that lives as long as the session: the digits are decoded once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def shared_cache(session_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this test use the cache of the session."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(session_cache))
    return session_cache


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The files of CONVENTIONS, "Data at hand": never part of the project, nor on every machine."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the shared data is not in {folder}")
    return folder


@dataclass(frozen=True)
class CliResult:
    """What a command left: its exit code and what it wrote."""

    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def run_cli() -> Callable[[Sequence[str]], CliResult]:
    """Run a command in this process: `run_cli(["train", "--epochs", "1"])`."""
    from nncli.cli import main

    def run(args: Sequence[str]) -> CliResult:
        stdout, stderr = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            code = main([str(argument) for argument in args])
        return CliResult(code, stdout.getvalue(), stderr.getvalue())

    return run


@pytest.fixture(scope="session")
def digits_run(
    session_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TrainingResult]:
    """Two epochs on the digits, trained once; nobody may change its folder."""
    import nncli

    folder = tmp_path_factory.mktemp("digits_run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(session_cache))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setenv("TFDS_DATA_DIR", str(folder / "tensorflow_datasets"))
        patch.chdir(folder)
        experiment = {"dataset": "digits", "training": {"epochs": 2}}
        result = nncli.train(experiment, runs_dir=folder / "runs")
    yield result


@pytest.fixture(scope="session")
def prepared_mnist(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the real MNIST, prepared once for all the processes that test."""
    from nncli.data.tfds import TfdsDataset, prepare

    base = tmp_path_factory.getbasetemp()
    place = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = place / "prepared_mnist"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        prepare(
            TfdsDataset(name="mnist", data_dir=folder),
            archives=shared_data / "tfds" / "mnist",
            reporter=SilentReporter(),
        )
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> str:
    """Send every request to a local port where nobody listens; its address."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    for name in ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy"):
        monkeypatch.setenv(name, address)
        monkeypatch.setenv(name.upper(), address)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return address


@pytest.fixture
def reporter() -> RecordingReporter:
    """A reporter whose `notices`, `warnings` and `tasks` can be looked at."""
    return RecordingReporter()


WORDS = ("the", "film", "was", "a", "plot", "dull", "great", "actor", "and", "very", "good", "bad")


def _wordpiece() -> dict[str, Any]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [*WORDS, "!", ".", *letters, *(f"##{letter}" for letter in letters)]
    return {"vocabulary": list(dict.fromkeys(marks + pieces)), "lowercase": True}


def _byte_pairs() -> dict[str, Any]:
    from tokenizers.pre_tokenizers import ByteLevel

    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    merges = ["Ġ g", "o o", "oo d", "Ġg ood", "Ġ b", "a d", "Ġb ad"]
    tokens = [*marks, *sorted(ByteLevel.alphabet()), *(pair.replace(" ", "") for pair in merges)]
    return {"vocabulary": {token: place for place, token in enumerate(tokens)}, "merges": merges}


def _sentence_pieces(**marks: Any) -> dict[str, Any]:
    from sentencepiece import SentencePieceTrainer

    made = io.BytesIO()
    sentences = [" ".join(WORDS[start:] + WORDS[:start]) for start in range(len(WORDS))] * 20
    SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=made, vocab_size=50,
        hard_vocab_limit=False, minloglevel=2, **marks,
    )  # fmt: skip
    return {"proto": made.getvalue()}


# Families of KerasHub that read texts: what their tokenizers are made with.
READERS: dict[str, Callable[[], dict[str, Any]]] = {
    "Bert": _wordpiece,
    "DistilBert": _wordpiece,
    "Roberta": _byte_pairs,
    "XLMRoberta": lambda: _sentence_pieces(unk_id=0, bos_id=1, eos_id=2, pad_id=-1),
    "Albert": lambda: _sentence_pieces(
        pad_id=0, unk_id=1, bos_id=2, eos_id=3, pad_piece="<pad>", unk_piece="<unk>",
        bos_piece="[CLS]", eos_piece="[SEP]", user_defined_symbols="[MASK]",
    ),
    "DebertaV3": lambda: _sentence_pieces(
        pad_id=0, bos_id=1, eos_id=2, unk_id=3, pad_piece="[PAD]", unk_piece="[UNK]",
        bos_piece="[CLS]", eos_piece="[SEP]",
    ),
    "GPT2": lambda: {"vocabulary": {"<|endoftext|>": 0, "a": 1}, "merges": []},
}  # fmt: skip


@pytest.fixture(scope="session")
def text_preset(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`text_preset("Bert")`: the folder of a small preset of that family, at random, for texts of
    at most 32 tokens, made once. Nobody may change it."""
    keras_hub = pytest.importorskip("keras_hub", reason="KerasHub is not installed: nncli[hub]")
    place = tmp_path_factory.mktemp("text_presets")

    def preset(family: str) -> Path:
        import keras

        folder = place / family
        if not folder.is_dir():
            keras.utils.set_random_seed(3)
            tokenizer = getattr(keras_hub.models, f"{family}Tokenizer")(**READERS[family]())
            own = {"embedding_dim": 16} if family == "Albert" else {}
            backbone = getattr(keras_hub.models, f"{family}Backbone")(
                vocabulary_size=tokenizer.vocabulary_size() + (family == "DebertaV3"),
                num_layers=2, num_heads=2, hidden_dim=16, intermediate_dim=32,
                max_sequence_length=32, **own,
            )  # fmt: skip
            for part in (backbone, tokenizer):
                part.save_to_preset(str(folder))
        return folder

    return preset
