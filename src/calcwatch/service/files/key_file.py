"""Pseudonyms from a secret, and the encrypted file that can tell who is who, kept away from what it opens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from calcwatch.domain.errors import BadKeyFile
from calcwatch.formats.dicom.deidentify.deidentify import Identity, Pseudonym
from calcwatch.service.files.side_file import read_json_file

if sys.platform != "win32":
    import fcntl

PASSPHRASE = "CALCWATCH_KEY_PASSPHRASE"
"""Environment variable that holds the passphrase; never an option, which every user of the machine sees."""


_SHORTEST = 12  # characters of a passphrase: what is shorter is guessed in no time

_LONGEST_WAIT_SECONDS = 60.0  # for another run with the same key file: our choice
_POLL_SECONDS = 0.2

_SHIFTS = range(365, 3650)
"""Days by which dates may be moved into the past, a year to ten: our choice, within a woman's screening."""


def new_secret(seed: int | None) -> bytes:
    """Make a secret.

    Args:
        seed: ``None``: the secret is random and nobody knows it. With a number it can be made again, and
            whoever knows the number can tell who is who: for tests.

    Returns:
        32 bytes.

    """
    # A seed is for tests: it makes the secret as guessable as the number.
    return secrets.token_bytes(32) if seed is None else hashlib.sha256(f"calcwatch {seed}".encode()).digest()


@dataclass
class Pseudonyms:
    """Pseudonyms of one secret: the same person and UID, the same pseudonym, and no way back without it.

    A class because it remembers who was looked up: that is what a key file keeps.

    Attributes:
        secret: What pseudonyms are derived from; whoever has it can tell who is who.
        patients: Original Patient ID, or study, to pseudonym: all names of a woman have the same one.

    """

    secret: bytes
    patients: dict[str, Pseudonym] = field(default_factory=dict)

    def identity_of(self, *names: str) -> Identity:
        """Look up, or derive and remember, what takes the place of a person's identity.

        Args:
            *names: Everything that names her, original Patient IDs first: what one of them is known under,
                all are from now on.

        Returns:
            Her pseudonym with her shift of dates, and how UIDs are replaced.

        """
        pseudonym = next((self.patients[name] for name in names if name in self.patients), None)
        if pseudonym is None:
            # From the secret and the woman: every run shifts her alike, so intervals survive across exports.
            number = int.from_bytes(self._digest("shift", names[0])[:8], "big")
            patient_id = f"P-{self.stand_in('patient', names[0])}"
            pseudonym = Pseudonym(patient_id, -_SHIFTS[number % len(_SHIFTS)])
        self.patients.update(dict.fromkeys(names, pseudonym))
        # UIDs by a scheme that knows nobody: an identity is handed to a process that reads forged files.
        return Identity(pseudonym, Pseudonyms(self.secret).map_uid)

    def map_uid(self, uid: str) -> str:
        """Derive the UID that takes the place of one.

        Args:
            uid: The original UID.

        Returns:
            A UID of the scheme 2.25, derived from a UUID (PS3.5 B.2).

        """
        # The highest bit is set, so that all UIDs have about the same length and none starts with zeros.
        return f"2.25.{int.from_bytes(self._digest('uid', uid)[:16], 'big') | 1 << 127}"

    def stand_in(self, kind: str, word: str) -> str:
        """Derive a word that stands for another, from which nothing can be read off.

        Args:
            kind: What the word is of: the same word of another kind gives another one.
            word: The original.

        Returns:
            Ten characters, letters and digits.

        """
        # Base 32 has no lower case: the word survives file systems that do not tell case apart.
        return base64.b32encode(self._digest(kind, word)).decode()[:10]

    def _digest(self, kind: str, word: str) -> bytes:
        # Keyed: a plain hash of a Patient ID is undone by hashing all IDs there can be.
        return hmac.digest(self.secret, f"{kind}/{word}".encode("utf-8", "surrogateescape"), "sha256")


