"""The published allocations beside the best ones of the model, and what both take to find."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import process_time

from spatem_ir.geometry.allocation.dynamic_program import allocated
from spatem_ir.geometry.allocation.model import PipelineModel
from spatem_ir.geometry.allocation.optimal import Optimum, optimum, simulated
from spatem_ir.study.li.published import published, published_buses, published_pipeline
from spatem_ir.study.li.reproduction import case_name
from spatem_ir.support.messages import SILENT, Messages

WITH_BUSES = (("AlexNet", 21), ("AlexNet", 32), ("VGG-A", 32), ("VGG-E", 64))
"""Cases of figure 8, by network and tiles, whose best allocations with buses are looked for."""


@dataclass(frozen=True)
class Improvement:
    """A published allocation and the best one found, in the model and step by step.

    Times are operations, with buses microseconds; so are what a simulation step by step takes, with
    buses its steps by the time of one.  `seconds` are CPU seconds of the published solver made
    anew, and of the search for the best; they differ from run to run.
    """

    case: str
    theirs: float
    their_steps: float
    best: Optimum
    steps: float
    used: int
    seconds: tuple[float, float] = field(compare=False)


def improvements(say: Messages = SILENT) -> list[Improvement]:
    """All cases of figure 7, and some of figure 8."""
    say.step("searching better allocations")
    rows, tile = published()["figure7"], published()["machine"]["tile_crossbars"]
    cases = [(row["network"], row["crossbars"], row["side"], False) for row in rows]
    cases += [(network, tiles * tile, 128, True) for network, tiles in WITH_BUSES]
    found: list[Improvement] = []
    for network, crossbars, side, with_buses in cases:
        found.append(improvement(network, crossbars, side, with_buses=with_buses))
        say.progress(len(found) / len(cases))
    return found


def improvement(
    network: str, crossbars: int, side: int, *, with_buses: bool = False
) -> Improvement:
    """The published solver and the search on one case."""
    pipeline = published_pipeline(network, side)
    model = PipelineModel(pipeline, buses=published_buses() if with_buses else None)
    started = process_time()
    theirs = allocated(model, crossbars, spare=False)
    solved = process_time()
    best = optimum(model, crossbars)
    return Improvement(
        case=case_name(network, crossbars, side) + (", with buses" if with_buses else ""),
        theirs=model.time(theirs),
        their_steps=simulated(model, theirs),
        best=best,
        steps=simulated(model, best.copies),
        used=pipeline.used(best.copies),
        seconds=(solved - started, process_time() - solved),
    )


@dataclass(frozen=True)
class RunTime:
    """Seconds that the published solver took, and CPU seconds of ours and of the better search."""

    case: str
    theirs: float
    same_solver: float
    better: float


def run_times(say: Messages = SILENT) -> list[RunTime]:
    """Table 7; ours differ from run to run."""
    say.step("reproducing table 7")
    found = []
    for row in published()["table7"]:
        case = (row["network"], row["crossbars"], row["side"])
        solver, better = improvement(*case).seconds
        found.append(RunTime(case_name(*case), row["seconds"], solver, better))
    return found
