"""Kills trainings at random moments, resumes them, and compares every number with a run that was
left alone. `python tests/bench/kill.py --trials 50 --backend jax`

Kill points are uniform over the whole wall time of the undisturbed run: start-up, the writing of
checkpoints, validation and evaluation included. A resumed process is killed again half of the time.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

EXPERIMENT = """\
dataset: digits
model: {hidden_units: [64, 32], dropout: 0.3}
optimizer: {learning_rate: {type: cosine, warmup_epochs: 1.5}}
training:
  epochs: 40
  batch_size: 16
  early_stopping: {patience: 6}
  checkpoint_minutes: 0.002
  steps_per_execution: 4
"""


def command(*arguments: str) -> list[str]:
    """nncli in this environment."""
    return [sys.executable, "-m", "nncli", "train", "--quiet", *arguments]


def arrays_of(folder: Path) -> dict[str, bytes]:
    """Every number that a run left: weights of the model, and all of the last checkpoint."""
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(folder / "model.keras") as archive:
        stored = h5py.File(io.BytesIO(archive.read("model.weights.h5")))

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                found[f"model {name}"] = item[()].tobytes()

        stored.visititems(visit)
    last = sorted((folder / "checkpoints").glob("epoch-*.npz"))[-1]
    with np.load(last) as archive:
        for name in archive.files:
            if name != "document":
                found[f"checkpoint {name}"] = archive[name].tobytes()
    found["checkpoint"] = last.name.encode()
    return found


def numbers_of(folder: Path) -> dict[str, Any]:
    """History and metrics without the times."""
    rows = list(csv.DictReader((folder / "history.csv").open()))
    metrics = json.loads((folder / "metrics.json").read_text())
    history = [{key: cell for key, cell in row.items() if key != "seconds"} for row in rows]
    return {"history": history, **{k: v for k, v in metrics.items() if k != "timing"}}


def differences(first: Path, second: Path) -> list[str]:
    """What is not identical, by name."""
    left, right = arrays_of(first) | numbers_of(first), arrays_of(second) | numbers_of(second)
    return sorted(key for key in left.keys() | right.keys() if left.get(key) != right.get(key))


def killed(arguments: list[str], after: float) -> bool:
    """Run a command and kill it after so many seconds; whether it was still alive."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(after)
        return False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True


def state_of(folder: Path) -> str:
    """How far a killed run had come."""
    if not (folder / "config.yaml").exists():
        return "before the run folder"
    found = sorted((folder / "checkpoints").glob("epoch-*.npz"))
    if not found:
        return "before the first checkpoint"
    _, epoch, _, step = found[-1].stem.split("-")
    return f"epoch {int(epoch)}, step {int(step)}"


def trial(
    number: int, folder: Path, start: list[str], seconds: float, generator: random.Random
) -> tuple[int, list[str]]:
    """Kill and resume until the run is finished; how often it was killed, and what happened."""
    kills, events = 0, []
    while True:
        resumable = (folder / "config.yaml").exists()
        if not resumable and folder.exists():
            shutil.rmtree(folder)  # it had done nothing yet
        arguments = command("--resume", str(folder)) if resumable else start
        if kills and generator.random() < 0.5:
            subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
            return kills, events
        if not killed(arguments, generator.uniform(0, seconds)):
            return kills, events
        kills += 1
        events.append(state_of(folder))


def main() -> int:
    """Run the trials; 1 if one of them differed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--backend", default="tensorflow", choices=["tensorflow", "jax"])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    generator = random.Random(options.seed)
    failures = total = 0
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        (place / "experiment.yaml").write_text(EXPERIMENT)
        start = command("-c", str(place / "experiment.yaml"), "--backend", options.backend)
        subprocess.run([*start, "--run-dir", str(place / "warm")], check=True)
        began = time.perf_counter()
        subprocess.run([*start, "--run-dir", str(place / "undisturbed")], check=True)
        seconds = time.perf_counter() - began
        print(f"{options.backend}: undisturbed {seconds:.1f} s", flush=True)
        for number in range(1, options.trials + 1):
            folder = place / f"trial-{number}"
            arguments = [*start, "--run-dir", str(folder)]
            kills, events = trial(number, folder, arguments, seconds, generator)
            found = differences(place / "undisturbed", folder)
            total += kills
            failures += bool(found)
            verdict = f"DIFFERS: {', '.join(found[:5])}" if found else "identical"
            print(f"{number:3} {kills} kills [{'; '.join(events)}] {verdict}", flush=True)
            shutil.rmtree(folder)
    print(f"{options.trials - failures} of {options.trials} identical, {total} kills")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
