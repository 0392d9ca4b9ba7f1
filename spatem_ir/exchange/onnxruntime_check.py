"""Comparison with onnxruntime, an independent implementation of quantised networks.

The final outputs are compared with those of the model that was given.  Every tensor is compared
with what onnxruntime computes from the network's export, see :mod:`spatem_ir.exchange`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import BlockArgument, Operation, SSAValue

from spatem_ir.dialects.checks import elements_of
from spatem_ir.dialects.cnn import DigitalOp, QuantizeOp
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.operators import CommutesWithQuantization
from spatem_ir.dialects.mvm import network_of
from spatem_ir.exchange.export import GIVEN, export_network, value_names
from spatem_ir.exchange.session import Session
from spatem_ir.numerics.codes import blocks
from spatem_ir.operators.core.evaluation import TABLE_BITS
from spatem_ir.operators.requantize import RequantizeOp
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from spatem_ir.weights.store import ParameterStore

FLOAT_TOLERANCE = 1e-6
"""Largest relative difference of float outputs (softmax); integers must be equal."""

TENSOR_TOLERANCE = 1e-5
"""Largest difference of float tensors inside a network, relative to their largest magnitude: their
sums are rounded in another order."""

MOST_ELEMENTS = 1 << 24
"""Elements of the largest tensor of one image that is compared."""

MOST_ELEMENTS_HELD = 1 << 28
"""Elements of all tensors of one image, which onnxruntime holds together."""

Array = NDArray[Any]


def onnxruntime_outputs(
    model: str, inputs: Sequence[Array], outputs: Sequence[str] | None = None
) -> list[Array]:
    """Run an ONNX model on the CPU with the default graph optimisations: `outputs`, or all.

    Raises:
        SpatemError: onnxruntime is not installed, or cannot run the model.
    """
    session = Session(model, model, optimized=True)
    return session.run(dict(zip(session.inputs, inputs, strict=True)), outputs)


def differences(outputs: Sequence[Array], expected: Sequence[Array]) -> int:
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


@dataclass(frozen=True)
class TensorDifference:
    """How a tensor differs from onnxruntime's.

    `tensor` is its name in the IR and `op` the operation that computes it; `index` is that of the
    first element that differs, [image, …], with the two values there.
    """

    tensor: str
    op: str
    differing: int
    elements: int
    index: tuple[int, ...]
    value: float
    expected: float

    def __str__(self) -> str:
        at = ", ".join(map(str, self.index))
        return (
            f"{self.tensor} of {self.op}: {self.differing:,} of {self.elements:,} elements, first "
            f"at [{at}]: {self.value:.9g} instead of {self.expected:.9g}"
        )


@dataclass(frozen=True)
class TensorComparison:
    """Tensors and elements that were compared, and the first tensor that differs."""

    tensors: int
    elements: int
    first_difference: TensorDifference | None

    def to_dict(self) -> dict[str, Any]:
        """The comparison for JSON."""
        return asdict(self)


class TensorCheck:
    """Compares every tensor of a network with onnxruntime's, batch by batch.

    An observer of :func:`spatem_ir.runtime.interpreter.execute`: once it has seen the inputs of a
    batch it runs the exported network on them, without graph optimisations.  Codes that are rounded
    from functions in float32, of which the last bits differ between libraries, may differ by one
    (:func:`is_rounded_function`); what reads them computes with the network's.
    """

    def __init__(self, module: ModuleOp, store: ParameterStore):
        """Export the network of a module.

        Raises:
            SpatemError: onnxruntime is not installed, ONNX cannot express an op, or tensors have
                more than :data:`MOST_ELEMENTS` elements, or :data:`MOST_ELEMENTS_HELD` together.
        """
        network = network_of(module)
        assert network is not None
        self.network, self._names = network, value_names(network)
        name = f"@{network.sym_name.data}"
        _check_sizes({f"%{text}": elements_of(value) for value, text in self._names.items()}, name)
        model = export_network(network, store, all_values=True)
        self._session = Session(model.SerializeToString(), name, optimized=False)
        self._seen: dict[SSAValue, Array] = {}
        self._expected: dict[SSAValue, Array] = {}
        self._outputs: list[list[Array]] = [[] for _ in network.output.outputs]
        self._tensors = {
            value: _Tally(steps=int(is_rounded_function(value)))
            for value in self._names
            if value.owner != network.body.block
        }
        self._given = [value for value, tally in self._tensors.items() if tally.steps]
        self._needed = [*network.body.block.args, *self._given]
        self._behind = self._session
        if self._given:
            model = export_network(network, store, all_values=True, given=self._given)
            self._behind = Session(model.SerializeToString(), name, optimized=False)

    @property
    def values(self) -> Collection[SSAValue]:
        """All values of the network but its inputs."""
        return self._tensors.keys()

    def computed(self, inputs: Sequence[Array]) -> dict[SSAValue, Array]:
        """All values that onnxruntime computes from inputs [images, …], and the inputs.

        Raises:
            SpatemError: it cannot.
        """
        given = dict(zip(self.network.body.block.args, inputs, strict=True))
        feeds = {self._names[value]: array for value, array in given.items()}
        results = self._session.run(feeds, [self._names[value] for value in self._tensors])
        return {**given, **dict(zip(self._tensors, results, strict=True))}

    def __call__(self, value: SSAValue, array: Array) -> None:
        """Compare a value; before onnxruntime has what it computes from, take note of it."""
        if isinstance(value, BlockArgument):
            self._expected = {}
        if self._expected:
            self._tensors[value].compare(array, self._expected[value])
            return
        self._seen[value] = array
        if all(needed in self._seen for needed in self._needed):
            self._compute()

    def _compute(self) -> None:
        """What onnxruntime computes of a batch, compared with what has been seen of it."""
        seen, self._seen = self._seen, {}
        values, inputs = list(self._tensors), self.network.body.block.args
        feeds = {self._names[value]: seen[value] for value in inputs}
        feeds |= {self._names[value] + GIVEN: seen[value] for value in self._given}
        results = self._behind.run(feeds, [self._names[value] for value in values])
        known = {value: seen[value] for value in inputs}
        self._expected = {**known, **dict(zip(values, results, strict=True))}
        for value in seen.keys() - known.keys():
            self._tensors[value].compare(seen[value], self._expected[value])
        for parts, value in zip(self._outputs, self.network.output.outputs, strict=True):
            parts.append(self._expected[value])

    def comparison(self, outputs: Sequence[Array]) -> TensorComparison:
        """The comparison of all batches, and of what arrived at the network's outputs."""
        self._expected = {}
        tallies = [
            (f"%{self._names[value]}", _described(value.owner), tally)
            for value, tally in self._tensors.items()
        ]
        for number, (array, parts) in enumerate(zip(outputs, self._outputs, strict=True)):
            value = self.network.output.outputs[number]
            tally = _Tally(steps=int(is_rounded_function(value)))
            tally.compare(array, np.concatenate(parts))
            tallies.append((f"output {number}", self.network.output.name, tally))
        return TensorComparison(
            tensors=len(tallies),
            elements=sum(tally.elements for _, _, tally in tallies),
            first_difference=next(
                (tally.difference(tensor, op) for tensor, op, tally in tallies if tally.differing),
                None,
            ),
        )


