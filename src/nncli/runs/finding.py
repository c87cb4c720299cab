"""Which run somebody means: its number, name, path, `latest`, or the best by a metric."""

from __future__ import annotations

from pathlib import Path

from nncli.errors import NotFoundError
from nncli.files import shown_path
from nncli.runs.folder import RunFolder, numbered_runs

__all__ = ["BEST", "find"]

BEST = "best:"


def find(runs_dir: Path, named: str) -> RunFolder:
    """The run that somebody means by `named`: a folder, `latest`, `best:<split>.<metric>`, its
    number, its name with the number, or without: then the newest of that name.

    Only finished runs can be best.

    Raises:
        NotFoundError: there is none.
        UsageError: `best:` is followed by no metric.
    """
    if named and Path(named).is_dir():
        return RunFolder(Path(named))
    if named.startswith(BEST):
        return _best(runs_dir, named.removeprefix(BEST))
    numbered = numbered_runs(runs_dir)
    if named == "latest" and numbered:
        return RunFolder(numbered[max(numbered)])
    for number in sorted(numbered, reverse=True):
        path = numbered[number]
        if named in (str(number), path.name, path.name.partition("-")[2]):
            return RunFolder(path)
    if not numbered:
        raise NotFoundError(
            f"There is no run {named}, and {runs_dir} has none.",
            hint="A run that was stopped before it began to train leaves no folder: start it anew.",
        )
    newest = numbered[max(numbered)]
    raise NotFoundError(f"There is no run {named}.", hint=f"The newest is {newest} (latest).")


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
