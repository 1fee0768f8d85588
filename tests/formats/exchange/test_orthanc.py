"""A real archive takes what is exported, finds it and gives it back unchanged."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom.ae import ApplicationEntity
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind  # type: ignore[attr-defined]

from calcwatch.service.export import Exported
from tests.formats.exchange.tools import DCMTK, needs, run

ORTHANC = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
PLUGIN = next(
    iter(sorted(Path("/usr/share/orthanc/plugins").glob("*DicomWeb*.so"))), Path("libOrthancDicomWeb.so")
)

pytestmark = needs(ORTHANC, str(PLUGIN), str(DCMTK / "storescu"))


@dataclass(frozen=True)
class Archive:
    """Where an Orthanc listens."""

    dicom_port: int
    http_port: int

    @property
    def dicomweb(self) -> DICOMwebClient:
        return DICOMwebClient(f"http://127.0.0.1:{self.http_port}/dicom-web")

    def answer(self, path: str) -> object:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=20) as reply:
            return json.loads(reply.read())


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An empty Orthanc on ports and in a folder of its own, stopped at the end."""
    dicom_port, http_port = free_ports(2)
    settings = {
        "Name": "calcwatch test",
        "StorageDirectory": str(tmp_path / "storage"),
        "IndexDirectory": str(tmp_path / "storage"),
        "DicomPort": dicom_port,
        "DicomAet": "ARCHIVE",
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowFind": True,
        "DicomCheckCalledAet": False,
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (tmp_path / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")
    log = (tmp_path / "log.txt").open("w")
    server = subprocess.Popen([ORTHANC, str(tmp_path / "orthanc.json")], stdout=log, stderr=log)
    found = Archive(dicom_port, http_port)
    try:
        wait_for(found, server, tmp_path / "log.txt")
        yield found
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def wait_for(archive: Archive, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            archive.answer("/system")
            archive.answer("/dicom-web/studies")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"Orthanc did not start: {log.read_text()[-2000:]}")


def objects(exported: Exported) -> dict[str, Path]:
    """Exported DICOM files by their instance UID."""
    return {
        one.sop_instance_uid: exported.out / one.name for one in exported.files if one.name.endswith(".dcm")
    }


def without_group_lengths(dataset: Dataset) -> Dataset:
    """A data set as it compares: file meta is the business of whoever writes the file."""
    return Dataset({tag: dataset[tag] for tag in dataset.keys() if tag.group > 2})  # noqa: SIM118


def test_c_store_find_and_back(archive: Archive, exported: Exported) -> None:
    """DCMTK sends everything by C-STORE; C-FIND finds each series; every data set and pixel comes back."""
    sent = objects(exported)
    answer = run(DCMTK / "storescu", "-R", "127.0.0.1", str(archive.dicom_port), *sent.values(), timeout=120)
    assert answer.returncode == 0, answer.stderr
    for uid, path in sent.items():
        place = f"http://127.0.0.1:{archive.http_port}/instances/{lookup(archive, uid)}/file"
        with urllib.request.urlopen(place, timeout=30) as reply:
            content = reply.read()
        back = path.parent.parent / f"back-{path.name}"
        back.write_bytes(content)
        assert without_group_lengths(dcmread(back)) == without_group_lengths(dcmread(path)), path.name
    assert series_found(archive, sent) == {
        dcmread(path).SeriesInstanceUID: dcmread(path).Modality for path in sent.values()
    }


def lookup(archive: Archive, uid: str) -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{archive.http_port}/tools/lookup", data=uid.encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=20) as reply:
        (found,) = json.loads(reply.read())
    return str(found["ID"])


def series_found(archive: Archive, sent: dict[str, Path]) -> dict[str, str]:
    """Modality of each series of the study, by C-FIND."""
    asked = Dataset()
    asked.QueryRetrieveLevel = "SERIES"
    asked.StudyInstanceUID = dcmread(next(iter(sent.values()))).StudyInstanceUID
    asked.SeriesInstanceUID = asked.Modality = ""
    entity = ApplicationEntity(ae_title="CALCWATCH")
    entity.add_requested_context(StudyRootQueryRetrieveInformationModelFind)
    association = entity.associate("127.0.0.1", archive.dicom_port, ae_title="ARCHIVE")
    assert association.is_established
    replies = association.send_c_find(asked, StudyRootQueryRetrieveInformationModelFind)
    found = [one for _, one in replies if one is not None]
    association.release()
    return {one.SeriesInstanceUID: one.Modality for one in found}


def test_stow_qido_and_back(archive: Archive, exported: Exported) -> None:
    """STOW-RS takes everything; QIDO-RS finds each as what it is; WADO-RS gives each back unchanged."""
    sent = objects(exported)
    web = archive.dicomweb
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        web.store_instances([dcmread(path) for path in sent.values()])
        listed = [Dataset.from_json(one) for one in web.search_for_instances(fields=["Modality"])]
        assert {one.SOPInstanceUID: one.Modality for one in listed} == {
            uid: dcmread(path).Modality for uid, path in sent.items()
        }
        for one in listed:
            back = web.retrieve_instance(
                one.StudyInstanceUID,
                one.SeriesInstanceUID,
                one.SOPInstanceUID,
                media_types=(("application/dicom", "*"),),
            )
            path = sent[one.SOPInstanceUID]
            assert without_group_lengths(back) == without_group_lengths(dcmread(path)), path.name


def test_reports_and_presentation_states_are_shown_as_such(archive: Archive, exported: Exported) -> None:
    """The archive lists two SR series, one PR, one SEG, one KO, one DOC and one of pictures in the study."""
    web = archive.dicomweb
    sent = [dcmread(path) for path in objects(exported).values()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        web.store_instances(sent)
        series = [Dataset.from_json(one) for one in web.search_for_series(sent[0].StudyInstanceUID)]
    assert sorted(one.Modality for one in series) == ["DOC", "KO", "OT", "PR", "SEG", "SR", "SR"]
    assert all("research use" in one.SeriesDescription for one in series)
