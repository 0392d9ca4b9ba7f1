"""Parts of weight layers: some of the results, or some of the inputs of every result."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import FloatAttr, StringAttr, TensorType
from xdsl.rewriter import InsertPoint, Rewriter

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.cnn.attributes import WindowAttr
from spatem_ir.dialects.cnn.parameters import PartAttr
from spatem_ir.dialects.cnn.weight_layers import ACCUMULATOR_TYPE, integer
from spatem_ir.operators.gather import GatherOp

if TYPE_CHECKING:
    from xdsl.ir import Attribute, Operation, SSAValue

    from spatem_ir.geometry.shapes.window import Window

CuttableOp = ConvOp | DenseOp | LocalOp


class Along(Enum):
    """What a layer is cut along.

    Along the first four, parts have some of the layer's results each; along the others, the sums of
    some inputs of all results.
    """

    REGION_ROWS = auto()
    REGION_COLUMNS = auto()
    GROUPS = auto()
    CHANNELS = auto()
    INPUTS = auto()
    KERNEL_ROWS = auto()
    KERNEL_COLUMNS = auto()

    @property
    def is_summed(self) -> bool:
        """Whether the results of parts are added up; else they are joined."""
        return self in (Along.INPUTS, Along.KERNEL_ROWS, Along.KERNEL_COLUMNS)

    @property
    def dimension(self) -> int:
        """The dimension of results along which parts are joined."""
        return {Along.REGION_ROWS: 1, Along.REGION_COLUMNS: 2}.get(self, 0)


def extent(layer: CuttableOp, along: Along) -> int:
    """Into how many parts a layer can be cut along something.

    Groups have their channels, and regions theirs, so those are cut one by one first.
    """
    shape = layer.layer
    regions = (1, 1)
    if shape.region is not None:
        rows, columns = shape.output_size
        regions = rows // shape.region[0], columns // shape.region[1]
    match along:
        case Along.REGION_ROWS:
            return regions[0]
        case Along.REGION_COLUMNS:
            return regions[1] if regions[0] == 1 else 1
        case Along.GROUPS:
            return shape.groups
    if shape.matrices > 1:
        return 1
    match along:
        case Along.CHANNELS:
            return shape.out_channels
        case Along.INPUTS:
            return shape.input_shape[0]
        case Along.KERNEL_ROWS:
            return shape.window.kernel[0]
        case Along.KERNEL_COLUMNS:
            return shape.window.kernel[1]


def part_of(layer: CuttableOp, along: Along, own: range, name: str) -> CuttableOp | None:
    """A part of a layer, which stands nowhere yet, nor do the views that it reads.

    None if it is a part of the kernel that lies on padding in all windows.
    """
    shape = list(shape_of(layer.output))
    source: SSAValue = layer.input
    properties: dict[str, Attribute] = dict(layer.properties)
    properties["sym_name"] = StringAttr(name)
    axis = int(along in (Along.KERNEL_COLUMNS, Along.REGION_COLUMNS))
    match along:
        case Along.REGION_ROWS | Along.REGION_COLUMNS:
            assert isinstance(layer, LocalOp) and layer.layer.region is not None
            size = layer.layer.region[axis]
            windows = range(own.start * size, own.stop * size)
            read = _read(layer, axis, windows, range(layer.layer.window.kernel[axis]))
            assert read is not None
            source, properties["window"] = read
            shape[along.dimension] = len(windows)
            each = 1 if axis else _columns(layer)
            regions, channels = range(own.start * each, own.stop * each), layer.layer.out_channels
            _take(properties, "weights", 0, regions)
            biases = range(regions.start * channels, regions.stop * channels)
            _take(properties, "bias", 0, biases)
        case Along.GROUPS | Along.CHANNELS:
            each = layer.layer.out_channels // extent(layer, along)
            channels = range(own.start * each, own.stop * each)
            if along is Along.GROUPS:
                read = layer.layer.input_shape[0] // layer.layer.groups
                source = GatherOp(source, 0, range(own.start * read, own.stop * read)).output
                properties["groups"] = integer(len(own))
            _take(properties, "weights", _first_dimension(layer), channels)
            _take(properties, "bias", 0, channels)
            _take(properties, "weight_scale", 0, channels)
            shape[0] = len(channels)
        case Along.INPUTS:
            source = GatherOp(source, 0, own).output
            _take(properties, "weights", _first_dimension(layer) + 1, own)
        case Along.KERNEL_ROWS | Along.KERNEL_COLUMNS:
            windows = range(layer.layer.window.fitting(*layer.layer.input_shape[1:])[axis])
            read = _read(layer, axis, windows, own)
            if read is None:
                return None
            source, properties["window"] = read
            _take(properties, "weights", _first_dimension(layer) + 2 + axis, own)
    element = layer.output.type.element_type
    if along.is_summed:
        element = ACCUMULATOR_TYPE
        for key in ("bias", "requantize", "saturate"):
            properties.pop(key, None)
    part = type(layer).create(
        operands=[source], result_types=[TensorType(element, shape)], properties=properties
    )
    part.results[0].name_hint = layer.output.name_hint
    return part


def put_part(part: CuttableOp, before: Operation) -> None:
    """Let a part, and the views that it reads, stand before an op."""
    for op in reversed([part, *_own_views(part)]):
        Rewriter.insert_op(op, InsertPoint.before(before))


def drop_part(part: CuttableOp) -> None:
    """Remove a part that stands nowhere, and the views that it alone reads."""
    views = _own_views(part)
    part.erase()
    for view in views:
        if not view.output.uses.get_length():
            view.erase()


def _own_views(part: CuttableOp) -> list[GatherOp]:
    """The views that were made for a part, the last one first."""
    views: list[GatherOp] = []
    owner = part.input.owner
    while isinstance(owner, GatherOp) and owner.parent is None:
        views.append(owner)
        owner = owner.input.owner
    return views


def _first_dimension(layer: CuttableOp) -> int:
    """The dimension of the weights that is the output channels."""
    return 1 if isinstance(layer, LocalOp) else 0


def _columns(layer: LocalOp) -> int:
    """How many regions there are in a row of them."""
    assert layer.layer.region is not None
    return layer.layer.output_size[1] // layer.layer.region[1]


def _take(properties: dict[str, Attribute], key: str, dimension: int, own: range) -> None:
    """Let a layer have part of a parameter, unless it has none, or a number for all channels."""
    if key in properties and not isinstance(properties[key], FloatAttr):
        properties[key] = PartAttr.of(properties[key], dimension, own)


def _read(
    layer: ConvOp | LocalOp | DenseOp, axis: int, windows: range, kernel: range
) -> tuple[SSAValue, WindowAttr] | None:
    """What some windows read with some rows (axis 0) or columns (axis 1) of the kernel.

    The rows or columns of the input, and the window over them; None if they read padding alone.
    """
    window = layer.layer.window
    extent = layer.layer.input_shape[1 + axis]
    stride, dilation = window.strides[axis], window.dilations[axis]
    start = windows[0] * stride + kernel[0] * dilation - window.pads[axis]
    stop = windows[-1] * stride + kernel[-1] * dilation - window.pads[axis] + 1
    inside = range(max(start, 0), min(stop, extent))
    if not inside:
        return None
    source = layer.input
    if len(inside) < extent:
        source = GatherOp(source, 1 + axis, inside).output
    return source, WindowAttr(
        _narrowed(window, axis, len(kernel), (inside.start - start, stop - inside.stop))
    )


def _narrowed(window: Window, axis: int, size: int, around: tuple[int, int]) -> Window:
    """A window with another kernel and other pads along one axis."""
    kernel, pads = list(window.kernel), list(window.pads)
    kernel[axis] = size
    pads[axis], pads[2 + axis] = around
    return replace(window, kernel=tuple(kernel), pads=tuple(pads))
