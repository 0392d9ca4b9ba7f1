"""What a tensor of an ONNX graph is during the import.

A quantised model is read in its fused integer form: a float32 tensor never exists on its own.  A
layer between DequantizeLinear and QuantizeLinear becomes one integer op once the QuantizeLinear
behind it tells the code of its result; until then the tensor is a :class:`Real` that can produce
its codes.  Operators that commute with quantisation (ReLU, maximum pooling, concatenation, shapes)
may stand between the layer and the QuantizeLinear.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn_attributes import Quantization, quantization_of
from spatem_ir.frontend.onnx_graph import Constant, Node


@dataclass(frozen=True, eq=False)
class QuantizedConstant:
    """A constant in integers: real value = scale · (codes − zero_point).

    The scale has one element, or one for each index of dimension `axis` of the codes; `storage` is
    the type of a code, which may be narrower than that of the array.
    """

    codes: Constant
    storage: IntegerType
    scale: Constant
    zero_point: int
    axis: int = 0

    def transposed(self, permutation: tuple[int, ...] = (1, 0)) -> QuantizedConstant:
        """The constant with permuted dimensions."""
        codes = self.codes.transposed(permutation)
        axis = permutation.index(self.axis % len(permutation))
        return QuantizedConstant(codes, self.storage, self.scale, self.zero_point, axis)


@dataclass(frozen=True, eq=False)
class Codes:
    """An integer activation."""

    value: SSAValue

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape without the batch."""
        return shape_of(self.value)

    @property
    def quantization(self) -> Quantization:
        """The meaning of the codes."""
        quantization = quantization_of(self.value.type)
        assert quantization is not None
        return quantization

    def then(self, _: Node, shape: tuple[int, ...], op: Callable[[SSAValue], SSAValue]) -> Codes:
        """The codes behind an operator that works on codes."""
        result = Codes(op(self.value))
        assert result.shape == shape
        return result


@dataclass(eq=False)
class Real:
    """A float32 activation, given by the integer op that computes its codes.

    Attributes:
        node: the node that computes it; None for an input of the network.
        shape: the shape without the batch.
        emit: appends the ops that compute the codes for a quantisation.
        quantization: the code, as far as it is known before a QuantizeLinear tells it.
        host: the float32 value itself, where the host computes it.
    """

    node: Node | None
    shape: tuple[int, ...]
    emit: Callable[[Quantization], SSAValue]
    quantization: Quantization | None = None
    host: SSAValue | None = None
    emitted: dict[Quantization, SSAValue] = field(default_factory=dict)

    def codes(self, quantization: Quantization) -> SSAValue:
        """The codes of the activation; its ops are appended when they are first needed."""
        if quantization not in self.emitted:
            if self.emitted and self.host is None and self.node is not None:
                self.node.fail("its result is quantised with two different scales or zero points")
            self.emitted[quantization] = self.emit(quantization)
        return self.emitted[quantization]

    def then(self, node: Node, shape: tuple[int, ...], op: Callable[[SSAValue], SSAValue]) -> Real:
        """The activation behind an operator that commutes with quantisation."""
        return Real(node, shape, lambda code: op(self.codes(code)), self.quantization)


Activation = Codes | Real
Value = Constant | QuantizedConstant | Codes | Real
