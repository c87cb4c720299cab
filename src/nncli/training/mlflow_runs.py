"""A run followed in MLflow: its params, metrics, model and report.

What fails there costs no training. A store that cannot be reached is said once and asked again at
the end, when everything is sent that is missing; what is missing then is sent by a later `resume`.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import nncli
from nncli.config import Experiment, plain_values
from nncli.config.comparing import flatten
from nncli.config.tracking import password_of
from nncli.files import in_words, to_json, typed_path, write_atomically
from nncli.reporting import Reporter
from nncli.runs import EpochRow, Metrics, RunFolder
from nncli.training.mlflow_store import check_store, reason_of, without_password

__all__ = ["MlflowRun", "checked_store", "followed", "is_missing"]

STATUS = {"completed": "FINISHED", "stopped_early": "FINISHED", "interrupted": "KILLED"}
LONGEST_TAG = 5000
LATER = "The run goes on without it; at its end MLflow is asked again."

logger = logging.getLogger("nncli")


def checked_store(experiment: Experiment, folder: RunFolder | None = None) -> str | None:
    """The address of the store in which MLflow is to follow a run of `experiment`, found before any
    work is done; None if it is not to.

    Args:
        experiment: what is run.
        folder: of the run, if it goes on: then it does so in the store where it began.

    Raises:
        UsageError, StorageError: as `check_store`.
    """
    settings = experiment.training.mlflow
    if settings is None:
        return None
    record = None
    if folder is not None:
        whole = _whole(folder, experiment)
        parent = _Record.read(whole) if whole else None
        if whole is not None and parent is None:
            return None  # a fold is followed within the run of the whole, or not at all
        record = _Record.read(folder) or parent
    return check_store(settings, record.tracking_uri if record else None)


def _whole(folder: RunFolder, experiment: Experiment) -> RunFolder | None:
    """The cross-validation of which the run in `folder` is a fold; None of any other run."""
    whole = RunFolder(folder.path.parent)
    return whole if experiment.dataset.fold is not None and whole.config.is_file() else None


@contextmanager
def followed(
    folder: RunFolder, experiment: Experiment, reporter: Reporter
) -> Iterator[MlflowRun | None]:
    """Let MLflow follow what happens to the run in `folder` within the block, if `experiment` says
    so: from its params to the outcome, which is read from the run folder when the block ends.

    A fold is followed within the run of the whole cross-validation, or not at all.

    Raises:
        UsageError, StorageError: as `checked_store`.
    """
    uri = checked_store(experiment, folder)
    if uri is None:
        yield None
        return
    record = _Record.read(folder)
    whole = _whole(folder, experiment)
    parent = _Record.read(whole) if whole else None
    if record is not None and record.complete:  # until something is added
        record = replace(record, complete=False)
        record.write(folder)
    run = MlflowRun(folder, experiment, uri, reporter, parent.run_id if parent else None, record)
    run.begin()
    try:
        yield run
    finally:
        run.end()


def is_missing(folder: RunFolder, experiment: Experiment) -> bool:
    """Whether MLflow is to follow the run in `folder`, and lacks something of it."""
    record = _Record.read(folder)
    return experiment.training.mlflow is not None and not (record and record.complete)


@dataclass(frozen=True)
class _Record:
    """`mlflow.json`: which run of MLflow belongs to a run folder, and whether it has everything."""

    tracking_uri: str
    run_id: str
    complete: bool = False

    @classmethod
    def read(cls, folder: RunFolder) -> _Record | None:
        """What was written; None where there is nothing that can be read."""
        try:
            found = json.loads(folder.mlflow.read_text(encoding="utf-8"))
            return cls(str(found["tracking_uri"]), str(found["run_id"]), found["complete"] is True)
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def write(self, folder: RunFolder) -> None:
        """Write the file, the address without its password."""
        document = {
            "schema": 1,
            **asdict(self),
            "tracking_uri": without_password(self.tracking_uri),
        }
        write_atomically(folder.mlflow, to_json(document))


@dataclass
class MlflowRun:
    """The run of MLflow that follows the run in `folder`; no method fails because MLflow does.

    Attributes:
        folder: of the run that is followed.
        experiment: its params.
        tracking_uri: of the store.
        reporter: told where the run is, and what goes wrong.
        parent: of a fold, the run of MLflow that follows the whole cross-validation.
        record: which run of MLflow it is, once there is one.
        sent_epochs: rows of the history that MLflow has.
    """

    folder: RunFolder
    experiment: Experiment
    tracking_uri: str
    reporter: Reporter
    parent: str | None = None
    record: _Record | None = None
    sent_epochs: int = field(default=0, init=False)
    _is_begun: bool = field(default=False, init=False)
    _is_away: bool = field(default=False, init=False)

    @cached_property
    def client(self) -> Any:
        """MLflow's; making it opens the store."""
        from mlflow import MlflowClient

        return MlflowClient(self.tracking_uri)

    @property
    def run_id(self) -> str:
        """Of the run of MLflow."""
        assert self.record is not None
        return self.record.run_id

    def begin(self) -> None:
        """Make the run in MLflow, or find the one that a resumed run began with."""
        with self.reporter.task("Opening MLflow"):
            self._try(self._begin, LATER)

    def follow(self, rows: Sequence[EpochRow]) -> None:
        """Send those of `rows`, the whole history, that MLflow does not have."""
        if not self._is_away:
            self._try(lambda: self._send_rows(rows), LATER)

    def end(self) -> None:
        """Send what is missing, what came of the run, and its outcome."""
        with self.reporter.task("Handing the run on to MLflow"):
            command = f"nncli train --resume {typed_path(self.folder.path)}"
            self._try(self._end, f"What MLflow lacks of this run can be sent later: {command}")

    def _try(self, action: Callable[[], None], consequence: str) -> None:
        """Do `action`; if MLflow fails, say so and what that means."""
        try:
            action()
        except Exception as error:  # its stores raise anything: told, and logged without password
            secret = f":{password_of(self.tracking_uri) or ''}@"
            logger.error("MLflow: %s", traceback.format_exc().replace(secret, "@"))
            place = without_password(self.tracking_uri)
            reason = reason_of(error).replace(secret, "@")
            self.reporter.warning(f"MLflow failed ({place}): {reason}\n{consequence}")
            self._is_away = True

    def _begin(self) -> None:
        if self.record is None or not self._goes_on(self.record):
            experiment = self._mlflow_experiment()
            name, uri = self.folder.path.absolute().name, without_password(self.tracking_uri)
            run = self.client.create_run(experiment.experiment_id, run_name=name, tags=self._tags())
            self.record = _Record(self.tracking_uri, run.info.run_id)
            self.record.write(self.folder)
            self._send_params(self._params())
            if self.parent is None:
                place = f"run {name} of experiment {experiment.name} in {uri}"
                if uri.startswith("http"):  # what its page is called
                    page = f"experiments/{experiment.experiment_id}/runs/{self.run_id}"
                    place = f"{uri.rstrip('/')}/#/{page}"
                self.reporter.notice(f"MLflow: {place}")
        self._is_begun = True

    def _goes_on(self, record: _Record) -> bool:
        """Whether the run of `record` is still there; then it runs again."""
        from mlflow.exceptions import MlflowException

        try:
            run = self.client.get_run(record.run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            run = None
        if run is None or run.info.lifecycle_stage != "active":
            place = without_password(self.tracking_uri)
            self.reporter.notice(
                f"MLflow's run {record.run_id} is not in {place}: a new one begins."
            )
            return False
        self.client.update_run(record.run_id, status="RUNNING")
        params, there = self._params(), run.data.params
        self._send_params({key: text for key, text in params.items() if key not in there})
        # MLflow changes no param: what a run that became longer has instead is said by a tag.
        for key, text in params.items():
            if there.get(key, text) != text:
                self.client.set_tag(record.run_id, f"nncli.resumed.{key}", text)
        history = self.client.get_metric_history(record.run_id, "seconds")  # of every row
        self.sent_epochs = max((metric.step for metric in history), default=0)
        return True

    def _mlflow_experiment(self) -> Any:
        """MLflow's experiment for this run, made if there is none."""
        from mlflow.exceptions import MlflowException

        settings = self.experiment.training.mlflow
        name = (settings and settings.experiment) or os.environ.get("MLFLOW_EXPERIMENT_NAME")
        if not name and (number := os.environ.get("MLFLOW_EXPERIMENT_ID")):
            return self.client.get_experiment(number)
        name = name or self.experiment.dataset.label
        if found := self.client.get_experiment_by_name(name):
            return found
        try:
            self.client.create_experiment(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":  # another process was faster
                raise
        return self.client.get_experiment_by_name(name)

    def _tags(self) -> dict[str, str]:
        """What MLflow says of every run, and where this one is to be found."""
        from mlflow.tracking.context.git_context import GitRunContext
        from mlflow.tracking.context.registry import resolve_tags
        from mlflow.utils import mlflow_tags

        environment = self.folder.read_environment()
        tags = {
            mlflow_tags.MLFLOW_SOURCE_NAME: shlex.join(environment.get("command", ["nncli"])),
            "nncli.version": nncli.__version__,
            "nncli.folder": str(self.folder.path.absolute()),
            "nncli.dataset": self.experiment.dataset.label,
        }
        if commit := environment.get("git_commit"):
            tags[mlflow_tags.MLFLOW_GIT_COMMIT] = str(commit).removesuffix("+")
        if self.parent is not None:
            tags[mlflow_tags.MLFLOW_PARENT_RUN_ID] = self.parent
        found = resolve_tags(tags, ignore=[GitRunContext])  # whose commit would be nncli's own
        return {key: _cut(text, LONGEST_TAG) for key, text in found.items()}

    def _params(self) -> dict[str, str]:
        """Every value of the experiment by its dotted key, under names that MLflow allows."""
        from mlflow.utils.validation import MAX_ENTITY_KEY_LENGTH, MAX_PARAM_VAL_LENGTH

        params: dict[str, str] = {}
        for path, value in flatten(plain_values(self.experiment)).items():
            if path[:2] == ("training", "mlflow"):  # where it is sent is no property of the run
                continue
            key = re.sub(r"[^\w.\- :]", "_", ".".join(map(str, path)))[:MAX_ENTITY_KEY_LENGTH]
            params[key] = _cut(in_words(value), MAX_PARAM_VAL_LENGTH)
        return params

    def _send_params(self, params: Mapping[str, str]) -> None:
        from mlflow.entities import Param
        from mlflow.utils.validation import MAX_PARAMS_TAGS_PER_BATCH

        found = [Param(key, value) for key, value in params.items()]
        for first in range(0, len(found), MAX_PARAMS_TAGS_PER_BATCH):
            batch = found[first : first + MAX_PARAMS_TAGS_PER_BATCH]
            self.client.log_batch(self.run_id, params=batch)

    def _send_rows(self, rows: Sequence[EpochRow]) -> None:
        from mlflow.utils.validation import MAX_METRICS_PER_BATCH

        missing = rows[self.sent_epochs :]
        size = MAX_METRICS_PER_BATCH // len(missing[0]) if missing else 1
        for first in range(0, len(missing), size):
            batch = missing[first : first + size]
            self._send_metrics(
                (name, value, int(row["epoch"] or 0))
                for row in batch
                for name, value in row.items()
                if name != "epoch"
            )
            self.sent_epochs += len(batch)

    def _send_metrics(self, found: Iterable[tuple[str, float | None, int]]) -> None:
        """Send (name, value, step); a number that does not exist is left out."""
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        metrics = [
            Metric(name, value, now, step) for name, value, step in found if value is not None
        ]
        if metrics:
            self.client.log_batch(self.run_id, metrics=metrics)

    def _end(self) -> None:
        if not self._is_begun:
            self._begin()
        self._send_rows(self.folder.read_history())
        metrics = self.folder.read_metrics()
        status = STATUS.get(metrics.outcome, "FAILED") if metrics else "FAILED"
        files = list(self.folder.documents)
        if metrics is not None and metrics.is_finished:
            self._send_metrics(_final(metrics))
            if metrics.kept_epoch is not None:
                self.client.set_tag(self.run_id, "nncli.kept_epoch", str(metrics.kept_epoch))
            files += [self.folder.model, self.folder.report]
            if self.folder.plots.is_dir():
                self.client.log_artifacts(self.run_id, str(self.folder.plots), "plots")
        for path in files:
            if path.is_file():
                self.client.log_artifact(self.run_id, str(path))
        self.client.set_terminated(self.run_id, status)
        self.record = _Record(self.tracking_uri, self.run_id, complete=status == "FINISHED")
        self.record.write(self.folder)


def _final(metrics: Metrics) -> Iterator[tuple[str, float | None, int]]:
    """What is known at the end alone, as (name, value, step): the test metrics, at the kept epoch;
    of a cross-validation the means and deviations of all splits."""
    splits = ("test",) if metrics.folds is None else ("train", "validation", "test")
    for split in splits:
        for name, value in (getattr(metrics, split) or {}).items():
            yield f"{split}_{name}", value, metrics.kept_epoch or 0
        for name, value in (metrics.deviation or {}).get(split, {}).items():
            yield f"{split}_{name}_deviation", value, 0


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
