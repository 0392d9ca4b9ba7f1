"""Single operators in onnxruntime, without graph optimisations."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper
from unit.runtime.evaluation import Array, Operand

from spatem_ir.dialects.cnn.attributes import Quantization


def onnxruntime_result(
    operator: str,
    *operands: Operand,
    target: Quantization | None = None,
    constants: tuple[Array, ...] = (),
    opset: int = 17,
    **attributes: Any,
) -> Array:
    """The result of a node; operands and result of codes are dequantised and quantised around it.

    `constants` are the node's inputs behind its operands.
    """
    nodes, names, inputs, initializers = [], [], {}, {}
    for number, (array, code) in enumerate(operands):
        name = f"operand{number}"
        inputs[name] = array if code is None else array.astype(_storage(code))
        if code is not None:
            scale = _scale(initializers, f"{name}_", code)
            nodes.append(helper.make_node("DequantizeLinear", [name, *scale], [f"{name}_real"]))
            name = f"{name}_real"
        names.append(name)
    for number, array in enumerate(constants):
        initializers[f"constant{number}"] = array
        names.append(f"constant{number}")
    real = "result" if target is None else "real"
    nodes.append(helper.make_node(operator, names, [real], **attributes))
    if target is not None:
        scale = _scale(initializers, "result_", target)
        nodes.append(helper.make_node("QuantizeLinear", [real, *scale], ["result"]))
    graph = helper.make_graph(
        nodes,
        "graph",
        [_value(name, array.dtype, array.shape) for name, array in inputs.items()],
        [_value("result", np.dtype(np.float32) if target is None else _storage(target), None)],
        [onnx.numpy_helper.from_array(array, name) for name, array in initializers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, inputs)[0])


def _scale(initializers: dict[str, Array], prefix: str, code: Quantization) -> list[str]:
    """Adds scale and zero point of a code; returns their names."""
    initializers[f"{prefix}scale"] = np.array(code.scale, np.float32)
    initializers[f"{prefix}zero_point"] = np.array(code.zero_point, _storage(code))
    return [f"{prefix}scale", f"{prefix}zero_point"]


def _storage(code: Quantization) -> np.dtype[Any]:
    return np.dtype(f"{'int' if code.signed else 'uint'}{code.bits}")


def _value(name: str, dtype: np.dtype[Any], shape: tuple[int, ...] | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(dtype), shape)
