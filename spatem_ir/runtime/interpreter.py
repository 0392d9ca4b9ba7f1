"""Values of a module at any level of the IR."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import BlockArgument, Operation, SSAValue

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import NetworkOp, OutputOp
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.operators import DigitalOp
from spatem_ir.dialects.cnn.sizes import check_sizes
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.mvm import LayerOp, network_of
from spatem_ir.numerics.codes import Array, storage_dtype
from spatem_ir.operators.core.register import operator_of
from spatem_ir.runtime.values.accumulator import Accumulator, CnnAccumulator, MvmAccumulator
from spatem_ir.runtime.values.deployed import PxbAccumulator, VxbAccumulator
from spatem_ir.runtime.values.programmed import OuAccumulator
from spatem_ir.runtime.values.weight_layers import WeightLayers
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import ParameterStore

BATCH_ELEMENTS = 1 << 24
"""Elements of the largest feature map of all images that are computed at once."""

Observer = Callable[[SSAValue, Array], None]
"""Is told each value of a network with the array [images, …] of a batch."""


def execute(
    module: ModuleOp,
    inputs: list[Array],
    store: ParameterStore | None = None,
    observe: Observer | None = None,
) -> list[Array]:
    """Run a module's network on a batch of images, at the level at which the module is.

    Args:
        module: A verified module; what it says is executed as it is, not checked again.
        inputs: One array [images, …] for each network input: integer codes for quantised inputs,
            float32 for float inputs.
        store: Where parameters that are not in the IR are found.
        observe: Called for every input and every result, batch by batch.

    Returns:
        One array [images, …] for each network output, in its storage type.

    Raises:
        SpatemError: an input has a wrong shape, type or value, parameters cannot be found, a layer
            is not partitioned although a lower level is reached, or the values are too many.
    """
    network = network_of(module)
    if network is None:
        raise SpatemError("the module holds no cnn.network")
    check_sizes(network, f"@{network.sym_name.data}")
    codes = _checked_inputs(network, inputs)
    level, store = level_of(module), store or ParameterStore()
    accumulator = _accumulator(level, module, store)
    interpreter = Interpreter(
        store,
        _loaded_layers(network, level, accumulator, store),
        observe or _unobserved,
    )
    size = _images_at_once(network)
    batches = []
    for first in range(0, len(codes[0]), size):
        accumulator.first_image = first
        with np.errstate(over="ignore", invalid="ignore"):
            images = [array[first : first + size] for array in codes]
            batches.append(interpreter.outputs(network, images))
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def _unobserved(_: SSAValue, __: Array) -> None:
    """The observer of a run that nobody observes."""


@dataclass
class Interpreter:
    """Computes the results of a network, op by op.

    `store` holds the parameters of operators; `layers` has loaded those of weight layers;
    `observe` is told every value.
    """

    store: ParameterStore
    layers: WeightLayers
    observe: Observer

    def outputs(self, network: NetworkOp, images: list[Array]) -> list[Array]:
        """What arrives at the network's outputs for a batch of inputs, each [images, …].

        A value is kept until its last reader has read it.
        """
        values: dict[SSAValue, Array] = dict(zip(network.body.block.args, images, strict=True))
        for value, array in values.items():
            self.observe(value, array)
        unread = Counter(operand for op in network.body.block.ops for operand in op.operands)
        for op in network.body.block.ops:
            received = [values[operand] for operand in op.operands]
            if isinstance(op, OutputOp):
                return received
            (result,) = op.results
            values[result] = self.result(op, received)
            self.observe(result, values[result])
            unread.subtract(op.operands)
            for value in (*op.operands, result):
                if not unread[value]:
                    values.pop(value, None)
        raise AssertionError("a network ends with cnn.output")

    def result(self, op: Operation, received: list[Array]) -> Array:
        """The result of an op on what it receives."""
        if isinstance(op, WeightLayerOp):
            return self.layers.run(op, received[0])
        evaluate = operator_of(op).evaluate
        if evaluate is None:
            raise SpatemError(f"{op.name}: its values cannot be computed")
        result = evaluate(op, received, self.store)
        if isinstance(op, DigitalOp) and op.saturation is not None:
            return result.clip(*op.saturation)
        return result


def _loaded_layers(
    network: NetworkOp, level: Level, accumulator: Accumulator, store: ParameterStore
) -> WeightLayers:
    """The weight layers of a network, with all parameters loaded."""
    layers = WeightLayers(accumulator)
    for op in network.body.block.ops:
        if isinstance(op, WeightLayerOp):
            if level is not Level.CNN and not isinstance(op, LayerOp):
                raise SpatemError(
                    f"{op.name} @{op.sym_name.data} is not partitioned, but the module is at "
                    f"level {level}; run partition first"
                )
            layers.load(op, store)
    return layers


def _accumulator(level: Level, module: ModuleOp, store: ParameterStore) -> Accumulator:
    match level:
        case Level.CNN:
            return CnnAccumulator()
        case Level.MVM:
            return MvmAccumulator()
        case Level.VXB:
            return VxbAccumulator(module, store)
        case Level.PXB:
            return PxbAccumulator(module, store)
        case Level.OU:
            return OuAccumulator(module, store)


def _images_at_once(network: NetworkOp) -> int:
    """How many images are computed at once, so that feature maps stay small."""
    block = network.body.block
    values = [*block.args, *(result for op in block.ops for result in op.results)]
    largest = max(prod(shape_of(value)) for value in values)
    return max(1, BATCH_ELEMENTS // largest)


def _checked_inputs(network: NetworkOp, inputs: list[Array]) -> list[Array]:
    """The inputs in their storage types, if they fit the network's arguments."""
    arguments = network.body.block.args
    name = network.sym_name.data
    if len(inputs) != len(arguments):
        raise SpatemError(f"@{name} has {len(arguments)} inputs, not {len(inputs)}")
    checked = [_checked(name, *pair) for pair in zip(arguments, inputs, strict=True)]
    images = {len(array) for array in checked}
    if len(images) != 1 or images == {0}:
        raise SpatemError(
            f"@{name}: inputs have {', '.join(map(str, sorted(images)))} images; all must have the "
            "same number, at least one"
        )
    return checked


def _checked(network: str, argument: BlockArgument, array: Array) -> Array:
    where = f"@{network}: input {argument.index}"
    shape = shape_of(argument)
    if array.shape[1:] != shape or array.ndim == 0:
        wanted = "x".join(map(str, shape))
        raise SpatemError(f"{where} has shape {array.shape}; give an array of images x {wanted}")
    code = quantization_of(argument.type)
    if code is None:
        assert isinstance(argument.type, TensorType)
        if array.dtype != np.float32:
            raise SpatemError(f"{where} has type {array.dtype}; give float32 values")
        if not np.isfinite(array).all():
            raise SpatemError(f"{where} holds values that are not finite")
        return array
    if array.dtype.kind not in "iu":
        raise SpatemError(
            f"{where} has type {array.dtype}; give integer codes from {code.minimum} to "
            f"{code.maximum}"
        )
    if array.size and not code.minimum <= array.min() <= array.max() <= code.maximum:
        raise SpatemError(
            f"{where} holds codes from {array.min()} to {array.max()}; its type allows "
            f"{code.minimum} to {code.maximum}"
        )
    return array.astype(storage_dtype(code))
