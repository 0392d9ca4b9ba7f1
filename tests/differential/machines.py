"""Small accelerators, drawn at random."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator

MOST_WEIGHT_BITS = 8


@st.composite
def machines(draw: st.DrawFn) -> Accelerator:
    """Crossbars of 4 to 24 wordlines and bitlines, in CUs of 1 to 4 and PEs of 1 to 3 CUs."""
    tiny = load_accelerator("tiny")
    bits_per_cell = draw(st.integers(1, 4))
    wordlines = draw(st.integers(4, 24))
    bitlines = draw(st.integers(max(4, -(-MOST_WEIGHT_BITS // bits_per_cell)), 24))
    crossbars = draw(st.integers(1, 4))
    operand_bytes = wordlines + draw(st.integers(0, 8))
    machine = replace(
        tiny,
        pe=replace(tiny.pe, compute_units=draw(st.integers(1, 3)), buffer_bytes=1 << 20),
        cu=replace(tiny.cu, crossbars=crossbars, input_register_bytes=operand_bytes * crossbars),
        crossbar=replace(
            tiny.crossbar, wordlines=wordlines, bitlines=bitlines, bits_per_cell=bits_per_cell
        ),
        ou=replace(
            tiny.ou,
            wordlines=draw(st.integers(1, min(9, wordlines))),
            bitlines=draw(st.integers(1, min(8, bitlines))),
            dac_bits=draw(st.integers(1, 2)),
        ),
    )
    return replace(machine, ou=replace(machine.ou, adc_bits=machine.lossless_adc_bits))


def with_crossbars(machine: Accelerator, crossbars: int) -> Accelerator:
    """The machine with as many columns of PEs as so many crossbars need."""
    per_column = machine.chip.pe_rows * machine.crossbars_per_pe
    return replace(machine, chip=replace(machine.chip, pe_columns=-(-crossbars // per_column)))


def fewest_crossbars(machine: Accelerator, layers: list[Layer]) -> int:
    """Crossbars that hold one copy of every layer, with a crossbar of its own for every tile."""
    return sum(
        layer.matrices
        * -(-layer.rows // machine.crossbar.wordlines)
        * -(
            -layer.columns
            // (machine.crossbar.bitlines // machine.cells_per_weight(layer.weight_bits))
        )
        for layer in layers
    )
