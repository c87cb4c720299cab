"""What the shell offers when tab is pressed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nncli.cli import _completion
from nncli.config.keys import group_types


def offered(words: str) -> list[str]:
    """What bash is told after `words`, the last of which is incomplete."""
    code = (
        "import sys; from nncli.cli import main; code = main()\n"
        "assert not {'tensorflow', 'numpy', 'tensorflow_datasets'} & set(sys.modules)\n"
        "sys.exit(code)"
    )
    environment = {
        **os.environ,
        "_NNCLI_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("nncli tr", ["train"]),
        ("nncli config d", ["diff"]),
        ("nncli train --dataset fashion_m", ["fashion_mnist"]),
        ("nncli data prepare digi", ["digits"]),
        ("nncli train --optimizer adama", ["adamax"]),
        ("nncli train --model c", ["cnn"]),
        ("nncli train -c exp", []),
        ("nncli train -c experiments/", ["experiments/a.yaml", "experiments/b.yml"]),
        ("nncli evaluate ", []),
        ("nncli evaluate runs/1", ["runs/1-x/model.keras"]),
        ("nncli config diff runs/1", ["runs/1-x"]),
    ],
)
def test_completions(words: str, completions: list[str]) -> None:
    for name in ("experiments/a.yaml", "experiments/b.yml", "experiments/c.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    run = Path("runs/1-x")
    run.mkdir(parents=True)
    (run / "model.keras").touch()
    (run / "config.yaml").touch()
    assert offered(words) == completions


def test_types_offered_are_all_that_there_are() -> None:
    assert _completion.model_types("") == list(group_types(("model",)))
    every = _completion.optimizers("")
    assert every[:4] == ["adam", "adamw", "sgd", "rmsprop"]
    assert {"adadelta", "muon"} < set(every)


def test_the_table_of_names_is_that_of_tensorflow_datasets() -> None:
    # In a process of its own: other tests register datasets in this one.
    code = (
        "import tensorflow_datasets as tfds\n"
        "print(*tfds.list_builders(with_community_datasets=False))"
    )
    names = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert _completion.datasets("") == ["digits", *names]
