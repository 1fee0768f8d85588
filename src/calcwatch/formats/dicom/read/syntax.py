"""Transfer syntaxes: which are read, by which decoder, and which lose information."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

_NATIVE = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)

_PACKAGES = {"gdcm": "python-gdcm", "pylibjpeg": "pylibjpeg pylibjpeg-openjpeg"}
"""Plug-ins of pydicom that are not called as the packages that hold them."""


@dataclass(frozen=True)
class Codec:
    """How one encapsulated transfer syntax is decoded.

    Attributes:
        plugin: The pydicom decoding plug-in, chosen by measured speed.
        family: Kind of bit stream: ``jpeg``, ``jpeg-ls``, ``jpeg2000`` or ``rle``.
        may_lose: Whether the syntax admits streams that lost information.
        max_bits: The most bits a pixel that the plug-in decodes.

    """

    plugin: str
    family: str
    may_lose: bool = False
    max_bits: int = 16

    @property
    def packages(self) -> str:
        """Names of the packages that hold the plug-in, as ``pip install`` takes them."""
        return _PACKAGES.get(self.plugin, self.plugin)


_CODECS = {
    JPEGBaseline8Bit: Codec("gdcm", "jpeg", may_lose=True, max_bits=8),
    JPEGExtended12Bit: Codec("gdcm", "jpeg", may_lose=True, max_bits=8),
    JPEGLossless: Codec("gdcm", "jpeg"),
    JPEGLosslessSV1: Codec("gdcm", "jpeg"),
    JPEGLSLossless: Codec("pyjpegls", "jpeg-ls"),
    JPEGLSNearLossless: Codec("pyjpegls", "jpeg-ls", may_lose=True),
    JPEG2000Lossless: Codec("pylibjpeg", "jpeg2000"),
    JPEG2000: Codec("pylibjpeg", "jpeg2000", may_lose=True),
    HTJ2KLossless: Codec("pylibjpeg", "jpeg2000"),
    HTJ2KLosslessRPCL: Codec("pylibjpeg", "jpeg2000"),
    HTJ2K: Codec("pylibjpeg", "jpeg2000", may_lose=True),
    # pylibjpeg-rle is faster, but a damaged stream makes it panic past every handler of errors.
    RLELossless: Codec("pydicom", "rle"),
}


def is_native(transfer_syntax: str) -> bool:
    """Whether pixels of a transfer syntax are stored uncompressed, deflated data sets included.

    Args:
        transfer_syntax: Its UID.

    Returns:
        Yes or no.

    """
    return transfer_syntax in _NATIVE


def codec_of(transfer_syntax: str) -> Codec | None:
    """How an encapsulated transfer syntax is decoded.

    Args:
        transfer_syntax: Its UID.

    Returns:
        Its codec; ``None`` when the syntax is not read.

    """
    return _CODECS.get(UID(transfer_syntax))


def syntax_name(transfer_syntax: str) -> str:
    """The Standard's name of a transfer syntax.

    Args:
        transfer_syntax: Its UID.

    Returns:
        The name, or the UID itself when it is not a known one.

    """
    return UID(transfer_syntax).name
