import os
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from calcwatch.comparison.compare import Compared
from calcwatch.domain.change import Comparison
from calcwatch.domain.findings import ImageFindings, KindDescription
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Category, GroupKind
from calcwatch.formats.result.run import NotAnalyzed, ReadExamination, Step
from calcwatch.report.page import page_parts, reading_order
from calcwatch.report.performance import performance
from calcwatch.report.pictures import take_pictures
from calcwatch.words.flags import FLAG_WORDS, PURPOSE
from calcwatch.words.lexicon import SUGGESTION_NOTE, TRADEMARK_NOTE
from calcwatch.words.next_step import NOT_LOOKED_FOR_SHORT
from tests.formats.result.examples import PROVENANCE, breast_picture, findings
from tests.formats.result.readings import described, examination, examinations

REFUSED = NotAnalyzed(
    "bad/<b>x</b>.dcm", "unreadable", "bad/<b>x</b>.dcm: the file is empty; export it again"
)
VOID = {"meta", "link", "br", "input", "hr", "img", "image", "use", "circle", "polygon", "path"}


class Page(HTMLParser):
    """Elements, ids and addresses of a page; raises when elements are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attributes: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value or "")
            if name in {"href", "src", "xlink:href", "action", "srcset", "data"}:
                self.addresses.append(value or "")
            assert not name.startswith("on")
        if tag not in VOID or (tag in {"circle", "polygon", "path"} and not self._closed_itself()):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: Sequence[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)

    def _closed_itself(self) -> bool:
        return (self.get_starttag_text() or "").endswith("/>")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def write(
    *images: ImageFindings,
    refused: Sequence[NotAnalyzed] = (),
    read: Sequence[ReadExamination] | None = None,
) -> str:
    read = examinations(*images) if read is None else read
    pictures = [take_pictures(breast_picture(), images[place]) for place in reading_order(read)]
    return "".join(page_parts(read, range(len(images)), refused, PROVENANCE, pictures))


@pytest.fixture(scope="module")
def page_text() -> str:
    return write(findings("empty.png", empty=True, spacing_mm=None), findings(), refused=[REFUSED])


def test_page_is_well_formed(page_text: str) -> None:
    """The page is well-formed, its ids are unique and its links lead somewhere."""
    page = Page(page_text)
    assert len(page.ids) == len(set(page.ids))
    targets = {address[1:] for address in page.addresses if address.startswith("#")}
    assert targets <= set(page.ids)
    assert len(targets) > 5


def test_page_asks_the_network_for_nothing(page_text: str) -> None:
    """Every address is inside the page or inlined, and there is no script."""
    page = Page(page_text)
    outside = [a for a in page.addresses if not a.startswith(("#", "data:"))]
    assert outside == []
    assert "script" not in page.tags
    assert not re.search(r"https?:|//[a-z]|url\(|@import", re.sub(r"data:[^\"]+", "", page_text))
    assert "default-src 'none'" in page_text


def test_hostile_names_stay_words() -> None:
    """A file name or message with markup is shown, never obeyed."""
    name = '<script>alert(1)</script>"><img src=x onerror=alert(1)>.dcm'
    page = Page(write(findings(name), refused=[REFUSED]))
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert any(name in words for words in page.words)


@pytest.mark.parametrize("name", ["x" * 3000 + ".dcm", os.fsdecode(b"caf\xe9\xff.dcm"), "a\nb\x1b[2J.dcm"])
def test_awkward_names_are_shown(name: str) -> None:
    """Very long names, names that are no UTF-8 and control characters leave the page well-formed UTF-8."""
    text = write(findings(name))
    assert Page(text.encode("utf-8").decode("utf-8")).ids


def test_worst_image_comes_first(page_text: str) -> None:
    """The examination with the most believable group comes first, in the worklist and below."""
    assert page_text.index('id="image-2"') < page_text.index('id="image-1"')
    assert page_text.index('href="#examination-1"') < page_text.index('href="#examination-2"')
    assert page_text.index('id="examination-1"') < page_text.index('id="image-2"')


def test_group_is_shown_at_true_size_and_magnified(page_text: str) -> None:
    """A group is shown magnified with its outlines; folded away, numbered and at one pixel a CSS pixel."""
    exact = re.search(r'<svg class="exact" width="(\d+)" height="(\d+)" viewBox="0 0 (\d+) (\d+)"', page_text)
    assert exact
    assert exact.group(1, 2) == exact.group(3, 4)
    times = re.search(r"magnified (\d) times, with outlines", page_text)
    assert times
    width, height = (int(side) * int(times[1]) for side in exact.group(1, 2))
    assert page_text.count(f'<svg class="magnified" width="{width}" height="{height}"') == 2
    assert page_text.count('<polygon class="outline"') == 2 * 5
    assert page_text.index('<svg class="magnified"') < page_text.index("Numbered and at 1:1")


def test_page_says_what_must_be_known(page_text: str) -> None:
    """Purpose, flags with their remedies, refused files and provenance are on the page in words."""
    words = " ".join(" ".join(Page(page_text).words).split())
    assert PURPOSE in words
    for flag in findings(spacing_mm=None).quality_flags:
        assert FLAG_WORDS[flag].sentence in words
        assert FLAG_WORDS[flag].remedy in words
    assert f"{REFUSED.source} cannot be read {REFUSED.message.removeprefix(REFUSED.source + ': ')}" in words
    assert "score_threshold 0.5" in words
    assert "ab" * 32 in words


@pytest.fixture(scope="module")
def read_page() -> str:
    """The page of a breast in two views and of an examination in which nothing is."""
    views = (described(), described("exam/L-MLO.dcm", view=ViewPosition.MLO, uid="g2"))
    empty = findings("b.dcm", empty=True)
    return write(empty, *views, read=[examination(empty), examination(*views, first=1)])


def test_worklist_stands_on_top(read_page: str) -> None:
    """The worklist comes first, highest score first, with reasons and suggestions, before any image."""
    words = " ".join(" ".join(Page(read_page).words).split())
    assert words.index("Worklist") < words.index("8 of 10") < words.index("1 of 10")
    assert "left CC, group A: fine pleomorphic, grouped" in words
    assert (
        read_page.index('id="worklist"') < read_page.index('id="image-2"') < read_page.index('id="image-1"')
    )


def test_group_stands_beside_its_description_and_reasons(read_page: str) -> None:
    """A finding says suggestion, kind, studies, shape, distribution, place, reasons, doubts and rules."""
    part = read_page[read_page.index('<article class="group finding') :]
    text = " ".join(re.sub(r"<[^>]+>", " ", part[: part.index("</article>")]).split())
    for said in (
        "BI-RADS 4B if confirmed moderate suspicion",
        "To do: magnification or more views first.",
        "a tight group of small specks",
        "3 fine pleomorphic, 1 amorphous, 1 cannot be told",
        "Judged by the facts alone.",
        "Suspicion 0.71",
        "28 to 50 %",
        "Rominger 2012",
        "fine pleomorphic 62 %",
        "segmental 28 %",
        "Its members: 4 fine pleomorphic, 1 cannot tell",
        "left breast, outer half",
        "Fine pleomorphic calcifications in a group.",
        "How old is she?",
        "priors_available",
        "fine linear 13 % then 4C",
        "M-PLE-GRP, X-SCREEN",
        "calcwatch explain 2:A",
        "0.62 × 0.21 mm",
    ):
        assert said in text


def test_group_leads_to_the_other_view(read_page: str) -> None:
    """A group seen in two views is one finding with both pictures; the table of pairs leads to either."""
    assert read_page.count('<article class="group finding') == 1
    finding = read_page[read_page.index('<article class="group finding') :]
    finding = finding[: finding.index("</article>")]
    assert finding.index('<figure id="image-2-group-A"') < finding.index('<figure id="image-3-group-A"')
    assert read_page.count('href="#image-3-group-A">L MLO, group A</a>') == 1
    assert read_page.count('href="#image-2-group-A">L CC, group A</a>') == 1


def test_nipple_is_marked(read_page: str, page_text: str) -> None:
    """The place that distances are told from is marked, and not where none was sought."""
    assert read_page.count("<title>Nipple as found</title>") == 2
    assert "<title>Nipple" not in page_text


def test_page_says_that_it_only_suggests(read_page: str) -> None:
    """Head and foot say that these are suggestions and not for patients, and whose mark BI-RADS is."""
    assert read_page.count(SUGGESTION_NOTE) == 2
    assert TRADEMARK_NOTE in read_page


def test_the_page_says_first_what_to_do_and_what_was_not_looked_for(read_page: str) -> None:
    """Before any picture: findings to look at with place and suggestion, and what was not looked for."""
    words = " ".join(re.sub(r"<[^>]+>", " ", read_page[: read_page.index("<figure")]).split())
    assert "Look at 1 finding: left outer, suggestion 4B if confirmed." in words
    assert NOT_LOOKED_FOR_SHORT in words
    assert "Nothing was marked; that is no normal mammogram: read it as always." in words


def test_no_breast_has_a_category(read_page: str) -> None:
    """A category stands with findings alone: the list of examinations and the words on breasts hold none."""
    top = read_page[read_page.index("<nav") : read_page.index("<article")]
    assert 'class="chip' not in top


def test_measured_performance_stands_on_the_page_once(read_page: str) -> None:
    """The box says what this version was measured to do, and on what it was not tested."""
    assert read_page.count("How good is this version, measured on real images") == 1
    assert performance().headline in read_page
    assert f"Not tested on {performance().not_tested_on}." in read_page


def test_marks_can_be_switched_off_without_a_script(read_page: str) -> None:
    """A box with a key of its own stands before everything that it hides; nothing runs."""
    assert re.search(r'<input type="checkbox" id="marks" accesskey="m" checked>', read_page)
    assert '<label for="marks"' in read_page
    assert read_page.index('id="marks"') < read_page.index("<main")
    assert "#marks:not(:checked) ~ main" in read_page


def benign(read: ReadExamination) -> ReadExamination:
    """The same examination, its groups arteries that look benign."""
    vessel = KindDescription(((GroupKind.VASCULAR, 0.97),))
    images = tuple(
        replace(image, groups=tuple(replace(group, kind=vessel) for group in image.groups))
        for image in read.findings.images
    )
    groups = tuple(
        replace(
            group,
            assessment=replace(group.assessment, suggested_category=Category.BENIGN, if_confirmed=None),
        )
        for group in read.findings.groups
    )
    return replace(read, findings=replace(read.findings, images=images, groups=groups))


def test_arteries_are_one_line_without_pictures() -> None:
    """What looks benign has no enlargement: arteries are one line with their total, to be confirmed."""
    views = (described(), described("exam/L-MLO.dcm", view=ViewPosition.MLO, uid="g2"))
    text = write(*views, read=[benign(examination(*views))])
    assert "<article" not in text
    words = " ".join(re.sub(r"<[^>]+>", " ", text).split())
    assert "Nothing suspicious was marked; arteries (1) and loose specks look benign: confirm." in words
    assert "Arteries BI-RADS 2 1: 5 calcifications left" in words
    assert Page(text).ids


def test_current_examination_comes_before_its_prior() -> None:
    """In a series the latest examination is shown first, whatever the worklist scores are."""
    days = [
        replace(image, description=replace(image.description, study_date=date))
        for image, date in ((described("then.dcm"), "20240101"), (described("now.dcm"), "20250101"))
    ]
    then, now = examination(days[0], score=10), examination(days[1], first=1, score=2)
    step = Step((0,), (1,), Compared((days[0],), now.findings, Comparison((), (), ()), None))
    assert reading_order([then, now]) == (0, 1)
    assert reading_order([then, now], [step]) == (1, 0)


def test_image_in_no_examination_is_refused() -> None:
    """An image that no examination holds would be missing on the page, so the page is not written."""
    with pytest.raises(ValueError, match="each image must be in one examination"):
        write(findings(), findings("b.dcm"), read=[examination(findings())])


@pytest.mark.parametrize(
    ("side", "view", "label"),
    [
        (Laterality.RIGHT, ViewPosition.MLO, "R MLO"),
        (Laterality.RIGHT, None, "R view unknown"),
        (None, ViewPosition.MLO, "Side unknown, MLO"),
        (None, None, "View unknown"),
    ],
)
def test_image_is_headed_by_side_and_view(
    side: Laterality | None, view: ViewPosition | None, label: str
) -> None:
    """An image is headed by its side and view, and by words where they are not known."""
    image = findings()
    described = replace(image.description, image_laterality=side, view_position=view)
    assert f">{label}<" in re.sub(r"\s*<", "<", write(replace(image, description=described)))


def test_nothing_found_is_said(page_text: str) -> None:
    """An image without findings says so."""
    assert "No group of calcifications found. No single calcification found." in " ".join(
        write(findings(empty=True)).split()
    )


def test_no_image_at_all() -> None:
    """A run that analyzed nothing still gives a page that says so."""
    page = Page(write(refused=[REFUSED]))
    assert any("No image was analyzed." in words for words in page.words)
    assert not any("lettered" in words for words in page.words)


def test_same_findings_same_page(page_text: str) -> None:
    """The same findings give the same page, byte for byte."""
    again = write(findings("empty.png", empty=True, spacing_mm=None), findings(), refused=[REFUSED])
    assert again == page_text
