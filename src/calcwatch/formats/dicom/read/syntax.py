"""Transfer syntaxes: which are read, by which decoder, and which lose information."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.uid import UID

DEFLATED = UID("1.2.840.10008.1.2.1.99")
"""Deflated Explicit VR Little Endian (PS3.5 A.5): everything after the file meta is one deflated stream."""

BIG_ENDIAN = UID("1.2.840.10008.1.2.2")
"""Explicit VR Big Endian, retired and still found in archives."""

_NATIVE = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", BIG_ENDIAN, DEFLATED})


@dataclass(frozen=True)
class Codec:
    """How one encapsulated transfer syntax is decoded.

    ``plugin``: the pydicom decoding plug-in, chosen by measured speed. ``family``: the bit stream's kind,
    ``jpeg``, ``jpeg-ls``, ``jpeg2000`` or ``rle``. ``may_lose``: the syntax admits lossy streams.
    ``max_bits``: the most bits the plug-in decodes.
    """

    plugin: str
    family: str
    may_lose: bool = False
    max_bits: int = 16

    @property
    def packages(self) -> str:
        """Names of the packages that hold the plug-in, as ``pip install`` takes them."""
        return _PACKAGES.get(self.plugin, self.plugin)


_PACKAGES = {"gdcm": "python-gdcm", "pylibjpeg": "pylibjpeg pylibjpeg-openjpeg"}
_CODECS = {
    "1.2.840.10008.1.2.4.50": Codec("gdcm", "jpeg", may_lose=True, max_bits=8),
    "1.2.840.10008.1.2.4.51": Codec("gdcm", "jpeg", may_lose=True, max_bits=8),
    "1.2.840.10008.1.2.4.57": Codec("gdcm", "jpeg"),
    "1.2.840.10008.1.2.4.70": Codec("gdcm", "jpeg"),
    "1.2.840.10008.1.2.4.80": Codec("pyjpegls", "jpeg-ls"),
    "1.2.840.10008.1.2.4.81": Codec("pyjpegls", "jpeg-ls", may_lose=True),
    "1.2.840.10008.1.2.4.90": Codec("pylibjpeg", "jpeg2000"),
    "1.2.840.10008.1.2.4.91": Codec("pylibjpeg", "jpeg2000", may_lose=True),
    "1.2.840.10008.1.2.4.201": Codec("pylibjpeg", "jpeg2000"),
    "1.2.840.10008.1.2.4.202": Codec("pylibjpeg", "jpeg2000"),
    "1.2.840.10008.1.2.4.203": Codec("pylibjpeg", "jpeg2000", may_lose=True),
    # pylibjpeg-rle is faster, but a damaged stream makes it panic past every handler of errors.
    "1.2.840.10008.1.2.5": Codec("pydicom", "rle"),
}


def is_native(transfer_syntax: str) -> bool:
    """Tell whether pixels of this transfer syntax are stored uncompressed (deflated data sets included)."""
    return transfer_syntax in _NATIVE


def codec_of(transfer_syntax: str) -> Codec | None:
    """Return how to decode an encapsulated transfer syntax, or ``None`` when it is not read."""
    return _CODECS.get(transfer_syntax)


def syntax_name(transfer_syntax: str) -> str:
    """Return the Standard's name of a transfer syntax, or the UID itself when it is not a known one."""
    return UID(transfer_syntax).name
