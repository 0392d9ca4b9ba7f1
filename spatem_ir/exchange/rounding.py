"""How the integer operators of a quantised network round, against the float32 ones of its model.

A quantised model whose operators onnxruntime does not fuse computes in float32 between codes: its
sums are rounded, those of the integer operators are not.  What one operator makes of the same codes
then differs by one code at most, :data:`CODE_BOUND`; what the whole network makes of an image can
differ by more, because differences go on from tensor to tensor.

So every tensor of codes of the model is computed by onnxruntime, operator by operator, from the
network's codes of the tensors before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import Operation, SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import DequantizeOp
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.operators import DigitalOp, UnaryViewOp
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.exchange.counterparts import Counterpart, counterpart
from spatem_ir.exchange.given_model import GIVEN
from spatem_ir.exchange.session import Session
from spatem_ir.numerics.codes import storage_dtype
from spatem_ir.operators.max_pool import MaxPoolOp
from spatem_ir.weights.parameters import is_accumulator

if TYPE_CHECKING:
    from spatem_ir.exchange.given_model import GivenModel
    from spatem_ir.exchange.onnxruntime_check import TensorCheck

Array = NDArray[Any]

CODE_BOUND = 1
"""By how many codes an operator on codes may differ from the float32 one between quantisations."""

FLOAT_TOLERANCE = 1e-5
"""Largest difference of a float32 output, relative to its largest magnitude."""

BATCH_ELEMENTS = 1 << 24
"""Elements of all tensors of the images that are computed at once."""


@dataclass(frozen=True)
class Rounding:
    """How tensors of codes differ from the model's, each computed from the same codes.

    Attributes:
        tensors: How many tensors were compared.
        elements: All their elements.
        differing: Those that differ.
        most_codes: By how many codes at most.
        tensor: The tensor of the model that differs most.
        floats_match: Whether outputs that are float32 follow from the last codes.
    """

    tensors: int
    elements: int
    differing: int
    most_codes: int
    tensor: str | None
    floats_match: bool

    @property
    def is_within_bound(self) -> bool:
        """Whether all differences are those of rounding."""
        return self.floats_match and self.most_codes <= CODE_BOUND

    def to_dict(self) -> dict[str, Any]:
        """The differences for JSON."""
        return {**asdict(self), "bound": CODE_BOUND, "within_bound": self.is_within_bound}


def rounding(model: GivenModel, check: TensorCheck, inputs: Sequence[Array]) -> Rounding:
    """Compare the tensors of a quantised model with those of the network of a check.

    Raises:
        SpatemError: onnxruntime cannot run the model operator by operator.
    """
    tensors = _tensors_of_codes(model, check, inputs)
    cut = model.with_given({tensor: _dtype(held.value) for tensor, held in tensors.items()})
    session = Session(cut, model.path, optimized=False)
    outputs = zip(model.outputs, check.network.output.outputs, strict=True)
    compared = {**tensors, **{name: Counterpart.of(value) for name, value in outputs}}
    most = dict.fromkeys(compared, 0)
    elements, differing, floats_match = 0, 0, True
    for batch in _batches(check, inputs):
        ours = check.computed(batch)
        feeds = {
            tensor + GIVEN: held.as_tensor(ours[held.value]) for tensor, held in tensors.items()
        }
        feeds |= zip(session.inputs, batch, strict=False)
        theirs = session.run(feeds, list(compared))
        for (name, held), result in zip(compared.items(), theirs, strict=True):
            found = held.as_tensor(ours[held.value]).reshape(result.shape)
            if result.dtype.kind in "iu":
                bounds = _saturation_of(held.value)
                wanted = result if bounds is None else result.clip(*bounds)
                differences = np.abs(found.astype(np.int64) - wanted)
                elements += result.size
                differing += int(np.count_nonzero(differences))
                most[name] = max(most[name], int(differences.max(initial=0)))
            else:
                bound = FLOAT_TOLERANCE * float(np.abs(result).max(initial=0))
                floats_match &= bool(np.allclose(found, result, 0, bound, equal_nan=True))
    worst = max(most, key=lambda name: most[name])
    return Rounding(
        tensors=len(tensors),
        elements=elements,
        differing=differing,
        most_codes=most[worst],
        tensor=worst if most[worst] else None,
        floats_match=floats_match,
    )


def most_codes(
    network_outputs: Sequence[SSAValue], outputs: Sequence[Array], expected: Sequence[Array]
) -> int | None:
    """By how many codes outputs differ at most; None if some output is not on codes.

    A float32 output counts in steps of the codes that it was dequantised from.
    """
    most = 0.0
    for value, output, reference in zip(network_outputs, outputs, expected, strict=True):
        differences = np.abs(output.astype(np.float64) - reference.reshape(output.shape))
        if output.dtype.kind == "f":
            owner = value.owner
            code = None
            if isinstance(owner, Operation) and isinstance(owner, DequantizeOp):
                code = quantization_of(owner.input.type)
            if code is None:
                return None
            differences = differences / code.scale
        most = max(most, float(differences.max(initial=0)))
    return round(most)


def _tensors_of_codes(
    model: GivenModel, check: TensorCheck, inputs: Sequence[Array]
) -> dict[str, Counterpart]:
    """The values of the network that hold tensors of codes of the model."""
    codes = {tensor: value for value, tensor in model.codes(check.network).items()}
    codes = {tensor: value for tensor, value in codes.items() if _has_codes(value)}
    session = Session(model.with_outputs(codes), model.path, optimized=False)
    batch = next(_batches(check, inputs))
    ours = check.computed(batch)
    arrays = session.run(dict(zip(session.inputs, batch, strict=True)), list(codes))
    found = {
        tensor: counterpart(codes[tensor], array, ours.__getitem__)
        for tensor, array in zip(codes, arrays, strict=True)
    }
    return {tensor: held for tensor, held in found.items() if held is not None}


def _batches(check: TensorCheck, inputs: Sequence[Array]) -> Iterator[list[Array]]:
    """The images, :data:`BATCH_ELEMENTS` of a network's tensors at a time."""
    size = max(1, BATCH_ELEMENTS // sum(prod(shape_of(value)) for value in check.values))
    for first in range(0, len(inputs[0]), size):
        yield [array[first : first + size] for array in inputs]


def _has_codes(value: SSAValue) -> bool:
    """Whether a value is a tensor of codes, no sums."""
    return quantization_of(value.type) is not None and not is_accumulator(value.type)


def _saturation_of(value: SSAValue) -> tuple[int, int] | None:
    """The codes within which a clip of the model, that is part of a value's op, holds the value."""
    op = value.owner
    while isinstance(op, UnaryViewOp | MaxPoolOp):
        if isinstance(op, MaxPoolOp) and op.saturation is not None:
            break
        op = op.input.owner
    return op.saturation if isinstance(op, WeightLayerOp | DigitalOp) else None


def _dtype(value: SSAValue) -> np.dtype[np.integer[Any]]:
    """The type that holds a value's codes."""
    code = quantization_of(value.type)
    assert code is not None
    return storage_dtype(code)
