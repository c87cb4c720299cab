"""Trains every shipped experiment that has a score to reach, and prints it beside the reference.

`make scores DATA=FOLDER`: the folder with the files and archives that CONTRIBUTING describes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
# Experiment, metric, what is to be reached, and where the files are below the folder.
SCORES = [
    ("mnist", "accuracy", 0.973, {}),
    ("mnist_dropout", "accuracy", 0.982, {}),
    ("mnist_cnn", "accuracy", 0.990, {}),
    ("fashion_mnist", "accuracy", 0.90, {}),
    ("fashion_mnist_resnet", "accuracy", 0.92, {}),
    ("spoken_digit", "accuracy", 0.95, {}),
    ("spoken_digit_rnn", "accuracy", 0.95, {}),
    ("adult", "accuracy", 0.85,
     {"path": "tables/adult-train.csv", "test_path": "tables/adult-test.csv"}),
    ("adult_tabular", "accuracy", 0.855,
     {"path": "tables/adult-train.csv", "test_path": "tables/adult-test.csv"}),
    ("california_housing", "rmse", 58_000, {"path": "tables/california_housing.csv"}),
    ("california_housing_tabular", "rmse", 53_000, {"path": "tables/california_housing.csv"}),
    ("penguins", "accuracy", 0.97, {"path": "tables/palmerpenguins.csv"}),
    ("titanic", "accuracy", 0.76, {}),
    ("sms_spam", "accuracy", 0.98, {"path": "text/sms_spam.tsv"}),
    ("rt_polarity", "accuracy", 0.75, {"path": "text/rt-polarity.*"}),
    ("rt_polarity_linear", "accuracy", 0.75, {"path": "text/rt-polarity.*"}),
    ("rt_polarity_text_cnn", "accuracy", 0.76, {"path": "text/rt-polarity.*"}),
    ("rt_polarity_transformer", "accuracy", 0.75, {"path": "text/rt-polarity.*"}),
    ("cifar10_jpg", "accuracy", 0.50, {"path": "cifar10_jpg"}),
    ("goemotions", "micro_f1", 0.40, {}),
]  # fmt: skip


def main(data: Path) -> int:
    """Run all of them; 1 if a score was not reached."""
    nncli = [sys.executable, "-m", "nncli"]
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"TFDS_DATA_DIR": f"{folder}/tfds"}
        with tarfile.open(data / "folders" / "cifar10_jpg.tar") as archive:
            archive.extractall(folder, filter="data")
        for name, metric, wanted, paths in SCORES:
            for archives in (data / "tfds").iterdir():
                if not f"{name}_".startswith(f"{archives.name}_"):  # mnist_cnn learns from mnist
                    continue
                prepare = [*nncli, "data", "prepare", archives.name, "--from", str(archives),
                           "--quiet"]  # fmt: skip
                subprocess.run(prepare, env=environment, check=True, capture_output=True)
            command = [*nncli, "train", "-c", str(ROOT / "configs" / f"{name}.yaml"), "--json"]
            for key, place in paths.items():
                place = Path(folder if key == "path" and "/" not in place else data) / place
                command += ["--set", f"dataset.{key}={place}"]
            began = time.perf_counter()
            said = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            seconds = time.perf_counter() - began
            if said.returncode:
                print(f"{name:<20} failed: {said.stderr.strip().splitlines()[-1]}")
                worst = 1
                continue
            score = json.loads(said.stdout)["test"][metric]
            reached = score <= wanted if metric == "rmse" else score >= wanted
            worst = worst if reached else 1
            verdict = "reached" if reached else "MISSED"
            print(f"{name:<20} {metric:<9} {score:>10,.4f}  to reach {wanted:>10,}  {verdict}"
                  f"  {seconds:5.0f} s", flush=True)  # fmt: skip
    return worst


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
