"""``calcwatch export``, ``read-cad`` and ``deidentify``: translate words into one use case."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calcwatch.cli.options import Out, Quiet
from calcwatch.cli.terminal import WRONG_USE, counted, one_line, say, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calcwatch.domain.findings import CadMark, CadReport

ALL_FORMATS = "cad-sr,sr,seg,pr,sc,pdf,ko,fhir"
"""The words of ``--to``: the keys of ``service.export.FORMATS``, which help is too quick to load."""


def export(
    findings: Annotated[
        Path,
        typer.Argument(metavar="FINDINGS", readable=False, help="A result: its folder or findings.json."),
    ],
    *,
    out: Out,
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT,...", help="What to write, parted by commas.")
    ] = ALL_FORMATS,
    quiet: Quiet = False,
) -> None:
    """Write a result as what a hospital files: DICOM objects that join the study, and FHIR.

    FINDINGS is what calcwatch analyze, compare or history wrote; the mammograms must still lie where they
    were analyzed. Of two examinations that were compared the current one is exported, with its prior.

    Formats: cad-sr Mammography CAD SR, for mammography workstations; sr measurements as TID 1500, for other
    viewers and archives; seg groups as a segmentation; pr marks as a presentation state; sc marks burned into
    a picture; pdf the report on paper, also inside DICOM; ko images with findings; fhir an R4 bundle.

    DIR receives the files and export.json, which lists them; several examinations have a folder each.
    Images that are no DICOM can be exported as fhir and pdf. What a header says in no valid form is left
    empty and told. Exit status: 0 everything exported, 2 wrong use, 3 some not exported, 4 none.

    For example:

      calcwatch export result/ --out exported

      calcwatch export compared/findings.json --to cad-sr,sr,pr --out exported
    """
    from calcwatch.cli.progress import show_count
    from calcwatch.service.export import export_result

    formats = [word.strip() for word in to.split(",") if word.strip()]
    with show_count("exporting", quiet=quiet) as on_done:
        done = export_result(findings, out, formats, on_done=on_done)
    for number, reason in done.not_exported.items():
        say(f"not exported: examination {number}: {reason}", is_error=True)
    for failed in done.not_made:
        say(f"not made: {failed.format} of examination {failed.examination}: {failed.reason}", is_error=True)
    for sentence in done.told:
        say(f"header: {sentence}", is_error=True)
    if not quiet:
        for file in done.files:
            typer.echo(f"{done.out / file.name}")
        for name in done.empty:
            typer.echo(f"nothing to write for {name}")
    missing = len(done.not_exported) + len(done.not_made)
    if missing:
        raise typer.Exit(status_of(len(done.files), missing))


def read_cad(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", readable=False, help="Mammography CAD SR files.")
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a file.")] = False,
) -> None:
    """Read the Mammography CAD SR of any vendor: what it marks, where, and how sure it is.

    Marks that the report calls "Not for Presentation" are counted and listed by --json alone; detections and
    analyses that failed or were not attempted are told.

    Places are row and column in pixels, 0 at the center of the top-left pixel, as in findings.json.
    Certainty is the vendor's own scale: it compares with no other vendor's.

    Exit status: 0 all files read, 2 the only one refused, 3 some refused, 4 none read.

    For example:

      calcwatch read-cad cad.dcm

      calcwatch read-cad cad.dcm --json
    """
    from calcwatch.domain.errors import CalcwatchError, words_of_mistake
    from calcwatch.service.read_cad import read_cad_file

    refused = 0
    for path in paths:
        try:
            report = read_cad_file(path)
        except CalcwatchError as problem:
            say(f"calcwatch: {problem}", is_error=True)
            refused += 1
            continue
        except Exception as problem:  # it costs this file alone
            say(f"calcwatch: {words_of_mistake(str(path), problem)}", is_error=True)
            refused += 1
            continue
        if as_json:
            typer.echo(json.dumps({"source": str(path), **asdict(report)}))
            continue
        _print_report(path, report)
    # One file that is refused is wrong use, as it always was; of several the others are read.
    if refused:
        raise typer.Exit(WRONG_USE if len(paths) == 1 else status_of(len(paths) - refused, refused))


def deidentify(
    path: Annotated[
        Path,
        typer.Argument(metavar="IN", readable=False, help="A file, or a folder with images and results."),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", readable=False, help="Folder to write to.")],
    *,
    key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            readable=False,
            help="Encrypted file that can tell who is who; made, or used again for later examinations.",
        ),
    ] = None,
    black_out: Annotated[
        bool,
        typer.Option("--black-out", help="Black out what lies outside the breast where letters may be."),
    ] = False,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="A secret that can be made again; for tests only.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Take identity out of DICOM images, DICOM results and results of calcwatch.

    Follows PS3.15 Annex E: what is not known to be harmless is removed. Dates are shifted by as many days for
    all examinations of a woman, so that intervals survive; UIDs are replaced alike in images and results.
    Images that may have letters burned in, such as scanned film, are refused unless --black-out is given.

    OUT receives <pseudonym>/<date>/<n>.dcm, result-<n>/, and deidentification.json, which tells what was
    removed; what is there of a former run stays. Without --key-file nobody can tell who is who, and later
    examinations get other pseudonyms. Its passphrase is read from CALCWATCH_KEY_PASSPHRASE. Exit status: 0
    all files, 2 wrong use, 3 some refused, 4 none written.

    For example:

      calcwatch deidentify archive/ shared/ --key-file keys/study.key

      calcwatch deidentify films/ shared/ --black-out
    """
    from calcwatch.cli.progress import show_count
    from calcwatch.service.deidentify import deidentify_files

    with show_count("de-identifying", quiet=quiet) as on_done:
        done = deidentify_files(path, out, key_file=key_file, seed=seed, black_out=black_out, on_done=on_done)
    for refused in done.refused:
        say(f"refused: {refused.source}: {refused.message}", is_error=True)
    for note in done.notes:
        say(f"note: {note}", is_error=True)
    if not quiet:
        files, documents = counted(len(done.files), "DICOM file"), counted(len(done.results), "document")
        typer.echo(f"{files} and {documents} of results: {done.out}")
        if done.left_out:
            typer.echo(
                f"{done.left_out} tables, pictures and pages left out: analyze the copies to make them"
            )
        if key_file is None and seed is None:
            typer.echo("no key file: nobody can tell who is who, and pseudonyms will not be the same again")
    raise typer.Exit(status_of(len(done.files) + len(done.results), len(done.refused)))


