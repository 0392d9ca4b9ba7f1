"""The `tabulate` pass: functions of codes in a row become one table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.operators import DependsOnPosition, DigitalOp
from spatem_ir.dialects.mvm import network_of
from spatem_ir.geometry.network.dataflow import NodeKind
from spatem_ir.operators.affine import AffineOp
from spatem_ir.operators.core.evaluation import TABLE_BITS
from spatem_ir.operators.core.register import operator_of
from spatem_ir.operators.table import TableOp
from spatem_ir.passes.fold_batch_norm import values_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_OPS = 64
"""Operators of one table: what exporters spell out has fewer, and looking for more takes time."""


@dataclass(frozen=True)
class TabulatePass(ModulePass):
    """Makes one `cnn.table` of several functions of the same codes (level `cnn`).

    Such as ``x · hard_sigmoid(x)``, whose sigmoid is quantised: operators on elements, of codes or
    of float32 between them, whose result depends on one tensor of codes of at most 8 bits, and
    which nobody else reads.  The table holds their result for each of its codes: no code changes.
    """

    name = "tabulate"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        network = network_of(op)
        if network is None:
            return
        joined: set[Operation] = set()
        for root in reversed(list(network.body.block.ops)):
            if root in joined or not isinstance(root, DigitalOp):
                continue
            found = function_of(root)
            if found is None:
                continue
            joined.update(found.ops)
            table = TableOp(root.sym_name.data, found.source, found.codes(), root.output.type)
            table.output.name_hint = root.output.name_hint
            Rewriter.replace_op(root, table)
            for inner in reversed(found.ops[:-1]):
                Rewriter.erase_op(inner)


@dataclass(frozen=True)
class JointFunction:
    """Operators, in the order of their network, whose last result depends on `source` alone."""

    ops: tuple[DigitalOp, ...]
    source: SSAValue
    code: Quantization

    def codes(self) -> list[int]:
        """The last result for each code of the source, from the least to the greatest."""
        import numpy as np

        from spatem_ir.numerics.codes import storage_dtype
        from spatem_ir.weights.store import current_store

        every = np.arange(self.code.minimum, self.code.maximum + 1)
        column = every.astype(storage_dtype(self.code))
        values = {self.source: column.reshape(-1, *[1] * len(shape_of(self.source)))}
        with np.errstate(over="ignore", invalid="ignore"):
            for op in self.ops:
                evaluate = operator_of(op).evaluate
                assert evaluate is not None
                result = evaluate(op, [values[operand] for operand in op.operands], current_store())
                values[op.output] = result if op.saturation is None else result.clip(*op.saturation)
        last = values[self.ops[-1].output]
        return last.reshape(len(every), -1)[:, 0].tolist()


def function_of(root: DigitalOp) -> JointFunction | None:
    """The most operators before `root`, and it, that are a function of one tensor of codes.

    None if there are fewer than two.
    """
    if quantization_of(root.output.type) is None:
        return None
    found: JointFunction | None = None
    ops: list[DigitalOp] = []
    for op, pending in _backwards(root):
        ops.append(op)
        (source, *others) = pending
        code = quantization_of(source.type)
        if others or len(ops) < 2 or code is None or code.bits > TABLE_BITS:
            continue
        found = JointFunction(tuple(reversed(ops)), source, code)
    return found


def _backwards(root: DigitalOp) -> Iterator[tuple[DigitalOp, list[SSAValue]]]:
    """Operators that can be tabulated, last first, each with what they all read from others.

    It ends behind :data:`MOST_OPS`, or where the last operator of what they read is none of them.
    """
    ops: set[Operation] = set()
    pending: list[SSAValue] = []
    op: Operation | None = root
    while isinstance(op, DigitalOp) and _works_on_elements(op) and len(ops) < MOST_OPS:
        if op is not root and any(use.operation not in ops for use in op.output.uses):
            return
        ops.add(op)
        pending = [value for value in pending if value.owner is not op]
        pending += [value for value in dict.fromkeys(op.operands) if value not in pending]
        yield op, pending
        owners = [value.owner for value in pending if isinstance(value.owner, Operation)]
        op = owners[0] if owners else None
        for other in owners:
            assert op is not None
            op = other if op.is_before_in_block(other) else op


def _works_on_elements(op: DigitalOp) -> bool:
    """Whether an op computes the same function of elements of its operands everywhere."""
    if op.unit is not NodeKind.ACTIVATE or operator_of(op).evaluate is None:
        return False
    if op.has_trait(DependsOnPosition) or any(
        shape_of(value) != shape_of(op.output) for value in op.operands
    ):
        return False
    if isinstance(op, AffineOp):
        return all(_is_uniform(values_of(numbers)) for numbers in (op.scale, op.shift))
    return op.is_elementwise


def _is_uniform(values: NDArray[np.float64]) -> bool:
    return bool((values == values[0]).all())
