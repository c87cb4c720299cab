"""Sound files: their rates and lengths, and their samples in one length."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.data.files import no_file, read_in_batches
from nncli.data.inputs import HIGHEST_RATE, LOWEST_RATE, InputSettings
from nncli.data.skipping import Skipped
from nncli.descriptions import SoundInput
from nncli.errors import DataError
from nncli.preprocessing import Preprocessing, SoundPreprocessing
from nncli.preprocessing.sound import shortest
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NO_SAMPLES", "Opened", "cut_off", "fitted_length", "opened", "preprocessing_of"]
__all__ += ["reason_of", "samples_of"]

BATCH_SIZE = 64
BATCH_SAMPLES = 2_000_000  # a spectrogram takes many times as much on its way
COVERED = 0.95  # share of the files that the default length holds whole
LONGEST_SECONDS = 10.0
STREAMED = 0x7FFFF000  # bytes: nobody knew better
NO_SAMPLES = "is empty (no samples)"
NOT_FINITE = "has samples that are no finite numbers"
REPLACE = "Replace it, or leave out what cannot be read: --set dataset.on_error=skip"


@dataclass(frozen=True)
class Opened:
    """Sound files that were looked at; `readable`, `paths` and `found` as for images."""

    inputs: SoundInput
    preprocessing: SoundPreprocessing
    readable: Mapping[str, NDArray[Any]]
    paths: Mapping[str, Sequence[Path]]
    found: Mapping[str, Any] = field(default_factory=dict)

    def batches(self, split: str, labels: NDArray[Any]) -> Callable[[], Iterator[Any]]:
        """What yields (samples, labels) of a split: shape (n, samples), float32."""
        files = [self.paths[split][place] for place in self.readable[split]]

        def read() -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
            import numpy as np

            batch_size = max(1, min(BATCH_SIZE, BATCH_SAMPLES // self.preprocessing.samples))
            listen = partial(samples_of, settings=self.preprocessing)
            done = 0
            for samples in read_in_batches(listen, files, batch_size):
                yield np.stack(samples), labels[done : done + len(samples)]
                done += len(samples)

        return read

    def original(self, split: str, places: Sequence[int]) -> list[NDArray[Any]]:
        """The samples of some files of a split alone, shape (samples,), float32."""
        files = [self.paths[split][self.readable[split][place]] for place in places]
        return [samples_of(path, self.preprocessing) for path in files]


def opened(
    settings: InputSettings,
    paths: Mapping[str, Sequence[Path]],
    given: Preprocessing | None,
    skipped: Skipped,
    reporter: Reporter,
) -> Opened:
    """Look at the header of every file, with `skip` at all of it.

    Raises:
        DataError: a file cannot be read.
    """
    import numpy as np

    rates: Counter[int] = Counter()
    seconds: list[float] = []
    readable = {}
    for split, files in paths.items():
        places = []
        with reporter.task(f"Listening to {split}", total=len(files), unit="files") as task:
            for place, path in enumerate(files):
                task.advance(1)
                header = _header(path, whole=skipped.on_error == "skip")
                if isinstance(header, str):
                    skipped.note(f"{path}: {header}")
                    continue
                rates[header[0]] += 1
                seconds.append(header[1])
                places.append(place)
        readable[split] = np.array(places, np.int64)
    if not len(readable["train"]):
        skipped.report(reporter)
        raise DataError("No sound can be read.")
    if isinstance(given, SoundPreprocessing):
        return Opened(given.inputs, given, readable, paths)
    rate = settings.sample_rate or rates.most_common(1)[0][0]
    if set(rates) != {rate}:
        listed = ", ".join(f"{count:,} of {hertz:,} Hz" for hertz, count in rates.most_common(5))
        reporter.notice(f"Sound is brought to {rate:,} samples a second; there are {listed}.")
    prepared = preprocessing_of(settings, rate, seconds)
    found: dict[str, Any] = {"seconds": prepared.samples / rate}
    if LOWEST_RATE <= rate <= HIGHEST_RATE:  # what the setting takes; others are found out anew
        found["sample_rate"] = rate
    return Opened(prepared.inputs, prepared, readable, paths, found)


def preprocessing_of(
    settings: InputSettings, rate: int, seconds: Sequence[float]
) -> SoundPreprocessing:
    """What is done to sound of `rate` samples a second that is `seconds` long."""
    import numpy as np

    length = settings.seconds or min(float(np.quantile(seconds, COVERED)), LONGEST_SECONDS)
    return SoundPreprocessing(
        inputs=SoundInput(sample_rate=rate),
        samples=max(shortest(rate), round(length * rate)),
        mel_bins=settings.mel_bins,
    )


def fitted_length(samples: NDArray[Any], length: int) -> NDArray[Any]:
    """The first `length` samples, silence behind them where there are fewer."""
    import numpy as np

    return np.pad(samples[:length], (0, max(0, length - len(samples))))


def _header(path: Path, *, whole: bool) -> tuple[int, float] | str:
    """Samples a second and length in seconds; or why it cannot be read."""
    import numpy as np
    import soundfile

    reason = no_file(path) or cut_off(path)
    if reason:
        return reason
    try:
        with soundfile.SoundFile(path) as file:
            if file.frames == 0:
                return NO_SAMPLES
            if whole and not all(
                np.isfinite(block).all() for block in file.blocks(blocksize=1 << 20)
            ):
                return NOT_FINITE
            return file.samplerate, file.frames / file.samplerate
    except (OSError, RuntimeError) as error:
        return reason_of(path, error)


def cut_off(path: Path) -> str:
    """Of a .wav file that ends before its samples do, which libsndfile overlooks, what it lacks;
    empty for all others."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            start = stream.read(12)
            if start[:4] != b"RIFF" or start[8:] != b"WAVE":
                return ""
            while len(head := stream.read(8)) == 8:
                length = int.from_bytes(head[4:], "little")
                if head[:4] == b"data":
                    lacking = length - (size - stream.tell())
                    # What records as it writes leaves the largest number there, or nearly that.
                    if length >= STREAMED or lacking <= 1:  # one byte pads an odd length
                        return ""
                    return f"is cut off: {lacking:,} of {length:,} bytes lack"
                stream.seek(length + length % 2, 1)
    except OSError:
        return ""  # whoever reads it says why
    return ""


