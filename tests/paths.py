"""Where things lie: the checkout, and real images that are no part of it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

DATA = Path(os.environ.get("CALCWATCH_DATA", ROOT.parent / "shared" / "data"))
"""Real images, where there are any."""
