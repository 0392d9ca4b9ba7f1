"""Programs that cannot go on are found out, and the error names what is waited for."""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import convolution, dense, deployment, program, run

from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
from spatem_ir.runtime.machine.reference.program import Program
from spatem_ir.support.errors import SpatemError


def chain(stream: str) -> str:
    """Two layers in crossbar 3, the second of which reads the first."""
    return deployment(
        input="4xui8",
        ops=[
            dense("first", "input", "4xui8 -> 4xui8"),
            dense("second", "first", "4xui8 -> 2xui8"),
        ],
        places=[
            "@first tiles 0 crossbars 3 at [0, 0]",
            "@second tiles 0 crossbars 3 at [4, 0]",
        ],
        homes=["@first pes 0", "@second pes 1"],
        streams=[f"crossbars 3 {{ {stream} }}"],
    )


FIRST = "ou.mvm @first windows 0\n"
SECOND = "ou.mvm @second windows 0\n"


def test_a_crossbar_that_visits_the_reader_before_what_it_reads_deadlocks() -> None:
    assert len(run(chain(FIRST + SECOND)).visit_starts[3]) == 2
    with pytest.raises(
        SpatemError, match=r"deadlocks: crossbar 3 waits for the operand of window 0 of @second"
    ):
        run(chain(SECOND + FIRST))


def test_two_crossbars_that_wait_for_each_other_deadlock() -> None:
    """Each crossbar holds a window of either layer, and visits the second layer's first."""
    text = deployment(
        input="1x1x2xui8",
        ops=[
            convolution("first", "input", "1x1x2xui8 -> 1x1x2xui8", "1x1", iw="2 cyclic"),
            convolution("second", "first", "1x1x2xui8 -> 1x1x2xui8", "1x1", iw="2 cyclic"),
        ],
        places=[
            "@first tiles 0 to 2 crossbars 0 to 2 at [0, 0]",
            "@second tiles 0 to 2 crossbars [1, 0] at [1, 0]",
        ],
        homes=["@first pes 0", "@second pes 0"],
        streams=[
            "crossbars 0 { ou.mvm @second windows 0\n ou.mvm @first windows 0 }",
            "crossbars 1 { ou.mvm @second windows 0\n ou.mvm @first windows 0 }",
        ],
    )
    with pytest.raises(
        SpatemError, match=r"deadlocks: crossbar 0 waits for the operand of window 1 of @second"
    ):
        run(text)


def pooled() -> Program:
    """A layer of two positions and a pooling over both."""
    return program(
        deployment(
            input="4x1x2xui8",
            ops=[
                convolution("a", "input", "4x1x2xui8 -> 2x1x2xui8", "1x1"),
                "%p = cnn.max_pool @p %a <1x2> : tensor<2x1x2xui8> -> tensor<2x1x1xui8>",
            ],
            places=["@a tiles 0 crossbars 0 at [0, 0]"],
            homes=["@a pes 0", "@p pes 0"],
            streams=["crossbars 0 { ou.mvm @a windows 0 to 2 }"],
        )
    )


def test_an_operand_that_nothing_sends_to_the_pe_deadlocks() -> None:
    """The table of readers is corrupted: nobody sends position 1 of the input to PE 0."""
    corrupted = pooled()
    position = corrupted.operand_pieces[corrupted.streams[0][1].operand][0]
    del corrupted.readers[position]
    with pytest.raises(
        SpatemError, match=r"deadlocks: crossbar 0 waits for the operand of window 1 of @a"
    ):
        ReferenceEngine(corrupted).run()


def test_a_sum_that_is_never_complete_keeps_the_output_on_the_chip() -> None:
    """One more contribution is expected than visits make."""
    corrupted = pooled()
    piece = corrupted.streams[0][1].piece
    corrupted.contributors[piece].crossbars.append(1)
    with pytest.raises(SpatemError, match="ends before all outputs have left the chip"):
        ReferenceEngine(corrupted).run()


def test_an_intact_program_does_not_deadlock() -> None:
    assert ReferenceEngine(pooled()).run().pooled_values == 4
