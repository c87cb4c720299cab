"""The vector that is made of a table's row."""

from __future__ import annotations

import numpy as np

from nncli.descriptions import Column, TableInput
from nncli.preprocessing import features, table
from nncli.preprocessing.applying import Applied


def test_a_column_of_texts_without_a_word_is_as_wide_as_it_is_said_to_be() -> None:
    columns = (Column(name="size", kind="number"), Column(name="note", kind="text"))
    batch = {"size": np.array([1.0, 2.0], np.float32), "note": np.array(["", ""], object)}
    fitted = table.fit(TableInput(columns=columns), iter([batch]))
    assert fitted.words == {"note": ()}
    assert Applied(fitted)(batch).shape == (2, *features(fitted).shape)