def _print_report(path: Path, report: CadReport) -> None:
    is_said_twice = report.algorithm.startswith(report.manufacturer)
    maker = report.algorithm if is_said_twice else f"{report.manufacturer} {report.algorithm}".strip()
    shown = sum(mark.is_shown for mark in report.marks)
    typer.echo(one_line(f"{path}: {counted(shown, 'mark')} by {maker or 'an unnamed maker'}"))
    for sentence in _outcome(report):
        typer.echo(one_line(f"  {sentence}"))
    depths: list[int] = []
    for mark in report.marks:
        depths.append(0 if mark.part_of is None else depths[mark.part_of] + 1)
        if mark.is_shown:
            typer.echo("  " * (1 + depths[-1]) + one_line(_mark(mark)))


def _outcome(report: CadReport) -> Iterator[str]:
    """What came of it: silence about a finding means nothing where it was not looked for with success."""
    for what, status in (("detections", report.detections), ("analyses", report.analyses)):
        yield f"{what}: {status or 'the report does not say whether any succeeded'}"
    if report.detections != "Succeeded":
        yield "that nothing is marked does not mean that nothing is there"
    if report.processing:
        yield f"processing: {report.processing}"
    for name, images in report.failed:
        yield f"failed: {name}{' on image ' if images else ''}{', '.join(images)}"
    kept_back = sum(not mark.is_shown for mark in report.marks)
    if kept_back:
        yield f"not listed: {counted(kept_back, 'mark')} not for presentation; --json has them"


def _mark(mark: CadMark) -> str:
    place = "" if mark.row is None else f"row {mark.row:.1f}, column {mark.column:.1f}"
    count = "" if mark.count is None else f"{mark.count} calcifications"
    certainty = "" if mark.certainty_percent is None else f"certainty {mark.certainty_percent:g} %"
    image = f"image {mark.sop_instance_uid}" if mark.sop_instance_uid else ""
    return ", ".join(filter(None, (mark.finding, *mark.words, place, count, certainty, image)))
