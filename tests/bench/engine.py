"""What the engine costs, part by part: see docs/benchmarks.md. `python tests/bench/engine.py`

Every line is a process of its own: this file with `--measure NAME ARGUMENTS`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

BLOCK = re.compile(r"(?<=<!-- engine -->\n).*?(?=<!-- /engine -->)", re.DOTALL)
BACKENDS = ("tensorflow", "jax")
JIT = {"tensorflow": False, "jax": "auto"}  # what they choose for themselves when deterministic
SIZES = [10_000 * 2**power for power in range(7)]
IMAGE = (224, 224, 3)
GROWTH_ROUNDS = 5  # a process may meet a busy moment of the machine
JPEGS = 1_500
STREAMED_BYTES = 4 * 2**30


def peak_mib() -> float:
    """The greatest resident size of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def images_in_classes(
    name: str, shape: tuple[int, int, int], classes: tuple[str, ...], splits: Any
) -> Any:
    """A dataset of these splits, its pixels as they are recorded."""
    from nncli.data import Dataset
    from nncli.descriptions import ClassTarget, ImageInput
    from nncli.preprocessing import ImagePreprocessing

    inputs = ImageInput(shape=shape)
    return Dataset(
        name, inputs, ClassTarget(names=classes), ImagePreprocessing(inputs=inputs), splits
    )


def train_repeated_mnist(
    backend: str, size: int, model: str = "mlp", **training: Any
) -> dict[str, float]:
    """Train five epochs on `size` examples, MNIST's over and over; the fastest but the first."""
    import numpy as np
    from arrays import mnist_arrays

    import nncli
    from nncli import data
    from nncli.data import Split

    images, labels, _, _ = mnist_arrays()
    chosen = np.arange(size) % len(labels)
    splits = {"train": Split(images[chosen], labels[chosen])}
    made = images_in_classes("mnist", (28, 28, 1), tuple("0123456789"), splits)
    data.load = lambda settings, **_: made
    settings = {"backend": backend, "epochs": 5, **training}
    with tempfile.TemporaryDirectory() as folder:
        experiment = {"dataset": "mnist", "model": model, "training": settings}
        result = nncli.train(experiment, run_dir=Path(folder, "run"))
    seconds = [row["seconds"] or 0.0 for row in result.history]
    return {"epoch": min(seconds[1:]), "peak": peak_mib()}


def first_step(backend: str) -> dict[str, float]:
    """From the start of this process to the first call of the default experiment's training."""
    import nncli
    from nncli.reporting import SilentReporter

    class Watch(SilentReporter):
        first = 0.0

        def step_ended(self, step: int, values: object) -> None:
            self.first = self.first or seconds_since_start()

    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        experiment = {"training": {"backend": backend, "epochs": 1, "steps_per_execution": 1}}
        nncli.train(experiment, run_dir=Path(folder, "run"), reporter=watch)
    return {"seconds": watch.first}


