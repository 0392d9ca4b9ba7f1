"""The files of a study: JSON, CSV, Markdown, figures, and the time that it took."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatem_ir.runtime.metrics.register import all_metrics
from spatem_ir.study.tables import markdown_of, summary_dict
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.study.points import Outcome
    from spatem_ir.study.study import Study


def documents_of(study: Study) -> dict[str, bytes]:
    """The contents of all files without figures, by name; the same for every run of a study."""
    return {
        "study.json": (json.dumps(dict_of(study), indent=2) + "\n").encode(),
        "study.csv": csv_of(study).encode(),
        "study.md": markdown_of(study).encode(),
    }


def dict_of(study: Study) -> dict[str, Any]:
    """All results as a dictionary for JSON."""
    accelerator = study.plan.setting.accelerator
    return {
        "command": study.command,
        "accelerator": {
            "name": accelerator.name,
            **accelerator.tables,
        },
        "networks": list(study.plan.networks),
        "strategies": list(study.plan.strategies),
        "summary": summary_dict(study),
        "points": [{"part": part, **outcome_dict(outcome)} for part, outcome in study.rows],
    }


def outcome_dict(outcome: Outcome) -> dict[str, Any]:
    """A point and its results as a dictionary for JSON."""
    point = outcome.point
    return {
        "network": point.network,
        "strategy": point.strategy,
        "pipeline": point.pipeline,
        "changes": {f"{group}.{name}": value for (group, name), value in point.changes},
        "failure": outcome.failure,
        "estimated_cycles": outcome.estimated_cycles,
        "estimate_error": outcome.estimate_error,
        "least_cells": outcome.least_cells,
        "partial_sum_bytes_by_layer": outcome.partial_sums and dict(outcome.partial_sums),
        "critical_path": None if outcome.path is None else outcome.path.to_dict(),
        **(outcome.metrics.to_dict() if outcome.metrics is not None else {}),
    }


def csv_of(study: Study) -> str:
    """All points as a table with comma-separated values; what there is not is left empty."""
    text = io.StringIO()
    first = ("part", "network", "strategy", "pipeline", "changes", "failure")
    scalars = (metric.name for metric in all_metrics().values() if metric.scalar)
    last = ("estimated_cycles", "estimate_error", "least_cells", *scalars)
    writer = csv.DictWriter(text, first + last, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for part, outcome in study.rows:
        row = outcome_dict(outcome)
        row["changes"] = " ".join(f"{name}={value}" for name, value in row["changes"].items())
        writer.writerow({"part": part, **row})
    return text.getvalue()


def timings_of(study: Study, jobs: int, wall_seconds: float) -> bytes:
    """CPU seconds of every point that was run, as JSON: a file of its own, for it never repeats."""
    points = {
        str(outcome.point): {name: round(taken, 3) for name, taken in outcome.seconds.items()}
        for _, outcome in study.rows
        if outcome.seconds is not None
    }
    cpu = sum(sum(seconds.values()) for seconds in points.values())
    document = {
        "jobs": jobs,
        "wall_seconds": round(wall_seconds, 3),
        "cpu_seconds": round(cpu, 3),
        "points": points,
    }
    return (json.dumps(document, indent=2) + "\n").encode()


def check_folder(folder: Path) -> None:
    """Check, before long work, that files can be written into a folder that may not exist yet.

    Raises:
        SpatemError: they cannot.
    """
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise SpatemError(f"{folder}: cannot be a folder: {existing} is a file")
    if not os.access(existing, os.W_OK):
        raise SpatemError(f"{folder}: cannot be written")


def make_folder(folder: Path) -> None:
    """Make a folder for files, if there is none.

    Raises:
        SpatemError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpatemError(f"{folder}: cannot be made: {error.strerror}") from error
