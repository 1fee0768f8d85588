"""Figures of accuracy, on answers worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calcwatch_lab.bench.detection.accuracy import (
    area_interval,
    area_under_curve,
    cluster_sensitivity,
    highest_score,
    main,
)


def image(
    name: str, scores: tuple[float, ...] = (), groups: tuple[tuple[float, float, float], ...] = ()
) -> Any:
    """One image of findings.json: calcification scores, and groups as (row, column, score)."""
    return {
        "source": f"somewhere/{name}.png",
        "calcifications": [{"score": score} for score in scores],
        "groups": [{"row": row, "column": column, "score": score} for row, column, score in groups],
    }


def test_the_area_under_the_curve_counts_pairs() -> None:
    """Five of six pairs in the right order, one tied: 5.5 of 6."""
    scores = np.array([0.9, 0.5, 0.5, 0.4, 0.1])
    positive = np.array([True, True, False, False, False])
    assert area_under_curve(scores, positive) == pytest.approx(5.5 / 6)
    assert math.isnan(area_under_curve(scores, np.ones(5, bool)))


def test_the_interval_is_wider_for_fewer_patients() -> None:
    """Images of one woman are drawn together: four patients tell less than forty."""
    generator = np.random.default_rng(0)
    scores, positive = generator.random(40), np.arange(40) % 2 == 0
    few = area_interval(scores, positive, [str(i // 10) for i in range(40)])
    many = area_interval(scores, positive, [str(i) for i in range(40)])
    assert few == area_interval(scores, positive, [str(i // 10) for i in range(40)])
    assert 0 <= many[0] < area_under_curve(scores, positive) < many[1] <= 1


def test_no_calcification_scores_zero() -> None:
    """An image without marks has the lowest score there is."""
    assert highest_score(image("a")) == 0.0
    assert highest_score(image("a", (0.6, 0.8))) == 0.8


def test_cluster_sensitivity_at_false_groups_per_normal_image() -> None:
    """Two normal images with three false groups; of three clusters one is beyond reach, one below a rate."""
    images = {
        "n1": image("n1", groups=((0, 0, 0.9), (0, 0, 0.5))),
        "n2": image("n2", groups=((0, 0, 0.3),)),
        "c1": image("c1", groups=((500, 500, 0.7), (0, 0, 0.99))),
        "c2": image("c2", groups=((100, 120, 0.95),)),
        "c3": image("c3"),
    }
    clusters = [
        {"image": "c1", "x_px": "510", "y_px_top_origin": "500", "radius_px": "12"},
        {"image": "c2", "x_px": "100", "y_px_top_origin": "100", "radius_px": "30"},
        {"image": "c3", "x_px": "1", "y_px_top_origin": "1", "radius_px": "30"},
    ]
    found = cluster_sensitivity(images, clusters, ["n1", "n2"])
    assert found == pytest.approx({0.5: 2 / 3, 1.0: 2 / 3, 2.0: 2 / 3})
    images["n2"]["groups"][0]["score"] = 0.8
    assert cluster_sensitivity(images, clusters, ["n1", "n2"])[0.5] == pytest.approx(1 / 3)


def test_the_command_reads_both_kinds_of_table(tmp_path: Path) -> None:
    """Image labels give an area with its interval, clusters a sensitivity."""
    findings = tmp_path / "findings.json"
    findings.write_text(
        json.dumps({"images": [image("a", (0.9,)), image("b"), image("c", (0.4,), ((10, 10, 0.9),))]})
    )
    labels = tmp_path / "labels.csv"
    labels.write_text("file,patient,calcifications\na.png,P1,1\nb.png,P2,0\nc.png,P3,0\nd.png,P4,1\n")
    assert "images: 3 of 4 in the table, 1 labeled 1" in main([str(findings), str(labels)])
    assert "highest score: 1.000" in main([str(findings), str(labels)])
    labels.write_text("image,class,x_px,y_px_top_origin,radius_px\nc,CALC,10,12,5\na,NORM,,,\nb,NORM,,,\n")
    assert "sensitivity at 0.5 false groups a normal image: 1.00" in main([str(findings), str(labels)])
    labels.write_text("file\n")
    with pytest.raises(SystemExit, match="no rows"):
        main([str(findings), str(labels)])
