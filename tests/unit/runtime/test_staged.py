"""Deployments of several stages: values at every level, cycles by both engines, rule R14."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from differential.text import parsed
from unit.runtime.machine.engines import expect_equal_counts, expect_equal_engines
from unit.runtime.machine.random_programs import place_on, random_module
from unit.runtime.staged_networks import CNN, lowered
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.dataflow import dataflow_of
from spatem_ir.dialects.hw import accelerator_of
from spatem_ir.dialects.mvm import network_of
from spatem_ir.dialects.stages import is_staged, mvm_stages, stage_modules
from spatem_ir.driver.compile import compile_network
from spatem_ir.frontend.load import load_network
from spatem_ir.frontend.options import ImportOptions
from spatem_ir.geometry.network.waits import input_queues
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.hardware.parameters import AdcMode
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.runtime.interpreter import execute
from spatem_ir.runtime.machine.execution import Execution
from spatem_ir.runtime.machine.steps import ResourceKind
from spatem_ir.runtime.metrics.register import metrics_of
from spatem_ir.runtime.staged import deployment_executor
from spatem_ir.support.errors import SpatemError


def images_of(module: ModuleOp, random: Random) -> list[np.ndarray]:
    network = network_of(module)
    assert network is not None
    codes = np.random.default_rng(random.randrange(99))
    shapes = [argument.type.get_shape() for argument in network.body.block.args]  # type: ignore[attr-defined]
    return [codes.integers(0, 2, (2, *shape), np.uint8) for shape in shapes]


def executed(module: ModuleOp, engine: str = "reference", images: int = 1) -> Execution:
    return deployment_executor(engine, module, source="net", most_images=images, trace=True)(images)


@pytest.mark.parametrize("seed", range(12))
def test_values_and_cycles_of_random_networks(seed: int) -> None:
    """Every level gives the reference's values, both engines give the same execution."""
    random = Random(seed)
    module = random_module(random)
    machine = accelerator_of(module)
    place_on(module, replace(machine, analog=replace(machine.analog, adc_mode=AdcMode.LOSSLESS)))
    try:
        levels = lowered(
            module,
            random.choice(["auto", 2, 2, 3]),
            random.choice(["minimum", "spatem"]),
            random.choice(["sequential", "spatem"]),
        )
    except SpatemError as error:
        assert "can be cut into at most" in str(error) or "does not fit" in str(error)
        return
    inputs = images_of(module, random)
    expected = execute(levels[0], inputs)
    for level in levels[1:]:
        for one, other in zip(execute(level, inputs), expected, strict=True):
            assert np.array_equal(one, other)
    images = random.randint(1, 3)
    try:
        reference = executed(module, images=images)
    except SpatemError as error:
        assert "the buffer of PE" in str(error)
        return
    fast = executed(module, "fast", images)
    assert fast.staged == reference.staged
    expect_equal_counts(fast, reference)
    metrics_of(module, executed(module), reference if images > 1 else None)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["isaac", "minimum", "spatem"])
def test_lenet_in_four_stages(strategy: str) -> None:
    """Exact at every level; in each stage both engines do the same, event by event."""
    module = load_network("lenet", ImportOptions()).module
    place_on(module, load_accelerator("isaac-ou"))
    levels = lowered(module, 4, strategy, "spatem")
    inputs = images_of(module, Random(4))
    expected = execute(levels[0], inputs)
    for level in levels[1:]:
        for one, other in zip(execute(level, inputs), expected, strict=True):
            assert np.array_equal(one, other)
    alone = [expect_equal_engines(stage, 1) for stage in stage_modules(levels[-1])]
    whole = executed(levels[-1], "fast")
    assert whole.staged is not None
    cycles = [stage.cycles for stage in whole.staged.stages]
    assert cycles == [run.ended for run in alone if run is not None]
    assert len(cycles) == 4


def test_stages_follow_each_other() -> None:
    """R14: stage k begins when the one before has ended and its crossbars are written."""
    module = lowered(parsed(CNN), 3)[-1]
    alone = [executed(own) for own in stage_modules(module)]
    whole = executed(module)
    assert whole.staged is not None
    stages = whole.staged.stages
    assert [stage.cycles for stage in stages] == [run.ended for run in alone]
    assert stages[0].begins == stages[0].awaited_cycles == 0
    for before, stage in pairwise(stages):
        assert stage.begins == before.ends + stage.awaited_cycles
        assert stage.awaited_cycles > 0
    assert whole.ended == stages[-1].ends
    assert whole.io_bytes == sum(run.io_bytes for run in alone)
    assert whole.operations == {name: n for run in alone for name, n in run.operations.items()}
    assert set(whole.busy[ResourceKind.WRITE]) == {0}


