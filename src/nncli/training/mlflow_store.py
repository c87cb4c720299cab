"""Where MLflow keeps runs: which store is meant, and whether MLflow could use it."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import quote

from nncli import backend
from nncli.config.tracking import SQLITE, Mlflow, absolute_uri, password_of
from nncli.data.network import is_offline
from nncli.errors import StorageError, UsageError
from nncli.files import existing_part, shown_path

__all__ = ["check_store", "reason_of", "without_password"]

# What MLflow reads from the environment; what people have set there themselves is left alone.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # nothing is sent that nobody asked for
    "MLFLOW_CONFIGURE_LOGGING": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # With MLflow's own settings a server that is away would hold a training up for four minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
FOLDERS = ("", "file")
LOCAL = (*FOLDERS, "sqlite")
OTHERS = ("postgresql", "mysql", "mssql", "http", "https", "databricks")
PACKAGES = {"mlflow": "MLflow", "sqlalchemy": "SQLAlchemy", "alembic": "Alembic"}
ELSEWHERE = (
    "Name another one in training.mlflow.tracking_uri or MLFLOW_TRACKING_URI, such as "
    "sqlite:///mlflow.db or http://host:5000."
)


def check_store(settings: Mlflow, recorded: str | None = None) -> str:
    """The address of the store to use, found before any work is done.

    Args:
        settings: whose address comes first, before MLFLOW_TRACKING_URI.
        recorded: where a resumed run began; it comes next, before MLflow's default.

    Raises:
        UsageError: MLflow is not installed, or could not use this store.
        StorageError: the file of the store cannot be used.
    """
    for package, name in PACKAGES.items():
        if not backend.is_installed(package):
            raise UsageError(
                f"{name} is not installed.",
                hint="Install it with: pip install 'nncli[mlflow]', or leave training.mlflow out.",
            )
    for variable, value in ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    import mlflow

    uri = settings.tracking_uri or (None if mlflow.is_tracking_uri_set() else recorded)
    uri = absolute_uri(uri or mlflow.get_tracking_uri(), Path())
    scheme = _scheme(uri)
    plugins = [plugin.name for plugin in entry_points(group="mlflow.tracking_store")]
    if scheme not in (*LOCAL, *OTHERS, *plugins):
        raise UsageError(f"MLflow knows no store like {without_password(uri)}.", hint=ELSEWHERE)
    if scheme in FOLDERS and not mlflow.environment_variables.MLFLOW_ALLOW_FILE_STORE.get():
        raise UsageError(
            f"MLflow keeps runs in databases now, not in a folder: {uri}.",
            hint=f"{ELSEWHERE}\nMLFLOW_ALLOW_FILE_STORE=true lets it use the folder all the same.",
        )
    if is_offline() and scheme not in LOCAL:
        raise UsageError(
            f"--offline: MLflow's store is on the network: {without_password(uri)}.",
            hint="Name a file, such as sqlite:///mlflow.db, in training.mlflow.tracking_uri or "
            "MLFLOW_TRACKING_URI, or leave one of the two out.",
        )
    if uri.startswith(SQLITE):
        _check_file(Path(uri.removeprefix(SQLITE).partition("?")[0]))
    return uri


def _scheme(uri: str) -> str:
    """`postgresql` of `postgresql+psycopg://...`; nothing of a path."""
    found = re.match(r"([A-Za-z][\w.-]*)(\+\w+)?:|databricks$", uri)
    return (found[1] or found[0]).lower() if found else ""


def _check_file(path: Path) -> None:
    """Find out that a database could not be opened: MLflow would try that for two minutes."""
    try:
        reason = _why_unusable(path)
    except OSError as error:  # even looking may be forbidden
        reason = (error.strerror or str(error)).lower()
    except sqlite3.Error as error:
        reason = str(error)
    if reason is not None:
        raise StorageError(f"MLflow cannot use {shown_path(path)}: {reason}.", hint=ELSEWHERE)


def _why_unusable(path: Path) -> str | None:
    existing = existing_part(path)
    if existing != path:
        if not existing.is_dir():
            return f"{shown_path(existing)} is a file"
        writable = os.access(existing, os.W_OK | os.X_OK)
        return None if writable else f"{shown_path(existing)} is not writable"
    if path.is_dir():
        return "it is a folder"
    if not os.access(path, os.R_OK | os.W_OK):
        return "it is not writable"
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as opened:
        opened.execute("pragma schema_version")
    return None


def without_password(uri: str) -> str:
    """`uri` as it may be shown and kept."""
    secret = password_of(uri)
    return uri.replace(f":{secret}@", "@") if secret else uri


def reason_of(error: BaseException) -> str:
    """In one line why MLflow failed: what the system said below its own words, if it did."""
    root = error
    while (deeper := root.__cause__ or root.__context__) is not None:
        root = deeper
    if isinstance(root, OSError | sqlite3.Error):
        said = str(getattr(root, "strerror", None) or root)
    else:
        said = str(error) or type(error).__name__
    return f"{said.strip().splitlines()[0][:300].rstrip('.')}."
