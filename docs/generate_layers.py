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
    lines = (f"  {json.dumps(name)}: {json.dumps(a)}" for name, a in found["layers"].items())
    layers = ",\n".join(lines)
    names = json.dumps(found["activations"])
    FILE.write_text(f'{{"layers": {{\n{layers}\n}},\n"activations": {names}}}\n', encoding="utf-8")
