"""Executions of deployments of one stage or several: each stage alone, then one of all (R14)."""

from __future__ import annotations

from functools import cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.stages import is_staged, stage_modules
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.engine import executor
from spatem_ir.runtime.machine.stages import composed
from spatem_ir.support.messages import SILENT, Messages
from spatem_ir.weights.store import current_store

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.runtime.machine.engine import Executor
    from spatem_ir.runtime.machine.execution import Execution
    from spatem_ir.runtime.machine.log import Watch
    from spatem_ir.runtime.machine.staged_times import StagedTimes
    from spatem_ir.runtime.machine.stages import Rewriting
    from spatem_ir.weights.store import ParameterStore


def deployment_executor(
    engine: str,
    module: ModuleOp,
    *,
    source: str,
    store: ParameterStore | None = None,
    most_images: int = 1,
    trace: bool = False,
    say: Messages = SILENT,
) -> Executor:
    """What executes so many images in flight of a module at level `ou`, whatever its stages.

    The arguments are those of :func:`~spatem_ir.runtime.machine.engine.executor`, which executes
    one stage; `store` is where the weights are found that crossbars are rewritten with.

    Raises:
        SpatemError: as :func:`~spatem_ir.runtime.machine.engine.executor`, or weights cannot be
            found.
    """

    def stage_executor(alone: ModuleOp) -> Executor:
        return executor(engine, alone, source=source, most_images=most_images, trace=trace, say=say)

    if not is_staged(module):
        return stage_executor(module)
    nodes = [len(dataflow_of(alone).nodes) for alone in stage_modules(module)]
    own_nodes = [slice(*ends) for ends in pairwise(accumulate(nodes, initial=0))]
    known: dict[tuple[int, Dispatch], StagedTimes] = {}

    @cache
    def writing() -> list[Rewriting]:
        from spatem_ir.runtime.writing import stage_writing

        say.step("comparing the cells of stages")
        return stage_writing(module, store or current_store())

    def execute(
        images: int, dispatch: Dispatch = Dispatch.STATIC, log: Watch | None = None
    ) -> Execution:
        key = images, dispatch
        if log is not None and key not in known:
            execute(images, dispatch)
        runs: list[Execution] = []
        for number, stage in enumerate(stage_modules(module)):
            own = log
            if log is not None:
                logged = sum(run.log.size for run in runs if run.log is not None)
                begins = known[key].stages[number].begins
                own = log.of_stage(begins, own_nodes[number], logged)
            runs.append(stage_executor(stage)(images, dispatch, own))
        whole = composed(runs, writing(), nodes)
        assert whole.staged is not None
        known[key] = whole.staged
        return whole

    return execute
