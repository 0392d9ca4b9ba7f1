"""The work of `spatem-bench pelke`: run all cases, make the tables and figures, write them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from spatem_ir.study.command import figure_maker
from spatem_ir.study.pelke.runs import PelkeCase, SchemeTimes, all_found
from spatem_ir.study.pelke.tables import all_cases, body_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatem_ir.study.destination import Destination


def run_pelke(*, jobs: int, destination: Destination, as_json: bool = False) -> str:
    """Run the experiments, write their files, and give what is to be printed: JSON or Markdown.

    Raises:
        SpatemError: a file cannot be written; found before anything is run where possible.
    """
    destination.check()
    drawn = figure_maker() if destination.folder is not None else None
    found = all_found(all_cases(), jobs)
    body, data = body_of(found), json.dumps(points_of(found), indent=2) + "\n"
    documents = {"pelke.json": data.encode(), "pelke.md": f"{body}\n".encode()}
    if drawn is not None:
        from spatem_ir.study.pelke.figures import rendered_pelke

        documents |= rendered_pelke(found)
    destination.write(documents, body)
    return data if as_json else f"{body}\n"


def points_of(found: Mapping[PelkeCase, SchemeTimes]) -> list[dict[str, Any]]:
    """All cases with their times as dictionaries for JSON."""
    return [
        {
            "layer": case.layer._asdict(),
            "side": case.side,
            "bus_bytes_per_cycle": case.bus,
            "operation_cycles": case.machine.components.compute_unit.operation_cycles,
            "request_cycles": case.machine.components.interconnect.head_cycles - 1,
            "cores": case.cores,
            "limit": case.parts,
            "sequential": own.sequential._asdict(),
            **{scheme: times._asdict() for scheme, times in own.schemes.items()},
            "bus_bound": own.bus_bound,
        }
        for case, own in found.items()
    ]
