"""Which run somebody means: its number, name, path, `latest`, or the best by a metric; and which
model."""

from __future__ import annotations

import os
from pathlib import Path

from nncli.errors import NotFoundError, UsageError
from nncli.files import shown_path
from nncli.runs.folder import RunFolder, no_runs, numbered_runs

__all__ = ["BEST", "find", "find_model"]

BEST = "best:"
# A name that ends so means a file, which may not be there; a run's name may have other dots.
MODEL_ENDINGS = (".keras", ".h5", ".hdf5")


def find(runs_dir: Path, named: str) -> RunFolder:
    """The run that somebody means by `named`: a folder, `latest`, `best:<split>.<metric>`, its
    number, its name with the number, or without: then the newest of that name.

    Only finished runs can be best.

    Raises:
        NotFoundError: there is none.
        UsageError: `best:` is followed by no metric, or two runs have the number.
    """
    if named and os.path.isdir(named):  # noqa: PTH112 (which says no where looking is forbidden)
        return RunFolder(Path(named))
    if named.startswith(BEST):
        return _best(runs_dir, named.removeprefix(BEST))
    try:
        numbered = numbered_runs(runs_dir)
    except OSError as error:
        raise no_runs(runs_dir, error) from None
    if not numbered:
        raise NotFoundError(
            f"There is no run {named}, and {runs_dir} has none.",
            hint="A run that was stopped before it began to train leaves no folder: start it anew.",
        )
    newest = numbered[-1][1]
    if named == "latest":
        return RunFolder(runs_dir / newest)
    same = [name for number, name in numbered if named == str(number)]
    if len(same) > 1:
        names = " and ".join(same)
        raise UsageError(f"The number {named} is that of {names}.", hint="Name the run in full.")
    if same:
        return RunFolder(runs_dir / same[0])
    for _, name in reversed(numbered):
        if named in (name, name.partition("-")[2]):
            return RunFolder(runs_dir / name)
    raise NotFoundError(
        f"There is no run {named}.", hint=f"The newest is {runs_dir / newest} (latest)."
    )


def find_model(runs_dir: Path, named: Path | str) -> Path:
    """The model that somebody means by `named`: a file, or a run as for `find`; of that its model,
    or its folder if it has none, as a cross-validation. A path that is no name of a run stays one,
    whether something is there or not.

    Raises:
        NotFoundError, UsageError: as `find`.
    """
    path = Path(named)
    is_a_path = len(path.parts) != 1 or path.suffix.lower() in MODEL_ENDINGS
    if not is_a_path and not os.path.exists(path):  # noqa: PTH110 (as above)
        path = find(runs_dir, str(named)).path
    model = RunFolder(path).model
    return model if os.path.isfile(model) else path  # noqa: PTH113 (as above)


def _best(runs_dir: Path, key: str) -> RunFolder:
    from nncli.runs.listing import listed_runs
    from nncli.runs.selecting import check_metric, in_order

    rows = listed_runs(runs_dir)
    check_metric(key, rows)
    finished = [row for row in rows if row.is_finished and row.metric(key) is not None]
    if not finished:
        raise NotFoundError(
            f"No finished run in {shown_path(runs_dir)} has {key}.",
            hint="See: nncli runs list --sort " + key,
        )
    return in_order(finished, key)[0].folder
