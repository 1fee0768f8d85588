"""``python -m tests.golden``: store the answers of every test module of this folder that has some."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from tests.golden.stored import Golden, store

for path in sorted(Path(__file__).parent.glob("test_*.py")):
    golden = getattr(import_module(f"tests.golden.{path.stem}"), "GOLDEN", None)
    if isinstance(golden, Golden):
        sys.stdout.write(store(golden) + "\n")
