"""Random networks, machines and deployments that bring all of the machine model into play."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from differential.deployments import random_places, stages_of, to_mvm, to_ou, to_pxb, to_vxb
from differential.machines import fewest_crossbars, with_crossbars
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from spatem_ir.dialects.cnn_weight_layers import WeightLayerOp
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr, accelerator_of
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes import assign, order, pack
from spatem_ir.passes.partition import partition
from spatem_ir.universe import register_dialects


def random_network(random: Random) -> str:
    """A network of level `cnn`: convolutions, poolings, rectifications, dense layers."""
    c, h, w = random.randint(1, 4), random.randint(2, 6), random.randint(2, 6)
    bits = random.randint(1, 8)
    lines = [f"cnn.network @net(%v0: tensor<{c}x{h}x{w}xui{bits}>) {{"]
    names = 0

    def add(op: str, shape: str) -> None:
        nonlocal names, before
        lines.append(f"%v{names + 1} = {op} : {before} -> {shape}")
        names, before = names + 1, shape

    before = f"tensor<{c}x{h}x{w}xui{bits}>"
    for _ in range(random.randint(1, 3)):
        kh, kw = random.randint(1, min(3, h)), random.randint(1, min(3, w))
        sh, sw = random.choice([1, 1, 2]), random.choice([1, 1, 2])
        pads = [random.randint(0, min(kh, kw) - 1) for _ in range(4)]
        top, left, bottom, right = pads
        window = f"<{kh}x{kw}, strides {sh}x{sw}, pads {pads}>"
        h, w = (h + top + bottom - kh) // sh + 1, (w + left + right - kw) // sw + 1
        match random.choice(["conv", "conv", "max_pool", "relu"]):
            case "conv":
                groups = random.choice([1, 1, c])
                features, bits = groups * random.randint(1, 9 // groups), random.randint(2, 8)
                weights = f"tensor<{features}x{c // groups}x{kh}x{kw}xsi{random.randint(2, 6)}>"
                c = features
                add(
                    f"cnn.conv @c{names} %v{names} {window} groups {groups} "
                    f"weights #cnn.seeded<0, {weights}> scale 0.5",
                    f"tensor<{c}x{h}x{w}xui{bits}>",
                )
            case "max_pool":
                add(
                    f"cnn.max_pool @p{names} %v{names} {window}",
                    f"tensor<{c}x{h}x{w}xui{bits}>",
                )
            case _:
                h, w = map(int, before.split("x")[1:3])
                add(f"cnn.relu @r{names} %v{names}", before)
    if "cnn.conv" not in "".join(lines) or random.randrange(2):
        features = random.randint(1, 9)
        add(f"cnn.flatten %v{names}", f"tensor<{c * h * w}xui{bits}>")
        add(
            f"cnn.dense @d{names} %v{names} "
            f"weights #cnn.seeded<0, tensor<{features}x{c * h * w}xsi2>> scale 0.5",
            f"tensor<{features}xui8>",
        )
    return "\n".join([*lines, f"cnn.output %v{names} : {before}", "}"])


def random_machine(random: Random) -> Accelerator:
    """Slow and fast parts in any combination, so that every resource is contended sometimes."""
    tiny = load_accelerator("tiny")
    crossbars, wordlines = random.randint(1, 3), random.randint(4, 12)
    share = wordlines + random.randint(0, wordlines)

    def width() -> int:
        return random.choice([1, 2, 3, 8])

    return replace(
        tiny,
        chip=replace(tiny.chip, pe_rows=random.randint(1, 3)),
        pe=replace(
            tiny.pe,
            compute_units=random.randint(1, 3),
            port_bytes_per_cycle=width(),
            adders_per_cycle=width(),
            activations_per_cycle=width(),
            poolings_per_cycle=width(),
        ),
        cu=replace(
            tiny.cu,
            crossbars=crossbars,
            input_register_bytes=crossbars * share,
            adders_per_cycle=width(),
        ),
        crossbar=replace(tiny.crossbar, wordlines=wordlines, bitlines=random.randint(4, 12)),
        ou=replace(
            tiny.ou,
            wordlines=random.randint(1, 4),
            bitlines=random.randint(1, 4),
            cycles=random.randint(1, 4),
            pipeline_cycles=random.randint(0, 3),
            dac_bits=random.choice([1, 4, 8]),
        ),
        noc=replace(
            tiny.noc,
            link_bytes_per_cycle=width(),
            hop_cycles=random.randint(1, 3),
            multicast=random.choice([True, False]),
        ),
        io=replace(tiny.io, bytes_per_cycle=width()),
    )


def random_module(random: Random) -> ModuleOp:
    """A random network on a random machine with enough crossbars."""
    context = Context()
    register_dialects(context)
    module = Parser(context, random_network(random)).parse_module()
    layers = [op.layer for op in module.walk() if isinstance(op, WeightLayerOp)]
    machine = random_machine(random)
    crossbars = random.randint(1, 3) * fewest_crossbars(machine, layers)
    place_on(module, with_crossbars(machine, crossbars))
    return module


def place_on(module: ModuleOp, machine: Accelerator) -> None:
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(machine)
    module.verify()


def through_the_passes(random: Random) -> ModuleOp:
    """A random network, deployed by the passes with random strategies."""
    module = random_module(random)
    passes = [
        partition.PartitionPass(
            strategy=random.choice(sorted(partition.STRATEGIES)),
            deal=random.choice(["cyclic", "blocks"]),
        ),
        pack.PackPass(
            strategy=random.choice(pack.STRATEGIES), balance=random.choice(pack.BALANCES)
        ),
        assign.AssignPass(
            strategy=random.choice(assign.STRATEGIES), homes=random.choice(assign.HOMES)
        ),
        order.OrderPass(strategy=random.choice(order.STRATEGIES)),
    ]
    for each in passes:
        each.apply(Context(), module)
    module.verify()
    return module


def at_random(random: Random) -> ModuleOp:
    """A random network, deployed at random in one stage."""
    while True:
        module = random_module(random)
        machine = accelerator_of(module)
        to_mvm(random, module, machine)
        placed = random_places(random, module, machine)
        if stages_of(placed) == [0]:
            break
    machine = with_crossbars(machine, max(place.crossbar for place in placed) + 1)
    place_on(module, machine)
    to_vxb(module, placed)
    placed = to_pxb(random, module, placed, machine)
    to_ou(random, module, placed, machine)
    module.verify()
    return module
