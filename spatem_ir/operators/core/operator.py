"""The record of an operator: its op, and what ONNX and numpy make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xdsl.ir import Operation

if TYPE_CHECKING:
    from spatem_ir.numerics.codes import Array
    from spatem_ir.operators.onnx_export.graph import GraphBuilder
    from spatem_ir.operators.onnx_import.network import NetworkBuilder
    from spatem_ir.operators.onnx_import.tensors import Constant, OnnxNode, Value
    from spatem_ir.weights.store import ParameterStore

    Convert = Callable[[OnnxNode, NetworkBuilder], Value | Sequence[Value]]
    Fold = Callable[[OnnxNode, Sequence[Constant]], Constant]
    Evaluate = Callable[[Any, list[Array], ParameterStore], Array]
    Export = Callable[[Any, GraphBuilder, list[str]], str]


@dataclass(frozen=True)
class Import:
    """What becomes of an operator of ONNX, and what is known of it beforehand.

    Attributes:
        convert: Turns a node into the value of its result, or into those of all its results.
        fold: The result where all operands are constant; None if it is not computed.
        stating: The inputs whose next two inputs state their scale and zero point.
        zero_point: The input that is the zero point of input 0, whose scale is 1.
        passes_code: Whether the result has the code of the operands.
        typed_like: The input whose element type the result has, where it has the shape of input 0;
            of operators of other domains ONNX does not know it.

    Raises:
        SpatemError: `convert` and `fold`, by :meth:`OnnxNode.fail`, where a node has something that
            is not supported.
    """

    convert: Convert
    fold: Fold | None = None
    stating: tuple[int, ...] = ()
    zero_point: int | None = None
    passes_code: bool = False
    typed_like: int | None = None


@dataclass(frozen=True)
class Operator:
    """An operator of a network.

    What the passes must know of it, they ask the op: see :mod:`spatem_ir.dialects.cnn.operators`.

    Attributes:
        op: The op's class; its name begins with `cnn.`.
        onnx: The operators of ONNX that become this one, by name; names of a domain that is not
            ONNX's own have it in front, as in `com.microsoft.QGemm`.
        evaluate: The result, an array [images, …] in its storage type, from the op, arrays of its
            operands and the store in which its parameters are; None for weight layers, whose sums
            depend on the level of the IR.
        export: Appends nodes that compute the same to a graph, from the op and the names of its
            operands; returns the name of the result.  None if no operators of ONNX do.
    """

    op: type[Operation]
    onnx: Mapping[str, Import] = field(default_factory=dict)
    evaluate: Evaluate | None = None
    export: Export | None = None
