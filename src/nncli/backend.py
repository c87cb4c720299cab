"""Setting Keras up: the same way for every command, whatever the shell and the home folder say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from nncli.errors import NncliError
from nncli.files import cache_folder, remove_oldest

__all__ = [
    "Backend",
    "Device",
    "Precision",
    "accelerator_memory_bytes",
    "chosen",
    "devices",
    "has_accelerator",
    "is_installed",
    "library_versions",
    "memory_bytes",
    "prepare",
    "tensorflow_left_alone",
    "usable_cores",
]

Backend = Literal["tensorflow", "jax"]
Device = Literal["auto", "cpu", "gpu"]
Precision = Literal["float32", "mixed_float16", "mixed_bfloat16"]

# What compiled programs may take of the user's cache folder, for each backend.
MAXIMUM_PROGRAM_BYTES = 1_000_000_000


def prepare(
    *,
    backend: Backend = "tensorflow",
    device: Device = "auto",
    deterministic: bool = False,
    precision: Precision = "float32",
) -> None:
    """Import Keras on its backend and fix what a stray setting could change.

    Images are channels-last, numbers are float32. GPUs give memory as it is needed and not all at
    once. Programs that were compiled are kept in the user's cache folder. Must come before
    anything else uses Keras.

    Args:
        backend: what Keras computes with.
        device: `cpu` hides GPUs, `gpu` insists on one, `auto` takes one if the backend sees it.
        deterministic: choose operations whose result does not depend on the order of threads.
        precision: Keras's policy for layers.

    Raises:
        NncliError: another backend is loaded in this process, JAX is not installed, or there is
            no GPU to insist on.
    """
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = backend
    if backend == "jax":
        _set_jax_up(device, deterministic)
    else:
        _set_xla_cache_up()
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    import keras

    if keras.config.backend() != backend:
        raise NncliError(
            f"Keras already runs on {keras.config.backend()} in this process, not on {backend}.",
            hint=f"Import nncli before keras, or set KERAS_BACKEND={backend}.",
        )
    if backend == "jax":
        _check_jax_device(device)
    else:
        _set_tensorflow_up(device, deterministic)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.mixed_precision.set_global_policy(precision)


def chosen(wanted: Backend | None, preferred: Backend = "tensorflow") -> Backend:
    """The backend to use: `wanted`, or the one that Keras runs on already in this process, or
    `preferred` if it is installed, or TensorFlow."""
    if wanted is not None:
        return wanted
    if "keras" in sys.modules:
        import keras

        return "jax" if keras.config.backend() == "jax" else "tensorflow"
    return preferred if is_installed(preferred) else "tensorflow"


def is_installed(library: str) -> bool:
    """Whether `library` could be imported here."""
    import importlib.util

    return importlib.util.find_spec(library) is not None


def _set_tensorflow_up(device: Device, deterministic: bool) -> None:
    import tensorflow as tf

    accelerators = tf.config.list_physical_devices("GPU")
    if device == "gpu" and not accelerators:
        raise _no_gpu("TensorFlow", "gpu")
    try:
        if device == "cpu":
            tf.config.set_visible_devices([], "GPU")
        for accelerator in accelerators:
            tf.config.experimental.set_memory_growth(accelerator, True)
    except RuntimeError:
        pass  # TensorFlow runs already (a second call in one process) and keeps its devices
    if deterministic:
        tf.config.experimental.enable_op_determinism()


def _set_jax_up(device: Device, deterministic: bool) -> None:
    if not is_installed("jax"):
        raise NncliError(
            "JAX is not installed.",
            hint="Install it with: pip install 'nncli[jax]', or use --backend tensorflow.",
        )
    if "jax" not in sys.modules:  # what JAX reads once, when it is imported
        if device == "cpu":
            os.environ["JAX_PLATFORMS"] = "cpu"
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        if deterministic:
            flags = os.environ.get("XLA_FLAGS", "")
            os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    import jax

    folder = _compiled_programs("jax")
    if folder is not None:
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _check_jax_device(device: Device) -> None:
    if device == "gpu" and not has_accelerator():
        raise _no_gpu("JAX", "jax-gpu")


def _no_gpu(library: str, extra: str) -> NncliError:
    return NncliError(
        f"{library} sees no GPU on this machine.",
        hint=f"Install GPU support with: pip install 'nncli[{extra}]', or use --device cpu.",
    )


def _set_xla_cache_up() -> None:
    """Let TensorFlow keep what XLA compiled; it reads the flag once, when it is imported."""
    if "tensorflow" in sys.modules:
        return
    folder = _compiled_programs("tensorflow")
    if folder is not None:
        flags = os.environ.get("TF_XLA_FLAGS", "")
        ours = f"--tf_xla_persistent_cache_directory={folder}"
        os.environ["TF_XLA_FLAGS"] = f"{flags} {ours}".strip()


def _compiled_programs(library: str) -> Path | None:
    """The folder of compiled programs, bounded in size; None where it cannot be written."""
    folder = cache_folder() / "programs" / library
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_oldest(folder, MAXIMUM_PROGRAM_BYTES)
    except OSError:
        return None
    return folder


@contextmanager
def tensorflow_left_alone() -> Iterator[None]:
    """Keep Keras on JAX from importing TensorFlow while the block runs, if it is not there yet.

    Keras asks whether an object that it saves or loads is one of TensorFlow's by importing it,
    which costs seconds. As long as nobody has imported it, nothing can be.
    """
    from keras.src.utils import module_utils  # no public way to say so

    library = module_utils.tensorflow
    if "tensorflow" in sys.modules or library._available is not None:
        yield
        return
    library._available = False
    try:
        yield
    finally:
        library._available = None


def has_accelerator() -> bool:
    """Whether Keras computes on something else than the CPU. Keras must be prepared."""
    import keras

    if keras.config.backend() == "jax":
        import jax

        return bool(jax.default_backend() != "cpu")
    import tensorflow as tf

    return bool(tf.config.get_visible_devices("GPU"))


def memory_bytes() -> int:
    """The memory that this process may use: less than the machine has, in a container."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(limit).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            total = min(total, int(text))
    return total


def accelerator_memory_bytes() -> int | None:
    """The memory of the smallest GPU that Keras computes on; None if it does not say.

    Keras must be prepared.
    """
    import keras

    if keras.config.backend() == "jax":
        import jax

        stats = [device.memory_stats() or {} for device in jax.local_devices()]
        limits = [int(found["bytes_limit"]) for found in stats if "bytes_limit" in found]
        return min(limits, default=None)
    # TensorFlow says what is in use, but not what there is.
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    mebibytes = [int(line) for line in said.stdout.split("\n") if line.strip().isdigit()]
    return min(mebibytes) * 2**20 if mebibytes else None


def usable_cores() -> int:
    """The processors that this process may use: fewer than the machine has, in a container."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def devices() -> list[str]:
    """What Keras computes on, as `CPU` and `GPU: <name>`. Keras must be prepared."""
    import keras

    if keras.config.backend() == "jax":
        import jax

        found = [(device.platform.upper(), device.device_kind) for device in jax.devices()]
        return [kind if kind.lower() == model else f"{kind}: {model}" for kind, model in found]
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

    names = (
        "nncli",
        "tensorflow",
        "keras",
        "keras-hub",
        "tensorflow-datasets",
        "jax",
        "jaxlib",
        "numpy",
        "scikit-learn",
    )
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
