"""Running the preprocessing over recorded batches, on any backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nncli.preprocessing import (
    ArrayPreprocessing,
    ImagePreprocessing,
    Preprocessing,
    SoundPreprocessing,
    SubwordPreprocessing,
    TablePreprocessing,
    array,
    sound,
    table,
    text,
)
from nncli.preprocessing.subwords import Tokenizing

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Applied"]


class Applied:
    """Turns recorded batches into what the cache holds, with the layers that are saved.

    Images come in the size they are brought to, and sound in its length: whoever reads them does
    that one by one. Layers that take strings run here in front of the others, because a model
    cannot hold strings on JAX.
    """

    def __init__(self, settings: Preprocessing) -> None:
        import keras

        self.settings = settings
        self.strings: dict[str, Any] = {}
        self.tokenizing: Tokenizing | None = None
        self.model: Any = None
        match settings:
            case TablePreprocessing():
                self.strings = table.strings(settings)
                start = {
                    key: _numbered(key, self.strings.get(key), given)
                    for key, given in table.inputs_of(settings).items()
                }
                self.model = keras.Model(start, table.vector(settings, start))
            case SoundPreprocessing():
                samples = keras.Input((settings.samples,))
                self.model = keras.Model(samples, sound.spectrogram(settings, samples))
            case ArrayPreprocessing():
                self.model = keras.Model(*array.front(settings))
            case SubwordPreprocessing():
                self.tokenizing = Tokenizing(settings.tokenizer)
            case ImagePreprocessing():
                pass
            case _:
                self.strings = text.strings(settings)

    def __call__(self, batch: Any) -> NDArray[Any]:
        """`batch`: an array, or for a table a mapping of column names to arrays."""
        import numpy as np

        if isinstance(self.settings, ImagePreprocessing):
            return np.asarray(batch)
        if self.tokenizing is not None:
            assert isinstance(self.settings, SubwordPreprocessing)
            return self.tokenizing.packed(batch.tolist(), self.settings.length)
        if isinstance(batch, Mapping):
            assert isinstance(self.settings, TablePreprocessing)
            keys = table.keys(self.settings.inputs)
            batch = {keys[name]: self._looked_up(keys[name], batch[name]) for name in keys}
        elif self.model is None:
            return self._looked_up("text", batch).astype(np.int32)
        result: NDArray[Any] = np.asarray(self.model.predict_on_batch(batch))
        return result

    def _looked_up(self, key: str, values: NDArray[Any]) -> NDArray[Any]:
        import numpy as np

        if key not in self.strings:
            return values.astype(np.float32)
        import tensorflow as tf

        return np.asarray(self.strings[key](tf.constant(values.tolist(), tf.string)))


def _numbered(key: str, layer: Any, given: Any) -> Any:
    """The input of a column behind the layer that turns its strings into numbers."""
    import keras

    if layer is None:
        return given
    if hasattr(layer, "vocabulary_size") and type(layer).__name__ == "TextVectorization":
        return keras.Input((layer.vocabulary_size(),), name=key)
    return keras.Input((), dtype="int64", name=key)
