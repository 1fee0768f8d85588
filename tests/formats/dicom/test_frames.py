"""Multi-frame images: frame by frame, with the memory of one frame."""

from __future__ import annotations

import tracemalloc
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from calcwatch.domain.errors import UnreadableImage
from calcwatch.formats.dicom.read.mammogram import read_frames
from tests.formats.dicom.make import (
    DEFLATED,
    EXPLICIT,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS_SV1,
    JPEG_LS,
    RLE,
    TOMOSYNTHESIS,
    attributes,
    file_bytes,
    gradient,
    mammogram,
)


def tomosynthesis(
    frames: int, rows: int = 64, columns: int = 72
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    return np.stack([gradient(rows, columns, 1000 + 300 * frame) for frame in range(frames)])


@pytest.mark.parametrize("syntax", [EXPLICIT, JPEG_LS, JPEG_LOSSLESS_SV1, JPEG_2000_LOSSLESS, RLE])
def test_frames_in_order(syntax: str) -> None:
    """Each frame of a tomosynthesis image is read in order, in native and compressed syntaxes."""
    pixels = tomosynthesis(5)
    content = file_bytes(mammogram(pixels, SOPClassUID=TOMOSYNTHESIS), syntax)
    found = list(read_frames(BytesIO(content), "dbt.dcm"))
    expected = np.clip((pixels - 2047.5) / 4095 + 0.5, 0, 1)
    np.testing.assert_allclose(np.stack(found), expected, atol=1e-6)


def test_window_of_each_frame() -> None:
    """The window of all frames or of one frame, in the functional groups, is the one applied."""
    pixels = tomosynthesis(2)
    window = attributes(FrameVOILUTSequence=[attributes(WindowCenter=500, WindowWidth=200)])
    own = [attributes(), attributes(FrameVOILUTSequence=[attributes(WindowCenter=900, WindowWidth=100)])]
    dataset = mammogram(
        pixels,
        SOPClassUID=TOMOSYNTHESIS,
        WindowCenter=None,
        WindowWidth=None,
        SharedFunctionalGroupsSequence=[window],
        PerFrameFunctionalGroupsSequence=own,
    )
    first, second = read_frames(BytesIO(file_bytes(dataset)), "dbt.dcm")
    np.testing.assert_allclose(first, np.clip((pixels[0] - 499.5) / 199 + 0.5, 0, 1), atol=1e-6)
    np.testing.assert_allclose(second, np.clip((pixels[1] - 899.5) / 99 + 0.5, 0, 1), atol=1e-6)


@pytest.mark.parametrize("syntax", [EXPLICIT, JPEG_LS])
def test_memory_is_that_of_one_frame(tmp_path: Path, syntax: str) -> None:
    """Memory stays that of a few frames however many the file holds."""
    frames, rows, columns = 30, 400, 500
    path = tmp_path / "dbt.dcm"
    dataset = mammogram(tomosynthesis(frames, rows, columns), SOPClassUID=TOMOSYNTHESIS)
    path.write_bytes(file_bytes(dataset, syntax))
    del dataset
    one_frame = rows * columns * 4
    with path.open("rb") as stream:
        tracemalloc.start()
        count = sum(1 for _ in read_frames(stream, "dbt.dcm"))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert count == frames
    assert peak < 6 * one_frame + 3_000_000 < frames * one_frame


def test_frames_are_read_when_asked_for() -> None:
    """Nothing is decoded before it is asked for: the first frame of a cut-off file is still read."""
    content = file_bytes(mammogram(tomosynthesis(4), SOPClassUID=TOMOSYNTHESIS), JPEG_LS)
    frames = read_frames(BytesIO(content[: len(content) * 3 // 4]), "dbt.dcm")
    assert next(frames).shape == (64, 72)
    with pytest.raises(UnreadableImage, match=r"dbt\.dcm: the compressed pixels are truncated"):
        list(frames)


def test_deflated_stream_is_refused() -> None:
    """A deflated multi-frame file, which cannot be read in parts, is refused."""
    content = file_bytes(mammogram(tomosynthesis(2), SOPClassUID=TOMOSYNTHESIS), DEFLATED)
    with pytest.raises(UnreadableImage, match=r"dbt\.dcm: "):
        next(read_frames(BytesIO(content), "dbt.dcm"))
