"""Damage files in ways that are drawn from a seed, and give them to what reads them.

``python -m tests.fuzz.damage READER FIRST COUNT DIR OUT`` gives one reader so many files; without arguments
every reader is given thousands, and what came of them is printed (``make fuzz``).
"""

from __future__ import annotations

import json
import random
import re
import shutil
import struct
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from calcwatch.domain.errors import CalcwatchError
from calcwatch.domain.image import GivenAttributes
from calcwatch.formats.dicom.deidentify.deidentify import names_of
from calcwatch.formats.dicom.read.parse import parse_dicom
from calcwatch.formats.result.document import document_text
from calcwatch.image.analyze import check_image
from calcwatch.service.deidentify import clean_file
from calcwatch.service.files.find_images import find_images
from calcwatch.service.files.key_file import Pseudonyms
from calcwatch.service.files.open_image import open_image
from calcwatch.service.read_cad import read_cad_file
from calcwatch_lab.bench.speed import held_memory_mb
from tests.formats.dicom.make import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS_SV1,
    JPEG_LS,
    RLE,
    file_bytes,
    gradient,
    mammogram,
)
from tests.formats.dicom.test_read_cad_report import CLUSTER_SRT, INDIVIDUAL_SRT, center, finding, report
from tests.service.test_changed_results import document, read_everywhere

Damage = Callable[[random.Random, bytes, int], bytes]
"""Source of randomness, a whole file, and its first byte that may change -> a damaged one."""