def read_key_file(path: Path) -> Pseudonyms:
    """Open a key file.

    Args:
        path: The file; its passphrase is read from the environment.

    Returns:
        The secret, and who was given which pseudonym.

    Raises:
        BadKeyFile: It cannot be read, is none, or the passphrase does not open it.

    """
    try:
        document = read_json_file(path)
        box = _box(base64.b64decode(document["salt"]))
        held = json.loads(box.decrypt(document["encrypted"].encode()))
        patients = {person: Pseudonym(*pseudonym) for person, pseudonym in held["patients"].items()}
        return Pseudonyms(base64.b64decode(held["secret"]), patients)
    # Fernet also authenticates: a changed file does not open.
    except InvalidToken as error:
        raise BadKeyFile(
            f"{path}: the passphrase in {PASSPHRASE} does not open this key file; "
            "set the one it was made with"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadKeyFile(
            f"{path}: this is no key file of calcwatch that can be read; give another --key-file, or leave "
            "it out"
        ) from error


@contextmanager
def locked_key(path: Path) -> Iterator[None]:
    """Hold a key file for this run alone, so that no other run forgets whom this one added.

    Args:
        path: The key file, whether it is there or not.

    Yields:
        Nothing; another run with the same key file waits for it, and gives up after a time.

    Raises:
        BadKeyFile: Another run holds it too long, or its folder cannot be written.

    """
    whole = _behind_links(path)
    lock = whole.with_name(f".{whole.name}.lock")
    try:
        held = _lock(lock)
    except OSError as problem:
        raise BadKeyFile(
            f"{path}: the key file cannot be locked: {problem.strerror}; give another --key-file"
        ) from problem
    if held is None:
        raise BadKeyFile(f"{path}: another run is using this key file; start again when it has ended")
    try:
        yield
    finally:
        # Removed before it is given up: who waits for it sees that it is gone, and makes a new one.
        lock.unlink(missing_ok=True)
        os.close(held)


def _lock(path: Path) -> int | None:
    """A descriptor that holds a lock for as long as the process lives; ``None`` after waiting in vain."""
    until = time.monotonic() + _LONGEST_WAIT_SECONDS
    while True:
        held = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        if _is_held(held, path):
            return held
        os.close(held)
        if time.monotonic() > until:
            return None
        time.sleep(_POLL_SECONDS)


def _is_held(held: int, path: Path) -> bool:
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The run before removed the file that was waited for: the lock of a removed file protects nothing.
        return os.path.samestat(os.fstat(held), path.stat())
    except OSError:
        return False


def write_key_file(path: Path, pseudonyms: Pseudonyms) -> None:
    """Write a key file, whole or not at all, readable by its owner alone.

    Args:
        path: Where; a former key file there is replaced.
        pseudonyms: What it keeps.

    Raises:
        BadKeyFile: There is no passphrase, or the file cannot be written.

    """
    # A new salt for each writing: the same passphrase never gives the same key twice.
    salt = os.urandom(16)
    held = {
        "secret": base64.b64encode(pseudonyms.secret).decode(),
        "patients": {
            person: [pseudonym.patient_id, pseudonym.shift_days]
            for person, pseudonym in sorted(pseudonyms.patients.items())
        },
    }
    document = {
        "package": "calcwatch",
        "salt": base64.b64encode(salt).decode(),
        "encrypted": _box(salt).encrypt(json.dumps(held).encode()).decode(),
    }
    whole = _behind_links(path)
    part = whole.with_name(f".{whole.name}.part")
    try:
        # One of a killed run may have another mode.
        part.unlink(missing_ok=True)
        # The mode is set before there is content, so that no other user can read it for a moment.
        part.touch(mode=0o600)
        part.write_text(json.dumps(document), encoding="utf-8")
        part.replace(whole)
    except OSError as problem:
        raise BadKeyFile(
            f"{path}: the key file cannot be written: {problem.strerror}; give another --key-file"
        ) from problem
    finally:
        part.unlink(missing_ok=True)


def _behind_links(path: Path) -> Path:
    """Where a key file really lies: replacing a link would leave an old key at the place it leads to."""
    return Path(os.path.realpath(path))


def check_passphrase() -> None:
    """Check that the environment holds a passphrase.

    Raises:
        BadKeyFile: It holds none, or one that is guessed in no time.

    """
    if len(os.environ.get(PASSPHRASE, "")) < _SHORTEST:
        raise BadKeyFile(
            f"the passphrase of the key file is not set or shorter than {_SHORTEST} characters; set "
            f"{PASSPHRASE} in the environment"
        )


def _box(salt: bytes) -> Fernet:
    """What encrypts and decrypts, by a key that takes a tenth of a second and 32 MB to derive."""
    check_passphrase()
    # As the bytes that were set, whatever encoding the terminal has.
    passphrase = os.environ[PASSPHRASE].encode("utf-8", "surrogateescape")
    derived = Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase)
    return Fernet(base64.urlsafe_b64encode(derived))
