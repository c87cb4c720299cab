"""Preprocessing of sound: to one length, and to the logarithm of a mel spectrogram."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from nncli.descriptions import Features, SoundInput
from nncli.settings import Settings

__all__ = ["SoundPreprocessing", "cached_input", "features", "front", "shortest", "spectrogram"]

# Windows of 25 ms every 10 ms: what speech recognition has used since the 1980s (HTK, Kaldi).
WINDOW_SECONDS = 0.025
STEP_SECONDS = 0.010
SMALLEST_POWER = 1e-6


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
        min_freq=20.0,
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


def front(settings: SoundPreprocessing) -> tuple[Any, Any]:
    """Sound of any length as a Keras input, and its spectrogram."""
    import keras
    from keras import ops

    start = keras.Input((None,), name="sound")
    whole = ops.pad(start, [[0, 0], [0, settings.samples]])[:, : settings.samples]
    return start, spectrogram(settings, whole)
