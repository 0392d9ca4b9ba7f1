"""Modules at any level for tests of passes."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from differential.deployments import random_places, to_mvm, to_pxb
from differential.machines import fewest_crossbars, with_crossbars
from differential.networks import Network, build
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.passes import ModulePass

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.universe import register_dialects


def context() -> Context:
    """A context with all dialects."""
    ctx = Context()
    register_dialects(ctx)
    return ctx


def parsed(text: str, accelerator: Accelerator | None = None) -> ModuleOp:
    """The verified module of a text, with an accelerator."""
    module = Parser(context(), text).parse_module()
    if accelerator is not None:
        module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    module.verify()
    return module


def applied(module: ModuleOp, passes: Iterable[ModulePass]) -> ModuleOp:
    """The module after some passes, verified after each."""
    for step in passes:
        step.apply(context(), module)
        module.verify()
    return module


def network_on(network: Network, machine: Accelerator, slack: int) -> ModuleOp:
    """A network at level cnn, and a machine with `slack` times the crossbars that it needs."""
    module, _ = build(network)
    layers = [op.layer for op in module.walk() if isinstance(op, WeightLayerOp)]
    machine = with_crossbars(machine, slack * fewest_crossbars(machine, layers))
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(machine)
    module.verify()
    return module


def randomly_placed(network: Network, machine: Accelerator, seed: int) -> ModuleOp:
    """A network at level pxb: random grids, places and homes."""
    module, _ = build(network)
    random = Random(seed)
    to_mvm(random, module, machine)
    placed = random_places(random, module, machine)
    machine = with_crossbars(machine, max(place.crossbar for place in placed) + 1)
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(machine)
    to_pxb(random, module, placed, machine)
    module.verify()
    return module
