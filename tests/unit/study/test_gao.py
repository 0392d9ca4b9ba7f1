"""`spatem-bench gao`: networks, weights in blocks, runs and pages, on a small chip."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from spatem_ir.geometry.writing.assignment import assigned
from spatem_ir.geometry.writing.blocks import BlockShape, chip_slots
from spatem_ir.geometry.writing.mapping import STRATEGIES, Effort
from spatem_ir.geometry.writing.schedule import stage_sizes
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import named_preset
from spatem_ir.study.destination import Destination
from spatem_ir.study.gao import command, runs
from spatem_ir.study.gao.networks import CIFAR, IMAGENET, NETWORKS, MatrixLayer, layers_of
from spatem_ir.study.gao.reach import at_bound, mean_less, time_for
from spatem_ir.study.gao.runs import CaseResult, CaseRunner, GaoCase
from spatem_ir.study.gao.store import GaoStore, GaoWork
from spatem_ir.study.gao.weights import (
    WeightSource,
    network_blocks,
    quantized,
    trained_matrices,
)
from spatem_ir.support.errors import SpatemError

LAYERS = [
    MatrixLayer("a", 40, 24, 9),
    MatrixLayer("b", 24, 20, 4, matrices=2),
    MatrixLayer("c", 100, 40, 1),
]


@dataclass(frozen=True)
class SmallCase(GaoCase):
    """A chip of 8 crossbars of 64 × 64."""

    @property
    def machine(self) -> Accelerator:
        chip = super().machine
        return replace(
            chip,
            chip=replace(chip.chip, pe_rows=1, pe_columns=1),
            crossbar=replace(chip.crossbar, wordlines=64, bitlines=64),
        )


def test_networks_have_the_weights_that_are_known() -> None:
    millions = {key: sum(n.weights for n in layers_of(*key)) / 1e6 for key in NETWORKS}
    assert round(millions["AlexNet", IMAGENET], 2) == 60.95
    assert round(millions["VGG-16", IMAGENET], 2) == 138.34
    assert round(millions["ResNet-50", IMAGENET], 2) == 25.50
    assert round(millions["ResNet-101", IMAGENET], 2) == 44.44
    assert round(millions["GoogLeNet", IMAGENET], 2) == 6.99
    assert round(millions["VGG-16", CIFAR], 2) == 14.72
    products = {key: sum(n.products for n in layers_of(*key)) / 1e9 for key in NETWORKS}
    assert round(products["VGG-16", IMAGENET], 2) == 15.47
    assert round(products["ResNet-50", IMAGENET], 2) == 4.09


@pytest.mark.parametrize(
    ("network", "megabits", "stages"), [("AlexNet", 32, 15), ("VGG-16", 32, 33), ("VGG-16", 16, 66)]
)
def test_stages_are_as_many_as_published(network: str, megabits: int, stages: int) -> None:
    machine = named_preset(f"gao-{megabits}mb")
    assert machine.crossbars * machine.cells_per_crossbar == megabits << 20
    slots = machine.crossbars * 32 * 64
    blocks = sum(
        n.matrices * -(-n.rows // 16) * -(-n.columns // 8) * 8 for n in layers_of(network, IMAGENET)
    )
    assert len(stage_sizes(blocks, slots, "sequential")) == stages


def test_bits_of_weights_are_where_the_layout_says() -> None:
    layers = [MatrixLayer("a", 4, 16, 1)]
    source = WeightSource(trained=(np.arange(-32, 32, dtype=np.float64).reshape(4, 16),))
    ((_, codes),) = source.matrices(layers)
    bits = (codes.view(np.uint8)[..., None] >> np.arange(8)) & 1
    shape = BlockShape(4, 8, 8)
    planes = shape.decoded(network_blocks(layers, source, shape, "bit-plane").codes)
    for group in (0, 1):
        for bit in range(8):
            assert (planes[8 * group + bit] == bits[:, 8 * group : 8 * group + 8, bit]).all()
    majors = shape.decoded(network_blocks(layers, source, shape, "weight-major").codes)
    assert (majors == bits.transpose(1, 0, 2)).all()


def test_parts_of_large_matrices_are_the_same_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    shape, source = BlockShape(16, 8, 8), WeightSource("gaussian")
    whole = network_blocks(LAYERS, source, shape, "bit-plane")
    monkeypatch.setattr("spatem_ir.study.gao.weights.CHUNK_WEIGHTS", 1)
    parts = network_blocks(LAYERS, source, shape, "bit-plane")
    assert (whole.codes == parts.codes).all()
    assert (whole.layers == parts.layers).all()
    assert np.bincount(whole.layers).tolist() == [3 * 3 * 8, 2 * 2 * 3 * 8, 7 * 5 * 8]


def test_the_largest_weight_gets_the_largest_code() -> None:
    assert quantized(np.array([[-0.5, 0.25, 0.0]])).tolist() == [[-127, 64, 0]]
    assert quantized(np.zeros((1, 2))).tolist() == [[0, 0]]


def test_trained_weights_come_from_a_file(tmp_path: Path) -> None:
    kernel = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    dense = np.arange(6, dtype=np.float32).reshape(3, 2)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "k"], ["y"]),
            helper.make_node("Gemm", ["z", "d"], ["w"], transB=1),
        ],
        "g",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("x", "z")],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("y", "w")],
        [numpy_helper.from_array(kernel, "k"), numpy_helper.from_array(dense, "d")],
    )
    path = tmp_path / "net.onnx"
    onnx.save(helper.make_model(graph), path)
    first, second = trained_matrices(str(path))
    assert (first == kernel.reshape(2, 12).T).all()
    assert (second == dense.T).all()
    with pytest.raises(SpatemError, match="not a readable ONNX file"):
        trained_matrices(str(tmp_path / "none.onnx"))


def test_runs_of_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "layers_of", lambda network, data: LAYERS)
    case = SmallCase("small")
    runner = CaseRunner(case, WeightSource(case.distribution))
    assert len(runner.slots) == len(chip_slots(case.machine)) == 8 * 32
    found = runner.result([n for n in STRATEGIES if n != "sequential"], Effort(128, 64))
    assert found.stages == -(-found.blocks // 256) == 2
    base = found.runs["sequential"]
    # The first layer's 72 blocks on 8 crossbars work on 9 windows, the others' follow them.
    assert base.compute == 8 * 3 * (9 * 9 + 12 * 4 + 11 + 24)
    assert found.less("gao") > max(0, found.less("balance"))
    assert found.runs["similarity"].changed_share < base.changed_share
    assert found.runs["gao"].energy_nj < base.energy_nj
    assert base.life_days == pytest.approx(1e9 / (2 * 30) / 86400)
    assert found.bound is not None and found.bound < 1 - found.less("gao")
    assert found.table_bytes == 2 * 256


def test_pages_and_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(runs, "layers_of", lambda network, data: LAYERS)
    monkeypatch.setattr(command, "GaoCase", SmallCase)
    monkeypatch.setattr(command, "SWEPT", SmallCase("VGG-16", CIFAR))
    monkeypatch.setattr(command, "VARIANTS", {"as it is": SmallCase("VGG-16", CIFAR)})
    run = partial(command.run_gao, effort="fast", trained=None, jobs=1)
    text = run(networks=["VGG-16"], destination=Destination(tmp_path / "out"))
    assert "| VGG-16 | ImageNet | 2 |" in text
    assert "| VGG-16, CIFAR-10 | similarity |" in text
    assert (tmp_path / "out" / "gao.md").read_text() == text
    data = json.loads((tmp_path / "out" / "gao.json").read_text())
    assert [each["case"]["data"] for each in data] == [IMAGENET, CIFAR, CIFAR, CIFAR]
    assert "| VGG-16, CIFAR-10: as it is | -40.29 % |" in text
    with pytest.raises(SpatemError, match="unknown network 'VGG'; the networks are AlexNet"):
        run(networks=["VGG"], destination=Destination())


def test_what_is_kept_is_not_run_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(runs, "layers_of", lambda network, data: LAYERS)
    case = SmallCase("small")
    work = [GaoWork(case, (name,), Effort(64, 64), None) for name in ("gao", "distance")]
    with GaoStore(tmp_path / "gao.sqlite") as kept:
        (first,) = command._all(work[:1], 1, kept).values()
    ran: list[GaoWork] = []

    def counted(*each: Any) -> CaseResult:
        ran.append(GaoWork(*each))
        return runs.result_of(*each)

    monkeypatch.setattr(command, "result_of", counted)
    with GaoStore(tmp_path / "gao.sqlite") as kept:
        again = command._all(work, 1, kept)
        assert ran == work[1:]
        assert again[work[0]] == first
        kept._insert("UPDATE results SET result = ?", ("[]",))
        with pytest.raises(SpatemError, match="has a damaged result; name another --store"):
            command._all(work, 1, kept)


def test_a_published_latency_is_reached_where_computing_takes_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs, "layers_of", lambda network, data: LAYERS)
    result = CaseRunner(SmallCase("small"), WeightSource()).result(["gao"], Effort(64, 64))
    here = mean_less([result], lambda each: each.less("gao"), 1.0)
    assert here == pytest.approx(result.less("gao", "overall"))
    time = time_for([result], lambda each: each.less("gao"), here / 2)
    assert time is not None and time > 1
    assert mean_less([result], lambda each: each.less("gao"), time) == pytest.approx(here / 2)
    assert time_for([result], lambda each: each.less("gao"), result.less("gao") + 1e-6) is None
    bound = time_for([result], at_bound, here / 2)
    assert bound is not None and bound > time


def test_similar_planes_of_weights_are_not_all_in_one_group() -> None:
    """The highest planes of weights of which most are small are nearly alike."""
    shape, layers = BlockShape(16, 8, 8), [MatrixLayer("a", 512, 256, 1, matrices=2)]
    old, new = np.split(network_blocks(layers, WeightSource(), shape, "bit-plane").codes, 2)
    count = len(new)
    slots = chip_slots(SmallCase("small").machine).chosen(np.arange(count) % 256)
    order = assigned(old, new, slots, np.zeros(count, np.int64), 256, by_cells=True)
    changed, usual = (int(np.bitwise_count(old ^ each).sum()) for each in (new[order], new))
    assert 0.70 <= changed / usual <= 0.78
