"""The mapping `ntu`, and the published simulator's machine, for which it is."""

from __future__ import annotations

import pytest
from unit.passes.deployed import parsed

import spatem_ir as sp
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.dialects.pxb import PxbStageOp
from spatem_ir.frontend.options import ImportOptions
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.passes.partition.strategies.ntu import (
    column_by_column,
    in_pes_of_their_own,
    whole_crossbars,
)
from spatem_ir.support.errors import SpatemError

MACHINE = load_accelerator("ntu-ppsim")
BITS = ImportOptions(weight_bits=16, activation_bits=16)


def test_the_machine_is_the_published_one() -> None:
    """14 x 13 routers of 2 x 2 PEs; 16-bit weights are 8 cells, so that 16 stand in a row."""
    assert MACHINE.pes == 4 * 14 * 13 == 728
    assert (MACHINE.cus_per_pe, MACHINE.crossbars_per_cu) == (12, 8)
    assert MACHINE.cells_per_weight(16) == 8
    assert MACHINE.components.compute_unit.crossbars_in_step == 8
    assert MACHINE.cycle_ns == pytest.approx(7.68, rel=2e-3)


def test_tiles_are_whole_crossbars_and_the_rest() -> None:
    """150 rows and 20 columns: 128 and 22 rows, 16 and 4 columns."""
    layer = Layer("a", (6, 9, 9), 20, Window((5, 5)), input_bits=16, weight_bits=16)
    grid = whole_crossbars(layer, MACHINE)
    assert (grid.hwm, grid.wwm, grid.iw, grid.ib) == (2, 2, 1, 1)
    assert [grid.row_range(layer, row) for row in range(2)] == [(0, 128), (128, 150)]
    assert [grid.column_range(layer, column) for column in range(2)] == [(0, 16), (16, 20)]
    wide = Layer("b", (200, 1, 1), 4, Window((1, 1)), input_bits=32, weight_bits=16)
    assert whole_crossbars(wide, MACHINE).tile_rows == 64


def test_windows_are_visited_column_by_column() -> None:
    layer = Layer("a", (1, 2, 3), 1, Window((1, 1)))
    assert column_by_column(layer).tolist() == [0, 3, 1, 4, 2, 5]


def test_every_layer_begins_with_a_pe() -> None:
    line = MACHINE.components.interconnect.pes_in_line
    one, two, three = in_pes_of_their_own([96, 97, 1], MACHINE)
    assert (one == line[0] * 96 + range(96)).all()
    assert two[[0, 95, 96]].tolist() == [line[1] * 96, line[1] * 96 + 95, line[2] * 96]
    assert three.tolist() == [line[3] * 96]
    with pytest.raises(SpatemError, match="need 729 PEs, 'ntu-ppsim' has 728; use a larger chip"):
        in_pes_of_their_own([728 * 96, 1], MACHINE)


def test_a_weight_wider_than_a_crossbar_is_refused() -> None:
    layer = Layer("a", (1, 1, 1), 1, Window((1, 1)), weight_bits=512)
    with pytest.raises(SpatemError, match="@a, or its input, does not fit a crossbar"):
        whole_crossbars(layer, MACHINE)


@pytest.mark.parametrize(
    ("network", "first", "cycles"),
    [
        # 28 · 28 windows of 3 · 6 OUs and 16 bits, a fetch and two stages; 4 · 4 of 2 · 16.
        ("lenet", 784 * (3 * 6 * 16 + 3), 473_230),
        ("deepid", 28 * 36 * (2 * 16 * 16 + 3), 849_102),
        ("caffenet", 55 * 55 * (15 * 16 * 16 + 3), 12_029_986),
    ],
)
def test_published_networks_run(network: str, first: int, cycles: int) -> None:
    """No layer is faster than its windows one after the other; the first one decides CaffeNet."""
    deployment = sp.compile(network, accelerator="ntu-ppsim", strategy="ntu", importing=BITS)
    simulation = deployment.simulate()
    assert simulation.latency_ou_cycles == simulation.latency_cycles == cycles > first
    if network == "caffenet":
        assert cycles < first * 1.05


def test_places_and_order_are_those_of_the_strategy() -> None:
    module = sp.compile("lenet", accelerator="ntu-ppsim", strategy="ntu", importing=BITS).module
    assert accelerator_of(module) == MACHINE
    (places,) = (op for op in module.ops if isinstance(op, PxbStageOp))
    pes = [set(own.crossbars // 96) for own in places.placements().values()]
    assert [len(own) for own in pes] == [1] * len(pes)
    assert len(set().union(*pes)) == len(pes)
    (program,) = (op for op in module.ops if isinstance(op, OuStageOp))
    first = program.streams[0].bursts[0].windows.data.to_array()
    assert first[:3].tolist() == [0, 28, 56]
    assert program.timed is not None
    assert str(parsed(str(module))) == str(module)


def test_other_places_are_ordered_as_usual() -> None:
    """Where `pack` puts tiles elsewhere, the streams are of no use."""
    passes = "partition{strategy=ntu},pack{method=exclusive},assign,order"
    module = sp.compile("lenet", accelerator="ntu-ppsim", passes=passes, importing=BITS).module
    (program,) = (op for op in module.ops if isinstance(op, OuStageOp))
    assert not program.streams
