"""How far an integer network is from the float32 model that it was quantised from.

The signal-to-quantisation-noise ratio of a tensor is ``10 log10(Σ x² / Σ (x − y)²)`` in decibels,
over all elements of all images, with x of the model as onnxruntime computes it, y of the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log10, prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.attributes import Quantization, quantization_of
from spatem_ir.dialects.cnn.operators import ViewOp
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.exchange.counterparts import Counterpart, counterpart
from spatem_ir.exchange.session import Session
from spatem_ir.numerics.codes import blocks, dequantize
from spatem_ir.operators.max_pool import MaxPoolOp
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.parameters import is_accumulator

if TYPE_CHECKING:
    from spatem_ir.dialects.cnn import NetworkOp
    from spatem_ir.exchange.given_model import GivenModel
    from spatem_ir.exchange.onnxruntime_check import TensorCheck

Array = NDArray[Any]

LEAST_DECIBELS = 20.0
"""Below it a network is far from its model: noise has a tenth of the signal's magnitude."""

MOST_DECIBELS = 200.0
"""What stands for no noise at all; its opposite stands for noise without a signal."""

BATCH_ELEMENTS = 1 << 24
"""Elements of all tensors of the images that are computed at once."""


@dataclass(frozen=True)
class TensorFidelity:
    """The signal-to-quantisation-noise ratio of a tensor, within ±:data:`MOST_DECIBELS`."""

    name: str
    sqnr_db: float


@dataclass(frozen=True)
class Fidelity:
    """How far a network is from its float32 model, on `images` images.

    Attributes:
        inputs: Where the images come from: `calibration`, `given` or `random`.
        images: How many.
        outputs: Of each output, by the model's name for it.
        layers: Of each weight layer, in network order.
        top1_agreement: The share of images with the same largest element of the first output;
            None if that is no vector of several elements.
    """

    inputs: str
    images: int
    outputs: tuple[TensorFidelity, ...]
    layers: tuple[TensorFidelity, ...]
    top1_agreement: float | None

    @property
    def worst_output(self) -> TensorFidelity:
        """The output with the most noise."""
        return min(self.outputs, key=lambda each: each.sqnr_db)

    @property
    def worst_layer(self) -> TensorFidelity | None:
        """The layer with the most noise."""
        return min(self.layers, key=lambda each: each.sqnr_db, default=None)

    @property
    def doubt(self) -> str | None:
        """What is wrong if an output or a layer has less than :data:`LEAST_DECIBELS`."""
        places = [(f"output '{self.worst_output.name}'", self.worst_output.sqnr_db)]
        if self.worst_layer is not None:
            places.append((f"layer @{self.worst_layer.name}", self.worst_layer.sqnr_db))
        low = [f"{place} ({ratio:.1f} dB)" for place, ratio in places if ratio < LEAST_DECIBELS]
        if not low:
            return None
        return (
            f"the integer network is far from the float32 model: SQNR below {LEAST_DECIBELS:g} dB "
            f"at {' and '.join(low)}; calibrate on typical inputs, or use more bits"
        )

    def to_dict(self) -> dict[str, Any]:
        """The fidelity for JSON."""
        worst = self.worst_layer
        return {**asdict(self), "worst_layer": None if worst is None else asdict(worst)}