def _check_sizes(elements: Mapping[str, int], network: str) -> None:
    """Check that the tensors of a network, of so many elements each, can be compared.

    Raises:
        SpatemError: they are too large.
    """
    largest = max(elements, key=lambda tensor: elements[tensor])
    for what, size, most in (
        (f"tensor {largest} has", elements[largest], MOST_ELEMENTS),
        ("tensors have", sum(elements.values()), MOST_ELEMENTS_HELD),
    ):
        if size > most:
            raise SpatemError(
                f"{network}: its {what} {size:,} elements; --check onnxruntime compares {most:,}"
            )


def is_rounded_function(value: SSAValue) -> bool:
    """Whether codes are a function in float32 of float32 tensors, or from or to more than 8 bits.

    Not if the function is exact: layers, what commutes with quantisation, and requantisations of
    sums.
    """
    op, code = value.owner, quantization_of(value.type)
    if code is None or not isinstance(op, DigitalOp | QuantizeOp):
        return False
    if op.has_trait(CommutesWithQuantization):
        return False
    if isinstance(op, QuantizeOp):
        return not isinstance(op.input, BlockArgument)
    sources = [quantization_of(operand.type) for operand in op.operands]
    if isinstance(op, RequantizeOp):
        return code.bits > TABLE_BITS or None in sources
    return any(each is None or each.bits > TABLE_BITS for each in (code, *sources))


@dataclass
class _Tally:
    """What was found of one tensor in the batches so far; codes may differ by `steps`."""

    steps: int = 0
    images: int = 0
    elements: int = 0
    differing: int = 0
    first: tuple[tuple[int, ...], float, float] = field(default=((), 0.0, 0.0))

    def compare(self, array: Array, expected: Array) -> None:
        """Compare a batch."""
        found, wanted = array.reshape(-1), expected.reshape(-1)
        largest = 0.0
        if array.dtype.kind not in "iu":
            for block in blocks(wanted.size):
                finite = wanted[block][np.isfinite(wanted[block])]
                largest = max(largest, float(np.abs(finite).max(initial=0.0)))
        for block in blocks(found.size):
            different = self._different(found[block], wanted[block], TENSOR_TOLERANCE * largest)
            count = int(np.count_nonzero(different))
            if count and not self.differing:
                at = block.start + int(different.argmax())
                image, *index = (int(i) for i in np.unravel_index(at, array.shape))
                self.first = (self.images + image, *index), found[at].item(), wanted[at].item()
            self.differing += count
        self.images += len(array)
        self.elements += array.size

    def _different(self, found: Array, wanted: Array, tolerance: float) -> Array:
        """Which elements differ: floats by more than the tolerance."""
        if found.dtype.kind not in "iu":
            return ~np.isclose(found, wanted, rtol=0.0, atol=tolerance, equal_nan=True)
        if not self.steps:
            return found != wanted
        return np.abs(found.astype(np.int64) - wanted.astype(np.int64)) > self.steps

    def difference(self, tensor: str, op: str) -> TensorDifference:
        """The difference that was found."""
        return TensorDifference(tensor, op, self.differing, self.elements, *self.first)


def _described(owner: object) -> str:
    """An operation by its name and its symbol, if it has one."""
    assert isinstance(owner, Operation)
    symbol = owner.properties.get("sym_name")
    return f"{owner.name} @{symbol.data}" if isinstance(symbol, StringAttr) else owner.name
