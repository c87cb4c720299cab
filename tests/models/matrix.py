"""One family on one backend: every kind of input it takes, from files to a resumed run.

A process of its own, for Keras has one backend a process: `python matrix.py FAMILY BACKEND FOLDER`.
It writes what it found as JSON, a line a kind of input; `test_matrix.py` judges.
"""

from __future__ import annotations

import json
import signal
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np

import nncli
from nncli import models
from nncli.errors import InterruptedRunError
from nncli.reporting import SilentReporter
from nncli.training import TrainingResult
from stopping import Stopping

# Small and quick; the structure is what is tested.
MODELS: dict[str, dict[str, Any]] = {
    "linear": {"l2": 1e-5},
    "mlp": {"hidden_units": [32, 32], "residual": True, "normalization": "layer", "dropout": 0.1},
    "cnn": {"filters": [8, 16], "hidden_units": [16], "normalization": "batch", "dropout": 0.1},
    "resnet": {"depth": 8, "width": 8, "dropout": 0.1, "l2": 1e-5},
    "rnn": {"hidden_units": [16], "dropout": 0.1},
    "text_cnn": {"kernel_sizes": [2, 3], "filters_per_size": 16},
    "transformer": {"units": 32, "blocks": 2, "dropout": 0.1},
    "tabular": {"units": 32, "blocks": 1},
}
EPOCHS = {"image": 15, "spectrogram": 10, "vector": 20, "sequence": 15, "tokens": 15}
# What is before what takes more examples to learn than what is where.
EXAMPLES = {"sequence": 1000, "tokens": 1000}
FEWEST = 400
STEPS = 10
SAMPLE_RATE = 8000

# What is to be found: which of two places, whether two things agree, or what comes first.
PLACE, BOTH, ORDER = "place", "both", "order"
PLANTED = {"linear": PLACE, "mlp": BOTH, "tabular": BOTH}


def planted(family: str, kind: str) -> str:
    """What a family is to find. A mean of words has no places: there it is which word is there."""
    if family == "transformer" and kind == "image":
        return PLACE  # patches without places would all be the same
    return PLANTED.get(family, ORDER)


def places(random: np.random.Generator, *, gap: int) -> tuple[int, int]:
    """Two places in their order, at most `gap` from each other."""
    first = int(random.integers(0, STEPS - gap))
    return first, first + int(random.integers(1, gap + 1))


