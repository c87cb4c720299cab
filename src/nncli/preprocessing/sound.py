"""Preprocessing of sound: to one length, and to the logarithm of a mel spectrogram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from nncli.descriptions import Features, SoundInput
from nncli.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SoundPreprocessing", "cached_input", "features", "front", "shortest", "spectrogram"]
__all__ += ["spectrogram_array"]

# Windows of 25 ms every 10 ms: what speech recognition has used since the 1980s (HTK, Kaldi).
WINDOW_SECONDS = 0.025
STEP_SECONDS = 0.010
SMALLEST_POWER = 1e-6
LOWEST_HERTZ = 20.0


class SoundPreprocessing(Settings):
    """Sound: what is done to it, in plain values."""

    kind: Literal["sound"] = "sound"
    inputs: SoundInput
    samples: int = Field(ge=1, description="Length; longer sound is cut, shorter gets silence.")
    mel_bins: int = Field(ge=1, description="Frequency bands.")

    @property
    def step(self) -> int:
        """Samples from one window to the next."""
        return max(1, round(self.inputs.sample_rate * STEP_SECONDS))

    @property
    def frames(self) -> int:
        """Windows of one sound."""
        return 1 + self.samples // self.step

    def __str__(self) -> str:
        seconds = self.samples / self.inputs.sample_rate
        picture = f"{self.mel_bins} mel bands in {self.frames:,} windows"
        return f"brought to {seconds:.2g} s, logarithm of {picture}"


def _window(sample_rate: int) -> int:
    return max(2, round(sample_rate * WINDOW_SECONDS))


def shortest(sample_rate: int) -> int:
    """Samples that a spectrogram takes at least: those of one Fourier transform."""
    return 1 << (_window(sample_rate) - 1).bit_length()


def features(settings: SoundPreprocessing) -> Features:
    """A picture of frequencies over time: float32 (mel bins, frames, 1)."""
    return Features(kind="spectrogram", shape=(settings.mel_bins, settings.frames, 1))


def cached_input(settings: SoundPreprocessing) -> Any:
    """The Keras input of cached spectrograms."""
    import keras

    return keras.Input(features(settings).shape, name="spectrogram")


def spectrogram(settings: SoundPreprocessing, samples: Any) -> Any:
    """The picture of sound that has its length, (batch, samples) -> (batch, bins, frames, 1).

    Each has mean 0 and deviation 1, so that loudness does not matter.
    """
    import keras
    from keras import ops

    window = _window(settings.inputs.sample_rate)
    layer = keras.layers.MelSpectrogram(
        fft_length=shortest(settings.inputs.sample_rate),
        sequence_stride=settings.step,
        sequence_length=window,
        sampling_rate=settings.inputs.sample_rate,
        num_mel_bins=settings.mel_bins,
        min_freq=LOWEST_HERTZ,
        power_to_db=False,
        dtype="float32",
        name="mel_spectrogram",
    )
    # Keras's decibels are relative to the loudest of the batch: an answer would depend on others.
    logarithm = ops.log(ops.add(layer(samples), SMALLEST_POWER))
    mean = ops.mean(logarithm, axis=(1, 2), keepdims=True)
    deviation = ops.std(logarithm, axis=(1, 2), keepdims=True)
    scaled = ops.divide(ops.subtract(logarithm, mean), ops.add(deviation, 1e-3))
    return ops.expand_dims(scaled[:, :, : settings.frames], -1)


def spectrogram_array(settings: SoundPreprocessing, samples: NDArray[Any]) -> NDArray[np.float32]:
    """The picture of one sound, (samples,) -> (bins, frames, 1), in NumPy: what `spectrogram` gives
    to about 1e-3, for whoever only wants to look and need not wait for TensorFlow."""
    import numpy as np

    rate, step = settings.inputs.sample_rate, settings.step
    window, length = _window(rate), shortest(rate)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    before = (length - window) // 2
    weights = np.pad(hann, (before, length - window - before))
    around = np.pad(samples.astype(np.float64), length // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(around, length)[::step]
    power = np.abs(np.fft.rfft(frames * weights)) ** 2
    logarithm = np.log(power @ _mel_bands(settings, length) + SMALLEST_POWER).T
    scaled = (logarithm - logarithm.mean()) / (logarithm.std() + 1e-3)
    picture: NDArray[np.float32] = scaled[:, : settings.frames, np.newaxis].astype(np.float32)
    return picture


def _mel_bands(settings: SoundPreprocessing, length: int) -> NDArray[np.float64]:
    """How much of each frequency of a transform of `length` each band takes, shape (frequencies,
    bands): triangles in mels, as HTK has them and Keras after it."""
    import numpy as np

    rate = settings.inputs.sample_rate

    def mels(hertz: Any) -> Any:
        return 1127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0)

    frequencies = mels(np.linspace(0.0, rate / 2, length // 2 + 1))[:, np.newaxis]
    edges = np.linspace(mels(LOWEST_HERTZ), mels(rate // 2), settings.mel_bins + 2)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies - lower) / (centre - lower)
    falling = (upper - frequencies) / (upper - centre)
    bands: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    return bands


def front(settings: SoundPreprocessing) -> tuple[Any, Any]:
    """Sound of any length as a Keras input, and its spectrogram."""
    import keras
    from keras import ops

    start = keras.Input((None,), name="sound")
    whole = ops.pad(start, [[0, 0], [0, settings.samples]])[:, : settings.samples]
    return start, spectrogram(settings, whole)