def seconds_since_start() -> float:
    """The age of this process (Linux)."""
    ticks = float(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return uptime - ticks / os.sysconf("SC_CLK_TCK")


def matrix_products() -> dict[str, float]:
    """The products of one epoch of the default experiment, and nothing else, by JAX."""
    import jax
    import jax.numpy as jnp

    inputs, hidden = jnp.ones((128, 784)), jnp.ones((784, 128))
    activations, output = jnp.ones((128, 128)), jnp.ones((128, 10))
    errors = jnp.ones((128, 10))

    @jax.jit
    def step(x: Any, w: Any, a: Any, v: Any, e: Any) -> Any:
        back = e @ v.T
        return x @ w, a @ v, a.T @ e, x.T @ back

    jax.block_until_ready(step(inputs, hidden, activations, output, errors))
    began = time.perf_counter()
    for _ in range(422):
        jax.block_until_ready(step(inputs, hidden, activations, output, errors))
    return {"epoch": time.perf_counter() - began}


def jpeg_decoding(folder: str) -> dict[str, float]:
    """Images a second of a bare `tf.data` pipeline that decodes JPEG files; makes them first."""
    import numpy as np
    import tensorflow as tf

    small = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    for number in range(JPEGS):
        shifted = np.roll(small, number, axis=(0, 1))
        image = tf.cast(tf.image.resize(shifted, IMAGE[:2], "bicubic"), tf.uint8)
        Path(folder, f"{number}.jpg").write_bytes(tf.io.encode_jpeg(image, quality=90).numpy())
    files = tf.data.Dataset.list_files(f"{folder}/*.jpg", shuffle=True)
    decoded = files.map(
        lambda file: tf.io.decode_jpeg(tf.io.read_file(file), 3),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    batches = decoded.batch(64).prefetch(tf.data.AUTOTUNE)
    rates = []
    for _ in range(3):
        began = time.perf_counter()
        for _ in batches:
            pass
        rates.append(JPEGS / (time.perf_counter() - began))
    return {"rate": median(rates)}


def streaming(backend: str, folder: str) -> dict[str, float]:
    """Images a second that reach training from a file of 4 GiB under a budget of 500 MB, in
    shuffled order, and the peak memory of the process."""
    import numpy as np

    from nncli import backend as keras_backend
    from nncli.data import Split
    from nncli.data.pipelines import EpochOrder, Feed, fit_memory

    keras_backend.prepare(backend="jax" if backend == "jax" else "tensorflow")
    count = STREAMED_BYTES // int(np.prod(IMAGE))
    path = Path(folder, "inputs.npy")
    if not path.exists():
        stored = np.lib.format.open_memmap(path, "w+", np.uint8, (count, *IMAGE))
        for start in range(0, count, 1000):
            stored[start : start + 1000] = start % 251
        stored.flush()
        del stored
        return {"rate": 0.0, "peak": 0.0}
    mapped = np.load(path, mmap_mode="r")
    splits = {"train": Split(mapped, np.zeros(count, np.int64))}
    made = images_in_classes("made up", IMAGE, ("a", "b"), splits)
    split = fit_memory(made, 500_000_000).splits["train"]
    batches = Feed().shuffled(split, 64, EpochOrder(count, 0))
    began = time.perf_counter()
    seen = 0
    iterable = (
        batches if backend == "tensorflow" else (batches[i] for i in range(batches.num_batches))
    )
    for images, _ in iterable:
        seen += len(images)
    return {"rate": seen / (time.perf_counter() - began), "peak": peak_mib()}


MEASURES = {
    "train": lambda backend, size, settings: train_repeated_mnist(
        backend, int(size), **json.loads(settings)
    ),
    "first_step": first_step,
    "matrix_products": matrix_products,
    "jpeg_decoding": jpeg_decoding,
    "streaming": streaming,
}


def measured(name: str, *arguments: str) -> dict[str, float]:
    """Run one measurement in a process of its own."""
    command = [sys.executable, __file__, "--measure", name, *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(f"{name} {arguments} failed:\n{answer.stderr[-2000:]}")
    print(f"{name} {' '.join(arguments)}: {answer.stdout.splitlines()[-1]}", file=sys.stderr)
    result: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return result


def epoch_seconds(backend: str, size: int, **settings: Any) -> float:
    """How long an epoch takes, in a process of its own."""
    return measured("train", backend, str(size), json.dumps(settings))["epoch"]


def lines() -> Iterator[str]:
    """The block of the page."""
    products = measured("matrix_products")["epoch"]
    yield "| | " + " | ".join(BACKENDS) + " |"
    yield "|---|" + "---|" * len(BACKENDS)
    first = [
        median(measured("first_step", backend)["seconds"] for _ in range(3)) for backend in BACKENDS
    ]
    yield "| start of the process to the first step, s | " + cells(first, ".1f")
    epochs = [epoch_seconds(backend, 54_000) for backend in BACKENDS]
    yield "| one epoch of 54,000 examples, s | " + cells(epochs, ".2f")
    yield "| times the bare matrix products of an epoch | " + cells(
        [epoch / products for epoch in epochs], ".1f"
    )
    free = [epoch_seconds(b, 54_000, deterministic=False, jit_compile=JIT[b]) for b in BACKENDS]
    yield "| the same with `deterministic: false`, s | " + cells(free, ".2f")
    compiled = epoch_seconds("tensorflow", 54_000, deterministic=False, jit_compile=True)
    yield f"| the same with `deterministic: false` and `jit_compile: true`, s | {compiled:.2f} | |"
    convolutions = [epoch_seconds(b, 10_000, model="cnn") for b in BACKENDS]
    yield "| one epoch of the `cnn`, 10,000 examples, s | " + cells(convolutions, ".1f")
    free = [
        epoch_seconds(b, 10_000, model="cnn", deterministic=False, jit_compile=JIT[b])
        for b in BACKENDS
    ]
    yield "| the same with `deterministic: false`, s | " + cells(free, ".1f")
    yield from growth()
    with tempfile.TemporaryDirectory() as folder:
        decoding = measured("jpeg_decoding", folder)["rate"]
        measured("streaming", "tensorflow", folder)
        found = [measured("streaming", backend, folder) for backend in BACKENDS]
    yield "| streamed from disk, 4 GiB of 224 x 224 images, images/s | " + cells(
        [one["rate"] for one in found], ",.0f"
    )
    yield f"| times a bare `tf.data` decode of JPEG files ({decoding:,.0f}/s) | " + cells(
        [one["rate"] / decoding for one in found], ".2f"
    )
    yield "| peak MiB while streaming | " + cells([one["peak"] for one in found], ",.0f")


def growth() -> Iterator[str]:
    """The rows that say how the time of an epoch grows with the data.

    All sizes are measured in every round. What else a machine does only ever adds time, so that
    the fastest rounds are compared; the median of the rounds' own ratios stands beside them.
    """
    rounds = [
        [[measured("train", b, str(size), "{}") for b in BACKENDS] for size in SIZES]
        for _ in range(GROWTH_ROUNDS)
    ]
    yield from growth_rows(rounds)


def growth_rows(rounds: list[list[list[dict[str, float]]]]) -> Iterator[str]:
    """The rows of `rounds`, each of them sizes, each of them backends."""
    for number, size in enumerate(SIZES):
        texts, peaks = [], []
        for backend in range(len(BACKENDS)):
            found = [sizes[number][backend] for sizes in rounds]
            fastest = min(one["epoch"] for one in found)
            text = f"{fastest:.2f}"
            if number:
                before = [sizes[number - 1][backend] for sizes in rounds]
                ratio = fastest / min(one["epoch"] for one in before)
                pairs = zip(before, found, strict=True)
                middle = median(b["epoch"] / a["epoch"] for a, b in pairs)
                text += f" ({ratio:.2f}; {middle:.2f})"
            texts.append(text)
            peaks.append(f"{max(one['peak'] for one in found):,.0f}")
        yield (
            f"| epoch of {size:,} examples, s (times the one before; median of the rounds); peak "
            f"MiB {', '.join(peaks)} | {' | '.join(texts)} |"
        )


def cells(values: list[float], form: str) -> str:
    """The rest of a row of the table."""
    return " | ".join(format(value, form) for value in values) + " |"


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help="page whose block of figures is rewritten")
    options = parser.parse_args()
    if options.measure:
        name, *arguments = options.measure
        print(json.dumps(MEASURES[name](*arguments)))
        return
    text = "\n".join(lines()) + "\n"
    print(text, end="")
    if options.output:
        page = options.output
        page.write_text(BLOCK.sub(lambda _: text, page.read_text()))


if __name__ == "__main__":
    main()