def sequences(
    what: str, label: int, random: np.random.Generator, gap: int
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Steps of noise, (10, 3), with two events in them."""
    steps = random.normal(0, 0.3, (STEPS, 3)).astype(np.float32)
    one = random.integers(2)
    match what:
        case "place":
            steps[[2, 7][label], 0] += 3
        case "both":
            steps[2, 0] += 3 * one
            steps[7, 1] += 3 * (one ^ label)
        case _:
            first, second = places(random, gap=gap)
            steps[first, label] += 3
            steps[second, 1 - label] += 3
    return steps


def images(what: str, label: int, random: np.random.Generator) -> np.ndarray[Any, Any]:
    """Noise, uint8 (12, 12, 1), with a bright square or a bar in it."""
    pixels = random.integers(0, 100, (12, 12, 1))
    one = int(random.integers(2))
    match what:
        case "place":
            pixels[3 * label : 3 * label + 6, 3:9] += 150 * (1 - label)
            pixels[6:12, 3:9] += 150 * label
        case "both":
            pixels[:3, :3] += 150 * one
            pixels[-3:, -3:] += 150 * (one ^ label)
        case _:  # a bar that lies or stands, anywhere: what comes behind what
            height, width = [(1, 6), (6, 1)][label]
            bar = np.zeros_like(pixels)
            bar[:height, :width] = 150
            pixels += np.roll(bar, random.integers(0, 12, 2), (0, 1))
    return pixels.astype(np.uint8)


def texts(what: str, label: int, random: np.random.Generator, gap: int) -> str:
    """Words, some of which say the class: which they are, whether they agree, or their order."""
    words = random.choice(["grey", "pink", "blue", "green"], random.integers(gap + 2, STEPS))
    one = int(random.integers(2))
    first = int(random.integers(0, len(words) - gap))
    second = first + int(random.integers(1, gap + 1))
    match what:
        case "place":
            words[first] = ["hot", "cold"][label]
        case "both":
            words[first] = ["hot", "cold"][one]
            words[second] = ["wet", "dry"][one ^ label]
        case _:
            words[[first, second]] = [("hot", "cold"), ("cold", "hot")][label]
    return " ".join(words)


def sounds(label: int, random: np.random.Generator) -> np.ndarray[Any, Any]:
    """A third of a second: a low tone and a high one, or the other way round."""
    half = np.arange(SAMPLE_RATE // 6) / SAMPLE_RATE
    low, high = (np.sin(2 * np.pi * pitch * half + random.random()) for pitch in (400, 1600))
    both = np.concatenate([low, high] if label else [high, low])
    return np.asarray(both + random.normal(0, 0.2, len(both)))


def written(
    family: str, kind: str, folder: Path, *, shuffled: bool, seed: int = 0
) -> dict[str, Any]:
    """A dataset in files, and its settings. `shuffled` destroys the order
    of steps, pixels, words and samples: everything else stays."""
    random = np.random.default_rng(seed)
    folder.mkdir()
    count = EXAMPLES.get(kind, FEWEST)
    labels = np.arange(count) % 2
    what = planted(family, kind)
    gap = 1 if family in ("cnn", "text_cnn") else 4
    mixed = random.permuted if shuffled else lambda values, axis: values
    match kind:
        case "vector":
            sizes, sorts = random.normal(size=count), random.integers(0, 2, count)
            agree = sizes > 0 if what == PLACE else (sizes > 0) ^ (sorts > 0)
            rows = zip(sizes, sorts, agree, strict=True)
            lines = [f"{size:.4f},{'ab'[sort]},{'ny'[int(said)]}" for size, sort, said in rows]
            (folder / "t.csv").write_text("size,sort,answer\n" + "\n".join(lines))
            return {"type": "table", "path": str(folder / "t.csv"), "target": "answer"}
        case "tokens":
            lines_of: list[list[str]] = [[], []]
            for label in labels:
                words = texts(what, label, random, gap).split()
                lines_of[label].append(" ".join(mixed(np.array(words), axis=0)))
            for label in (0, 1):
                (folder / f"lines.{label}").write_text("\n".join(lines_of[label]) + "\n")
            return {"type": "folder", "path": str(folder / "lines.*")}
        case "spectrogram":
            for number, label in enumerate(labels):
                (folder / str(label)).mkdir(exist_ok=True)
                samples = mixed(sounds(label, random), axis=0)
                with wave.open(str(folder / str(label) / f"{number}.wav"), "wb") as file:
                    file.setnchannels(1)
                    file.setsampwidth(2)
                    file.setframerate(SAMPLE_RATE)
                    file.writeframes((8000 * samples).astype("<i2").tobytes())
            return {"type": "folder", "path": str(folder)}
        case "image":
            pixels = np.stack([images(what, label, random) for label in labels])
            inputs = mixed(pixels.reshape(count, -1), axis=1).reshape(pixels.shape)
        case _:
            inputs = np.stack([sequences(what, label, random, gap) for label in labels])
            if shuffled:
                inputs = np.stack([random.permutation(steps) for steps in inputs])
    np.savez(folder / "a.npz", x=inputs, y=labels)
    return {"type": "arrays", "path": str(folder / "a.npz")}


def interrupted(experiment: dict[str, Any], folder: Path) -> TrainingResult:
    """The run that is stopped inside its second epoch, and resumed."""
    try:
        stopping = Stopping(steps=5, number=signal.SIGTERM)  # 3, 3, 3, 1; 3
        nncli.train(experiment, run_dir=folder, reporter=stopping)
    except InterruptedRunError:
        return nncli.resume(folder)
    raise AssertionError("the run was not interrupted")


def difference(experiment: dict[str, Any], path: Path) -> float:
    """The largest difference between what the network says of its test examples and what the file
    says that Keras loads, both with the weights of the file."""
    from nncli.config import Layer, load_experiment
    from nncli.inference.answering import answers, model_for_arrays
    from nncli.preprocessing import archive
    from nncli.training.preparing import prepare

    prepared = prepare(load_experiment([], Layer(experiment)), SilentReporter())
    test = prepared.dataset.splits["test"]
    loaded, description = archive.open_model(path), archive.describe(path)
    assert description is not None
    said = answers(model_for_arrays(loaded, description), test)
    prepared.networks.saved.set_weights(loaded.get_weights())
    return float(np.abs(said - answers(prepared.networks.answering, test)).max())


def weights(result: TrainingResult) -> list[bytes]:
    """Every number of a saved model."""
    import keras

    return [array.tobytes() for array in keras.saving.load_model(result.model_path).get_weights()]


def main(family: str, backend: str, folder: Path) -> None:
    """Try the family with every kind that it takes."""
    for kind in models.families()[family]:
        experiment: dict[str, Any] = {
            "dataset": written(family, kind, folder / kind, shuffled=False),
            "model": {"type": family, **MODELS[family]},
            "optimizer": {"learning_rate": 0.01 if family in ("linear", "mlp") else 0.003},
            "training": {"epochs": EPOCHS[kind], "batch_size": 32, "backend": backend},
        }
        result = nncli.train(experiment, run_dir=folder / f"{kind}-run")
        short = {
            **experiment,
            "training": experiment["training"] | {"epochs": 2, "steps_per_execution": 3},
        }
        whole = nncli.train(short, run_dir=folder / f"{kind}-whole")
        resumed = interrupted(short, folder / f"{kind}-interrupted")
        found = {
            "kind": kind,
            "model": str(result.model_path),
            "accuracy": result.metrics.test["accuracy"],
            "evaluated": nncli.evaluate(result.model_path).metrics == result.metrics.test,
            "difference": difference(experiment, result.model_path),
            "resumed": weights(whole) == weights(resumed) and whole.metrics.test
            == resumed.metrics.test,
        }  # fmt: skip
        if backend == "tensorflow" and planted(family, kind) == ORDER:
            without = written(family, kind, folder / f"{kind}-shuffled", shuffled=True)
            control = nncli.train({**experiment, "dataset": without}, runs_dir=folder / "runs")
            found["shuffled"] = control.metrics.test["accuracy"]
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
