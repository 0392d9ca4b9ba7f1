"""Layers that are larger than the chip become several layers, of some output channels each."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn

from xdsl.dialects.builtin import FloatAttr, StringAttr, TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.cnn.parameters import PartAttr
from spatem_ir.dialects.cnn.weight_layers import integer
from spatem_ir.operators.concat import ConcatOp
from spatem_ir.operators.gather import GatherOp
from spatem_ir.support.errors import DoesNotFitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spatem_ir.hardware.accelerator import Accelerator


def cut_large_layers(
    layers: Sequence[ConvOp | DenseOp | LocalOp], accelerator: Accelerator, share: float
) -> None:
    """Cut the layers of which one copy has no room on a share of the chip, in place.

    `@fc` becomes `@fc.0`, `@fc.1` …, which compute consecutive channels, and a concatenation.

    Raises:
        DoesNotFitError: a single channel has no room, or channels of a layer cannot be cut.
    """
    chip = max(1, int(accelerator.crossbars * share))
    for layer in layers:
        needed = crossbars_of(layer, accelerator)
        if needed > chip:
            cut_layer(layer, accelerator, chip)


def cut_layer(layer: ConvOp | DenseOp | LocalOp, accelerator: Accelerator, chip: int) -> None:
    """Replace a layer by as few layers of some channels each as have room on so many crossbars.

    Raises:
        DoesNotFitError: there are none.
    """
    if isinstance(layer, LocalOp):
        _refuse(layer, accelerator, chip, "its regions cannot be cut")
    groups = layer.layer.groups
    units = groups if groups > 1 else layer.layer.out_channels
    least = -(-crossbars_of(layer, accelerator) // chip)
    ways = (list(channel_parts(layer, even(units, count))) for count in range(least, units + 1))
    parts = next((way for way in ways if _have_room(way, accelerator, chip)), None)
    if parts is None:
        what = "a group of its channels" if groups > 1 else "a channel"
        _refuse(layer, accelerator, chip, f"{what} alone has no room")
    for part in parts:
        owner = part.input.owner
        if isinstance(owner, GatherOp) and owner.parent is None:
            Rewriter.insert_op(owner, InsertPoint.before(layer))
        Rewriter.insert_op(part, InsertPoint.before(layer))
    joined = ConcatOp([part.output for part in parts], _tensor(layer.output))
    Rewriter.replace_op(layer, joined)


def crossbars_of(layer: ConvOp | DenseOp | LocalOp, accelerator: Accelerator) -> int:
    """The crossbars that one copy of a layer takes."""
    from spatem_ir.passes.partition.whole_crossbars import whole_crossbars_of

    return whole_crossbars_of(layer.layer, accelerator).crossbars


def _have_room(parts: Sequence[ConvOp | DenseOp], accelerator: Accelerator, chip: int) -> bool:
    """Whether each of several layers has room on so many crossbars."""
    return all(crossbars_of(part, accelerator) <= chip for part in parts)


def even(total: int, count: int) -> list[range]:
    """So many ranges, as equally long as possible, one after the other."""
    bounds = [number * total // count for number in range(count + 1)]
    return [range(*pair) for pair in pairwise(bounds)]


def channel_parts(layer: ConvOp | DenseOp, ranges: Sequence[range]) -> Iterator[ConvOp | DenseOp]:
    """A layer for each range of output channels, or of groups where a layer has several."""
    groups = layer.layer.groups
    for number, own in enumerate(ranges):
        per_unit = layer.layer.out_channels // groups if groups > 1 else 1
        channels = range(own.start * per_unit, own.stop * per_unit)
        source: SSAValue = layer.input
        properties: dict[str, Attribute] = dict(layer.properties)
        if groups > 1:
            read = layer.layer.input_shape[0] // groups
            source = GatherOp(source, 0, range(own.start * read, own.stop * read)).output
            properties["groups"] = integer(len(own))
        for key in ("weights", "bias", "weight_scale"):
            if key in properties and not isinstance(properties[key], FloatAttr):
                properties[key] = PartAttr.of(properties[key], channels.start, len(channels))
        properties["sym_name"] = StringAttr(f"{layer.sym_name.data}.{number}")
        tensor = _tensor(layer.output)
        result = TensorType(tensor.element_type, (len(channels), *shape_of(layer.output)[1:]))
        part = type(layer).create(operands=[source], result_types=[result], properties=properties)
        part.results[0].name_hint = layer.output.name_hint
        yield part


def _tensor(value: SSAValue) -> TensorType:
    assert isinstance(value.type, TensorType)
    return value.type


def _refuse(layer: Operation, accelerator: Accelerator, chip: int, why: str) -> NoReturn:
    raise DoesNotFitError(
        f"the network does not fit: @{layer.properties['sym_name'].data} needs more than the "  # type: ignore[attr-defined]
        f"{chip} crossbars of '{accelerator.name}', and {why}"
    )
