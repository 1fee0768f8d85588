"""Figures of accuracy of a finished result, on answers worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from calcwatch.cli.commands import app
from calcwatch.domain.findings import ImageFindings
from calcwatch_lab.bench.detection.accuracy import (
    cluster_sensitivity,
    highest_score,
    report_clusters,
    report_image_labels,
)
from calcwatch_lab.cli.main import app as lab
from calcwatch_lab.labels import LabeledImage
from tests.image.pictures import add_blob, half_round_breast
from tests.lab.bench.by_hand import findings, group, mark


def image(*scores: float, groups: tuple[tuple[float, float, float], ...] = ()) -> ImageFindings:
    """What was found: calcifications by score, and groups as (row, column, score)."""
    marks = [mark(10 * n, 10, score) for n, score in enumerate(scores)]
    return findings(marks, [group(row, column, [], score) for row, column, score in groups])


def label(name: str, positive: bool, patient: str = "") -> LabeledImage:
    return LabeledImage(path=Path(name), patient=patient or name, positive=positive)


def test_no_calcification_scores_zero() -> None:
    """An image without marks has the lowest score there is."""
    assert highest_score(image()) == 0.0
    assert highest_score(image(0.6, 0.8)) == 0.8


def test_cluster_sensitivity_at_false_groups_per_normal_image() -> None:
    """Two normal images with three false groups; of three clusters one is beyond reach, one below a rate."""
    normal = [image(groups=((0, 0, 0.9), (0, 0, 0.5))), image(groups=((0, 0, 0.3),))]
    clusters = [
        (image(groups=((500, 500, 0.7), (0, 0, 0.99))), (500.0, 510.0, 12.0)),
        (image(groups=((100, 120, 0.95),)), (100.0, 100.0, 30.0)),
        (image(), (1.0, 1.0, 30.0)),
    ]
    assert cluster_sensitivity(clusters, normal) == pytest.approx({0.5: 2 / 3, 1.0: 2 / 3, 2.0: 2 / 3})
    louder = [normal[0], image(groups=((0, 0, 0.8),))]
    assert cluster_sensitivity(clusters, louder)[0.5] == pytest.approx(1 / 3)
    assert np.isnan(cluster_sensitivity([], normal)[0.5])


def test_image_labels_give_an_area() -> None:
    """Of four labels three have an image, and the one labeled 1 scores highest."""
    images = {"a.png": image(0.9), "b.png": image(), "c.png": image(0.4)}
    labels = [label("a.png", True), label("b.png", False), label("c.png", False), label("d.png", True)]
    report = report_image_labels(images, labels)
    assert "images: 3 of 4 in the table, 1 labeled 1" in report
    assert "highest score: 1.000" in report
    assert "labeled 0: mean 0.50" in report


def test_clusters_give_a_sensitivity() -> None:
    """The one cluster is found, and the image without is normal."""
    images = {"c": image(groups=((10, 10, 0.9),)), "a": image()}
    cluster = replace(label("c", True), circles=((12.0, 10.0, 5.0),), grouped=True)
    report = report_clusters(images, [cluster, replace(label("a", False), grouped=True)])
    assert "clusters: 1, normal images: 1" in report
    assert "sensitivity at 0.5 false groups a normal image: 1.00" in report


def test_the_command_holds_a_result_against_both_kinds_of_table(tmp_path: Path) -> None:
    """A result of two pictures: image labels give an area with its interval, clusters a sensitivity."""
    (tmp_path / "in").mkdir()
    plain = half_round_breast()
    blobs = add_blob(add_blob(plain, 150, 80, height=0.3), 160, 95, height=0.3)
    for name, picture in (("blobs", blobs), ("plain", plain)):
        Image.fromarray((picture * 65535).astype(np.uint16)).save(tmp_path / "in" / f"{name}.png")
    run = CliRunner().invoke
    words = ["analyze", str(tmp_path / "in"), "--pixel-spacing", "0.1", "--classical"]
    assert run(app, [*words, "--out", str(tmp_path / "result")]).exit_code == 0
    labels = tmp_path / "labels.csv"
    command = ["bench", "accuracy", str(tmp_path / "result"), str(labels)]
    labels.write_text("file,calcifications\nblobs.png,1\nplain.png,0\n")
    assert "area under the curve of the highest score: 1.000" in run(lab, command).stdout
    labels.write_text("image,class,x_px,y_px_top_origin,radius_px\nblobs,CALC,85,155,5\nplain,NORM,,,\n")
    assert "clusters: 1, normal images: 1" in run(lab, command).stdout
    labels.write_text("file\n")
    assert run(lab, command).exit_code != 0
