"""The `quantize` pass: post-training quantisation of a float32 network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from xdsl.context import Context
from xdsl.dialects.builtin import (
    ArrayAttr,
    FloatAttr,
    IntegerType,
    ModuleOp,
    Signedness,
    StringAttr,
    TensorType,
    f32,
)
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint, Rewriter

from spatem_ir.dialects.checks import is_floating, shape_of
from spatem_ir.dialects.cnn import (
    DequantizeOp,
    FlattenOp,
    NetworkOp,
    OutputOp,
    QuantizeOp,
)
from spatem_ir.dialects.cnn.attributes import Quantization, QuantType, RangeAttr
from spatem_ir.dialects.cnn.operators import StaysFloatAtEnd, ViewOp
from spatem_ir.dialects.cnn.weight_layers import (
    ACCUMULATOR_TYPE,
    Requantization,
    WeightLayerOp,
    integer,
)
from spatem_ir.dialects.mvm import network_of
from spatem_ir.passes.fuse_quantization import FuseQuantizationPass
from spatem_ir.passes.rewriting import commuting
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.passes.quantize.scales import Method

RANGE = "range"
"""The attribute of an op that holds the range of its result, a :class:`RangeAttr`."""

INPUT_RANGES = "input_ranges"
"""The attribute of a network that holds the ranges of its inputs."""


@dataclass(frozen=True)
class QuantizePass(ModulePass):
    """Quantises a float32 network from the ranges that `calibrate` found (level `cnn`).

    Every activation that a layer or digital operator reads gets one code for the whole tensor,
    weights get one per output channel; then `fuse-quantization` makes the integer operators.
    Tensors that operators join or pass on unchanged share a code.  A softmax at the end stays
    float32, on the host.  Of a network that is quantised in part, the inputs and the weights of the
    layers on float32 get codes; other float32 operators stay as they are.

    Options:
        weight_bits: 2 to 8.
        activation_bits: 2 to 8.
        scale: how weight scales are chosen, `max-abs`, `mse` or `auto` (mse up to three bits).
        per: one weight scale per output `channel` or one per `tensor`.
        requantize: how sums become codes, `f32-half-even` or `fixed-point`.
    """

    name = "quantize"

    weight_bits: int = 8
    activation_bits: int = 8
    scale: str = "auto"
    per: str = "channel"
    requantize: str = Requantization.FLOAT32.value

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        from spatem_ir.passes.quantize.scales import Method

        network = network_of(op)
        if network is None:
            raise SpatemError("quantize: the module holds no cnn.network")
        for what, bits in (("weight", self.weight_bits), ("activation", self.activation_bits)):
            if not 2 <= bits <= 8:
                raise SpatemError(f"quantize: {what}-bits is {bits}; 2 to 8 are possible")
        for what, value, known in (
            ("scale", self.scale, tuple(Method)),
            ("per", self.per, ("channel", "tensor")),
            ("requantize", self.requantize, tuple(Requantization)),
        ):
            if value not in known:
                raise SpatemError(f"quantize: {what} is '{value}'; one of {', '.join(known)}")
        layers = float_layers(network)
        if is_quantized(network):
            if not layers:
                raise SpatemError("quantize: the network is quantised already")
            codes = codes_of_inputs(network, layers, self.activation_bits)
        else:
            codes = activation_codes(network, self.activation_bits)
        for layer in layers:
            if layer.has_float_weights:
                code = codes.get(layer.input) or layer.input_code
                assert code is not None
                self.quantize_weights(layer, code, Method(self.scale))
        for value, code in codes.items():
            insert_quantization(value, code)
        FuseQuantizationPass().apply(ctx, op)
        network.attributes.pop(INPUT_RANGES, None)
        for other in network.body.block.ops:
            other.attributes.pop(RANGE, None)

    def quantize_weights(self, layer: WeightLayerOp, code: Quantization, method: Method) -> None:
        """Replace a layer's float32 weights and bias by codes."""
        from spatem_ir.passes.quantize.scales import bias_codes, smallest_scales, weight_codes
        from spatem_ir.weights.store import current_store

        store, name = current_store(), layer.sym_name.data
        bias = None if layer.bias is None else store.values(layer.bias).astype("float32")
        weights = store.values(layer.weights).astype("float32", copy=False)
        channels = layer.layer.out_channels
        is_local = layer.layer.region is not None
        by_channel = weights.swapaxes(0, 1) if is_local else weights
        smallest = smallest_scales(bias, code.scale)
        if is_local and bias is not None:
            smallest = smallest.reshape(-1, channels).max(axis=0)
        quantized, scale = weight_codes(
            by_channel,
            self.weight_bits,
            method=method,
            per_channel=self.per == "channel",
            smallest=smallest,
        )
        quantized = quantized.swapaxes(0, 1) if is_local else quantized
        storage = IntegerType(self.weight_bits, Signedness.SIGNED)
        layer.weights = store.keep(f"{name}.weights", quantized, storage, layer.weights)
        layer.weight_zero_point = integer(0)
        layer.weight_scale = (
            FloatAttr(float(scale[0]), f32)
            if len(scale) == 1
            else store.keep(f"{name}.scale", scale, f32)
        )
        if bias is not None:
            values = bias_codes(bias, code.scale, scale)
            layer.bias = store.keep(f"{name}.bias", values, ACCUMULATOR_TYPE, layer.bias)
        if self.requantize != Requantization.FLOAT32:
            layer.requantize = StringAttr(self.requantize)


