"""Damage DICOM files in ways that are drawn from a seed, and give them to a reader: ``READER N DIR OUT``."""

from __future__ import annotations

import json
import random
import struct
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

from calcwatch.domain.errors import CalcwatchError
from calcwatch.domain.image import GivenAttributes
from calcwatch.image.analyze import check_image
from calcwatch.service.deidentify import deidentify_files
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

Damage = Callable[[random.Random, bytes], bytes]


def flip(rng: random.Random, content: bytes) -> bytes:
    """Some bytes become others."""
    damaged = bytearray(content)
    for _ in range(rng.choice((1, 4, 32, 256))):
        damaged[rng.randrange(132, len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def cut_off(rng: random.Random, content: bytes) -> bytes:
    """The file ends early."""
    return content[: rng.randrange(len(content))]


def wrong_length(rng: random.Random, content: bytes) -> bytes:
    """A length field says far too much, or that the length is undefined."""
    damaged = bytearray(content)
    at = rng.randrange(132, max(133, min(len(damaged) - 4, 4000)))
    damaged[at : at + 4] = struct.pack("<I", rng.choice((0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 1 << 24)))
    return bytes(damaged)


def repeated(rng: random.Random, content: bytes) -> bytes:
    """A piece stands many times behind itself."""
    start = rng.randrange(132, len(content))
    piece = content[start : start + rng.choice((8, 64, 512))]
    return content[:start] + piece * rng.choice((2, 50, 500)) + content[start:]


def left_out(rng: random.Random, content: bytes) -> bytes:
    """A piece is missing."""
    start = rng.randrange(132, len(content))
    return content[:start] + content[start + rng.choice((1, 2, 8, 128)) :]


def swapped(rng: random.Random, content: bytes) -> bytes:
    """Two pieces have changed places."""
    size = rng.choice((2, 16, 128))
    one, other = sorted(rng.randrange(132, max(133, len(content) - size)) for _ in range(2))
    parts = content[:one], content[other : other + size], content[one + size : other]
    return parts[0] + parts[1] + parts[2] + content[one : one + size] + content[other + size :]


def other_type(rng: random.Random, content: bytes) -> bytes:
    """A value representation in the header is another one."""
    kinds = [b"US", b"SQ", b"OB", b"UN", b"DS", b"FD", b"AT", b"LO", b"UI", b"PN"]
    places = [at for kind in kinds for at in all_places(content[:4000], kind)]
    if not places:
        return flip(rng, content)
    at = rng.choice(places)
    return content[:at] + rng.choice(kinds) + content[at + 2 :]


def all_places(content: bytes, word: bytes) -> list[int]:
    found, at = [], content.find(word, 132)
    while at >= 0:
        found.append(at)
        at = content.find(word, at + 1)
    return found


def nested(rng: random.Random, content: bytes) -> bytes:
    """Sequences within sequences of undefined length, hundreds deep, before the pixels."""
    depth = rng.choice((50, 500, 5000))
    opening = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    at = content.find(struct.pack("<HH", 0x7FE0, 0x0010))
    at = len(content) if at < 0 else at
    return content[:at] + opening * depth + content[at:]


DAMAGES: tuple[Damage, ...] = (
    flip,
    cut_off,
    wrong_length,
    repeated,
    left_out,
    swapped,
    other_type,
    nested,
)


def images() -> list[bytes]:
    """Whole mammograms in several transfer syntaxes."""
    syntaxes = (EXPLICIT, IMPLICIT, DEFLATED, BIG_ENDIAN, RLE, JPEG_LS, JPEG_LOSSLESS_SV1, JPEG_2000_LOSSLESS)
    return [file_bytes(mammogram(gradient(96, 128)), one) for one in syntaxes]


def cad_reports() -> list[bytes]:
    """Whole CAD reports."""
    members = [finding(INDIVIDUAL_SRT, center(n, n), relation="INFERRED FROM") for n in range(12)]
    many = [finding(CLUSTER_SRT, center(4 * n, n), *members) for n in range(4)]
    return [report(*many), report(*many, syntax=IMPLICIT), report()]


def read_image(path: Path) -> None:
    """What ``calcwatch analyze`` does before it analyzes."""
    check_image(open_image(path, GivenAttributes()))


def clean(path: Path) -> None:
    """What ``calcwatch deidentify`` does with a file."""
    for refused in deidentify_files(path, path.with_suffix(".out")).refused:
        raise CalcwatchError(f"{refused.source}: {refused.message}")


READERS: dict[str, Callable[[Path], object]] = {"image": read_image, "cad": read_cad_file, "clean": clean}


def main(reader: str, count: int, folder: Path, told: Path) -> None:
    """Read every damaged file; write what came of them."""
    whole = [*(images() if reader != "cad" else ()), *(cad_reports() if reader != "image" else ())]
    read = READERS[reader]
    crashes: list[str] = []
    without_remedy: list[str] = []
    slowest, answered, refused = 0.0, 0, 0
    for seed in range(count):
        rng = random.Random(seed)
        content = DAMAGES[seed % len(DAMAGES)](rng, whole[rng.randrange(len(whole))])
        path = folder / f"{seed}.dcm"
        path.write_bytes(content)
        started = time.monotonic()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read(path)
            answered += 1
        except CalcwatchError as error:
            refused += 1
            if str(path) not in str(error) or ";" not in str(error).replace(str(path), ""):
                without_remedy.append(f"{seed}: {error}")
        except Exception:
            crashes.append(f"{seed}: {traceback.format_exc(limit=-3)}")
        slowest = max(slowest, time.monotonic() - started)
        path.unlink()
    found = {
        "read": answered,
        "refused": refused,
        "crashes": crashes,
        "without_remedy": without_remedy,
        "slowest_seconds": slowest,
        "peak_bytes": held_memory_mb() * 2**20,
    }
    told.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
