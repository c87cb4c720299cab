"""Opening files of Keras."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from nncli.errors import ModelFileError
from nncli.preprocessing import archive


def test_layers_of_keras_hub_without_it_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    path = tmp_path / "hub.keras"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("config.json", '{"module": "keras_hub.src.models.vit.vit_layers"}')
    with pytest.raises(ModelFileError, match="KerasHub, which is not installed") as caught:
        archive.open_model(path)
    assert "nncli[hub]" in (caught.value.hint or "")
