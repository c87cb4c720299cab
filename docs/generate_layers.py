"""Writes `src/nncli/models/keras_layers.json`: the layers of Keras that can stand in a list.

Run after an update of Keras: `python docs/generate_layers.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

from nncli.models.layer_table import PLACE, of_keras

FILE = Path(__file__).parent.parent / "src" / "nncli" / "models" / PLACE

if __name__ == "__main__":
    found = of_keras()
    parts = []
    for part, entries in found.items():
        lines = [f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items()]
        parts.append(json.dumps(part) + ": {\n" + ",\n".join(lines) + "\n}")
    FILE.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")
