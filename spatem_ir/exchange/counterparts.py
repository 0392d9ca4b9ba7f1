"""Which value of a network holds a tensor of its ONNX model, element by element.

Operators of a network may arrange their results otherwise than their nodes: a transposed
convolution computes the phases of its maps, a product of matrices has its features in front, and a
transposition that moved behind an operator leaves it in the order of the operator before.  A view
of the result then is the tensor, or the tensor has the dimensions of the result in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import permutations
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.operators import UnaryViewOp
from spatem_ir.numerics.codes import blocks

Array = NDArray[Any]


@dataclass(frozen=True)
class Counterpart:
    """The value that holds a tensor of `shape`, the batch left out.

    `order` are the value's dimensions in the order in which they are the tensor's.
    """

    value: SSAValue
    order: tuple[int, ...]
    shape: tuple[int, ...]

    @staticmethod
    def of(value: SSAValue) -> Counterpart:
        """That of a tensor that a value is as it stands."""
        shape = shape_of(value)
        return Counterpart(value, tuple(range(len(shape))), shape)

    def as_tensor(self, array: Array) -> Array:
        """An array [images, …] of the value as the tensor."""
        axes = (0, *(1 + axis for axis in self.order))
        return array.transpose(axes).reshape(len(array), *self.shape)


def counterpart(
    result: SSAValue, tensor: Array, computed: Callable[[SSAValue], Array]
) -> Counterpart | None:
    """The counterpart of a tensor [images, …] among an operator's result and its views.

    Where extents are equal, so that several orders are possible, it is that in which the elements
    are nearest to what the network computes of the same images.  None if no value has as many
    elements as the tensor: some were left out.
    """
    candidates = list(_candidates(result, tensor.shape[1:]))
    if len(candidates) < 2:
        return candidates[0] if candidates else None

    def distance(candidate: Counterpart) -> float:
        found, wanted = (
            candidate.as_tensor(computed(candidate.value)).reshape(-1),
            tensor.reshape(-1),
        )
        return sum(
            float(np.square(found[block].astype(np.float64) - wanted[block]).sum())
            for block in blocks(wanted.size)
        )

    return min(candidates, key=distance)


def _candidates(result: SSAValue, shape: tuple[int, ...]) -> Iterator[Counterpart]:
    """The values, and orders of their dimensions, that have a shape but for extents of 1.

    If there are none it is a result of as many elements, which is regrouped.
    """
    wanted = [extent for extent in shape if extent != 1]
    exists = False
    for value in _seen(result):
        extents = shape_of(value)
        ones = [axis for axis, extent in enumerate(extents) if extent == 1]
        others = [axis for axis, extent in enumerate(extents) if extent != 1]
        if sorted(wanted) != sorted(extents[axis] for axis in others):
            continue
        for order in permutations(others):
            if [extents[axis] for axis in order] == wanted:
                exists = True
                yield Counterpart(value, (*order, *ones), shape)
    if not exists and prod(shape) == prod(shape_of(result)):
        yield replace(Counterpart.of(result), shape=shape)


def _seen(value: SSAValue) -> Iterator[SSAValue]:
    """A value and its views."""
    yield value
    for use in value.uses:
        if isinstance(use.operation, UnaryViewOp):
            yield from _seen(use.operation.results[0])
