"""Nodes of an ONNX graph, and what its tensors are during the import: constants or SSA values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

from xdsl.dialects.builtin import IntegerType, Signedness
from xdsl.ir import SSAValue

from spatem_ir.dialects.cnn.parameters import TRANSPOSED
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class OnnxNode:
    """A node of the graph.

    `operator` is the operator's name, with the domain in front unless it is ONNX's own; `name` is
    unique in the graph, and is in the file if `is_named`.  Attributes are read through
    :meth:`attribute`, so that those of which a handler knows nothing can be found.
    """

    file: str
    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    is_named: bool = True
    attributes_read: set[str] = field(default_factory=set)

    def attribute(self, name: str, default: Any = None) -> Any:
        """The value of an attribute, or the default."""
        self.attributes_read.add(name)
        return self.attributes.get(name, default)

    def input(self, index: int) -> str:
        """The tensor at an input; the empty string if an optional input is left out."""
        return self.inputs[index] if index < len(self.inputs) else ""

    @property
    def own_name(self) -> str:
        """What the file calls the node, or at least its first result."""
        return f"'{self.name}'" if self.is_named else f"of '{self.outputs[0]}'"

    @property
    def label(self) -> str:
        """The operator and the node, in names that are in the file."""
        return f"{self.operator} {self.own_name}"

    def fail(self, message: str) -> NoReturn:
        """Raise an error that names the file, the operator and the node."""
        raise SpatemError(f"{self.file}: {self.label}: {message}")


@dataclass(frozen=True, eq=False)
class Constant:
    """A constant tensor.

    `key` names the initialiser that has the same elements in C order, with :data:`TRANSPOSED` if
    its transpose has (`is_transposed`); None if the values are computed.  `is_matrix` tells that
    they have its shape, too, and that it is a matrix.  `limits` are the least and the greatest
    value that a Clip allows.
    """

    values: NDArray[Any]
    key: str | None = None
    is_matrix: bool = False
    is_transposed: bool = False
    limits: tuple[int, int] | None = None

    def reshaped(self, shape: tuple[int, ...]) -> Constant:
        """The same elements under another shape."""
        return Constant(self.values.reshape(shape), self.key, limits=self.limits)

    def transposed(self, permutation: tuple[int, ...] = (1, 0)) -> Constant:
        """The tensor with permuted dimensions."""
        if permutation == tuple(range(self.values.ndim)):
            return self
        values = self.values.transpose(permutation)
        if self.key is None or not self.is_matrix:
            return Constant(values, limits=self.limits)
        key = self.key.removesuffix(TRANSPOSED) if self.is_transposed else self.key + TRANSPOSED
        return Constant(
            values,
            key,
            is_matrix=True,
            is_transposed=not self.is_transposed,
            limits=self.limits,
        )


@dataclass(frozen=True, eq=False)
class QuantizedConstant:
    """A constant in integers: real value = scale · (codes − zero point).

    The scale and `zero_points` ([n], int64) have one element, or one for each index of dimension
    `axis` of the codes; `storage` is the type of a code, which may be narrower than that of the
    array.
    """

    codes: Constant
    storage: IntegerType
    scale: Constant
    zero_points: NDArray[np.int64]
    axis: int = 0

    def transposed(self, permutation: tuple[int, ...] = (1, 0)) -> QuantizedConstant:
        """The constant with permuted dimensions."""
        codes = self.codes.transposed(permutation)
        axis = permutation.index(self.axis % len(permutation))
        return replace(self, codes=codes, axis=axis)

    def reshaped(self, shape: tuple[int, ...]) -> QuantizedConstant:
        """The constant under another shape that keeps the dimension of the scales in its place."""
        return replace(self, codes=self.codes.reshaped(shape))

    def spread(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """The values of the scale, or the zero points, repeated for every code."""
        import numpy as np

        return np.broadcast_to(self._aligned(numbers), self.codes.values.shape)

    def centred(self) -> NDArray[np.int64]:
        """The codes minus their zero points."""
        import numpy as np

        return self.codes.values.astype(np.int64) - self._aligned(self.zero_points)

    def dequantized(self) -> Constant:
        """The constant in float32."""
        import numpy as np

        scale = self._aligned(self.scale.values).astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            return Constant(self.centred().astype(np.float32) * scale)

    def recoded(self, centred: NDArray[np.int64]) -> QuantizedConstant:
        """The constant with other numbers of scales, as codes with one zero point.

        Codes have the bits that they have if the numbers do not spread further, otherwise as many
        as are needed.
        """
        import numpy as np

        lowest, highest = (int(limit) for limit in (centred.min(), centred.max()))
        lowest, highest = min(lowest, 0), max(highest, 0)
        bits = self.storage.width.data
        if highest - lowest < 1 << bits:
            dtype = np.uint8 if bits <= 8 else np.uint16
            codes = Constant((centred - lowest).astype(dtype))
            storage = IntegerType(bits, Signedness.UNSIGNED)
            return replace(self, codes=codes, storage=storage, zero_points=np.array([-lowest]))
        bits = max(highest.bit_length(), (-lowest - 1).bit_length()) + 1
        dtype = np.int16 if bits <= 16 else np.int32
        codes, storage = Constant(centred.astype(dtype)), IntegerType(bits, Signedness.SIGNED)
        return replace(self, codes=codes, storage=storage, zero_points=np.array([0]))

    def _aligned(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Numbers of the constant, or of the indices of its dimension, in the codes' dimensions."""
        dimensions = self.codes.values.ndim
        if numbers.size == 1:
            return numbers.reshape([1] * dimensions)
        return numbers.reshape([-1 if n == self.axis else 1 for n in range(dimensions)])


Value = Constant | QuantizedConstant | SSAValue
"""What a tensor of an ONNX graph is: a constant, or computed."""


def code_of(dtype: np.dtype[Any]) -> tuple[int, bool] | None:
    """Bits and signedness of an integer type, ONNX's types of 2 and 4 bits included."""
    sign, found, width = dtype.name.rpartition("int")
    return (int(width), not sign) if found and width.isdigit() and sign in ("", "u") else None


def narrowed(bits: int, signed: bool, limits: tuple[int, int]) -> int:
    """The fewest bits of an integer type that holds all values between limits."""
    lowest, highest = limits
    for fewer in range(1, bits):
        least = -(2 ** (fewer - 1)) if signed else 0
        if least <= lowest and highest < least + 2**fewer:
            return fewer
    return bits
