"""Consecutive parts of a network: which ops each one holds, what enters it and what leaves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from xdsl.dialects.builtin import DenseArrayBase, UnitAttr, i64
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from spatem_ir.dialects.checks import is_floating
from spatem_ir.dialects.cnn import (
    DequantizeOp,
    NetworkOp,
    OutputOp,
    QuantizeOp,
    ViewOp,
)
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.cnn.quantization import leading_to_codes
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp


class Workplace(Enum):
    """Where an op of a network works."""

    NODE = auto()
    """On the chip: a weight layer or digital operator."""
    VIEW = auto()
    """Nowhere: elements of maps on the chip under another shape, or in another order."""
    BEFORE = auto()
    """On the host, on what the chip has not seen."""
    BEHIND = auto()
    """On the host, on results of the chip."""


def workplaces_of(network: NetworkOp) -> dict[Operation, Workplace]:
    """Where each op of a network works, in network order; the `cnn.output` works nowhere."""
    requantized = leading_to_codes(network)
    arguments = network.body.block.args
    on_chip: set[SSAValue] = {v for v in arguments if quantization_of(v.type) is not None}
    behind: set[SSAValue] = set()
    found: dict[Operation, Workplace] = {}
    for op in network.body.block.ops:
        if isinstance(op, OutputOp):
            continue
        if _is_on_host(op, on_chip, behind, requantized):
            is_behind = not (on_chip | behind).isdisjoint(op.operands)
            found[op] = Workplace.BEHIND if is_behind else Workplace.BEFORE
            behind.update(op.results if is_behind else ())
            if isinstance(op, QuantizeOp) and not is_behind:
                on_chip.update(op.results)
        else:
            found[op] = Workplace.VIEW if isinstance(op, ViewOp) else Workplace.NODE
            on_chip.update(op.results)
    return found


def _is_on_host(
    op: Operation, on_chip: set[SSAValue], behind: set[SSAValue], requantized: set[SSAValue]
) -> bool:
    """Whether the host works on an op: on float32 before the first codes, or behind the last."""
    if isinstance(op, WeightLayerOp):
        return False
    if isinstance(op, QuantizeOp | DequantizeOp):
        return True
    if any(is_floating(value) for value in op.results):
        return not requantized.issuperset(op.results) or on_chip.isdisjoint(op.operands)
    return isinstance(op, ViewOp) and behind.issuperset(op.operands)


OWN_QUEUES = "own_queues"
"""The attribute of a part: its inputs wait outside, and enter each in a queue of its own (R14)."""

LOADED, STORED = "loaded", "stored"
"""The attributes of a part: the inputs and outputs that the memory behind the port holds (R14)."""


@dataclass
class NetworkPart:
    """A part of a network.

    Attributes:
        nodes: The weight layers and digital operators, in network order.
        ops: All ops that it needs: the nodes, and the views and the work of the host before them.
        inputs: The values that enter it: inputs of the network, and results of earlier parts.
        outputs: The values that leave it: those that later parts, the host or the outputs read.
        stored: The outputs that later parts read.
    """

    nodes: list[Operation] = field(default_factory=list)
    ops: list[Operation] = field(default_factory=list)
    inputs: list[SSAValue] = field(default_factory=list)
    outputs: list[SSAValue] = field(default_factory=list)
    stored: set[SSAValue] = field(default_factory=set)

    def network(self, name: str) -> NetworkOp:
        """The part as a network of its own."""
        block = Block(arg_types=[value.type for value in self.inputs])
        mapped: dict[SSAValue, SSAValue] = dict(zip(self.inputs, block.args, strict=True))
        for value, argument in mapped.items():
            argument.name_hint = value.name_hint
        for op in self.ops:
            block.add_op(op.clone(mapped))
        block.add_op(OutputOp(operands=[[mapped[value] for value in self.outputs]]))
        network = NetworkOp(name, block)
        network.attributes[OWN_QUEUES] = UnitAttr()
        loaded = [isinstance(value.owner, Operation) for value in self.inputs]
        network.attributes[LOADED] = DenseArrayBase.from_list(i64, _which(loaded))
        stored = [value in self.stored for value in self.outputs]
        network.attributes[STORED] = DenseArrayBase.from_list(i64, _which(stored))
        return network


def _which(chosen: Sequence[bool]) -> list[int]:
    """The numbers of those that are chosen."""
    return [number for number, is_chosen in enumerate(chosen) if is_chosen]


def parts_of(network: NetworkOp, firsts: Sequence[Operation]) -> list[NetworkPart]:
    """The parts of a network of which each begins with one of its nodes, in network order."""
    return _Cutter(network, firsts).parts


class _Cutter:
    """Deals the ops of a network to its parts."""

    def __init__(self, network: NetworkOp, firsts: Sequence[Operation]):
        self.workplace = workplaces_of(network)
        self.parts = [NetworkPart() for _ in firsts]
        self.part_of: dict[Operation, int] = {}
        number = -1
        for op in self.workplace:
            if op in firsts:
                number += 1
            if self.workplace[op] is Workplace.NODE:
                self.part_of[op] = max(number, 0)
                self.parts[max(number, 0)].nodes.append(op)
        needed = [set(part.nodes) for part in self.parts]
        leaving: list[dict[SSAValue, None]] = [{} for _ in self.parts]
        for own, part in enumerate(self.parts):
            for op in part.nodes:
                for value in op.operands:
                    self._enter(own, value, needed, leaving)
        for value in self._read_outside(network):
            sources = [self._part(source) for source in self._sources(value)]
            if len(set(sources)) == 1:
                self._enter(sources[0], value, needed, leaving)
                leaving[sources[0]][value] = None
            else:
                for source in self._sources(value):
                    self._enter(self._part(source), source, needed, leaving)
                    leaving[self._part(source)][source] = None
        order = self._order(network)
        for own, part in enumerate(self.parts):
            part.ops = [op for op in self.workplace if op in needed[own]]
            made = {result for op in part.ops for result in op.results}
            read = (value for op in part.ops for value in op.operands)
            entering = dict.fromkeys(v for v in (*read, *leaving[own]) if v not in made)
            part.inputs = sorted(entering, key=order.__getitem__)
            part.outputs = sorted(leaving[own], key=order.__getitem__)

    def _order(self, network: NetworkOp) -> dict[SSAValue, int]:
        """The number of each value, in network order."""
        results = (result for op in self.workplace for result in op.results)
        return {value: number for number, value in enumerate((*network.body.block.args, *results))}

    def _read_outside(self, network: NetworkOp) -> Iterator[SSAValue]:
        """The values on the chip that its host, or an output of the network, reads."""
        readers = [op for op, work in self.workplace.items() if work is Workplace.BEHIND]
        for op in (*readers, network.output):
            for value in op.operands:
                owner = value.owner
                is_behind = (
                    isinstance(owner, Operation) and self.workplace[owner] is Workplace.BEHIND
                )
                if (not is_behind and not is_floating(value)) or self._is_made(value):
                    yield value

    def _is_made(self, value: SSAValue) -> bool:
        """Whether a value is made on the chip."""
        owner = value.owner
        return isinstance(owner, Operation) and self.workplace[owner] in (
            Workplace.NODE,
            Workplace.VIEW,
        )

    def _sources(self, value: SSAValue) -> list[SSAValue]:
        """The values of which views made a value: results of nodes, or what enters the chip."""
        owner = value.owner
        if isinstance(owner, BlockArgument | Block) or self.workplace[owner] is not Workplace.VIEW:
            return [value]
        return [source for operand in owner.operands for source in self._sources(operand)]

    def _part(self, value: SSAValue) -> int:
        """The part that makes a value; the first one for what enters the chip."""
        owner = value.owner
        return self.part_of.get(owner, 0) if isinstance(owner, Operation) else 0

    def _enter(
        self,
        own: int,
        value: SSAValue,
        needed: list[set[Operation]],
        leaving: list[dict[SSAValue, None]],
    ) -> None:
        """Let a part have a value that it reads: what makes it, or the part before that does."""
        owner = value.owner
        if not isinstance(owner, Operation) or owner in needed[own]:
            return
        if self.workplace[owner] is Workplace.NODE:
            if self.part_of[owner] != own:
                leaving[self.part_of[owner]][value] = None
                self.parts[self.part_of[owner]].stored.add(value)
            return
        needed[own].add(owner)
        for operand in owner.operands:
            self._enter(own, operand, needed, leaving)
