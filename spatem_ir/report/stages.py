"""The stages of an execution that was logged: network, log and writes of each (rule R14)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from spatem_ir.dialects.cnn import ViewOp
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.stages import is_staged, stage_modules, stage_parts
from spatem_ir.geometry.network.dataflow import NodeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatem_ir.geometry.network.dataflow import Dataflow
    from spatem_ir.runtime.machine.execution import Execution
    from spatem_ir.runtime.machine.log import EventLog
    from spatem_ir.runtime.machine.staged_times import CrossbarWrite


@dataclass(frozen=True, eq=False)
class LoggedStage:
    """A stage of an execution; the only one of most.

    Attributes:
        number: of the stage, from 0 on.
        module: the stage as a module of its own.
        execution: its execution, with a log, in cycles from `begins` on.
        begins: the cycle of the whole execution in which it begins.
        writes: which crossbars are rewritten before it, in cycles of the whole execution.
        first_node: how many nodes earlier stages have.
    """

    number: int
    module: ModuleOp
    execution: Execution
    begins: int
    writes: tuple[CrossbarWrite, ...]
    first_node: int

    @property
    def ends(self) -> int:
        """The cycle of the whole execution from which on nothing of it happens any more."""
        return self.begins + self.execution.ended

    @property
    def log(self) -> EventLog:
        """What happened in it, in cycles from its begin on."""
        assert self.execution.log is not None
        return self.execution.log

    @cached_property
    def dataflow(self) -> Dataflow:
        """Its network."""
        return dataflow_of(self.module)


def logged_stages(module: ModuleOp, execution: Execution) -> list[LoggedStage]:
    """The stages of an execution of a module at level `ou` that was logged."""
    if not is_staged(module):
        return [LoggedStage(0, module, execution, 0, (), 0)]
    assert execution.staged is not None and execution.parts
    found: list[LoggedStage] = []
    before = 0
    for number, alone in enumerate(stage_modules(module)):
        begins = execution.staged.stages[number].begins
        writes = execution.staged.writes[number]
        stage = LoggedStage(number, alone, execution.parts[number], begins, writes, before)
        found.append(stage)
        before += len(stage.dataflow.nodes)
    return found


def sources_of(module: ModuleOp, stages: Sequence[LoggedStage]) -> list[list[int]]:
    """The nodes that each node of all stages reads, counted over all stages.

    What enters a stage reads what has left an earlier one.
    """
    found = [
        [stage.first_node + source for source in node.sources]
        for stage in stages
        for node in stage.dataflow.nodes
    ]
    if not is_staged(module):
        return found
    leaving: list[tuple[int, set[str]]] = []
    for stage, part in zip(stages, stage_parts(module), strict=True):
        nodes = stage.dataflow.nodes
        codes = (value for value in part.inputs if quantization_of(value.type) is not None)
        entering = (node for node in nodes if node.kind is NodeKind.INPUT)
        for node, value in zip(entering, codes, strict=False):
            makers = makers_of(value)
            found[stage.first_node + node.number] = [
                number for number, names in leaving if not names.isdisjoint(makers)
            ]
        leaving += [
            (stage.first_node + node.number, {nodes[source].name for source in node.sources})
            for node in nodes
            if node.kind is NodeKind.OUTPUT
        ]
    return found


def makers_of(value: SSAValue) -> set[str]:
    """The names of the ops that make what a value consists of; none of what enters the network."""
    owner = value.owner
    if isinstance(owner, ViewOp):
        return {name for operand in owner.operands for name in makers_of(operand)}
    if isinstance(owner, Operation) and "sym_name" in owner.properties:
        return {owner.properties["sym_name"].data}  # type: ignore[attr-defined]
    return set()
