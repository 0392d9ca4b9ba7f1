"""Latency estimates: the stages of a round, by hand and as properties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from differential.machines import machines
from differential.profile import examples
from hypothesis import given
from unit.geometry.strategies import layers
from unit.runtime.machine.programs import noc_of

from spatem_ir.geometry.estimate.candidates import Cut, LayerCandidates, layer_candidates
from spatem_ir.geometry.estimate.latency import grid_latency, layer_latencies
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import load_accelerator

TINY = load_accelerator("tiny")
CONV = Layer("conv", (4, 4, 4), 8, Window((2, 2)), weight_bits=2)
"""A matrix of 16 x 8 cells with 9 windows and 8 input bits."""


def estimate(layer: Layer, *cuts: Cut, accelerator: Accelerator = TINY) -> int:
    """The estimate of one combination of cuts of rows, columns, windows and bits."""
    rows, columns, windows, bits = cuts
    candidates = LayerCandidates(layer, (rows,), (columns,), (windows,), (bits,))
    return layer_latencies(candidates, accelerator).item()


def test_one_tile() -> None:
    compute = 4 * 2 * 8 * TINY.ou.cycles
    fetch = 16 // TINY.pe.port_bytes_per_cycle
    activate = 8 // TINY.pe.activations_per_cycle
    expected = 8 * compute + compute + fetch + activate + TINY.ou.pipeline_cycles
    assert estimate(CONV, Cut(1, 16), Cut(1, 8), Cut(1, 9), Cut(1, 8)) == expected


def test_row_parts_merge_in_the_cu() -> None:
    """Two tiles of one CU: a shared CU has two adders for the 8 values of each."""
    compute = 2 * 2 * 8 * TINY.ou.cycles
    fetch = 2 * 8 // TINY.pe.port_bytes_per_cycle
    merge_cu = 2 * 8 // TINY.cu.adders_per_cycle
    expected = 8 * compute + compute + fetch + merge_cu + 8 + TINY.ou.pipeline_cycles
    assert estimate(CONV, Cut(2, 8), Cut(1, 8), Cut(1, 9), Cut(1, 8)) == expected


def test_row_and_bit_parts_merge_in_the_pe_and_at_home() -> None:
    """Eight tiles of a column block: four CUs, two PEs."""
    compute = 1 * 2 * 4 * TINY.ou.cycles
    fetch = 4 * 1  # the 2 bytes of each tile of a PE take a cycle of its port
    merge_cu = 2 * 8 // TINY.cu.adders_per_cycle
    merge_pe = 2 * 8 // TINY.pe.adders_per_cycle
    merge_home = 2 * 8 // TINY.pe.adders_per_cycle
    packets = 2 * 8 * 4 // noc_of(TINY).link_bytes_per_cycle
    stages = [compute, fetch, merge_cu, merge_pe + merge_home, packets, 8]
    expected = 8 * max(stages) + sum(stages) + TINY.ou.pipeline_cycles
    assert estimate(CONV, Cut(4, 4), Cut(1, 8), Cut(1, 9), Cut(2, 4)) == expected


def test_column_parts_share_a_fetch_in_a_cu() -> None:
    compute = 4 * 1 * 8 * TINY.ou.cycles
    fetch = 16 // TINY.pe.port_bytes_per_cycle
    activate = 2 * 4 // TINY.pe.activations_per_cycle
    expected = 8 * compute + compute + fetch + activate + TINY.ou.pipeline_cycles
    assert estimate(CONV, Cut(1, 16), Cut(2, 4), Cut(1, 9), Cut(1, 8)) == expected


def test_joined_matrices_are_read_and_activated_together() -> None:
    """Three matrices of 4 rows and 2 columns, of which a tile holds two."""
    layer = Layer("conv", (3, 4, 4), 6, Window((2, 2)), groups=3, weight_bits=2)
    compute = 2 * 8 * TINY.ou.cycles
    fetch = 2 * 8 // TINY.pe.port_bytes_per_cycle  # two tiles
    activate = 2 * 4 // TINY.pe.activations_per_cycle
    one = Cut(1, 4), Cut(1, 2), Cut(1, 9), Cut(1, 8)
    candidates = LayerCandidates(layer, *((cut,) for cut in one), joined=2)
    expected = 8 * compute + compute + fetch + activate + TINY.ou.pipeline_cycles
    assert layer_latencies(candidates, TINY).item() == expected
    assert grid_latency(layer, candidates.grid((0, 0, 0, 0)), TINY) == expected


def test_all_combinations_at_once() -> None:
    candidates = layer_candidates(CONV, TINY)
    estimates = layer_latencies(candidates, TINY)
    assert estimates.shape == candidates.parts.shape
    for choice in np.ndindex(estimates.shape):
        cuts = (axis[number] for axis, number in zip(candidates.axes, choice, strict=True))
        assert estimates[choice] == estimate(CONV, *cuts)
        assert estimates[choice] == grid_latency(CONV, candidates.grid(choice), TINY)


@examples(60)
@given(layers(), machines())
def test_estimates_are_above_the_compute_time_of_the_largest_tile(
    layer: Layer, accelerator: Accelerator
) -> None:
    layer = replace(layer, input_bits=min(layer.input_bits, 8), weight_bits=2)
    candidates = layer_candidates(layer, accelerator)
    rows, columns, windows, bits = np.ix_(*([cut.extent for cut in c] for c in candidates.axes))
    ou = accelerator.ou
    cells = columns * accelerator.cells_per_weight(layer.weight_bits)
    visit = -(-rows // ou.wordlines) * -(-cells // ou.bitlines) * -(-bits // ou.dac_bits)
    assert (layer_latencies(candidates, accelerator) > windows * visit * ou.cycles).all()