def flip(rng: random.Random, content: bytes, first: int) -> bytes:
    """Some bytes become others."""
    damaged = bytearray(content)
    for _ in range(rng.choice((1, 4, 32, 256))):
        damaged[rng.randrange(first, len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def cut_off(rng: random.Random, content: bytes, first: int) -> bytes:
    """The file ends early."""
    return content[: rng.randrange(len(content))]


def wrong_length(rng: random.Random, content: bytes, first: int) -> bytes:
    """A length field says far too much, or that the length is undefined."""
    damaged = bytearray(content)
    at = rng.randrange(first, max(first + 1, min(len(damaged) - 4, 4000)))
    damaged[at : at + 4] = struct.pack("<I", rng.choice((0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 1 << 24)))
    return bytes(damaged)


def repeated(rng: random.Random, content: bytes, first: int) -> bytes:
    """A piece stands many times behind itself."""
    start = rng.randrange(first, len(content))
    piece = content[start : start + rng.choice((8, 64, 512))]
    return content[:start] + piece * rng.choice((2, 50, 500)) + content[start:]


def left_out(rng: random.Random, content: bytes, first: int) -> bytes:
    """A piece is missing."""
    start = rng.randrange(first, len(content))
    return content[:start] + content[start + rng.choice((1, 2, 8, 128)) :]


def swapped(rng: random.Random, content: bytes, first: int) -> bytes:
    """Two pieces have changed places."""
    size = rng.choice((2, 16, 128))
    one, other = sorted(rng.randrange(first, max(first + 1, len(content) - size)) for _ in range(2))
    parts = content[:one], content[other : other + size], content[one + size : other]
    return parts[0] + parts[1] + parts[2] + content[one : one + size] + content[other + size :]


def other_type(rng: random.Random, content: bytes, first: int) -> bytes:
    """A value representation in the header is another one."""
    kinds = [b"US", b"SQ", b"OB", b"UN", b"DS", b"FD", b"AT", b"LO", b"UI", b"PN"]
    places = [at for kind in kinds for at in all_places(content[:4000], kind)]
    if not places:
        return flip(rng, content, first)
    at = rng.choice(places)
    return content[:at] + rng.choice(kinds) + content[at + 2 :]


def all_places(content: bytes, word: bytes) -> list[int]:
    found, at = [], content.find(word, 132)
    while at >= 0:
        found.append(at)
        at = content.find(word, at + 1)
    return found


def nested(rng: random.Random, content: bytes, first: int) -> bytes:
    """Sequences within sequences of undefined length, hundreds deep, before the pixels."""
    depth = rng.choice((50, 500, 5000))
    opening = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    at = content.find(struct.pack("<HH", 0x7FE0, 0x0010))
    at = len(content) if at < 0 else at
    return content[:at] + opening * depth + content[at:]


def other_value(rng: random.Random, content: bytes, first: int) -> bytes:
    """A word or number of a text becomes another that no program writes."""
    words = [found.span() for found in re.finditer(rb'"[^"]*"|-?[0-9][0-9.e+-]*|[A-Za-z_]+', content)]
    if not words:
        return flip(rng, content, first)
    start, end = rng.choice(words)
    values = (
        b"null",
        b"-1",
        b"1e400",
        b"NaN",
        b'""',
        b"[]",
        b"{}",
        b'"\\ud800"',
        b"9" * 400,
        b"=1+1",
        b"\0",
        b"0,07",
    )
    return content[:start] + rng.choice(values) + content[end:]


OF_BYTES: tuple[Damage, ...] = (flip, cut_off, wrong_length, repeated, left_out, swapped)
OF_DICOM: tuple[Damage, ...] = (*OF_BYTES, other_type, nested)
OF_TEXT: tuple[Damage, ...] = (flip, cut_off, repeated, left_out, swapped, other_value, other_value)


def images() -> list[bytes]:
    """Whole mammograms in several transfer syntaxes."""
    syntaxes = (EXPLICIT, IMPLICIT, DEFLATED, BIG_ENDIAN, RLE, JPEG_LS, JPEG_LOSSLESS_SV1, JPEG_2000_LOSSLESS)
    return [file_bytes(mammogram(gradient(96, 128)), one) for one in syntaxes]


def cad_reports() -> list[bytes]:
    """Whole CAD reports."""
    members = [finding(INDIVIDUAL_SRT, center(n, n), relation="INFERRED FROM") for n in range(12)]
    many = [finding(CLUSTER_SRT, center(4 * n, n), *members) for n in range(4)]
    return [report(*many), report(*many, syntax=IMPLICIT), report()]


def pictures() -> list[bytes]:
    """Whole pictures: PNG, TIFF and PGM, of 8 and of 16 bits."""
    gray = gradient(96, 128)
    found = []
    for values in (gray.astype(np.uint16), (gray >> 4).astype(np.uint8)):
        for name in ("PNG", "TIFF", "PPM"):
            file = BytesIO()
            Image.fromarray(values).save(file, name)
            found.append(file.getvalue())
    plain = "\n".join(" ".join(map(str, row)) for row in (gray >> 4).tolist())
    return [*found, f"P2\n# a comment\n128 96\n255\n{plain}\n".encode()]


def tables() -> list[bytes]:
    """Tables of images, as two kinds of spreadsheet write them."""
    rows = "file,patient_id,study_date,image_laterality,view_position,pixel_spacing_mm\n" + "".join(
        f"{number}.png,P{number},2020-01-0{number},L,CC,0.07\n" for number in range(1, 10)
    )
    european = rows.replace("0.07", "0,07x").replace(",", ";").replace("0;07x", "0,07")
    return [rows.encode(), b"\xef\xbb\xbf" + european.replace("\n", "\r\n").encode()]


def read_image(path: Path) -> None:
    """What ``calcwatch analyze`` does before it analyzes."""
    check_image(open_image(path, GivenAttributes()))


def read_picture(path: Path) -> None:
    """The same of a picture, whose pixel spacing is stated."""
    check_image(open_image(path, GivenAttributes(pixel_spacing_mm=0.07)))


def clean(path: Path) -> None:
    """What ``calcwatch deidentify`` does with a file; here, since a process apart could hide what broke."""
    content = path.read_bytes()
    try:
        names = names_of(parse_dicom(content).dataset) or {"nobody"}
        clean_file(path, Pseudonyms(b"fuzz").identity_of(*names), black_out=len(content) % 2 == 0)
    except CalcwatchError as refused:
        raise CalcwatchError(f"{path}: {refused}") from refused


def read_result(path: Path) -> None:
    """What explain, export and compare do with a result; its file lies in a folder of that name."""
    folder = path.with_suffix(".result")
    folder.mkdir(exist_ok=True)
    path.replace(folder / "findings.json")
    path.touch()
    read_everywhere(folder)


@dataclass(frozen=True)
class Reader:
    """Something that reads files of strangers.

    Attributes:
        read: Reads one; may raise ``CalcwatchError`` alone.
        whole: Makes whole files to damage.
        damages: How they are damaged.
        suffix: What the files are called.
        first: First byte that may change.
        is_named: Whether a refusal names the file and, after a semicolon, the remedy.
    """

    read: Callable[[Path], object]
    whole: Callable[[], list[bytes]]
    damages: tuple[Damage, ...]
    suffix: str
    first: int
    is_named: bool = True


READERS: dict[str, Reader] = {
    "image": Reader(read_image, images, OF_DICOM, ".dcm", 132),
    "cad": Reader(read_cad_file, cad_reports, OF_DICOM, ".dcm", 132),
    "clean": Reader(clean, lambda: [*images(), *cad_reports()], OF_DICOM, ".dcm", 132),
    "picture": Reader(read_picture, pictures, OF_BYTES, ".bin", 4),
    "result": Reader(
        read_result, lambda: [document_text(document()).encode()], OF_TEXT, ".json", 0, is_named=False
    ),
    "table": Reader(
        lambda path: find_images([], path, GivenAttributes()), tables, OF_TEXT, ".csv", 0, is_named=False
    ),
}

EACH = 3500
"""Files that ``make fuzz`` gives each reader."""


def read_damaged(name: str, seeds: range, folder: Path) -> dict[str, Any]:
    """Give damaged files to a reader.

    Returns:
        How many were read and refused, each crash with its seed, refusals without a remedy, and what it took.
    """
    reader = READERS[name]
    whole = reader.whole()
    crashes: list[str] = []
    without_remedy: list[str] = []
    slowest, answered, refused = 0.0, 0, 0
    for seed in seeds:
        rng = random.Random(seed)
        damage = reader.damages[seed % len(reader.damages)]
        path = folder / f"{seed}{reader.suffix}"
        path.write_bytes(damage(rng, whole[rng.randrange(len(whole))], reader.first))
        started = time.monotonic()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reader.read(path)
            answered += 1
        except CalcwatchError as error:
            refused += 1
            is_told = str(path) in str(error) and ";" in str(error).replace(str(path), "")
            if reader.is_named and not is_told:
                without_remedy.append(f"{seed}: {error}")
        except Exception:
            crashes.append(f"{seed}: {traceback.format_exc(limit=-3)}")
        slowest = max(slowest, time.monotonic() - started)
        path.unlink()
        # a command is another process each time: its folders are gone as well
        shutil.rmtree(path.with_suffix(".result"), ignore_errors=True)
    return {
        "read": answered,
        "refused": refused,
        "crashes": crashes,
        "without_remedy": without_remedy,
        "slowest_seconds": slowest,
        "peak_bytes": held_memory_mb() * 2**20,
    }


def every_reader() -> int:
    """Give every reader its thousands, two at a time; print a line each; 1 where something broke."""
    broken = 0
    started = time.monotonic()
    with TemporaryDirectory() as folder, ThreadPoolExecutor(2) as runs:
        for name, found in zip(READERS, runs.map(partial(_apart, Path(folder)), READERS), strict=True):
            broken += len(found["crashes"])
            print(  # noqa: T201
                f"{name}: {found['read']} read, {found['refused']} refused, {len(found['crashes'])} crashes, "
                f"slowest {found['slowest_seconds']:.2f} s, {found['peak_bytes'] / 2**20:.0f} MB",
                *found["crashes"][:20],
                sep="\n",
                flush=True,
            )
    print(f"seeds 0 to {EACH - 1} each, {time.monotonic() - started:.0f} s")  # noqa: T201
    return 1 if broken else 0


def _apart(folder: Path, name: str) -> dict[str, Any]:
    own, told = folder / name, folder / f"{name}.json"
    own.mkdir()
    subprocess.run(
        [sys.executable, "-m", "tests.fuzz.damage", name, "0", str(EACH), str(own), str(told)], check=True
    )
    found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    return found


def main(name: str, first: int, count: int, folder: Path, told: Path) -> None:
    """Read every damaged file; write what came of them."""
    found = read_damaged(name, range(first, first + count), folder)
    told.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        raise SystemExit(every_reader())
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), Path(sys.argv[5]))
