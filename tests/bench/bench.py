"""Time `nncli train` beside the scripts one would write instead: see docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from math import nan
from pathlib import Path
from statistics import median
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
NNCLI = str(Path(sys.executable).with_name("nncli"))
ARCHIVES = HERE.parents[2] / "shared" / "data" / "tfds" / "mnist"
BLOCK = re.compile(r"(?<=<!-- bench -->\n).*?(?=<!-- /bench -->)", re.DOTALL)
TRAIN = [NNCLI, "train", "--epochs", "6", "--quiet", "--runs-dir"]
REFERENCE = "official example"
PACKAGES = ("nncli", "tensorflow", "keras", "tensorflow-datasets", "jax", "scikit-learn", "torch")
MODULES = {"tensorflow-datasets": "tensorflow_datasets", "scikit-learn": "sklearn"}
# Of the wall time, and of the fit alone, to the reference's.
TARGETS = {"nncli": (0.50, 0.35), "nncli on jax": (0.30, 0.20)}


class Measured(NamedTuple):
    """What one process took, and the test accuracy it reached (NaN: it trained nothing)."""

    wall_seconds: float
    cpu_seconds: float
    peak_mib: float
    fit_seconds: float = nan
    accuracy: float = nan


def run(command: list[str], environment: dict[str, str]) -> tuple[Measured, str]:
    """Run `command` to its exit; what it took, and what it printed."""
    with tempfile.TemporaryFile("w+") as output:  # a file, not a pipe that somebody must empty
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{text[-2000:]}")
    unit = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss: bytes there, KiB elsewhere
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit), text


def run_script(name: str, environment: dict[str, str]) -> Measured:
    """Run a script of this folder, whose last lines say `fit ... s` and `test accuracy ...`."""
    measured, text = run([sys.executable, str(HERE / name)], environment)
    fit = re.findall(r"^fit ([0-9.]+) s$", text, re.MULTILINE)[-1]
    return measured._replace(fit_seconds=float(fit), accuracy=float(text.split()[-1]))


def run_nncli(environment: dict[str, str], *options: str) -> Measured:
    """Train the default experiment, and read the test accuracy from its run folder."""
    with tempfile.TemporaryDirectory(prefix="nncli-bench-runs-") as runs:
        measured, _ = run([*TRAIN, runs, *options], environment)
        metrics = json.loads(next(Path(runs).glob("*/metrics.json")).read_text())
    if metrics["dataset"]["name"] != "mnist":
        sys.exit(f"nncli trained on {metrics['dataset']['name']}, not on MNIST.")
    fit = metrics["timing"]["fit_seconds"]
    return measured._replace(fit_seconds=fit, accuracy=metrics["test"]["accuracy"])


@contextmanager
def bench_environment(data_dir: Path | None) -> Iterator[dict[str, str]]:
    """The environment of every measured process: prepared MNIST, and a cache of its own.

    What could change a run (nncli's and Keras's variables) or slow imports down is left out.
    """
    unwanted = ("NNCLI_", "KERAS_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    with tempfile.TemporaryDirectory(prefix="nncli-bench-") as temporary:
        kept |= dict.fromkeys(("TMPDIR", "XDG_CACHE_HOME", "XDG_STATE_HOME"), temporary)
        named = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
        folder = Path(named).expanduser().absolute()
        if not any(folder.glob("mnist/*/dataset_info.json")):
            if not ARCHIVES.is_dir():
                sys.exit(f"MNIST is not prepared in {folder}. Type: nncli data prepare mnist")
            folder = Path(temporary, "data")
            say("preparing MNIST from its archives")
            prepare = [NNCLI, "data", "prepare", "mnist", "--from", str(ARCHIVES)]
            run([*prepare, "--data-dir", str(folder)], kept)
        yield kept | {"TFDS_DATA_DIR": str(folder)}


def say(what: str) -> None:
    """Tell the person who waits; the results alone go to stdout."""
    print(what, file=sys.stderr, flush=True)


def spread(values: list[float], digits: int) -> str:
    """The median, and the least and the greatest in brackets."""
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def training_times(rounds: int, environment: dict[str, str]) -> Iterator[str]:
    """The programs in turns, `rounds` times: a table of what they took."""
    say("warming up")
    run([sys.executable, "-c", "import tensorflow, tensorflow_datasets"], environment)
    run_nncli(environment)
    programs: dict[str, Callable[[], Measured]] = {
        "tutorial": lambda: run_script("tutorial.py", environment),
        REFERENCE: lambda: run_script("official_example.py", environment),
        "nncli": lambda: run_nncli(environment),
    }
    if find_spec("jax"):
        programs["nncli on jax"] = lambda: run_nncli(environment, "--backend", "jax")
        run_nncli(environment, "--backend", "jax")  # what it compiles is kept
    programs["scikit-learn"] = lambda: run_script("scikit_learn.py", environment)
    if find_spec("torch"):
        programs["PyTorch"] = lambda: run_script("pytorch.py", environment)
    taken: dict[str, list[Measured]] = {name: [] for name in programs}
    for number in range(1, rounds + 1):
        for name, program in programs.items():
            taken[name].append(program())
            say(f"round {number} of {rounds}, {name}: {taken[name][-1].wall_seconds:.1f} s")

    yield f"Median (least-greatest) of {rounds} rounds; ratio: wall time to the {REFERENCE}'s.\n"
    yield "| program | wall s | ratio | fit s | ratio | CPU s | peak MiB | test accuracy |"
    yield "|---|---|---|---|---|---|---|---|"
    ratios = {}
    for name, runs in taken.items():
        pairs = list(zip(runs, taken[REFERENCE], strict=True))
        whole = [ours.wall_seconds / theirs.wall_seconds for ours, theirs in pairs]
        fits = [ours.fit_seconds / theirs.fit_seconds for ours, theirs in pairs]
        ratios[name] = whole, fits
        wall, cpu, peak, fit, accuracy = zip(*runs, strict=True)
        columns = [(wall, 1), (whole, 2), (fit, 1), (fits, 2), (cpu, 1), (peak, 0), (accuracy, 4)]
        cells = (spread(list(values), digits) for values, digits in columns)
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    for name, (whole_target, fit_target) in TARGETS.items():
        if name in ratios:
            whole, fits = ratios[name]
            yield (
                f"- {name} beside the {REFERENCE}: {median(whole):.2f} (target at most "
                f"{whole_target}), the fit alone {median(fits):.2f} (target at most {fit_target})"
            )
    if find_spec("jax"):
        empty = environment | {"XDG_CACHE_HOME": str(Path(environment["XDG_CACHE_HOME"], "cold"))}
        cold = run_nncli(empty, "--backend", "jax").wall_seconds
        yield f"- nncli on jax with every cache empty, the dataset decoded anew: {cold:.1f} s"


def help_time(command: str, target: float, environment: dict[str, str]) -> str:
    """How long a help page takes."""
    say(command)
    arguments = [NNCLI, *command.split()[1:]]
    run(arguments, environment)
    seconds = [run(arguments, environment)[0].wall_seconds for _ in range(10)]
    return f"- `{command}`: {spread(seconds, 2)} s, 10 runs (target at most {target} s)"


def accuracies(environment: dict[str, str]) -> str:
    """The test accuracy of the default experiment with five seeds."""
    say("test accuracy of seeds 0 to 4")
    reached = [run_nncli(environment, "--seed", str(seed)).accuracy for seed in range(5)]
    each = ", ".join(f"{value:.4f}" for value in reached)
    return f"- test accuracy, seeds 0-4: {each}; least {min(reached):.4f} (target at least 0.970)"


def machine() -> str:
    """A line about what the numbers were taken on, and when."""
    file = Path("/proc/cpuinfo")
    found = re.search(r"(?m)^model name\s*:\s*(.+)$", file.read_text() if file.exists() else "")
    processor = found[1] if found else platform.processor() or platform.machine()
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    versions = ", ".join(
        f"{name} {version(name)}" for name in PACKAGES if find_spec(MODULES.get(name, name))
    )
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{date.today():%Y-%m-%d}; {processor}, {cores} cores; {system}, {versions}."


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="rounds of the three programs")
    parser.add_argument("--data-dir", type=Path, help="folder of prepared datasets")
    parser.add_argument("--accuracy", action="store_true", help="also train seeds 0 to 4")
    parser.add_argument("--output", type=Path, help="page whose block of figures is rewritten")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs: at least 1")
    page = options.output
    if page and not (page.is_file() and BLOCK.search(page.read_text())):
        parser.error(f"--output: {page} has no <!-- bench --> block")
    if not Path(NNCLI).exists():
        sys.exit(f"There is no {NNCLI}: run this with the Python that nncli is installed in.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that temporary folders go

    with bench_environment(options.data_dir) as environment:
        lines = [machine(), "", *training_times(options.runs, environment)]
        lines.append(help_time("nncli --help", 0.3, environment))
        lines.append(help_time("nncli train --help", 0.35, environment))
        if options.accuracy:
            lines.append(accuracies(environment))
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if page:
        page.write_text(BLOCK.sub(lambda _: text, page.read_text()))


if __name__ == "__main__":
    main()
