"""Poolings of what a window holds, whatever its size: the whole feature map, or parts of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatem_ir.dialects.checks import fail, shape_of
from spatem_ir.dialects.cnn.operators import PoolOp
from spatem_ir.geometry.shapes.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.weights.store import ParameterStore

    Evaluate = Callable[[Any, list[Array], ParameterStore], Array]
    Export = Callable[[Any, GraphBuilder, list[str]], str]


class GlobalPoolOp(PoolOp):
    """A pooling over windows without pads, of any size; in most cases one over the whole map."""

    def verify_(self) -> None:
        super().verify_()
        if any(self.window.data.pads):
            fail(self, "has a window with pads")

    @property
    def is_whole(self) -> bool:
        """Whether the one window is the whole feature map."""
        _, height, width = shape_of(self.input)
        return self.window.data == Window((height, width))


def of_windows(evaluate: Evaluate) -> Evaluate:
    """The evaluation of an op on windows, given that on whole maps [images, channels, …].

    The elements of each window are a map of their own: [images, channels · windows, 1, elements].
    """

    def evaluate_windows(op: GlobalPoolOp, operands: list[Array], store: ParameterStore) -> Array:
        (maps,) = operands
        if op.is_whole:
            return evaluate(op, operands, store)
        images, channels, height, width = maps.shape
        positions = op.window.data.positions(height, width)
        elements = maps.reshape(images, channels, -1)[:, :, positions]
        windows = elements.reshape(images, -1, 1, positions.shape[1])
        return evaluate(op, [windows], store).reshape(images, *shape_of(op.output))

    return evaluate_windows


def windows_in_onnx(export: Export) -> Export:
    """The export of an op on windows, given that on whole maps: as :func:`of_windows`."""

    def export_windows(op: GlobalPoolOp, graph: GraphBuilder, operands: list[str]) -> str:
        if op.is_whole:
            return export(op, graph, operands)
        channels, height, width = shape_of(op.input)
        positions = op.window.data.positions(height, width)
        maps = graph.reshaped(operands[0], (channels, height * width))
        elements = graph.add("Gather", maps, graph.constant("positions", positions), axis=2)
        windows = graph.reshaped(elements, (channels * len(positions), 1, positions.shape[1]))
        return graph.reshaped(export(op, graph, [windows]), shape_of(op.output))

    return export_windows
