"""The dataflow of a module's network, from level `mvm` down."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, StringAttr
from xdsl.ir import Operation, SSAValue

from spatem_ir.dialects.checks import fail, feature_map, is_floating, shape_of
from spatem_ir.dialects.cnn import (
    DequantizeOp,
    DigitalOp,
    FlattenOp,
    NetworkOp,
    OutputOp,
    QuantizeOp,
    TransposeOp,
    ViewOp,
)
from spatem_ir.dialects.cnn.attributes import element_bits, quantization_of
from spatem_ir.dialects.cnn.operators import CommutesWithQuantization
from spatem_ir.dialects.cnn.quantization import leading_to_codes
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.cuts import LOADED, OWN_QUEUES, STORED
from spatem_ir.dialects.hw import module_of, optional_accelerator
from spatem_ir.dialects.mvm import LayerOp, network_of
from spatem_ir.dialects.spills import Decisions, decisions_of
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind, Operand
from spatem_ir.geometry.network.decided import (
    can_work_by_rows,
    loaded,
    loaded_name,
    over_sums,
    row_sums,
    stored,
    sums_name,
)
from spatem_ir.geometry.network.orders import viewed_order
from spatem_ir.geometry.shapes.reach import Reach
from spatem_ir.support.errors import SpatemError

MOST_POSITIONS_READ = 1 << 24
"""Positions of operands that all windows of a network read, each counted with each window."""

MOST_ELEMENTS_READ = 1 << 24
"""Elements that all windows of a digital operator read, or that another node has."""


def dataflow_of(
    module: ModuleOp,
    slices: Mapping[str, tuple[int, ...]] | None = None,
    *,
    by_rows: Collection[str] = (),
    alone: bool = False,
) -> Dataflow:
    """The nodes of a module's network, in network order.

    What works on float32 in front of the first codes, or leads to none any more, runs on the host;
    it is no node.
    `slices` are those of digital operators, unless `pxb.home` ops of the module give them.  Some
    poolings work `by_rows`, besides those of which the module says so.  The network `alone` is what
    it is without the decisions of its deployment: nothing is spilled, no pooling works by rows.

    Raises:
        SpatemError: there is no network, a layer is not partitioned yet, or an operator has no
            place on the machine.
    """
    network = network_of(module)
    if network is None:
        raise SpatemError("the module holds no cnn.network")
    decisions = Decisions({}, set(), {}) if alone else decisions_of(module)
    decisions.slices.update({**(slices or {}), **decisions.slices})
    decisions.homes.update(map(sums_name, by_rows))
    walk = _Walk(network, decisions, _sum_bits(module))
    for op in network.body.block.ops:
        walk.visit(op)
    return Dataflow(tuple(walk.nodes))


def _sum_bits(module: ModuleOp) -> int:
    """The bits of row sums: those of the accelerator's adders; there are none without one."""
    accelerator = optional_accelerator(module)
    return 0 if accelerator is None else accelerator.components.accumulation.sum_bits


def verified_dataflow_of(op: Operation, by_rows: Collection[str] = ()) -> Dataflow:
    """The dataflow of the module around `op`, for its verifier; some poolings work `by_rows`.

    Raises:
        VerifyException: where :func:`dataflow_of` raises a SpatemError.
    """
    try:
        return dataflow_of(module_of(op), by_rows=by_rows)
    except SpatemError as error:
        fail(op, str(error))


def _numbers(network: NetworkOp, key: str) -> list[int]:
    """The numbers that an attribute of a network lists; none without it."""
    attribute = network.attributes.get(key)
    return [int(n) for n in attribute.get_values()] if isinstance(attribute, DenseArrayBase) else []


