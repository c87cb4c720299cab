"""What the shell offers when tab is pressed."""

from __future__ import annotations

import json
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
        ("nncli evaluate runs/1", ["runs/1-x"]),
        ("nncli evaluate runs/1-x/", ["runs/1-x/model.keras"]),
        ("nncli evaluate 2", ["2-y"]),
        ("nncli evaluate --runs-dir other la", ["latest"]),
        ("nncli evaluate --compare runs/2", ["runs/2-y"]),
        ("nncli predict runs/1", ["runs/1-x"]),
        ("nncli predict runs/2-y/fold-1/", ["runs/2-y/fold-1/model.keras"]),
        ("nncli train --model runs/1", ["runs/1-x/model.keras"]),
        ("nncli config diff runs/1", ["runs/1-x"]),
        ("nncli config diff 2", ["2-y"]),
        ("nncli runs show ", ["30-x", "2-y", "1-x", "latest"]),
        ("nncli runs show 3", ["30-x"]),
        ("nncli runs report la", ["latest"]),
        ("nncli runs note runs/b", ["runs/by-hand"]),
        ("nncli runs tag b", ["best:test.accuracy", "best:validation.loss"]),
        ("nncli runs compare 1-x best:t", ["best:test.accuracy"]),
        ("nncli runs rm 1-x 2", ["2-y"]),
        ("nncli runs reproduce l", ["latest"]),
        ("nncli runs show --runs-dir other ", ["7-z", "latest"]),
        ("nncli runs show --runs-dir other other/", ["other/7-z"]),
        ("nncli runs show --runs-dir nowhere ", []),
        ("nncli train --resume 2", ["2-y"]),
        ("nncli train --runs-dir other --resume ", ["7-z", "latest"]),
    ],
)
def test_completions(words: str, completions: list[str]) -> None:
    for name in ("experiments/a.yaml", "experiments/b.yml", "experiments/c.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    for name in ("runs/1-x", "runs/2-y", "runs/2-y/fold-1", "runs/by-hand", "other/7-z"):
        Path(name).mkdir(parents=True)
        (Path(name) / "config.yaml").touch()
    for name in ("runs/1-x", "runs/2-y/fold-1"):
        (Path(name) / "model.keras").touch()
    metrics = {"test": {"accuracy": 0.5}, "validation": {"loss": 1.5}}
    document = {"schema": 1, "outcome": "completed", **metrics}
    Path("runs/2-y/metrics.json").write_text(json.dumps(document))
    Path("runs/30-x").mkdir()  # which was broken before it had an experiment
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
