"""The stages of a deployment: runs of the network's nodes, deployed one after the other.

A stage is a program of its own.  Its network is a run of consecutive nodes, which reads the inputs
of the network and results of earlier stages, and whose results the outputs and later stages read.
Passes, engines and the verifier work on one stage at a time, as on a whole network
(:func:`stage_module`); what comes of it is put back (:func:`put_back`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_region_def,
    prop_def,
    traits_def,
)
from xdsl.rewriter import InsertPoint, Rewriter
from xdsl.traits import HasParent, NoTerminator

from spatem_ir.dialects.checks import fail, is_floating
from spatem_ir.dialects.cnn import NetworkOp
from spatem_ir.dialects.cnn.weight_layers import INTEGER, WeightLayerOp, integer
from spatem_ir.dialects.cuts import NetworkPart, Workplace, parts_of, workplaces_of
from spatem_ir.dialects.hw import module_of
from spatem_ir.dialects.mvm import LayerOp, expect_network_before, network_of

DEPLOYED = ("vxb.stage", "pxb.stage", "ou.stage")
"""The ops that deploy the stage of their number."""


@irdl_op_definition
class MvmStageOp(IRDLOperation):
    """A stage of the deployment, and the node with which it begins: `mvm.stage 1 from @conv2`.

    It ends where the next one begins.  What `partition` leaves for the passes that follow, of this
    stage, stands in it: `mvm.stage 1 from @conv2 { mvm.packing "exclusive" }`.  A module without
    such ops has one stage, which is the whole network.
    """

    name = "mvm.stage"

    number = prop_def(INTEGER)
    first = prop_def(SymbolRefAttr)
    notes = opt_region_def("single_block")

    traits = traits_def(HasParent(ModuleOp), NoTerminator())

    assembly_format = "$number `from` $first attr-dict-with-keyword ($notes^)?"

    def __init__(self, number: int, first: str, notes: Iterable[Operation] = ()):
        ops = list(notes)
        super().__init__(
            properties={"number": integer(number), "first": SymbolRefAttr(first)},
            regions=[[Region(Block(ops))] if ops else []],
        )

    def verify_(self) -> None:
        expect_network_before(self)
        module = module_of(self)
        stages = mvm_stages(module)
        numbers = [stage.number.value.data for stage in stages]
        if numbers != list(range(len(stages))):
            fail(self, f"stages have the numbers {numbers}, not 0, 1, … in this order")
        if stages[0] is self:
            _verify_cuts(module, stages)
            _verify_deployed(module, stages)
        stage_module(module, self.number.value.data).verify()


def _verify_cuts(module: ModuleOp, stages: list[MvmStageOp]) -> None:
    """Check that stages begin at nodes, one after the other, and that codes pass from one on."""
    network = network_of(module)
    assert network is not None
    nodes = [op for op, work in workplaces_of(network).items() if work is Workplace.NODE]
    names = [_name_of(node) for node in nodes]
    before = -1
    for stage in stages:
        name = stage.first.string_value()
        if name not in names:
            fail(stage, f"@{name} is no weight layer or digital operator on the chip")
        at = names.index(name)
        if stage is stages[0] and at:
            fail(stage, f"begins with @{name}; the network begins with @{names[0]}")
        if at <= before:
            fail(stage, f"begins with @{name}, which is in an earlier stage")
        before = at
    for stage, part in zip(stages, _parts(network, stages), strict=True):
        if not any(isinstance(node, WeightLayerOp) for node in part.nodes):
            fail(stage, "has no weight layer; let it begin earlier or end later")
        for value in part.inputs:
            owner = value.owner
            if is_floating(value) and isinstance(owner, Operation):
                fail(
                    stage,
                    f"reads the float32 result of @{_name_of(owner)} in an earlier stage; only "
                    "codes wait in the memory behind the port",
                )


def verify_only_stage(op: Operation) -> None:
    """Check that no other op of a kind deploys a module that has only one stage."""
    ops = [other for other in module_of(op).ops if other.name == op.name]
    if len(ops) > 1:
        fail(
            ops[1],
            f"is the second {op.name} of a module with one stage; let mvm.stage say with which "
            "nodes several begin",
        )


def _verify_deployed(module: ModuleOp, stages: list[MvmStageOp]) -> None:
    """Check that what is deployed are these stages, each once, and all of them."""
    for kind in DEPLOYED:
        ops = [op for op in module.ops if op.name == kind]
        numbers = [number_of(op) for op in ops]
        for op, number in zip(ops, numbers, strict=True):
            if number >= len(stages):
                fail(op, f"there is no mvm.stage {number}")
            if numbers.count(number) > 1:
                fail(op, f"there are {numbers.count(number)} stages with number {number}")
        for stage in stages:
            if ops and number_of(stage) not in numbers:
                fail(stage, f"has no {kind} {number_of(stage)}, others have")


def number_of(op: Operation) -> int:
    """The number of the stage that an op is, or deploys."""
    return op.properties["number"].value.data  # type: ignore[attr-defined]


def mvm_stages(module: ModuleOp) -> list[MvmStageOp]:
    """The stages of a module, in order; none if its only stage is the whole network."""
    return [op for op in module.ops if isinstance(op, MvmStageOp)]


def is_staged(module: ModuleOp) -> bool:
    """Whether a module has several stages, or says of its only one where it begins."""
    return any(isinstance(op, MvmStageOp) for op in module.ops)


def stage_parts(module: ModuleOp) -> list[NetworkPart]:
    """The parts of the network that are the stages of a module, in order."""
    network = network_of(module)
    assert network is not None
    return _parts(network, mvm_stages(module))


def _parts(network: NetworkOp, stages: list[MvmStageOp]) -> list[NetworkPart]:
    names = [stage.first.string_value() for stage in stages]
    firsts = {_name_of(op): op for op in network.body.block.ops if "sym_name" in op.properties}
    return parts_of(network, [firsts[name] for name in names if name in firsts])


def _name_of(op: Operation) -> str:
    name = op.properties.get("sym_name")
    return name.data if isinstance(name, StringAttr) else op.name


def stage_module(module: ModuleOp, number: int) -> ModuleOp:
    """A stage of a module with several, as a module of its own that has only this stage.

    Its network is the stage's; what `partition` left for it stands at the top.
    """
    network = network_of(module)
    assert network is not None
    part = stage_parts(module)[number]
    alone = ModuleOp([part.network(network.sym_name.data)], dict(module.attributes))
    notes = mvm_stages(module)[number].notes
    for op in [] if notes is None else notes.block.ops:
        alone.body.block.add_op(op.clone())
    for op in _deployed(module, number):
        alone.body.block.add_op(op.clone())
    return alone


def stage_modules(module: ModuleOp) -> list[ModuleOp]:
    """Each stage of a module as a module of its own; the module itself if it has only one."""
    stages = mvm_stages(module)
    return [stage_module(module, number_of(stage)) for stage in stages] or [module]


def stages_in_turn(module: ModuleOp) -> Iterator[tuple[int, ModuleOp]]:
    """The number of each stage of a module with several, and the stage alone, to be worked on.

    What has become of it is put back when the next one is asked for.
    """
    for number in map(number_of, mvm_stages(module)):
        alone = stage_module(module, number)
        yield number, alone
        put_back(module, number, alone)


def _deployed(module: ModuleOp, number: int) -> list[Operation]:
    """The ops that deploy a stage."""
    return [op for op in module.ops if op.name in DEPLOYED and number_of(op) == number]


def put_back(module: ModuleOp, number: int, alone: ModuleOp) -> None:
    """Put a stage that a pass worked on alone back in its module, in the place of what was there.

    The grids of its layers, what is left for later passes, and what deploys it; `alone` is empty
    afterwards.
    """
    network, stage = network_of(alone), mvm_stages(module)[number]
    assert network is not None
    _put_layers(module, network)
    before = _deployed(module, number)
    after = [op for op in alone.ops if op.name in DEPLOYED]
    notes = [op for op in alone.ops if op is not network and op not in after]
    for op in (*notes, *after):
        op.detach()
    for op in after:
        op.properties["number"] = integer(number)
    Rewriter.replace_op(stage, MvmStageOp(number, stage.first.string_value(), notes), [])
    for position, op in enumerate(after):
        if position < len(before):
            Rewriter.insert_op(op, InsertPoint.before(before[position]))
        else:
            module.body.block.add_op(op)
    for op in before:
        op.detach()
        op.erase()


def _put_layers(module: ModuleOp, network: NetworkOp) -> None:
    """Give the layers of a module the grids that they have in the network of a stage."""
    layers = {op.sym_name.data: op for op in network.body.block.ops if isinstance(op, LayerOp)}
    whole = network_of(module)
    assert whole is not None
    for op in list(whole.body.block.ops):
        if isinstance(op, WeightLayerOp) and op.sym_name.data in layers:
            layer = layers[op.sym_name.data]
            operands: dict[SSAValue, SSAValue] = {layer.input: op.input}
            Rewriter.replace_op(op, layer.clone(operands))
