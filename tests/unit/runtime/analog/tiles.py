"""Random machines with imperfect operation units, and random tiles for them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from unit.runtime.analog.reference import Ints, Receives, Tile, conductances, tile_sums, wrapped

from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.parameters import AdcMode, Analog, Encoding
from spatem_ir.runtime.analog.arithmetic import OuArithmetic
from spatem_ir.runtime.analog.cells import TileCells
from spatem_ir.runtime.analog.kernels import Kernels
from spatem_ir.runtime.analog.patterns import Sent
from spatem_ir.runtime.analog.tile_engine import POPCOUNT_WORDLINES, Formulation, TileEngine


@st.composite
def analogs(draw: st.DrawFn) -> Analog:
    """All modes of converters, both encodings; about half of the cells are ideal."""
    ideal = draw(st.booleans())
    return Analog(
        adc_mode=draw(st.sampled_from(AdcMode)),
        encoding=draw(st.sampled_from(Encoding)),
        cell_sigma=0.0 if ideal else draw(st.sampled_from([0.0, 0.1, 0.5])),
        stuck_at_zero=0.0 if ideal else draw(st.sampled_from([0.0, 0.2])),
        stuck_at_one=0.0 if ideal else draw(st.sampled_from([0.0, 0.1])),
        read_noise=0.0 if draw(st.booleans()) else draw(st.sampled_from([0.3, 3.0])),
        seed=draw(st.integers(0, 2**31 - 1)),
    )


@st.composite
def machines_of_tiles(draw: st.DrawFn) -> Accelerator:
    """Operation units of 1 to 70 wordlines on cells of 1 to 4 bits."""
    tiny = load_accelerator("tiny")
    return replace(
        tiny,
        crossbar=replace(tiny.crossbar, bits_per_cell=draw(st.integers(1, 4))),
        ou=replace(
            tiny.ou,
            wordlines=draw(st.integers(1, 10) | st.sampled_from([16, 17, 33, 64, 70])),
            dac_bits=draw(st.integers(1, 3)),
            adc_bits=draw(st.integers(1, 12)),
        ),
        analog=draw(analogs()),
    )


@dataclass(frozen=True)
class Task:
    """A tile on a machine, and what it receives: inputs [rows, windows, images]."""

    machine: Accelerator
    cells: TileCells
    layer: Layer
    inputs: Ints
    bits: range
    windows: range
    first_image: int

    @property
    def arithmetic(self) -> OuArithmetic:
        return OuArithmetic.of(self.machine)

    @property
    def sent(self) -> Sent:
        dac_bits = self.machine.ou.dac_bits
        return Sent.of(self.inputs, self.layer, self.bits, self.windows, self.first_image, dac_bits)

    def expected(self) -> Ints:
        """The sums by definition: [columns, windows, images]."""
        tile = Tile(self.cells.levels.astype(np.int64), *self.cells[1:])
        conducted = conductances(self.machine, tile)
        layer, (_, windows, images) = self.layer, self.inputs.shape
        sums = np.empty((layer.out_channels, windows, images), np.int64)
        for window in range(windows):
            for image in range(images):
                received = Receives(
                    inputs=self.inputs[:, window, image],
                    bits=self.bits,
                    input_bits=layer.input_bits,
                    signed=layer.input_signed,
                    window=self.windows[window],
                    image=self.first_image + image,
                )
                sums[:, window, image] = tile_sums(self.machine, tile, received, conducted)
        return wrapped(sums)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    """Tiles of 1 to 24 rows (more if the operation units have more) and 1 to 5 columns."""
    machine = draw(machines_of_tiles())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = draw(st.integers(1, 24)) + max(0, machine.ou.wordlines - 12)
    columns, per_weight = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    signed, input_bits = draw(st.booleans()), draw(st.integers(1, 9))
    first_bit = draw(st.integers(0, input_bits - 1))
    bits = range(first_bit, draw(st.integers(first_bit + 1, input_bits)))
    cell_bits = machine.crossbar.bits_per_cell
    lowest = -(2 ** (input_bits - 1)) if signed else 0
    windows, images, first = (draw(st.integers(1, 3)) for _ in range(3))
    return Task(
        machine=machine,
        cells=TileCells(
            levels=rng.integers(0, 2**cell_bits, (rows, columns * per_weight)).astype(np.uint8),
            per_weight=per_weight,
            polarity=draw(st.integers(0, 1)),
            stage=draw(st.integers(0, 2)),
            crossbar=draw(st.integers(0, 9)),
            corner=(draw(st.integers(0, 5)), draw(st.integers(0, 5))),
        ),
        layer=Layer(
            name="layer",
            input_shape=(rows, 1, 1),
            out_channels=columns,
            window=Window((1, 1)),
            input_bits=input_bits,
            input_signed=signed,
            weight_bits=per_weight * cell_bits,
        ),
        inputs=rng.integers(lowest, lowest + 2**input_bits, (rows, windows, images)),
        bits=bits,
        windows=range(first, first + windows),
        first_image=draw(st.integers(0, 5)),
    )


class ForcedEngine(TileEngine):
    """A tile engine that computes everything in one way."""

    def __init__(
        self, arithmetic: OuArithmetic, forced: Formulation, kernels: Kernels | None = None
    ):
        super().__init__(arithmetic, kernels)
        self.forced = forced

    def formulation(self, *_: object, **__: object) -> Formulation:
        return self.forced


def possible_formulations(arithmetic: OuArithmetic, rows: int) -> list[Formulation]:
    """The ways to compute tiles of so many rows."""
    ways = [Formulation.DIRECT]
    wordlines = min(rows, arithmetic.wordlines)
    if arithmetic.static_cells and wordlines * arithmetic.dac_bits <= 10:
        ways.append(Formulation.TABLE)
    if arithmetic.ideal_cells and wordlines <= POPCOUNT_WORDLINES:
        ways.append(Formulation.POPCOUNT)
    return ways


def integer_sums(task: Task) -> NDArray[np.int64]:
    """Σ x · code of what the bits contribute, in plain integers."""
    shifts = np.arange(task.cells.per_weight) * task.arithmetic.cell_bits
    levels = task.cells.levels.astype(np.int64).reshape(len(task.inputs), -1, len(shifts))
    codes = (levels << shifts).sum(axis=2)
    kept = (task.inputs >> task.bits.start) << task.bits.start
    if not (task.layer.input_signed and task.bits.stop == task.layer.input_bits):
        kept &= (1 << task.bits.stop) - 1
    return np.einsum("kc,kwi->cwi", codes, kept)
