"""Reading a dataset into the cache takes as much memory for a large one as for a small one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow

# Every process ends with its peak: that of the kernel, of the memory that is its own alone.
LOAD = """
import resource, sys
from nncli import data
from nncli.config import Layer, load_experiment
from nncli.reporting import SilentReporter
dataset = {"path": sys.argv[1], **({"target": "target"} if sys.argv[2] == "table" else {})}
settings = load_experiment([], Layer({"dataset": dataset})).dataset
loaded = data.load(settings, seed=0, reporter=SilentReporter())
print(len(loaded.splits["train"]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
# Trains on a file of the cache; ends with what the process has of its own more than before, which a
# mapped file is not.
FEED = """
import re, sys
from pathlib import Path
from nncli import backend
backend.prepare(backend="tensorflow", deterministic=True)
import numpy as np
from nncli.data.dataset import Split
from nncli.data.pipelines import EpochOrder, Feed

def own_mib():
    return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024

def iterate(inputs):
    split = Split(inputs, np.zeros(len(inputs), np.int64))
    for rows, _ in Feed().shuffled(split, 1024, EpochOrder(len(split), 0)):
        assert rows.shape[1:] == inputs.shape[1:]

np.save("inputs.npy", np.ones((800_000, 64), np.float32))
iterate(np.ones((800_000, 1), np.float32))  # what the libraries themselves need
before = own_mib()
iterate(np.load("inputs.npy", mmap_mode="r"))
print(own_mib() - before)
"""
# Batches, buffers of libraries and what the allocator keeps: not a share of the data.
ALLOWED_MIB = 150


def peak_mib(path: Path, kind: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(path), kind], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def parquet(path: Path, mib: int) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(0)
    rows = 32_768
    schema = pa.schema([*((f"x{n}", pa.float64()) for n in range(32)), ("target", pa.int64())])
    file = path / f"{mib}.parquet"
    with pq.ParquetWriter(file, schema) as writer:
        for _ in range(mib // 8):  # a part is 8 MiB of numbers that cannot be compressed
            columns = [random.normal(size=rows) for _ in range(32)]
            writer.write_table(pa.table([*columns, random.integers(0, 2, rows)], schema))
    return file


def texts(path: Path, mib: int) -> Path:
    random = np.random.default_rng(0)
    words = [f"word{n}" for n in range(5000)]
    file = path / f"{mib}.csv"
    with file.open("w") as stream:
        stream.write("text,target\n")
        while stream.tell() < mib * 2**20:
            chosen = random.integers(0, len(words), (1000, 120))
            lines = (" ".join(words[n] for n in row) for row in chosen)
            stream.writelines(f"{line},{number % 2}\n" for number, line in enumerate(lines))
    return file


def photographs(path: Path, mib: int) -> Path:
    """Of which each takes 3 MiB decoded."""
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (64, 64, 3), np.uint8)
    folder = path / str(mib)
    for name in ("cats", "dogs"):
        (folder / name).mkdir(parents=True)
    for number in range(mib // 3):
        pixels = np.roll(small, number, axis=(0, 1)).repeat(16, axis=0).repeat(16, axis=1)
        place = folder / ("cats", "dogs")[number % 2] / f"{number}.jpg"
        Image.fromarray(pixels).save(place, quality=80)
    return folder


@pytest.mark.parametrize(
    ("make", "kind", "small", "large"),
    [(parquet, "table", 16, 240), (texts, "table", 20, 120), (photographs, "folder", 60, 450)],
    ids=["parquet", "texts", "photographs"],
)
def test_reading_takes_bounded_memory(
    make: Callable[[Path, int], Path], kind: str, small: int, large: int, tmp_path: Path
) -> None:
    before = peak_mib(make(tmp_path, small), kind)
    after = peak_mib(make(tmp_path, large), kind)
    assert after < before + ALLOWED_MIB


def test_what_is_kept_in_memory_is_not_copied(tmp_path: Path) -> None:
    """200 MiB of the kernel's pages; a tensor of them is made of two copies, and a third is made
    with every iterator."""
    done = subprocess.run(
        [sys.executable, "-c", FEED], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 50