def fidelity(model: GivenModel, check: TensorCheck, inputs: Sequence[Array], kind: str) -> Fidelity:
    """Compare the network of a check with its model on inputs, each [images, …], of some kind.

    Raises:
        SpatemError: onnxruntime cannot run the model, or its outputs have other shapes.
    """
    inner = _layers(model, check.network)
    session = Session(model.with_outputs(inner.values()), model.path, optimized=True)
    outputs = list(check.network.output.outputs)
    names = model.outputs
    wanted = list(dict.fromkeys((*names, *inner.values())))
    of_outputs = [_Energy() for _ in outputs]
    of_layers: dict[WeightLayerOp, _Energy] = {}
    held: dict[WeightLayerOp, Counterpart] = {}
    agreeing = 0
    images = len(inputs[0])
    size = max(1, BATCH_ELEMENTS // sum(prod(shape_of(value)) for value in check.values))
    for first in range(0, images, size):
        batch = [array[first : first + size] for array in inputs]
        ours = check.computed(batch)
        feeds = dict(zip(session.inputs, batch, strict=True))
        theirs = dict(zip(wanted, session.run(feeds, wanted), strict=True))
        for name, value, energy in zip(names, outputs, of_outputs, strict=True):
            given = _as_read(_regrouped(model, name, theirs[name], value), value)
            energy.add(given, _real(ours[value], value))
        if first == 0:
            held = _counterparts(inner, theirs, ours)
            of_layers = {layer: _Energy() for layer in held}
        for layer, found in held.items():
            given = _as_read(theirs[inner[layer]], layer.output)
            energy = of_layers[layer]
            energy.add(given, _real(found.as_tensor(ours[found.value]), found.value))
        best, best_given = (
            each.reshape(len(each), -1).argmax(axis=1)
            for each in (ours[outputs[0]], theirs[names[0]])
        )
        agreeing += int((best == best_given).sum())
    is_vector = sorted(shape_of(outputs[0]), reverse=True)[1:2] in ([], [1])
    return Fidelity(
        inputs=kind,
        images=images,
        outputs=tuple(
            TensorFidelity(name, energy.decibels)
            for name, energy in zip(names, of_outputs, strict=True)
        ),
        layers=tuple(
            TensorFidelity(layer.sym_name.data, energy.decibels)
            for layer, energy in of_layers.items()
        ),
        top1_agreement=round(agreeing / images, 6)
        if is_vector and prod(shape_of(outputs[0])) > 1
        else None,
    )


def _layers(model: GivenModel, network: NetworkOp) -> dict[WeightLayerOp, str]:
    """The layers of codes, and the tensors of the model that they stand for, in network order."""
    results = model.results(network)
    return {
        op: results[op.output]
        for op in network.body.block.ops
        if isinstance(op, WeightLayerOp) and op.output in results and _code(op.output) is not None
    }


def _counterparts(
    inner: Mapping[WeightLayerOp, str],
    theirs: Mapping[str, Array],
    ours: Mapping[SSAValue, Array],
) -> dict[WeightLayerOp, Counterpart]:
    """What holds the results of layers, given all tensors of some images; all that is whole."""
    found = {
        layer: counterpart(
            layer.output,
            _as_read(theirs[tensor], layer.output),
            lambda value: _real(ours[value], value),
        )
        for layer, tensor in inner.items()
    }
    return {layer: held for layer, held in found.items() if held is not None}


@dataclass
class _Energy:
    """The energies of a tensor and of its noise so far."""

    signal: float = 0.0
    noise: float = 0.0

    def add(self, expected: Array, found: Array) -> None:
        """Add those of a batch."""
        given, own = expected.reshape(-1), found.reshape(-1)
        for block in blocks(given.size):
            exact = given[block].astype(np.float64)
            self.signal += float(np.square(exact).sum())
            self.noise += float(np.square(exact - own[block]).sum())

    @property
    def decibels(self) -> float:
        """The ratio in decibels."""
        if not self.noise:
            return MOST_DECIBELS
        if not self.signal:
            return -MOST_DECIBELS
        ratio = 10 * (log10(self.signal) - log10(self.noise))
        return round(min(max(ratio, -MOST_DECIBELS), MOST_DECIBELS), 3)


def _code(value: SSAValue) -> Quantization | None:
    """The code of a value; None for float32 and for sums, whose scale their type does not say."""
    return None if is_accumulator(value.type) else quantization_of(value.type)


def _real(array: Array, value: SSAValue) -> Array:
    """What an array of a value stands for."""
    code = _code(value)
    return array if code is None else dequantize(array, code)


def _as_read(array: Array, value: SSAValue) -> Array:
    """An array of the model as far as it is read: nobody sees below the range of what is pooled.

    The code of a value of which only maxima are read has their range.
    """
    code = _code(value)
    if code is None or not _is_pooled(value):
        return array
    return np.maximum(array, (code.minimum - code.zero_point) * np.float32(code.scale))


def _is_pooled(value: SSAValue) -> bool:
    """Whether only maxima of a value are read, and those of its views."""
    readers = [use.operation for use in value.uses]
    return bool(readers) and all(
        isinstance(op, MaxPoolOp) or (isinstance(op, ViewOp) and _is_pooled(op.output))
        for op in readers
    )


def _regrouped(model: GivenModel, name: str, array: Array, value: SSAValue) -> Array:
    """An output of the model, in which extents of 1 may differ, in the shape of the network's."""
    shape = (len(array), *shape_of(value))
    if array.size != prod(shape):
        raise SpatemError(
            f"{model.path}: onnxruntime gives '{name}' the shape {list(array.shape)}, the network "
            f"{list(shape)}"
        )
    return array.reshape(shape)
