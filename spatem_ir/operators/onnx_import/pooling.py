"""Feature maps and windows of poolings; a signal [channels, length] is a map of one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.onnx_import.windows import map_size

if TYPE_CHECKING:
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import OnnxNode


def as_maps(node: OnnxNode, network: NetworkBuilder, operand: SSAValue) -> tuple[SSAValue, bool]:
    """The operand as feature maps, and whether it is a signal [channels, length]."""
    shape = shape_of(operand)
    if len(shape) != 2:
        map_size(node, shape)
        return operand, False
    return network.regrouped(operand, (shape[0], 1, shape[1])), True


def as_signal(network: NetworkBuilder, maps: SSAValue, *, is_signal: bool) -> SSAValue:
    """Feature maps as the signal that :func:`as_maps` found."""
    channels, _, length = shape_of(maps)
    return network.regrouped(maps, (channels, length)) if is_signal else maps


def pooled_shape(node: OnnxNode, operand: SSAValue, window: Window) -> tuple[int, int, int]:
    """The shape behind a pooling."""
    channels, height, width = shape_of(operand)
    output = (channels, *window.output_size(height, width))
    if min(output) < 1:
        node.fail("has a window that does not fit into its input")
    return output


def refuse_channels_last(node: OnnxNode) -> None:
    """Refuse the layout of onnxruntime that has channels last."""
    if node.attribute("channels_last", 0):
        node.fail("has channels last; only [batch, channels, height, width] is supported")
