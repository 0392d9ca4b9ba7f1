"""Comparison with onnxruntime, an independent implementation of quantised networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatem_ir.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Sequence

FLOAT_TOLERANCE = 1e-6
"""Largest relative difference of float outputs (softmax); integers must be equal."""


def onnxruntime_outputs(model: str, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Run an ONNX model on the CPU with the default graph optimisations.

    Unsigned-times-signed products are kept from saturating on CPUs without VNNI by the session
    option `session.x64quantprecision`.

    Raises:
        SpatemError: onnxruntime is not installed, or cannot run the model.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise SpatemError(
            "--check onnxruntime needs onnxruntime: pip install 'spatem-ir[reference]'"
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        names = [entry.name for entry in session.get_inputs()]
        results = session.run(None, dict(zip(names, inputs, strict=True)))
        return [np.asarray(result) for result in results]
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SpatemError(f"{model}: onnxruntime cannot run it: {reason}") from error


def differences(outputs: Sequence[NDArray[Any]], expected: Sequence[NDArray[Any]]) -> int:
    """The number of elements that differ; all of them where shapes differ.

    Integers are compared exactly, floats up to :data:`FLOAT_TOLERANCE`.
    """
    count = 0
    for output, reference in zip(outputs, expected, strict=True):
        flat = reference.reshape(output.shape) if output.size == reference.size else None
        if flat is None:
            count += reference.size
        elif np.issubdtype(output.dtype, np.integer):
            count += int((output.astype(np.int64) != flat.astype(np.int64)).sum())
        else:
            count += int((~np.isclose(output, flat, rtol=FLOAT_TOLERANCE, atol=1e-7)).sum())
    return count
