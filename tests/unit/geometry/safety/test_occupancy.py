"""What buffers can hold at most, against what they hold in random programs."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from differential.deployments import add_waits
from numpy.typing import NDArray
from unit.runtime.machine.random_programs import at_random, through_the_passes
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.ou import OuStageOp
from spatem_ir.geometry.network.dataflow import Dataflow, Node, NodeKind
from spatem_ir.geometry.network.links import link
from spatem_ir.geometry.safety import occupancy, residents
from spatem_ir.geometry.safety.occupancy import Occupancy
from spatem_ir.geometry.safety.residents import Deployed
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of
from spatem_ir.support.errors import SpatemError


def occupancy_of(module: ModuleOp) -> Occupancy:
    """The bound of a module at level ou."""
    stage = next(op for op in module.ops if isinstance(op, OuStageOp))
    dataflow, places = dataflow_of(module), stage.placed()
    deployed = Deployed(
        dataflow,
        accelerator_of(module),
        places.placements(),
        places.homes(dataflow),
        stage.merges,
    )
    return Occupancy(deployed, [op.wait(dataflow) for op in stage.waits])


@pytest.mark.parametrize("seed", range(30))
def test_no_buffer_ever_holds_more_than_the_bound(seed: int) -> None:
    random = Random(seed)
    module = random.choice([at_random, through_the_passes])(random)
    if random.randrange(4):
        add_waits(random, module)
    engine = ReferenceEngine(program_of(module))
    try:
        peaks = engine.run().buffers.peaks()
    except SpatemError as error:
        assert "deadlocks" in str(error) or "ends before" in str(error)
        return
    bound = occupancy_of(module)
    for pe, peak in peaks.items():
        assert peak <= bound.bytes[pe], bound.shares(pe)


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_is_the_same_pe_by_pe(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    module = through_the_passes(Random(seed))
    together = occupancy_of(module).bytes
    monkeypatch.setattr(occupancy, "SUMS_AT_ONCE", 1)
    monkeypatch.setattr(residents, "ELEMENTS_AT_ONCE", 1)
    assert (occupancy_of(module).bytes == together).all()


def readings(dataflow: Dataflow, reader: Node) -> list[tuple[int, NDArray[np.int64]]]:
    """Every position of a node and the pieces that it reads, element by element."""
    pieces = np.append(dataflow.operand_pieces(reader), -1)
    found = []
    if reader.kind is NodeKind.LAYER:
        assert reader.layer is not None
        for matrix in range(reader.layer.matrices):
            read = pieces[reader.layer.operand_elements(matrix)]
            positions = reader.layer.window_positions(matrix).tolist()
            found += list(zip(positions, read, strict=True))
        return found
    for part in range(len(reader.slices)):
        found += list(enumerate(pieces[reader.operand_windows(part)]))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_links_are_those_of_single_elements(seed: int) -> None:
    dataflow = dataflow_of(at_random(Random(seed)))
    for node in dataflow.nodes:
        pieces = range(*dataflow.first_pieces[node.number : node.number + 2])
        for reader in dataflow.readers(node):
            last = np.full(node.positions, -1)
            first = np.full(node.positions, reader.positions)
            highest = np.full(reader.positions, -1)
            for position, read in readings(dataflow, reader):
                for piece in set(read.tolist()).intersection(pieces):
                    source = (piece - pieces.start) % node.positions
                    last[source] = max(last[source], position)
                    first[source] = min(first[source], position)
                    highest[position] = max(highest[position], source)
            found = link(dataflow, node, reader)
            assert (found.last == last).all()
            assert (found.first == first).all()
            assert (found.highest == highest).all()
