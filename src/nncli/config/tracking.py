"""Where a run is followed in MLflow: the `training.mlflow` group of an experiment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from nncli.files import at_home
from nncli.settings import Settings, mistaken

__all__ = ["Mlflow", "absolute_uri", "expand", "password_of"]

SQLITE = "sqlite:///"


class Mlflow(Settings):
    """Follows the run in MLflow: params, metrics of every epoch, the model and the report."""

    experiment: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description=(
            "Experiment of MLflow that gets the run. Default: MLFLOW_EXPERIMENT_NAME, or the name "
            "of the dataset."
        ),
    )
    tracking_uri: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "Where MLflow keeps runs: http://host:5000, sqlite:///mlflow.db. Default: "
            "MLFLOW_TRACKING_URI, or what MLflow takes without it."
        ),
    )

    @model_validator(mode="after")
    def _keep_no_secret(self) -> Self:
        if self.tracking_uri is not None and password_of(self.tracking_uri):
            secret = (
                "holds a password, which every run folder would show; put the address into "
                "MLFLOW_TRACKING_URI instead"
            )
            error = mistaken([("tracking_uri", secret)])  # which does not repeat the value
            assert error is not None
            raise error
        return self


def expand(value: Any) -> Any:
    """Write `true` in full; `false` is nothing."""
    if value is True:
        return {}
    return None if value is False else value


def absolute_uri(uri: str, base: Path) -> str:
    """`uri` with the file of SQLite or the folder that it names absolute: `~` is the home
    folder, the rest relative to `base`."""
    if uri.startswith(SQLITE) and uri != SQLITE:
        path, mark, query = uri.removeprefix(SQLITE).partition("?")
        if path == ":memory:":
            return uri
        return f"{SQLITE}{(base / at_home(path)).absolute()}{mark}{query}"
    if uri == "databricks" or re.match(r"[A-Za-z][\w.+-]*:", uri):
        return uri
    return str((base / at_home(uri)).absolute())


def password_of(uri: str) -> str | None:
    """The password that `uri` holds."""
    try:
        return urlsplit(uri).password
    except ValueError:  # no address at all
        return None
