"""Programs whose visits were exchanged: some of them deadlock."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import Rewriter

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.ou import DueOp, OuStageOp, StreamOp
from spatem_ir.dialects.ou.programs import programs_of, stream_of


def exchange_visits(random: Random, module: ModuleOp, exchanges: int) -> None:
    """Exchange pairs of visits within programs; all other promises of the module are kept."""
    (stage,) = (op for op in module.ops if isinstance(op, OuStageOp))
    programs = programs_of(stage, dataflow_of(module))
    for _ in range(exchanges):
        number = random.randrange(len(programs))
        program = programs[number]
        bursts, windows = program.bursts.copy(), program.windows.copy()
        a, b = random.randrange(len(bursts)), random.randrange(len(bursts))
        bursts[[a, b]], windows[[a, b]] = bursts[[b, a]], windows[[b, a]]
        programs[number] = replace(program, bursts=bursts, windows=windows)
    for op in [op for op in stage.body.block.ops if isinstance(op, StreamOp | DueOp)]:
        Rewriter.erase_op(op)
    stage.body.block.add_ops([stream_of(program) for program in programs])
