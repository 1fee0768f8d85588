"""The key file: opened by its passphrase alone, and never readable without."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from calcwatch.domain.errors import BadKeyFile
from calcwatch.service.files.key_file import (
    PASSPHRASE,
    Pseudonyms,
    check_passphrase,
    new_secret,
    read_key_file,
    write_key_file,
)


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key file that knows one woman."""
    monkeypatch.setenv(PASSPHRASE, "correct horse battery")
    known = Pseudonyms(new_secret(5))
    known.identity_of("MRN-4711")
    write_key_file(tmp_path / "study.key", known)
    return tmp_path / "study.key"


def test_what_was_written_is_read(key: Path) -> None:
    """Secret and pseudonyms come back, the pseudonym with the woman it stands for."""
    read = read_key_file(key)
    first = Pseudonyms(new_secret(5))
    assert read.secret == first.secret
    assert read.patients == {"MRN-4711": first.identity_of("MRN-4711").pseudonym}


def test_nothing_of_it_is_readable(key: Path) -> None:
    """Neither the woman nor the secret stands in the file, and only its owner may open it."""
    content = key.read_bytes()
    assert b"MRN-4711" not in content
    assert base64.b64encode(new_secret(5)) not in content
    assert key.stat().st_mode & 0o077 == 0
    assert [entry.name for entry in key.parent.iterdir()] == ["study.key"]


def test_another_passphrase_does_not_open_it(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused, and the message says which variable holds the passphrase."""
    monkeypatch.setenv(PASSPHRASE, "wrong horse battery")
    with pytest.raises(BadKeyFile, match=PASSPHRASE):
        read_key_file(key)


def test_a_link_leads_to_the_key_and_stays(key: Path, tmp_path: Path) -> None:
    """A key on another drive, reached by a link, is renewed there and not beside the link."""
    (tmp_path / "drive").mkdir()
    key.unlink()
    key.symlink_to(tmp_path / "drive" / "study.key")
    write_key_file(key, Pseudonyms(new_secret(1)))
    write_key_file(key, Pseudonyms(new_secret(2)))
    assert key.is_symlink()
    assert read_key_file(tmp_path / "drive" / "study.key").secret == new_secret(2)


def test_a_passphrase_in_another_encoding_opens_its_key(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in Latin-1 sets bytes that are no UTF-8; they come in as lone surrogates."""
    monkeypatch.setenv("CALCWATCH_KEY_PASSPHRASE", "gr\udcfc\udcdfe aus dem tal")
    write_key_file(key, Pseudonyms(new_secret(1)))
    assert read_key_file(key).secret == new_secret(1)


@pytest.mark.parametrize("passphrase", ["", "short"])
def test_a_weak_passphrase_is_refused(passphrase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No passphrase, and one that is guessed in no time, are refused."""
    monkeypatch.setenv(PASSPHRASE, passphrase)
    with pytest.raises(BadKeyFile, match="12 characters"):
        check_passphrase()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"salt": 3, "encrypted": "x"}', b"\xff\xfe"])
def test_what_is_no_key_file_is_refused(key: Path, content: bytes) -> None:
    """Anything else is refused by name, with the remedy."""
    key.write_bytes(content)
    with pytest.raises(BadKeyFile, match=r"study\.key.*another --key-file"):
        read_key_file(key)


def test_a_changed_key_file_is_refused(key: Path) -> None:
    """One byte changed, and it is not opened: nobody can put another woman into it."""
    document = json.loads(key.read_bytes())
    encrypted = document["encrypted"]
    document["encrypted"] = encrypted[:40] + ("A" if encrypted[40] != "A" else "B") + encrypted[41:]
    key.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(BadKeyFile):
        read_key_file(key)


def test_a_place_that_cannot_be_written_is_named(key: Path) -> None:
    """A folder that is not there is no place for a key."""
    with pytest.raises(BadKeyFile, match="cannot be written"):
        write_key_file(key.parent / "missing" / "study.key", Pseudonyms(new_secret(1)))


def test_pseudonyms_need_the_secret() -> None:
    """Another secret gives another pseudonym, another shift and other UIDs; the same one the same."""
    first, same, other = (Pseudonyms(new_secret(seed)) for seed in (1, 1, 2))
    assert first.identity_of("A").pseudonym == same.identity_of("A").pseudonym
    assert first.map_uid("1.2.3") == same.map_uid("1.2.3") != other.map_uid("1.2.3")
    assert first.identity_of("A").pseudonym.patient_id != other.identity_of("A").pseudonym.patient_id
    assert first.identity_of("A").pseudonym != first.identity_of("B").pseudonym
    assert new_secret(None) != new_secret(None)


def test_uids_are_those_of_a_uuid() -> None:
    """Each is below 2.25 and no longer than 64 characters (PS3.5 B.2), and no two are alike."""
    made = {Pseudonyms(new_secret(1)).map_uid(f"1.2.{number}") for number in range(1000)}
    assert len(made) == 1000
    assert all(uid.startswith("2.25.") and len(uid) <= 44 for uid in made)
