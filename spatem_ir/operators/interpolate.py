"""Resizing of feature maps: by the nearest elements, or between them."""

from __future__ import annotations

from functools import reduce
from itertools import product
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, prop_def, traits_def

from spatem_ir.dialects.checks import fail, shape_of
from spatem_ir.dialects.cnn.attributes import WindowAttr
from spatem_ir.dialects.cnn.checks import expect_parameter
from spatem_ir.dialects.cnn.operators import DependsOnPosition, PoolOp
from spatem_ir.dialects.cnn.parameters import CHANNEL_PARAMETER, parameter_type
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.core.evaluation import computed
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.operators.gather import gathered
from spatem_ir.operators.onnx_import.pooling import as_maps, as_signal
from spatem_ir.operators.onnx_import.resizing import (
    Sizes,
    linear_neighbours,
    nearest_indices,
    resized_sizes,
)
from spatem_ir.operators.onnx_import.tensors import Constant

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array, Reals
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore


@irdl_op_definition
class InterpolateOp(PoolOp):
    """The weighted sum of each window, whose windows lie side by side.

    `cnn.interpolate @up %x <2x2, strides 2x2> rows R columns C : …`: the element (i, j) of the
    result is the sum of R[i, a] · C[j, b] times element (a, b) of window (i, j).  R and C are
    float32 parameters of shapes [rows of the result, kernel height] and [columns of the result,
    kernel width].  Views repeat the elements between which a resized map lies.
    """

    name = "cnn.interpolate"

    rows = prop_def(CHANNEL_PARAMETER)
    columns = prop_def(CHANNEL_PARAMETER)

    traits = traits_def(DependsOnPosition())

    assembly_format = (
        "$sym_name $input $window `rows` $rows `columns` $columns attr-dict "
        "`:` type($input) `->` type($output)"
    )

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        window: WindowAttr,
        parameters: tuple[Attribute, Attribute],
        output: TensorType,
    ):
        super().__init__(sym_name, input, window, output)
        self.rows, self.columns = parameters

    def verify_(self) -> None:
        super().verify_()
        if self.window.data != Window(self.window.data.kernel, self.window.data.kernel):
            fail(self, "has windows that do not lie side by side")
        extents = zip(shape_of(self.output)[1:], self.window.data.kernel, strict=True)
        for what, shape in zip(("rows", "columns"), extents, strict=True):
            parameter = self.properties[what]
            if parameter_type(parameter).element_type != f32:
                fail(self, f"has {what} of type {parameter_type(parameter)}; they must be f32")
            expect_parameter(self, what, parameter, shape)


def convert(node: OnnxNode, network: NetworkBuilder) -> Value:
    """Resize to the nearest elements, which is a view, or linear."""
    operand = network.activation(node)
    sizes = resized_sizes(node, network, shape_of(operand))
    match node.attribute("mode", "nearest"):
        case "nearest":
            for dimension, (size, scale) in enumerate(sizes):
                extent = shape_of(operand)[dimension]
                indices = nearest_indices(node, extent, size, scale)
                operand = gathered(network, operand, dimension, indices, node.name)
            return operand
        case "linear":
            return _linear(node, network, network.floats(node), sizes)
        case mode:
            node.fail(f"has mode '{mode}'; nearest and linear are supported")


def _linear(node: OnnxNode, network: NetworkBuilder, operand: SSAValue, sizes: Sizes) -> SSAValue:
    """Linear interpolation over rows and columns."""
    maps, is_signal = as_maps(node, network, operand)
    channels, *before = shape_of(maps)
    after = [(1, 1.0), sizes[1]] if is_signal else sizes[1:]
    if sizes[0][0] != channels:
        node.fail("resizes channels; only rows and columns can be interpolated")
    kernel, parameters = [], []
    for number, (what, extent, (size, scale)) in enumerate(
        zip(("rows", "columns"), before, after, strict=True)
    ):
        indices, weights = linear_neighbours(node, extent, size, scale)
        maps = gathered(network, maps, 1 + number, indices.reshape(-1).tolist(), node.name)
        element = TensorType(f32, weights.shape)
        key = f"{node.name}.{what}"
        parameters.append(network.parameters.array(key, Constant(weights), element))
        kernel.append(weights.shape[1])
    size = (kernel[0], kernel[1])
    output = TensorType(f32, (channels, *(size for size, _ in after)))
    window = WindowAttr(Window(size, size))
    op = InterpolateOp(node.name, maps, window, (parameters[0], parameters[1]), output)
    return as_signal(network, network.append(op, node.name), is_signal=is_signal)


def evaluate(op: InterpolateOp, operands: list[Array], store: ParameterStore) -> Array:
    """See :class:`InterpolateOp`; summed in float32, window element by window element."""
    import numpy as np

    rows, columns = store.floats(op.rows), store.floats(op.columns)
    height, width = op.window.data.kernel

    def function(maps: Reals) -> Reals:
        planes = [
            np.multiply(maps[:, :, a::height, b::width], rows[:, a, None] * columns[None, :, b])
            for a, b in product(range(height), range(width))
        ]
        return reduce(np.add, planes)

    return computed(op, operands, function)


def export(op: InterpolateOp, graph: GraphBuilder, operands: list[str]) -> str:
    """Slices of the elements of all windows, each times its weights, added."""
    rows, columns = graph.store.floats(op.rows), graph.store.floats(op.columns)
    height, width = op.window.data.kernel
    _, whole_height, whole_width = shape_of(op.input)

    def compute(maps: str) -> str:
        ends = graph.constant("ends", [whole_height, whole_width])
        axes, steps = graph.constant("axes", [2, 3]), graph.constant("steps", [height, width])
        planes = []
        for a, b in product(range(height), range(width)):
            plane = graph.add("Slice", maps, graph.constant("starts", [a, b]), ends, axes, steps)
            weights = graph.constant("weights", rows[:, a, None] * columns[None, :, b])
            planes.append(graph.add("Mul", plane, weights))
        return reduce(lambda first, second: graph.add("Add", first, second), planes)

    return graph.in_float(op, operands, compute)


OPERATOR = Operator(InterpolateOp, {"Resize": Import(convert, passes_code=True)}, evaluate, export)
