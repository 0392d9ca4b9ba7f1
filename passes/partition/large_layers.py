"""Layers that are larger than the chip become several layers, which compute a part each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn

from xdsl.dialects.builtin import FloatAttr, TensorType, f32
from xdsl.rewriter import InsertPoint, Rewriter

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import TransposeOp
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.weight_layers import SUM_BITS
from spatem_ir.operators.accumulate import AccumulateOp
from spatem_ir.operators.concat import ConcatOp
from spatem_ir.passes.partition.layer_parts import (
    Along,
    CuttableOp,
    drop_part,
    extent,
    part_of,
    put_part,
)
from spatem_ir.support.errors import DoesNotFitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xdsl.ir import Attribute, Operation, SSAValue

    from spatem_ir.hardware.accelerator import Accelerator


def cut_large_layers(layers: Sequence[CuttableOp], accelerator: Accelerator, share: float) -> None:
    """Cut the layers of which one copy has no room on a share of the chip, in place.

    `@fc` becomes `@fc.0`, `@fc.1` …, which compute consecutive channels, groups or regions, and a
    concatenation; where not even one of these has room, parts over some inputs each, and their sum,
    a `cnn.accumulate` that is called `@fc`.

    Raises:
        DoesNotFitError: sums of such parts are wider than accumulators, or a weight has no room.
    """
    cutter = _LayerCutter(accelerator, max(1, int(accelerator.crossbars * share)))
    for layer in layers:
        if not cutter.has_room(layer):
            cutter.cut(layer)


def crossbars_of(layer: CuttableOp, accelerator: Accelerator) -> int:
    """The crossbars that one copy of a layer takes."""
    from spatem_ir.passes.partition.whole_crossbars import whole_crossbars_of

    return whole_crossbars_of(layer.layer, accelerator).crossbars


def even(total: int, count: int) -> list[range]:
    """So many ranges, as equally long as possible, one after the other."""
    bounds = [number * total // count for number in range(count + 1)]
    return [range(*pair) for pair in pairwise(bounds)]


@dataclass(frozen=True)
class _LayerCutter:
    """Cuts layers for so many crossbars of an accelerator."""

    accelerator: Accelerator
    crossbars: int

    def has_room(self, layer: CuttableOp) -> bool:
        """Whether a copy of a layer has room."""
        return crossbars_of(layer, self.accelerator) <= self.crossbars

    def cut(self, layer: CuttableOp) -> None:
        """Replace a layer by parts that have room, and what makes its result of theirs.

        Raises:
            DoesNotFitError: there are none.
        """
        result = self._of_parts(layer, layer)
        layer.output.replace_all_uses_with(result)
        result.name_hint = layer.output.name_hint
        layer.detach()
        layer.erase()

    def _result(self, layer: CuttableOp, place: Operation) -> SSAValue:
        """The result of a part of a layer; what makes it is put before the op at a place."""
        if self.has_room(layer):
            put_part(layer, place)
            return layer.output
        result = self._of_parts(layer, place)
        layer.erase()
        return result

    def _of_parts(self, layer: CuttableOp, place: Operation) -> SSAValue:
        """The result of a layer that has no room, made of those of its parts."""
        window, shape = layer.layer.window, layer.layer.input_shape
        if layer.layer.region and layer.layer.matrices > 1 and window.padding_alone(*shape[1:]):
            self._refuse(layer, "regions cannot be cut off where windows read padding alone")
        for along in Along:
            if extent(layer, along) == 1:
                continue
            longest = self._longest(layer, along)
            if longest or along is not Along.CHANNELS:
                break
        else:
            self._refuse(layer, "a weight alone has no room")
        if along.is_summed and layer.accumulator_bits > SUM_BITS:
            bits = layer.accumulator_bits
            self._refuse(
                layer, f"parts cannot be added up: its sums have {bits} bits, they {SUM_BITS}"
            )
        count = -(-extent(layer, along) // max(1, longest))
        results = []
        for number, own in enumerate(even(extent(layer, along), count)):
            part = part_of(layer, along, own, f"{layer.sym_name.data}.{number}")
            if part is not None:
                results.append(self._result(part, place))
        made = _summed(layer, results) if along.is_summed else _joined(layer, results, along)
        for op in made:
            Rewriter.insert_op(op, InsertPoint.before(place))
        return made[-1].results[0]

    def _longest(self, layer: CuttableOp, along: Along) -> int:
        """How much of a layer has room, along something; a single channel of it, if it is summed.

        0 if not even 1 has.
        """
        low, high = 0, extent(layer, along)
        while high - low > 1:
            length = (low + high) // 2
            if self._has_part(layer, along, length):
                low = length
            else:
                high = length
        return low

    def _has_part(self, layer: CuttableOp, along: Along, length: int) -> bool:
        """Whether a part of some length has room; a single channel of it, if it is summed."""
        part = part_of(layer, along, range(length), layer.sym_name.data)
        if part is None:
            return True
        room = self.has_room(part)
        if not room and along.is_summed and extent(part, Along.CHANNELS) > 1:
            room = self._has_part(part, Along.CHANNELS, 1)
        drop_part(part)
        return room

    def _refuse(self, layer: CuttableOp, why: str) -> NoReturn:
        raise DoesNotFitError(
            f"the network does not fit: @{layer.sym_name.data} needs more than the "
            f"{self.crossbars} crossbars of '{self.accelerator.name}', and {why}"
        )


def _joined(layer: CuttableOp, parts: list[SSAValue], along: Along) -> list[Operation]:
    """What joins the results of parts to that of their layer."""
    swapped = list(range(len(shape_of(layer.output))))
    swapped[0], swapped[along.dimension] = along.dimension, 0
    order, shape = tuple(swapped), [shape_of(layer.output)[each] for each in swapped]
    made: list[Operation] = []
    if along.dimension:
        made += [TransposeOp(part, order) for part in parts]
        parts = [op.results[0] for op in made]
    made.append(ConcatOp(parts, TensorType(layer.output.type.element_type, shape)))
    if along.dimension:
        made.append(TransposeOp(made[-1].results[0], order))
    return made


def _summed(layer: CuttableOp, parts: list[SSAValue]) -> list[Operation]:
    """What adds the sums of parts up to the result of their layer."""
    properties: dict[str, Attribute | None] = {
        "sym_name": layer.sym_name,
        "input_scale": FloatAttr(quantized(layer, layer.input).scale, f32),
        "weight_scale": layer.weight_scale,
        "bias": layer.bias,
        "requantize": layer.requantize,
    }
    total = AccumulateOp(parts, layer.output.type, properties)
    if layer.saturation is not None:
        total.saturate(*layer.saturation)
    return [total]