def test_the_path_leads_through_all_stages_without_gaps() -> None:
    module = lowered(parsed(CNN), 3)[-1]
    whole = executed(module)
    assert whole.path is not None and whole.staged is not None
    starts = [step.start for step in whole.path]
    assert starts == sorted(starts) and starts[0] == 0
    waits = [step.start for step in whole.path if step.kind is ResourceKind.WRITE]
    assert waits == [stage.ends for stage in whole.staged.stages[:-1]]


def test_a_batch_passes_a_stage_before_the_next_is_written() -> None:
    """Four images in flight take less than four times what one does: cells are written once."""
    module = lowered(parsed(CNN), 3)[-1]
    one, four = executed(module), executed(module, images=4)
    assert one.staged is not None and four.staged is not None
    assert four.staged.batch_cycles < 3 * one.staged.batch_cycles
    assert four.staged.written_cells == one.staged.written_cells
    metrics = metrics_of(module, one, four)
    assert metrics.interval_cycles == four.staged.batch_cycles / 4
    assert metrics.written_cells == one.staged.written_cells > 0
    assert metrics.actions["set_pulses"] + metrics.actions["reset_pulses"] > 0
    assert metrics.energy_parts_nj["cell_writes"] > 0


def test_each_input_of_a_stage_has_a_queue_of_its_own() -> None:
    """@s reads what two stages made: neither map waits until the other one has entered."""
    first = "mvm.stage 0 from @a\nmvm.stage 1 from @b\nmvm.stage 2 from @s\n"
    *others, last = map(dataflow_of, stage_modules(lowered(parsed(CNN + first), "auto")[1]))
    assert [input_queues(each).tolist() for each in others] == [[0] * 16, [0]]
    assert input_queues(last).tolist() == [0, 1]


@pytest.mark.parametrize(("sides", "writes"), [((2, 2, 2), 0), ((1, 1, 3), 0), ((1, 1, 2), 2)])
def test_stages_keep_off_what_the_ones_before_have_used(
    sides: tuple[int, int, int], writes: int
) -> None:
    """Each of three stages has one tile: with three crossbars none is rewritten, with two some."""
    module = parsed(CNN)
    machine = accelerator_of(module)
    rows, cus, crossbars = sides
    chip = replace(machine.chip, pe_rows=rows, pe_columns=1)
    pe = replace(machine.pe, compute_units=cus)
    cu = replace(machine.cu, crossbars=crossbars)
    place_on(module, replace(machine, chip=chip, pe=pe, cu=cu))
    staged = lowered(module.clone(), 3, assign="spatem")[-1]
    at_the_same = lowered(module, 3)[-1]
    used = [set(run.last_visits) for run in map(executed, stage_modules(staged))]
    assert all(not one & other for one, other in pairwise(used))
    whole, others = executed(staged), executed(at_the_same)
    assert whole.staged is not None and others.staged is not None
    written = [stage.written for stage in whole.staged.stages]
    assert sum(map(bool, written)) == writes
    waited = [sum(s.awaited_cycles for s in run.staged.stages) for run in (whole, others)]  # type: ignore[union-attr]
    assert waited[0] < waited[1]


def test_crossbars_of_one_stage_only_keep_their_cells() -> None:
    """Where every stage has crossbars of its own, nothing is written and nobody waits."""
    text = str(lowered(parsed(CNN), 3)[3])
    text = text.replace("pxb.place @b tiles 0 crossbars 0", "pxb.place @b tiles 0 crossbars 1")
    text = text.replace("pxb.place @c tiles 0 crossbars 0", "pxb.place @c tiles 0 crossbars 2")
    text = "\n".join(line for line in text.splitlines() if "pxb.write" not in line)
    module = parsed(text)
    OrderPass().apply(Context(), module)
    whole = executed(module)
    assert whole.staged is not None
    assert whole.staged.written_cells == 0
    assert [stage.awaited_cycles for stage in whole.staged.stages] == [0, 0, 0]
    assert whole.staged.batch_cycles == whole.ended


