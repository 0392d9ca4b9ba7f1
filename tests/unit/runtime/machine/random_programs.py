"""Random networks, machines and deployments that bring all of the machine model into play."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from random import Random

from differential.dealt import ANYWHERE, dealt
from differential.deployments import random_places, to_mvm, to_ou, to_pxb, to_vxb
from differential.machines import fewest_crossbars, with_crossbars
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr, accelerator_of
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.accumulation.home import HomeParameters
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes import assign, order, pack
from spatem_ir.passes.partition import partition
from spatem_ir.support.errors import SpatemError
from spatem_ir.universe import register_dialects


@dataclass(frozen=True)
class Value:
    """A tensor of a network: its name, shape and bits."""

    name: str
    shape: tuple[int, ...]
    bits: int

    @property
    def type(self) -> str:
        return f"tensor<{'x'.join(map(str, self.shape))}xui{self.bits}>"


class RandomNetwork:
    """The lines of a network of level `cnn`, op by op."""

    def __init__(self, random: Random):
        shape = random.randint(1, 4), random.randint(2, 6), random.randint(2, 6)
        self.random = random
        self.last = Value("%v0", shape, random.randint(1, 8))
        self.values = [self.last]
        self.lines = [f"cnn.network @net(%v0: {self.last.type}) {{"]

    def add(
        self, op: str, operands: list[Value], shape: tuple[int, ...], bits: int, more: str = ""
    ) -> None:
        """An op, of which `more` stands behind the operands; `@` stands for its name."""
        number = len(self.values)
        self.last = Value(f"%v{number}", shape, bits)
        op = op.replace("@", f"@n{number}")
        names = ", ".join(value.name for value in operands)
        before = ", ".join(value.type for value in operands)
        self.lines.append(f"{self.last.name} = {op} {names} {more} : {before} -> {self.last.type}")
        self.values.append(self.last)

    def alike(self, shapes: list[tuple[int, ...]]) -> list[Value]:
        """Values of one of the given shapes; the last value is one of them."""
        return [value for value in self.values if value.shape in shapes]

    def window(self) -> tuple[str, int, int]:
        """A window over the last value, and the rows and columns of its results."""
        random, (_, h, w) = self.random, self.last.shape
        kh, kw = random.randint(1, min(3, h)), random.randint(1, min(3, w))
        sh, sw = random.choice([1, 1, 2, 3]), random.choice([1, 1, 2, 3])
        pads = [random.randint(0, min(kh, kw) - 1) for _ in range(4)]
        top, left, bottom, right = pads
        rows, columns = (h + top + bottom - kh) // sh + 1, (w + left + right - kw) // sw + 1
        return f"<{kh}x{kw}, strides {sh}x{sw}, pads {pads}>", rows, columns

    def convolution(self) -> None:
        random, c = self.random, self.last.shape[0]
        window, rows, columns = self.window()
        kernel = window[1:].split(",")[0]
        groups = random.choice([1, 1, c]) if c < 9 else 1
        features = groups * random.randint(1, 9 // groups)
        weights = f"tensor<{features}x{c // groups}x{kernel}xsi{random.randint(2, 6)}>"
        shape, bits = (features, rows, columns), random.randint(2, 8)
        more = f"{window} groups {groups} weights #cnn.seeded<0, {weights}> scale 0.5"
        self.add("cnn.conv @", [self.last], shape, bits, more)

    def dense(self) -> None:
        features, inputs = self.random.randint(1, 9), prod(self.last.shape)
        self.add("cnn.flatten", [self.last], (inputs,), self.last.bits)
        weights = f"weights #cnn.seeded<0, tensor<{features}x{inputs}xsi2>> scale 0.5"
        self.add("cnn.dense @", [self.last], (features,), 8, weights)

    def pool(self) -> None:
        window, rows, columns = self.window()
        self.add(
            "cnn.max_pool @",
            [self.last],
            (self.last.shape[0], rows, columns),
            self.last.bits,
            window,
        )

    def unary(self) -> None:
        """An operator whose result has the shape of its operand."""
        random, last = self.random, self.last
        op, more, keeps = random.choice(
            [
                ("relu", "", True),
                ("leaky_relu", "slope 0.25", False),
                ("requantize", "", False),
                ("lrn", f"size {random.randint(1, 5)} alpha 0.5 beta 0.75 bias 1.0", False),
                ("softmax", f"axis {random.randrange(len(last.shape))}", False),
            ]
        )
        bits = last.bits if keeps else random.randint(1, 8)
        self.add(f"cnn.{op} @", [last], last.shape, bits, more)

    def several(self) -> None:
        """An addition of several values, a multiplication of two; channels may be repeated."""
        random, last = self.random, self.last
        others = self.alike([last.shape, (last.shape[0], 1, 1), (1, *last.shape[1:])])
        count = random.randint(1, 3)
        op, count = random.choice([("add", count), ("mul", 1)])
        operands = [last, *random.choices(others, k=count)]
        self.add(f"cnn.{op} @", operands, last.shape, random.randint(1, 8))

    def concatenation(self) -> None:
        last = self.last
        others = [v for v in self.values if v.bits == last.bits and v.shape[1:] == last.shape[1:]]
        operands = [last, self.random.choice(others)]
        channels = sum(value.shape[0] for value in operands)
        self.add("cnn.concat", operands, (channels, *last.shape[1:]), last.bits)

    def shuffle(self) -> None:
        """A channel shuffle."""
        last, (c, h, w) = self.last, self.last.shape
        groups = self.random.choice([g for g in range(1, c + 1) if c % g == 0])
        self.add("cnn.flatten", [last], (groups, c // groups, h, w), last.bits)
        order = "[1, 0, 2, 3]"
        self.add("cnn.transpose", [self.last], (c // groups, groups, h, w), last.bits, order)
        self.add("cnn.flatten", [self.last], last.shape, last.bits)

    def pad(self) -> None:
        last = self.last
        before, after = ([self.random.randint(0, 1) for _ in last.shape] for _ in range(2))
        shape = tuple(b + n + a for b, n, a in zip(before, last.shape, after, strict=True))
        more = f"before {before} after {after} value 0.0"
        self.add("cnn.pad @", [last], shape, last.bits, more)

    def crop(self) -> None:
        """A part of the rows or columns, in their order, or every second one of them."""
        last, axis = self.last, self.random.randint(1, 2)
        first, step = self.random.randrange(last.shape[axis]), self.random.randint(1, 2)
        indices = range(first, self.random.randint(first, last.shape[axis] - 1) + 1, step)
        shape = (*last.shape[:axis], len(indices), *last.shape[axis + 1 :])
        more = f"dimension {axis} indices {list(indices)}"
        self.add("cnn.gather", [last], shape, last.bits, more)

    @property
    def text(self) -> str:
        return "\n".join([*self.lines, f"cnn.output {self.last.name} : {self.last.type}", "}"])


def random_network(random: Random) -> str:
    """A network of one to five steps, at least one of which is a weight layer."""
    network = RandomNetwork(random)
    steps = [
        *[network.convolution] * 4,
        network.pool,
        network.unary,
        network.several,
        network.concatenation,
        network.shuffle,
        network.pad,
        network.crop,
    ]
    for _ in range(random.randint(1, 5)):
        random.choice(steps)()
    if "cnn.conv" not in network.text or random.randrange(2):
        network.dense()
        if random.randrange(2):
            network.unary()
    return network.text


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
            local_bytes_per_cycle=random.choice([0, 0, width()]),
        ),
        io=replace(tiny.io, bytes_per_cycle=width()),
        accumulation=HomeParameters(sum_bits=random.choice([20, 32, 32, 40])),
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
    """A random network, deployed by the passes with random strategies that find a place for it."""
    while True:
        module = random_module(random)
        passes = [
            partition.PartitionPass(
                stages=1,
                strategy=dealt(random.choice(ANYWHERE), random.choice(["cyclic", "blocks"])),
            ),
            pack.PackPass(method=random.choice(pack.METHODS), balance=random.choice(pack.BALANCES)),
            assign.AssignPass(
                method=random.choice(assign.METHODS), homes=random.choice(assign.HOMES)
            ),
            order.OrderPass(method=random.choice(order.METHODS)),
        ]
        try:
            for each in passes:
                each.apply(Context(), module)
        except SpatemError as error:
            assert "found no place" in str(error)
            continue
        module.verify()
        return module


def at_random(random: Random) -> ModuleOp:
    """A random network, deployed at random in one stage."""
    module = random_module(random)
    machine = accelerator_of(module)
    to_mvm(random, module, machine)
    placed = random_places(random, module, machine)
    machine = with_crossbars(machine, max(place.crossbar for place in placed) + 1)
    place_on(module, machine)
    to_vxb(module, placed)
    placed = to_pxb(random, module, placed, machine)
    to_ou(random, module, placed, machine)
    module.verify()
    return module
