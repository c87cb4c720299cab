"""What is said when there is not enough memory."""

from __future__ import annotations

import numpy as np
import pytest

from nncli.errors import TrainingError
from nncli.training.memory import explained_size


def test_weights_that_cannot_be_made_are_a_sentence() -> None:
    """The array is larger than any address space: no machine tries to make it in earnest."""
    with pytest.raises(TrainingError, match="not enough memory"), explained_size():
        np.zeros(2**61, np.uint8)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(KeyError), explained_size():
        raise KeyError("something else")
