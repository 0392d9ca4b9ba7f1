"""The dataflow of a module's network, from level `mvm` down."""

from __future__ import annotations

from math import prod

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from spatem_ir.dialects.checks import fail, quantized, shape_of
from spatem_ir.dialects.cnn import (
    ConcatOp,
    DequantizeOp,
    FlattenOp,
    NetworkOp,
    OutputOp,
    PoolOp,
    QuantizeOp,
    ReluOp,
    SoftmaxOp,
)
from spatem_ir.dialects.cnn_attributes import quantization_of
from spatem_ir.dialects.hw import module_of
from spatem_ir.dialects.mvm import LayerOp, network_of
from spatem_ir.errors import SpatemError
from spatem_ir.geometry.dataflow import Dataflow, Node, NodeKind

Sources = tuple[int, ...]


def dataflow_of(module: ModuleOp) -> Dataflow:
    """The nodes of a module's network, in network order.

    `cnn.quantize` on an input and what follows `cnn.dequantize` run on the host; they are no nodes.

    Raises:
        SpatemError: there is no network, a layer is not partitioned yet, or an operator has no
            place on the machine.
    """
    network = network_of(module)
    if network is None:
        raise SpatemError("the module holds no cnn.network")
    return _Builder(network).build()


def verified_dataflow_of(op: Operation) -> Dataflow:
    """The dataflow of the module around `op`, for its verifier.

    Raises:
        VerifyException: where :func:`dataflow_of` raises a SpatemError.
    """
    try:
        return dataflow_of(module_of(op))
    except SpatemError as error:
        fail(op, str(error))


class _Builder:
    """Walks a network and numbers its nodes; `sources` maps values to the nodes they consist of."""

    def __init__(self, network: NetworkOp):
        self.network = network
        self.nodes: list[Node] = []
        self.sources: dict[SSAValue, Sources] = {}

    def build(self) -> Dataflow:
        for argument in self.network.body.block.args:
            if quantization_of(argument.type) is not None:
                self.add_input(argument)
        for op in self.network.body.block.ops:
            self.visit(op)
        return Dataflow(tuple(self.nodes))

    def visit(self, op: Operation) -> None:
        match op:
            case LayerOp():
                self.add_layer(op)
            case PoolOp():
                self.add_digital(op.sym_name.data, op.input, op.output, NodeKind.POOL, op)
            case ReluOp():
                self.add_digital(op.sym_name.data, op.input, op.output, NodeKind.ACTIVATE)
            case FlattenOp():
                self.sources[op.output] = self.sources[op.input]
            case ConcatOp():
                self.sources[op.output] = tuple(s for v in op.inputs for s in self.sources[v])
            case QuantizeOp():
                if not isinstance(op.input, BlockArgument):
                    raise SpatemError(
                        "cnn.quantize works on an input of the network here; what the host "
                        "computes from results of the chip cannot go back to the chip"
                    )
                self.add_input(op.output)
            case DequantizeOp():
                self.add_output(op, op.input)
            case SoftmaxOp():
                pass
            case OutputOp():
                for value in op.outputs:
                    if quantization_of(value.type) is not None:
                        self.add_output(op, value)
            case _:
                raise SpatemError(
                    f"{op.name} has no place on the machine; run partition before the lower levels"
                )

    def append(self, node: Node, *results: SSAValue) -> None:
        if any(other.name == node.name for other in self.nodes):
            raise SpatemError(
                f"two nodes are named @{node.name}; inputs and outputs are named input, input1 … "
                "and output, output1 …: rename the layer or operator"
            )
        self.nodes.append(node)
        for result in results:
            self.sources[result] = (node.number,)

    def add_input(self, value: SSAValue) -> None:
        code = quantization_of(value.type)
        assert code is not None
        names = [node.name for node in self.nodes if node.kind is NodeKind.INPUT]
        name = f"input{len(names)}" if names else "input"
        node = Node(
            len(self.nodes), name, NodeKind.INPUT, feature_map(value), code.bits, slices=(0,)
        )
        self.append(node, value)

    def add_output(self, op: Operation, value: SSAValue) -> None:
        code = quantized(op, value)
        sources = self.sources[value]
        names = [node.name for node in self.nodes if node.kind is NodeKind.OUTPUT]
        name = f"output{len(names)}" if names else "output"
        shape = feature_map(value)
        slices = self.joined_slices(sources, shape[1] * shape[2])
        number, size = len(self.nodes), shape[1:]
        node = Node(
            number, name, NodeKind.OUTPUT, shape, code.bits, slices, sources, input_size=size
        )
        self.append(node)

    def add_layer(self, op: LayerOp) -> None:
        layer, grid = op.layer, op.grid.data
        per_matrix = range(0, layer.columns, grid.tile_columns)
        bases = range(1) if layer.region is not None else range(layer.groups)
        node = Node(
            number=len(self.nodes),
            name=op.sym_name.data,
            kind=NodeKind.LAYER,
            shape=feature_map(op.output),
            bits=quantized(op, op.output).bits,
            slices=tuple(g * layer.columns + first for g in bases for first in per_matrix),
            sources=self.sources[op.input],
            layer=layer,
            grid=grid,
        )
        self.append(node, op.output)

    def add_digital(
        self,
        name: str,
        operand: SSAValue,
        result: SSAValue,
        kind: NodeKind,
        pool: PoolOp | None = None,
    ) -> None:
        assert isinstance(result.owner, Operation)
        sources = self.sources[operand]
        rows, columns = feature_map(operand)[1:]
        node = Node(
            number=len(self.nodes),
            name=name,
            kind=kind,
            shape=feature_map(result),
            bits=quantized(result.owner, result).bits,
            slices=self.joined_slices(sources, rows * columns),
            sources=sources,
            window=None if pool is None else pool.window.data,
            input_size=(rows, columns),
        )
        self.append(node, result)

    def joined_slices(self, sources: Sources, positions: int) -> tuple[int, ...]:
        """The channel slices of an operand of `positions` positions that consists of nodes.

        A flattened feature map has slices of channels · positions features; an operand whose
        positions cut across a source's is one slice.
        """
        slices: list[int] = []
        first = 0
        for source in (self.nodes[number] for number in sources):
            if positions not in (1, source.positions):
                return (0,)
            features = source.positions // positions
            slices.extend(first + bound * features for bound in source.slices)
            first += source.shape[0] * features
        return tuple(slices)


def feature_map(value: SSAValue) -> tuple[int, int, int]:
    """Channels, rows and columns of a value; a flat tensor has one position."""
    shape = shape_of(value)
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (prod(shape), 1, 1)
