"""The partition strategy `search`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.passes.partition.strategy import Problem, Strategy, option
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.passes.partition.partitions import Partition

PREFERENCES = ("latency", "communication", "energy")
"""What may be preferred (:data:`spatem_ir.search.preferences.OBJECTIVES`)."""


@dataclass(frozen=True)
class Search(Strategy):
    """Search on the machine: floor plans under prices, in the order that free dispatch finds.

    [R] Nothing of it is published.  Layers are cut so that their tiles fill all crossbars equally
    and stand at the same corner of each of them; which cuts, is chosen under prices of what else
    they ask of the machine, and the prices are searched with the simulated machine as the judge.
    """

    name = "search"

    effort: int = option(1, "how much is simulated, in units of 100 million events")
    seed: int = option(0, "of what is drawn")
    prefer: str = option(
        "latency",
        "what is least: latency, or of what is no slower than isaac, communication or energy",
    )
    images: int = option(1, "how many images in flight the buffers suffice for")
    processes: int = option(1, "how many look for it at the same time; they find the same")

    def __post_init__(self) -> None:
        if self.effort < 0:
            raise SpatemError(f"effort must be at least 0, not {self.effort}")
        if self.prefer not in PREFERENCES:
            known = ", ".join(PREFERENCES)
            raise SpatemError(f"prefer must be one of {known}, not '{self.prefer}'")
        if self.images < 1:
            raise SpatemError(f"images must be at least 1, not {self.images}")
        if self.processes < 1:
            raise SpatemError(f"processes must be at least 1, not {self.processes}")
        if self.processes > 1 and not hasattr(os, "fork"):
            raise SpatemError("processes must be 1 here: this system cannot fork one")

    @classmethod
    def lacks(cls) -> str | None:
        from spatem_ir.runtime.machine.engine import ENGINES

        fast = ENGINES["fast"]
        return None if fast.is_installed else f"{fast.module}: {fast.remedy}"

    def partitions(self, problem: Problem) -> Sequence[Partition]:
        from xdsl.context import Context

        from spatem_ir.dialects.hw import module_of
        from spatem_ir.passes.partition.following import following_passes
        from spatem_ir.passes.partition.partitions import Partition
        from spatem_ir.passes.partition.register import STAND_IN, strategy_type
        from spatem_ir.search.evaluator import Evaluator
        from spatem_ir.search.explore import Exploration
        from spatem_ir.support.messages import Messages, current_messages

        lacking = self.lacks()
        if lacking is not None:
            raise SpatemError(f"strategy search executes deployments, which needs {lacking}")
        module = module_of(problem.ops[0])
        say = current_messages()
        evaluator = Evaluator(
            Context(),
            module,
            problem.accelerator,
            following_passes(),
            direct=self.prefer != "energy",
            say=Messages(note=say.note),
        )
        exploration = Exploration(
            evaluator,
            problem,
            self.prefer,
            self.effort,
            self.seed,
            say,
            self.processes,
        )
        best = exploration.run()
        if best is None:
            return strategy_type(STAND_IN)().partitions(problem)
        best = evaluator.pipelined(evaluator.settled(best), self.images)
        candidate, spreads = best.candidate, evaluator.spread_ops(best.candidate)
        found = Partition(best.latency, candidate.grids, candidate.note, best.schedule, spreads)
        return [found, *strategy_type("minimum")().partitions(problem)]
