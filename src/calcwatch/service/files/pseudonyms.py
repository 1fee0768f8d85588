"""Pseudonyms from a secret: the same person and UID, the same pseudonym, and no way back without it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from calcwatch.formats.dicom.deidentify.deidentify import Identity, Pseudonym

_SHIFTS = range(365, 3650)
"""How many days dates may be moved into the past: a year to ten."""


def new_secret(seed: int | None) -> bytes:
    """A secret that nobody knows, or that of a seed: whoever knows the seed can tell who is who."""
    return secrets.token_bytes(32) if seed is None else hashlib.sha256(f"calcwatch {seed}".encode()).digest()


@dataclass
class Pseudonyms:
    """Pseudonyms of one secret.

    A class because it remembers who was asked for: ``patients`` is what a key file keeps, the original
    Patient ID (or what stands for it) -> pseudonym.
    """

    secret: bytes
    patients: dict[str, Pseudonym] = field(default_factory=dict)

    def identity_of(self, person: str) -> Identity:
        """What takes the place of a person's identity."""
        known = self.patients.get(person)
        if known is None:
            known = self.patients[person] = self._pseudonym(person)
        return Identity(known, self.map_uid)

    def map_uid(self, uid: str) -> str:
        """The UID that takes the place of one, from a UUID (PS3.5 B.2)."""
        return f"2.25.{int.from_bytes(self._digest('uid', uid)[:16], 'big') | 1 << 127}"

    def lookalike_kind(self, kind: str, word: str) -> str:
        """A word that stands for another: the same, but nothing can be read off it."""
        return base64.b32encode(self._digest(kind, word)).decode()[:10]

    def _pseudonym(self, person: str) -> Pseudonym:
        number = int.from_bytes(self._digest("shift", person)[:8], "big")
        return Pseudonym(f"P-{self.lookalike_kind('patient', person)}", -_SHIFTS[number % len(_SHIFTS)])

    def _digest(self, kind: str, word: str) -> bytes:
        return hmac.digest(self.secret, f"{kind}/{word}".encode("utf-8", "surrogateescape"), "sha256")
