"""The file that can tell who is who: encrypted, and never beside what it opens."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from calcwatch.domain.errors import BadKeyFile
from calcwatch.formats.dicom.deidentify.deidentify import Pseudonym
from calcwatch.service.files.pseudonyms import Pseudonyms

PASSPHRASE = "CALCWATCH_KEY_PASSPHRASE"
"""Environment variable that holds the passphrase; never an option, which every user of the machine sees."""

_SHORTEST = 12


def read_key_file(path: Path) -> Pseudonyms:
    """Open a key file: the secret, and who was given which pseudonym.

    Raises ``BadKeyFile`` where it cannot be read, is none, or the passphrase does not open it.
    """
    try:
        document = json.loads(path.read_bytes())
        box = _box(base64.b64decode(document["salt"]))
        held = json.loads(box.decrypt(document["encrypted"].encode()))
        patients = {person: Pseudonym(*said) for person, said in held["patients"].items()}
        return Pseudonyms(base64.b64decode(held["secret"]), patients)
    except InvalidToken as error:
        raise BadKeyFile(
            f"{path}: the passphrase in {PASSPHRASE} does not open this key file; "
            "set the one it was made with"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadKeyFile(
            f"{path}: this is no key file of calcwatch that can be read ({type(error).__name__}); give "
            "another --key-file, or leave it out"
        ) from error


def write_key_file(path: Path, pseudonyms: Pseudonyms) -> None:
    """Write a key file, whole or not at all, readable by its owner alone.

    Raises ``BadKeyFile`` without a passphrase or where it cannot be written.
    """
    salt = os.urandom(16)
    held = {
        "secret": base64.b64encode(pseudonyms.secret).decode(),
        "patients": {
            person: [one.patient_id, one.shift_days] for person, one in sorted(pseudonyms.patients.items())
        },
    }
    document = {
        "package": "calcwatch",
        "salt": base64.b64encode(salt).decode(),
        "encrypted": _box(salt).encrypt(json.dumps(held).encode()).decode(),
    }
    part = path.with_name(f".{path.name}.part")
    try:
        part.touch(mode=0o600)
        part.write_text(json.dumps(document), encoding="utf-8")
        part.replace(path)
    except OSError as problem:
        raise BadKeyFile(
            f"{path}: the key file cannot be written: {problem.strerror}; give another --key-file"
        ) from problem
    finally:
        part.unlink(missing_ok=True)


def check_passphrase() -> None:
    """Raise ``BadKeyFile`` where no passphrase is set, or one that is guessed in no time."""
    if len(os.environ.get(PASSPHRASE, "")) < _SHORTEST:
        raise BadKeyFile(
            f"the passphrase of the key file is not set or shorter than {_SHORTEST} characters; set "
            f"{PASSPHRASE} in the environment"
        )


def _box(salt: bytes) -> Fernet:
    """What encrypts and decrypts, by a key that takes a tenth of a second and 32 MB to derive."""
    check_passphrase()
    derived = Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(os.environ[PASSPHRASE].encode())
    return Fernet(base64.urlsafe_b64encode(derived))
