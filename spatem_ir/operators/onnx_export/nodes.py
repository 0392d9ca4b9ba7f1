"""Nodes and constants of an ONNX graph under construction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from xdsl.dialects.builtin import TensorType

from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.numerics.codes import storage_dtype
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto
    from xdsl.ir import Attribute

    from spatem_ir.weights.store import ParameterStore

OPSET = 21
"""ONNX's operators: the first version that quantises to 16 bits."""

IR_VERSION = 10
"""The format of ONNX files that belongs to the operators."""

MICROSOFT = "com.microsoft"
"""The domain of onnxruntime's own operators."""

MICROSOFT_OPERATORS = ("QGemm", "QLinearAveragePool", "QLinearGlobalAveragePool")
"""The quantised operators that ONNX does not have."""

MOST_BYTES = 2_000_000_000
"""Bytes of all constants: a model has at most 2 GiB."""

BATCH = "images"
"""The name of the batch dimension."""


class NodeBuilder:
    """Nodes and constants of a graph, in an order in which they can be computed.

    Tensors are [images, …].  `scope` is the beginning of the names of new nodes, constants and
    intermediate tensors; `taken` are the names that are no longer free.
    """

    def __init__(self, store: ParameterStore, taken: set[str]):
        self.store = store
        self.scope = ""
        self._taken = dict.fromkeys(taken, 0)
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []
        self._bytes = 0

    def add(self, operator: str, *operands: str | None, **attributes: Any) -> str:
        """Append a node; returns the name of its result.  None is an operand that is left out."""
        from onnx import helper

        name = self._new_name(f"{self.scope}.{operator}")
        inputs = ["" if operand is None else operand for operand in operands]
        domain = MICROSOFT if operator in MICROSOFT_OPERATORS else ""
        node = helper.make_node(operator, inputs, [name], name, domain=domain, **attributes)
        self._nodes.append(node)
        return name

    def constant(self, what: str, values: ArrayLike) -> str:
        """A constant named after the scope; returns its name.

        Raises:
            SpatemError: there is no room for it.
        """
        from onnx import numpy_helper

        array = np.asarray(values)
        self._bytes += array.nbytes
        if self._bytes > MOST_BYTES:
            raise SpatemError(
                f"@{self.scope}: parameters up to here have {self._bytes} bytes, an ONNX model has "
                f"room for {MOST_BYTES}"
            )
        name = self._new_name(f"{self.scope}.{what}")
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def scalar(self, what: str, value: float, dtype: DTypeLike) -> str:
        """A constant without dimensions."""
        return self.constant(what, np.array(value, dtype))

    def cast(self, operand: str, dtype: DTypeLike) -> str:
        """A tensor's elements as another type."""
        return self.add("Cast", operand, to=onnx_type(np.dtype(dtype)))

    def name_last(self, result: str, name: str) -> None:
        """Give the result of the last node a name; without such a node, append a copy."""
        if not self._nodes or self._nodes[-1].output[0] != result:
            self.add("Identity", result)
        self._nodes[-1].output[0] = name

    def model(
        self, name: str, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto]
    ) -> ModelProto:
        """The model of the whole graph."""
        from onnx import helper

        graph = helper.make_graph(self._nodes, name, inputs, outputs, self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="spatem-ir"
        )

    def _new_name(self, wanted: str) -> str:
        """A free name: the wanted one, or with the next number that is free behind it."""
        name = wanted
        while name in self._taken:
            self._taken[wanted] += 1
            name = f"{wanted}.{self._taken[wanted]}"
        self._taken[name] = 0
        return name


def onnx_type(dtype: np.dtype[Any]) -> int:
    """ONNX's number of an element type."""
    from onnx import helper

    return helper.np_dtype_to_tensor_dtype(dtype)


def value_info(name: str, tensor: Attribute) -> ValueInfoProto:
    """A graph's input or output: a tensor type of the IR, behind the batch dimension."""
    from onnx import helper

    assert isinstance(tensor, TensorType)
    code = quantization_of(tensor)
    dtype = np.dtype(np.float32) if code is None else storage_dtype(code)
    return helper.make_tensor_value_info(name, onnx_type(dtype), [BATCH, *tensor.get_shape()])
