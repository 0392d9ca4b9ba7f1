"""`expand-ou` spells a program out without changing what it computes, or when."""

from __future__ import annotations

from differential.machines import machines
from differential.networks import Network, build, networks, random_images
from differential.profile import examples
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from unit.passes.deployed import applied, network_on, randomly_placed

from spatem_ir.dialects.ou import ActivateOp, MvmOp, StreamOp
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.passes.assign import AssignPass
from spatem_ir.passes.expand_ou import ExpandOuPass
from spatem_ir.passes.order import OrderPass
from spatem_ir.passes.pack import PackPass
from spatem_ir.passes.partition.partition import PartitionPass
from spatem_ir.runtime.interpreter import execute
from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import program_of


@examples(8)
@given(networks(), machines(), st.integers(0, 2**32 - 1))
def test_values_and_cycles_stay_the_same(network: Network, machine: Accelerator, seed: int) -> None:
    module = applied(randomly_placed(network, machine, seed), [OrderPass()])
    _, store = build(network)
    images = random_images(network, 1, seed)
    values = execute(module, [images], store)
    program = program_of(module)
    execution = ReferenceEngine(program).run()

    applied(module, [ExpandOuPass()])
    for before, after in zip(values, execute(module, [images], store), strict=True):
        assert_array_equal(after, before)
    expanded = program_of(module)
    assert expanded.streams == program.streams
    assert ReferenceEngine(expanded).run().finished == execution.finished


@examples(8)
@given(networks(), machines())
def test_every_stream_visit_and_operation_is_spelled_out(
    network: Network, machine: Accelerator
) -> None:
    module = network_on(network, machine, slack=1)
    passes = [PartitionPass(strategy="minimum"), PackPass(), AssignPass(), OrderPass()]
    applied(module, passes)
    visits = [visit for visits in program_of(module).streams.values() for visit in visits]
    applied(module, [ExpandOuPass()])
    streams = [op for op in module.walk() if isinstance(op, StreamOp)]
    assert all(len(stream.crossbars.data) == 1 for stream in streams)
    bursts = [op for op in module.walk() if isinstance(op, MvmOp)]
    assert len(bursts) == len(visits)
    operations = sum(isinstance(op, ActivateOp) for op in module.walk())
    assert operations == sum(visit.operations for visit in visits)
