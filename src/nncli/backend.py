"""Setting Keras up: the same way for every command, whatever the shell and the home folder say."""

from __future__ import annotations

import os
import sys
from typing import Any, Literal

from nncli.errors import NncliError

__all__ = ["Device", "devices", "library_versions", "prepare", "usable_cores"]

Device = Literal["auto", "cpu", "gpu"]


def prepare(*, device: Device = "auto", deterministic: bool = False) -> None:
    """Import TensorFlow and Keras and fix what a stray setting could change.

    The backend is TensorFlow, images are channels-last, numbers are float32. GPUs give memory as
    it is needed and not all at once. Must come before anything else uses TensorFlow.

    Args:
        device: `cpu` hides GPUs, `gpu` insists on one, `auto` takes one if TensorFlow sees it.
        deterministic: choose operations whose result does not depend on the order of threads.

    Raises:
        NncliError: another backend is loaded in this process, or there is no GPU to insist on.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import tensorflow as tf

    if keras.config.backend() != "tensorflow":
        raise NncliError(
            f"Keras already runs on {keras.config.backend()} in this process; nncli needs "
            "tensorflow.",
            hint="Import nncli before keras, or set KERAS_BACKEND=tensorflow.",
        )
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.mixed_precision.set_global_policy("float32")
    _choose_device(tf, device)
    if deterministic:
        tf.config.experimental.enable_op_determinism()


def _choose_device(tf: Any, device: Device) -> None:
    accelerators = tf.config.list_physical_devices("GPU")
    if device == "gpu" and not accelerators:
        raise NncliError(
            "TensorFlow sees no GPU on this machine.",
            hint="Install GPU support with: pip install 'nncli[gpu]', or use --device cpu.",
        )
    try:
        if device == "cpu":
            tf.config.set_visible_devices([], "GPU")
        for accelerator in accelerators:
            tf.config.experimental.set_memory_growth(accelerator, True)
    except RuntimeError:
        pass  # TensorFlow runs already (a second call in one process) and keeps its devices


def usable_cores() -> int:
    """The processors that this process may use: fewer than the machine has, in a container."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def devices() -> list[str]:
    """What TensorFlow computes on, as `CPU` and `GPU: <name>`. Imports TensorFlow."""
    import tensorflow as tf

    names = []
    for physical in tf.config.get_visible_devices():
        details = tf.config.experimental.get_device_details(physical)
        model = details.get("device_name")
        names.append(f"{physical.device_type}: {model}" if model else physical.device_type)
    return names


def library_versions() -> dict[str, str]:
    """Installed versions of the libraries that decide results, without importing them."""
    import importlib.metadata

    names = ("nncli", "tensorflow", "keras", "tensorflow-datasets", "numpy", "scikit-learn")
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
