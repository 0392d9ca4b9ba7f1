"""Passes that work on a deployment stage by stage."""

from __future__ import annotations

from abc import ABC, abstractmethod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from spatem_ir.dialects.stages import is_staged, stages_in_turn


class StagewisePass(ModulePass, ABC):
    """A pass that does its work on each stage alone, as if it were the whole network."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if not is_staged(op):
            self.apply_to_stage(ctx, op)
            return
        for _, alone in stages_in_turn(op):
            self.apply_to_stage(ctx, alone)

    @abstractmethod
    def apply_to_stage(self, ctx: Context, op: ModuleOp) -> None:
        """Do the work on a module with one stage, in place."""
