"""Opening files of Keras."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from nncli.errors import ModelFileError
from nncli.preprocessing import archive


@pytest.mark.parametrize("member", ["nncli.json", "config.json"])
def test_no_flipped_byte_of_a_member_is_a_traceback(tmp_path: Path, member: str) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("config.json", '{"config": {"layers": [{"name": "unit"}]}}' + " " * 300)
        made.writestr("nncli.json", '{"format": 2, "nncli": "0.1.0"}' + " " * 300)
    whole = path.read_bytes()
    begin = whole.index(member.encode()) + len(member)
    with zipfile.ZipFile(path) as made:
        size = made.getinfo(member).compress_size
    for place in range(begin, begin + size):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        if member == "nncli.json":
            with pytest.raises(ModelFileError):
                archive.describe(path)
        else:
            archive.has_layer(path, "unit")


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