def reason_of(path: Path, error: Exception) -> str:
    reason = no_file(path)
    if reason:
        return reason
    text = " ".join(str(error).split()).rpartition(": ")[2].rstrip(".")
    return f"is no sound, or damaged ({text})"


def samples_of(path: Path, settings: SoundPreprocessing, *, is_known: bool = True) -> NDArray[Any]:
    """Mono float32 of the rate and the length of `settings`, shape (samples,).

    Args:
        path: the file.
        settings: of the model.
        is_known: whether `opened` looked at it; others may be empty or cut off.

    Raises:
        DataError: it cannot be read.
    """
    import numpy as np
    import soundfile

    rate = settings.inputs.sample_rate
    reason = "" if is_known else no_file(path) or cut_off(path)
    if reason:
        raise DataError(f"{path} {reason}.", hint=REPLACE)
    try:
        with soundfile.SoundFile(path) as file:
            if file.frames == 0:
                raise DataError(f"{path} {NO_SAMPLES}.", hint=REPLACE)
            wanted = math.ceil(settings.samples / rate * file.samplerate) + file.samplerate
            channels = file.read(wanted, dtype="float32", always_2d=True)
            recorded = file.samplerate
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{path} {reason_of(path, error)}.",
            hint=REPLACE,
        ) from error
    samples = channels.mean(axis=1)
    if not np.isfinite(samples).all():
        raise DataError(f"{path} {NOT_FINITE}.", hint=REPLACE)
    if recorded != rate:
        from scipy.signal import resample_poly

        common = math.gcd(recorded, rate)
        samples = resample_poly(samples, rate // common, recorded // common).astype(np.float32)
    return fitted_length(samples, settings.samples)