@pytest.mark.parametrize(("rate", "latency"), [(1, 0), (2, 7), (64, 100)])
def test_maps_wait_in_the_memory_behind_the_port(rate: int, latency: int) -> None:
    """R14: its pace, its latency and its energy count; what comes from the host knows none."""
    module = parsed(CNN)
    machine = accelerator_of(module)
    memory = replace(
        machine.memory,
        external_bytes_per_cycle=rate,
        external_latency_cycles=latency,
        external_byte_pj=3.0,
    )
    place_on(module, replace(machine, memory=memory))
    staged = lowered(module, 3)[-1]
    first, second, third = map(dataflow_of, stage_modules(staged))
    assert [node.external for node in (*first.inputs, *first.outputs)] == [False, True]
    assert [node.external for node in (*second.inputs, *second.outputs)] == [True, True]
    assert [node.external for node in (*third.inputs, *third.outputs)] == [True, False]
    whole, fast = executed(staged), executed(staged, "fast")
    expect_equal_counts(fast, whole)
    assert whole.external_bytes == 4 * 4
    assert whole.io_bytes == 16 + 4 * 4 + 4
    metrics = metrics_of(staged, whole)
    assert metrics.energy_parts_nj["external_memory"] == 16 * 3.0 / 1000
    (visits,) = executed(stage_modules(staged)[1]).visit_starts.values()
    entered = -(-4 // min(rate, machine.components.port.bytes_per_cycle)) + latency
    assert visits[0] == entered + machine.components.memory.fetch_cycles(4)


def test_networks_with_room_have_one_stage() -> None:
    module = lowered(parsed(CNN), "auto")[-1]
    assert not is_staged(module)
    assert str(module) == str(lowered(parsed(CNN), 1)[-1])


def test_where_the_module_says_where_stages_begin_partition_keeps_to_it() -> None:
    given = CNN + "mvm.stage 0 from @a\nmvm.stage 1 from @c\n"
    module = lowered(parsed(given), "auto")[-1]
    assert [stage.first.string_value() for stage in mvm_stages(module)] == ["a", "c"]
    with pytest.raises(SpatemError, match="stages is 3, the module has 2"):
        lowered(parsed(given), 3)


@pytest.mark.parametrize("stages", ["none", 0, -1])
def test_a_number_of_stages_that_is_none(stages: int | str) -> None:
    with pytest.raises(SpatemError, match=f"partition: stages is {stages}; it must be"):
        PartitionPass(stages=stages)


def test_a_layer_larger_than_the_chip_is_cut(tmp_path: Path) -> None:
    """Of 16 crossbars: @fc needs 20, and becomes two layers in stages of their own."""
    path = tmp_path / "net.mlir"
    path.write_text("""
cnn.network @net(%x: tensor<16xui8>) {
  %a = cnn.dense @fc %x weights #cnn.seeded<0, tensor<320x16xsi2>> scale 0.5
    bias #cnn.seeded<1, tensor<320xsi32>> : tensor<16xui8> -> tensor<320xui8>
  cnn.output %a : tensor<320xui8>
}
""")
    deployment = compile_network(path, "tiny", strategy="minimum")
    assert [stage.first.string_value() for stage in mvm_stages(deployment.module)] == [
        "fc.0",
        "fc.1",
    ]
    x = np.arange(16, dtype=np.uint8)
    whole = execute(deployment.given, [x[None]])[0][0]
    assert np.array_equal(np.asarray(deployment.run(x)), whole)
    assert deployment.simulate(images=3).interval_cycles > 0


def test_stages_that_have_no_buffers_are_cut_further(tmp_path: Path) -> None:
    """With room for two layers a stage, but buffers for fewer maps: more stages."""
    path = tmp_path / "net.mlir"
    layer = """
  %{name} = cnn.conv @{name} %{source} <3x3, pads [1, 1, 1, 1]>
    weights #cnn.seeded<0, tensor<8x8x3x3xsi2>> scale 0.01
    : tensor<8x12x12xui8> -> tensor<8x12x12xui8>"""
    layers = [layer.format(name=name, source=source) for source, name in pairwise("xabcdefg")]
    path.write_text(
        "cnn.network @net(%x: tensor<8x12x12xui8>) {"
        + "".join(layers)
        + "\n  cnn.output %g : tensor<8x12x12xui8>\n}\n"
    )
    stages = {}
    for size in (4096, 500):
        machine = load_accelerator("tiny")
        machine = replace(machine, pe=replace(machine.pe, buffer_bytes=size))
        deployment = compile_network(path, machine, strategy="isaac")
        stages[size] = len(mvm_stages(deployment.module))
        x = np.arange(8 * 144, dtype=np.uint16).astype(np.uint8).reshape(8, 12, 12)
        whole = execute(deployment.given, [x[None]])[0][0]
        assert np.array_equal(np.asarray(deployment.run(x)), whole)
    assert 1 < stages[4096] < stages[500]