def is_quantized(network: NetworkOp) -> bool:
    """Whether operators of a network give codes, other than views of inputs that are codes."""
    return any(
        not is_floating(value) and not isinstance(op, ViewOp)
        for value, op in values_of(network)
        if op is not None
    )


def float_layers(network: NetworkOp) -> list[WeightLayerOp]:
    """The layers of a network with float32 weights, or on inputs that are not quantised."""
    layers = [op for op in network.body.block.ops if isinstance(op, WeightLayerOp)]
    return [op for op in layers if op.has_float_weights or op.input_code is None]


def codes_of_inputs(
    network: NetworkOp, layers: list[WeightLayerOp], bits: int
) -> dict[SSAValue, Quantization]:
    """The codes of those inputs of layers that are not quantised, from their ranges."""
    from spatem_ir.passes.quantize.scales import activation_quantization

    return {
        layer.input: activation_quantization(*range_of(network, layer.input), bits)
        for layer in layers
        if layer.input_code is None
    }


def activation_codes(network: NetworkOp, bits: int) -> dict[SSAValue, Quantization]:
    """The code of every float32 activation that is to be quantised.

    One for each set of tensors that must share it.  Only tensors that are read as codes count for
    its range; a convolution whose result goes through a ReLU, and nowhere else, so has the range
    behind the ReLU.
    """
    from spatem_ir.passes.quantize.scales import activation_quantization

    on_host = host_operators(network)
    values = [value for value, op in values_of(network) if op not in on_host and is_floating(value)]
    group = {value: value for value in values}

    def representative(value: SSAValue) -> SSAValue:
        while group[value] is not value:
            value = group[value]
        return value

    limits: dict[SSAValue, tuple[float, float]] = {}
    for op in network.body.block.ops:
        if commuting(op) and op not in on_host:
            for operand in op.operands:
                if operand in group:
                    group[representative(operand)] = representative(op.results[0])
    for value in values:
        users = {use.operation for use in value.uses}
        if all(commuting(user) and user not in on_host for user in users):
            continue
        low, high = range_of(network, value)
        root = representative(value)
        known = limits.get(root, (low, high))
        limits[root] = min(known[0], low), max(known[1], high)
    codes = {root: activation_quantization(*limit, bits) for root, limit in limits.items()}
    return {value: codes[root] for value in values if (root := representative(value)) in codes}


def host_operators(network: NetworkOp) -> set[Operation]:
    """What stays float32 at the end of the network, and other shapes of it."""
    found: set[Operation] = set()
    for op in reversed(list(network.body.block.ops)):
        source = op.input.owner if isinstance(op, FlattenOp) else op
        if isinstance(source, Operation) and source.has_trait(StaysFloatAtEnd):
            readers = [use.operation for use in op.results[0].uses]
            if all(isinstance(reader, OutputOp) or reader in found for reader in readers):
                found.add(op)
    return found


def values_of(network: NetworkOp) -> Iterator[tuple[SSAValue, Operation | None]]:
    """The inputs and the results of a network, with the op that computes each."""
    for argument in network.body.block.args:
        yield argument, None
    for op in network.body.block.ops:
        for result in op.results:
            yield result, op


def range_of(network: NetworkOp, value: SSAValue) -> tuple[float, float]:
    """The range that was noted for a value.

    Raises:
        SpatemError: there is none.
    """
    found = None
    if isinstance(value, BlockArgument):
        ranges = network.attributes.get(INPUT_RANGES)
        if isinstance(ranges, ArrayAttr) and value.index < len(ranges):
            found = ranges.data[value.index]
        what = f"input {value.index}"
    else:
        found = value.owner.attributes.get(RANGE)  # type: ignore[union-attr]
        what = f"the result of {value.owner.name} '%{value.name_hint or '?'}'"  # type: ignore[union-attr]
    if not isinstance(found, RangeAttr):
        raise SpatemError(
            f'quantize: {what} has no range; run calibrate{{inputs="FILE.npy"}} before'
        )
    return found.limits


def insert_quantization(value: SSAValue, code: Quantization) -> None:
    """Quantise a value and dequantise it again for all its readers."""
    quantize = QuantizeOp(value, TensorType(QuantType.of(code), shape_of(value)))
    dequantize = DequantizeOp(quantize.output, cast("TensorType", value.type))
    hint = value.name_hint
    quantize.output.name_hint = f"{hint}_codes" if isinstance(value, BlockArgument) else hint
    dequantize.output.name_hint = hint
    value.replace_uses_with_if(dequantize.output, lambda use: use.operation is not quantize)
    if isinstance(value, BlockArgument):
        Rewriter.insert_op([quantize, dequantize], InsertPoint.at_start(value.block))
    else:
        assert isinstance(value.owner, Operation)
        Rewriter.insert_op([quantize, dequantize], InsertPoint.after(value.owner))
