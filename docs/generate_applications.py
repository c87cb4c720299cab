"""Writes `src/nncli/models/keras_applications.json`: the networks of `keras.applications`.

Run after an update of Keras: `python docs/generate_applications.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

from nncli.models.application_table import PLACE, of_keras

FILE = Path(__file__).parent.parent / "src" / "nncli" / "models" / PLACE

if __name__ == "__main__":
    entries = (f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in of_keras().items())
    FILE.write_text("{\n" + ",\n".join(entries) + "\n}\n", encoding="utf-8")
