"""Models in onnxruntime on the CPU, run on any number of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Array = NDArray[Any]

PRECISE_PRODUCTS = "session.x64quantprecision"
"""The session option that keeps products of unsigned and signed bytes from saturating.

It rewrites the model, and onnxruntime 1.31 then refuses weights that two layers share, and int8
QLinearConv: it is for processors that need it."""

PROBED_ROWS = 64
"""Products of which the sum is looked at to see whether they saturate."""


class Session:
    """A model in onnxruntime.

    What it reads are arrays [images, …] of any number of images, in types that hold the same
    values as its own.
    """

    def __init__(self, model: str | bytes, name: str, *, optimized: bool):
        """Load a model, from a file or its bytes, with or without graph optimisations.

        Raises:
            SpatemError: onnxruntime is not installed, or refuses the model, which `name` names.
        """
        self._name = name
        self._session = _loaded(model, name, optimized=optimized)
        entries = self._session.get_inputs()
        self.inputs = tuple(entry.name for entry in entries)
        self.outputs = tuple(entry.name for entry in self._session.get_outputs())
        self._types = {entry.name: entry.type for entry in entries}
        batches = {entry.shape[0] for entry in entries if entry.shape}
        self._batch = next((size for size in batches if isinstance(size, int)), None)

    def run(self, feeds: Mapping[str, Array], outputs: Sequence[str] | None = None) -> list[Array]:
        """The named outputs (all by default) for inputs by name, each [images, …].

        A model of a fixed batch gets so many images at a time, one of another batch all at once,
        or one by one if it does not take several although it says so.

        Raises:
            SpatemError: onnxruntime cannot run the model.
        """
        names = list(self.outputs if outputs is None else outputs)
        images = len(next(iter(feeds.values())))
        if self._batch is None and images > 1:
            results: list[Any] = []
            with suppress(Exception):
                results = self._run(feeds, names)
            if results and all(np.ndim(each) and len(each) == images for each in results):
                return results
        return self._in_batches(feeds, names, images, self._batch or 1)

    def _in_batches(
        self, feeds: Mapping[str, Array], names: list[str], images: int, size: int
    ) -> list[Array]:
        """The outputs batch by batch; the last image fills the last batch."""
        batches: list[list[Array]] = []
        for first in range(0, images, size):
            taken = np.minimum(np.arange(first, first + size), images - 1)
            batch = {name: array[taken] for name, array in feeds.items()}
            try:
                batches.append(self._run(batch, names))
            except Exception as error:
                raise _failure(self._name, error) from error
        if len(batches) == 1 and size == images:
            return batches[0]
        results = zip(*batches, strict=True)
        return [np.concatenate([*map(np.atleast_1d, parts)])[:images] for parts in results]

    def _run(self, feeds: Mapping[str, Array], names: list[str]) -> list[Array]:
        """One run of onnxruntime on arrays in the types of the model's inputs."""
        converted = {name: _as_element(array, self._types[name]) for name, array in feeds.items()}
        return [np.asarray(each) for each in self._session.run(names, converted)]


def _loaded(model: str | bytes, name: str, *, optimized: bool) -> InferenceSession:
    """A session, with precise products where this processor's are not and the model allows it."""
    try:
        if optimized and saturates():
            with suppress(Exception):
                return _session(model, optimized=True, precise=True)
        return _session(model, optimized=optimized, precise=False)
    except ImportError as error:
        raise SpatemError(
            "--check onnxruntime needs onnxruntime: pip install 'spatem-ir[reference]'"
        ) from error
    except Exception as error:
        raise _failure(name, error) from error


def _session(model: str | bytes, *, optimized: bool, precise: bool) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if precise:
        options.add_session_config_entry(PRECISE_PRODUCTS, "1")
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@cache
def saturates() -> bool:
    """Whether onnxruntime's sums of unsigned times signed bytes saturate on this processor.

    They do on x86 processors without VNNI, where pairs of products are added in 16 bits.
    """
    from onnx import TensorProto, helper, numpy_helper

    weights = np.full((PROBED_ROWS, 1), 127, np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["codes", "weights"], ["sums"])],
        "probe",
        [helper.make_tensor_value_info("codes", TensorProto.UINT8, [1, PROBED_ROWS])],
        [helper.make_tensor_value_info("sums", TensorProto.INT32, [1, 1])],
        [numpy_helper.from_array(weights, "weights")],
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    session = _session(model.SerializeToString(), optimized=True, precise=False)
    codes = np.full((1, PROBED_ROWS), 255, np.uint8)
    (sums,) = session.run(None, {"codes": codes})
    return int(np.asarray(sums).item()) != 255 * 127 * PROBED_ROWS


def _as_element(array: Array, described: str) -> Any:
    """An array in a type as onnxruntime describes it, such as `tensor(uint8)`.

    Of codes of four bits two share a byte of a buffer, which has the shape of the array.
    """
    element = described.removeprefix("tensor(").removesuffix(")")
    if element in ("int4", "uint4"):
        from onnx import TensorProto
        from onnxruntime import OrtValue

        nibbles = np.zeros(array.size + array.size % 2, np.uint8)
        nibbles[: array.size] = array.reshape(-1).astype(np.uint8) & 15
        buffer = np.zeros(array.shape, np.uint8)
        buffer.reshape(-1)[: len(nibbles) // 2] = nibbles[::2] | nibbles[1::2] << 4
        kind = TensorProto.DataType.Value(element.upper())
        return OrtValue.ortvalue_from_numpy_with_onnx_type(buffer, kind)
    names = {"float": "float32", "double": "float64"}
    return array.astype(names.get(element, element), copy=False)


def _failure(name: str, error: Exception) -> SpatemError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return SpatemError(f"{name}: onnxruntime cannot run it: {reason}")
