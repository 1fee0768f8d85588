import base64
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from calcwatch.report.marks import GROUP_COLOR
from tests.formats.result.examples import findings
from tests.formats.result.readings import described
from tests.report.test_page import REFUSED, write

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--enable-logging=stderr", "--window-size=1500,3200",
)  # fmt: skip
BROWSERS_OWN = (".google.com", ".googleapis.com")
"""Hosts that Chromium itself asks; no page of ours names them."""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")


@dataclass(frozen=True)
class Visit:
    """What a browser did with a page: what it complained of, what it asked for, what it showed."""

    complaints: list[str]
    asked: set[str]
    shown: np.ndarray


def visit(text: str, folder: Path) -> Visit:
    (folder / "page.html").write_text(text, encoding="utf-8")
    places = (f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / 'net.json'}")
    line = [
        str(CHROMIUM),
        *OPTIONS,
        *places,
        f"--screenshot={folder / 'shown.png'}",
        f"file://{folder}/page.html",
    ]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=120)
    log = (folder / "net.json").read_text(encoding="utf-8", errors="replace")
    asked = {json.loads(f'"{address}"') for address in re.findall(r'"url":"(https?:[^"]*)"', log)}
    shown = cv2.imread(str(folder / "shown.png"), cv2.IMREAD_GRAYSCALE)
    assert shown is not None
    return Visit(
        [row for row in done.stderr.splitlines() if "CONSOLE" in row],
        {address for address in asked if not (urlsplit(address).hostname or "").endswith(BROWSERS_OWN)},
        shown.astype(np.uint8),
    )


def test_browser_shows_the_page_without_asking_the_network(tmp_path: Path) -> None:
    """A browser finds nothing to complain of, asks for nothing, and shows a group pixel by pixel at 1:1."""
    # What is folded away is shown too: the picture at 1:1 is there.
    text = write(findings(), refused=[REFUSED]).replace("<details", "<details open")
    seen = visit(text, tmp_path)
    assert seen.complaints == []
    assert seen.asked == set()
    uri = re.search(r'id="image-1-A"[^>]*href="data:image/png;base64,([^"]+)"', text)
    assert uri
    group = cv2.imdecode(np.frombuffer(base64.b64decode(uri[1]), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert group is not None
    assert cv2.matchTemplate(seen.shown, group.astype(np.uint8), cv2.TM_SQDIFF_NORMED).min() < 1e-5


def orange_pixels(folder: Path) -> int:
    """Pixels of the color of groups in the last picture of a page."""
    shown = cv2.imread(str(folder / "shown.png"), cv2.IMREAD_COLOR)
    assert shown is not None
    blue, green, red = (int(GROUP_COLOR[place : place + 2], 16) for place in (5, 3, 1))
    return int(np.all(shown == (blue, green, red), axis=2).sum())


def test_marks_can_be_switched_off(tmp_path: Path) -> None:
    """With the box unchecked no ring and no letter is left on any picture, without a script."""
    text = write(described())
    visit(text, tmp_path)
    with_marks = orange_pixels(tmp_path)
    visit(text.replace(' accesskey="m" checked', ' accesskey="m"'), tmp_path)
    # What stays orange is no mark: letters in the heading of a finding, the edge of a box.
    without_marks = orange_pixels(tmp_path)
    assert with_marks > without_marks + 200


def test_the_page_fits_a_narrow_window(tmp_path: Path) -> None:
    """On a window of 500 pixels nothing has to be scrolled sideways but tables in their own frames."""
    (tmp_path / "page.html").write_text(write(described()), encoding="utf-8")
    line = [
        str(CHROMIUM),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--window-size=500,900",
        "--dump-dom",
    ]
    probe = tmp_path / "probe.html"
    probe.write_text(
        '<iframe id="page" src="page.html" style="width:500px;height:900px"></iframe>'
        "<script>page.onload = () => { document.title = page.contentDocument.documentElement.scrollWidth }"
        "</script>",
        encoding="utf-8",
    )
    done = subprocess.run(
        [*line, f"--user-data-dir={tmp_path / 'profile'}", "--allow-file-access-from-files",
         "--virtual-time-budget=5000", f"file://{probe}"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    width = re.search(r"<title>(\d+)</title>", done.stdout)
    assert width
    assert int(width[1]) <= 500


def test_browser_would_notice(tmp_path: Path) -> None:
    """A page that does ask the network and does complain is noticed, so the test above can fail."""
    page = '<img src="http://127.0.0.1:9/x.png"><script>console.error("wrong")</script>'
    seen = visit(page, tmp_path)
    assert seen.asked == {"http://127.0.0.1:9/x.png"}
    assert any("wrong" in row for row in seen.complaints)
