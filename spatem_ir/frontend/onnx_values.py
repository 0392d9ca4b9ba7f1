"""What a tensor of an ONNX graph is during the import: a constant or an SSA value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from spatem_ir.frontend.onnx_graph import Constant


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

    def reshaped(self, shape: tuple[int, ...]) -> QuantizedConstant:
        """The constant under another shape that keeps the dimension of the scales in its place."""
        codes = self.codes.reshaped(shape)
        return QuantizedConstant(codes, self.storage, self.scale, self.zero_point, self.axis)

    def dequantized(self) -> Constant:
        """The constant in float32."""
        scale = self.scale.values
        if scale.size > 1:
            dimensions = self.codes.values.ndim
            scale = scale.reshape([-1 if n == self.axis else 1 for n in range(dimensions)])
        centred = self.codes.values.astype(np.int64) - self.zero_point
        return Constant(centred.astype(np.float32) * scale.astype(np.float32))


Value = Constant | QuantizedConstant | SSAValue