class _Walk:
    """A walk over a network that numbers its nodes.

    `operands` says of which nodes the values on the chip consist; `returned` holds the values that
    the host computes from results of the chip; `requantized` the float32 values that lead to codes.
    """

    def __init__(self, network: NetworkOp, decisions: Decisions, sum_bits: int):
        self.decisions = decisions
        self.sum_bits = sum_bits
        self.stores: dict[int, Node] = {}
        self.nodes: list[Node] = []
        self.positions_read = 0
        self.operands: dict[SSAValue, Operand] = {}
        self.returned: set[SSAValue] = set()
        self.in_turn = OWN_QUEUES not in network.attributes
        self.external = {
            values[number]
            for key, values in (
                (LOADED, network.body.block.args),
                (STORED, network.output.outputs),
            )
            for number in _numbers(network, key)
        }
        self.requantized = leading_to_codes(network)
        for argument in network.body.block.args:
            if quantization_of(argument.type) is not None:
                self.add_input(_as_it_enters(argument))

    def visit(self, op: Operation) -> None:
        """Add the node of an op, if it is one, and say where its result is."""
        match op:
            case OutputOp():
                for value in op.outputs:
                    if value in self.operands:
                        self.add_output(op, value)
            case QuantizeOp() if op.input not in self.returned:
                self.add_input(_as_it_enters(op.output))
            case TransposeOp() if op.output in self.operands:
                pass
            case LayerOp():
                self.add_layer(op)
            case WeightLayerOp():
                raise SpatemError(
                    f"{op.name} has no place on the machine; run partition before the lower levels"
                )
            case _ if self.is_on_host(op):
                self.visit_on_host(op)
            case ViewOp():
                self.operands[op.output] = self.viewed(op)
            case DigitalOp():
                self.add_digital(op)
            case _:
                raise SpatemError(f"{op.name} has no place on the machine")

    def is_on_host(self, op: Operation) -> bool:
        """Whether the host works on an op, or it only views what the host computed.

        The chip works on float32 between results of its own and codes.
        """
        if isinstance(op, QuantizeOp | DequantizeOp):
            return True
        if any(is_floating(value) for value in op.results):
            leads_on = self.requantized.issuperset(op.results)
            return not leads_on or self.operands.keys().isdisjoint(op.operands)
        return isinstance(op, ViewOp) and self.returned.issuperset(op.operands)

    def visit_on_host(self, op: Operation) -> None:
        """Send the host what an op reads of the chip's results."""
        for value in op.operands:
            if value in self.operands:
                self.add_output(op, value)
                self.returned.update(op.results)
        if not self.returned.isdisjoint(op.operands):
            self.returned.update(op.results)

    def operand(self, op: Operation, value: SSAValue) -> Operand:
        """What a value on the chip consists of; `op` reads it.

        Raises:
            SpatemError: the host computes the value from results of the chip.
        """
        if value not in self.operands and is_floating(value) and value not in self.returned:
            self.add_input(value)
        if value in self.operands:
            return self.operands[value]
        host = self.host_op(value)
        raise SpatemError(
            f"{_label(host)} works on float32 on the host, but {_label(op)} on the chip reads its "
            "result; run fuse-quantization, which makes it an operator on quantised tensors"
        )

    def host_op(self, value: SSAValue) -> Operation:
        """The op on float32 behind which the host quantised a value."""
        op = value.owner
        assert isinstance(op, Operation)
        if is_floating(value):
            return op
        return self.host_op(next(operand for operand in op.operands if operand in self.returned))

    def viewed(self, op: ViewOp) -> Operand:
        """The elements of a view's operands, one operand after the other, in the view's order."""
        parts = [self.operand(op, value) for value in op.operands]
        sources = tuple(source for part in parts for source in part.sources)
        counts = [sum(self.nodes[source].elements for source in part.sources) for part in parts]
        order = viewed_order(parts, counts, op.element_order())
        return Operand(sources, feature_map(op.output), order)

    # Nodes

    def append(self, node: Node, result: SSAValue | None = None) -> None:
        """Add a node that produces `result`."""
        if any(other.name == node.name for other in self.nodes):
            raise SpatemError(
                f"two nodes are named @{node.name}; inputs and outputs are named input, input1 … "
                "and output, output1 …: rename the layer or operator"
            )
        self.positions_read += node.positions_read
        for what, reads, most in (
            ("it has or reads", node.elements_read, MOST_ELEMENTS_READ),
            ("with it windows read", self.positions_read, MOST_POSITIONS_READ),
        ):
            if reads > most:
                unit = "elements" if most == MOST_ELEMENTS_READ else "positions"
                raise SpatemError(
                    f"@{node.name} is too large for the machine: {what} {reads:,} {unit}; "
                    f"{most:,} are possible"
                )
        self.nodes.append(node)
        if result is not None:
            self.operands[result] = Operand((node.number,), feature_map(result))

    def add_input(self, value: SSAValue) -> None:
        """A tensor that enters the chip."""
        name = self.port_name("input", NodeKind.INPUT)
        shape, bits = feature_map(value), element_bits(value.type)
        in_turn = self.in_turn
        external = value in self.external
        node = Node(
            number=len(self.nodes),
            name=name,
            kind=NodeKind.INPUT,
            shape=shape,
            bits=bits,
            slices=(0,),
            in_turn=in_turn,
            external=external,
        )
        self.append(node, value)

    def add_output(self, op: Operation, value: SSAValue) -> None:
        """A tensor that leaves the chip, as an operand of `op`.

        The host takes the elements in any order, and puts them in the output's, if need be.
        """
        external = value in self.external and isinstance(op, OutputOp)
        value = self.as_it_leaves(value)
        for operand in self.leaving(self.operands[value]):
            node = Node(
                number=len(self.nodes),
                name=self.port_name("output", NodeKind.OUTPUT),
                kind=NodeKind.OUTPUT,
                shape=operand.shape,
                bits=element_bits(value.type),
                slices=self.operand_slices(operand),
                operands=(operand,),
                reaches=(Reach.of_elements(operand.shape, operand.shape),),
                external=external,
            )
            self.append(node)

    def leaving(self, operand: Operand) -> list[Operand]:
        """The parts of an output that leave one by one, each as it is made.

        These are the results of all nodes of which it consists, if views only put them elsewhere.
        """
        import numpy as np

        sources = [self.nodes[number] for number in operand.sources]
        is_whole = operand.order is None or len(np.unique(operand.order)) == operand.elements
        is_once = len(set(operand.sources)) == len(sources)
        is_all = operand.elements == sum(source.elements for source in sources)
        is_aligned = operand.order is None and all(
            source.positions == operand.positions for source in sources
        )
        if is_aligned or not (is_whole and is_once and is_all):
            return [operand]
        return [Operand((source.number,), source.shape) for source in sources]

    def as_it_leaves(self, value: SSAValue) -> SSAValue:
        """A tensor on the chip of which the host makes an output by transposition and reshaping."""
        source, owner = value, value.owner
        while isinstance(owner, FlattenOp | TransposeOp) and owner.input in self.operands:
            source = owner.input if isinstance(owner, TransposeOp) else source
            owner = owner.input.owner
        return source

    def port_name(self, name: str, kind: NodeKind) -> str:
        """The name of the next input or output: the first one has no number."""
        before = sum(node.kind is kind and "." not in node.name for node in self.nodes)
        return f"{name}{before}" if before else name

    def add_layer(self, op: LayerOp) -> None:
        """A weight layer, cut into the slices of its grid's columns."""
        layer, grid = op.layer, op.grid.data
        operand = self.read(op.sym_name.data, self.operand(op, op.input))
        node = Node(
            number=len(self.nodes),
            name=op.sym_name.data,
            kind=NodeKind.LAYER,
            shape=feature_map(op.output),
            bits=element_bits(op.output.type),
            slices=grid.slices(layer),
            operands=(operand,),
            layer=layer,
            grid=grid,
        )
        self.append(node, op.output)

    def add_digital(self, op: DigitalOp) -> None:
        """A digital operator."""
        name, given = op.sym_name.data, self.decisions.slices
        operands = tuple(self.read(name, self.operand(op, value)) for value in op.operands)
        reaches = _reaches(op)
        node = Node(
            number=len(self.nodes),
            name=name,
            kind=op.unit,
            shape=feature_map(op.output),
            bits=element_bits(op.output.type),
            slices=given.get(name) or self.result_slices(operands, reaches),
            operands=operands,
            reaches=reaches,
        )
        if sums_name(name) in self.decisions.homes and can_work_by_rows(node):
            slices = given.get(sums_name(name)) or node.slices
            is_extreme = op.has_trait(CommutesWithQuantization)
            bits = node.bits if is_extreme else self.sum_bits
            sums = row_sums(node, node.number, bits, slices)
            self.append(sums)
            read = (Operand((sums.number,), sums.shape),)
            node = replace(node, number=len(self.nodes), operands=read, reaches=over_sums(node))
        self.append(node, op.output)

    def read(self, reader: str, operand: Operand) -> Operand:
        """What a node reads: what is spilled for it comes back."""
        spilled = self.decisions.spills.get(reader, set())
        if spilled.isdisjoint(self.nodes[source].name for source in operand.sources):
            return operand
        sources = [self.brought_back(reader, self.nodes[source]) for source in operand.sources]
        return replace(operand, sources=tuple(sources))

    def brought_back(self, reader: str, source: Node) -> int:
        """The number of the node that comes back for a reader, or of the source itself."""
        if source.name not in self.decisions.spills[reader]:
            return source.number
        name = loaded_name(source.name, reader)
        known = [node.number for node in self.nodes if node.name == name]
        if known:
            return known[0]
        if source.number not in self.stores:
            self.append(stored(source, len(self.nodes)))
            self.stores[source.number] = self.nodes[-1]
        self.append(loaded(source, reader, self.stores[source.number], len(self.nodes)))
        return self.nodes[-1].number

    # Slices

    def result_slices(
        self, operands: tuple[Operand, ...], reaches: tuple[Reach, ...]
    ) -> tuple[int, ...]:
        """The channel slices of a digital operator unless its home says otherwise.

        They are the common refinement of its operands' slices; those that all positions read,
        beside operands that have a value for each, cut nothing.

        Channels that a padding adds belong to the first and last slice.
        """
        firsts = {0}
        most = max(operand.positions for operand in operands)
        for operand, reach in zip(operands, reaches, strict=True):
            if operand.positions == 1 < most:
                continue
            before = -reach.channels.first if reach.channels.kernel == 1 else 0
            firsts.update(first + before for first in self.operand_slices(operand)[1:])
        return tuple(sorted(firsts))

    def operand_slices(self, operand: Operand) -> tuple[int, ...]:
        """The channel slices of an operand.

        A flattened feature map has slices of channels · positions features; an operand whose
        positions cut across a source's, or whose elements are permuted, is one slice.
        """
        slices: list[int] = []
        first = 0
        for source in (self.nodes[number] for number in operand.sources):
            if operand.order is not None or operand.positions not in (1, source.positions):
                return (0,)
            features = source.positions // operand.positions
            slices.extend(first + bound * features for bound in source.slices)
            first += source.shape[0] * features
        return tuple(slices)


def _as_it_enters(value: SSAValue) -> SSAValue:
    """A tensor that enters the chip as its only reader transposes it: the host does."""
    uses = list(value.uses)
    if len(uses) == 1 and isinstance(uses[0].operation, TransposeOp):
        return uses[0].operation.output
    return value


def _reaches(op: DigitalOp) -> tuple[Reach, ...]:
    """What a digital operator reads of each operand.

    Raises:
        SpatemError: it works on more than three dimensions, and not element by element, or repeats
            elements along some of those that are rows of the feature map.
    """
    reaches = op.reaches()
    axes = [axis for reach in reaches for axis in (reach.channels, reach.rows, reach.columns)]
    dimensions = len(shape_of(op.output))
    is_elementwise = type(op).reaches is DigitalOp.reaches
    fits = is_elementwise and all(axis.extent in (1, axis.results) for axis in axes)
    if dimensions > 3 and not fits:
        raise SpatemError(
            f"{_label(op)} works on a tensor of {dimensions} dimensions; the machine has operators "
            "on feature maps of 3 dimensions, and on more element by element only"
        )
    return reaches


def _label(op: Operation) -> str:
    name = op.properties.get("sym_name")
    return f"{op.name} @{name.data}" if isinstance(name, StringAttr) else op.name
