"""What ``import calcwatch`` offers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import calcwatch


def test_every_public_name_can_be_used() -> None:
    """Each name of ``__all__`` is there, documented, and listed by ``dir``."""
    for name in calcwatch.__all__:
        assert getattr(calcwatch, name).__doc__
        assert name in dir(calcwatch)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    """A misspelled name says which names there are."""
    with pytest.raises(AttributeError, match=r"has no 'analyse_image'.*analyze_image"):
        _ = getattr(calcwatch, "analyse_image")  # noqa: B009


def test_importing_costs_nothing() -> None:
    """No numerical or DICOM package is loaded before it is needed."""
    heavy = "{'numpy', 'cv2', 'scipy', 'pydicom', 'typer'}"
    code = f"import sys, calcwatch; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
