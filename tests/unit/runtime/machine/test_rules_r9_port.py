"""R9: the input enters in raster order, the output leaves; latency; several images in flight."""

from __future__ import annotations

import pytest
from unit.runtime.machine.programs import arrivals, convolution, dense, deployment, machine, run


def pixels(types: str, kernel: str = "1x1") -> str:
    """A convolution of one feature in one crossbar of PE 0."""
    height, width = map(int, types.split(" -> ")[1].split("x")[1:3])
    return deployment(
        input=types.split(" -> ")[0],
        ops=[convolution("a", "input", types, kernel)],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=[f"crossbars 0 {{ ou.mvm @a windows 0 to {height * width} }}"],
    )


@pytest.mark.parametrize(
    ("channels", "bits", "bandwidth", "times"),
    [
        # ⌈bytes of all positions so far / bandwidth⌉
        (4, 8, 4, [1, 2, 3, 4]),
        (3, 8, 4, [1, 2, 3, 3]),  # ⌈3/4⌉ ⌈6/4⌉ ⌈9/4⌉ ⌈12/4⌉
        (1, 8, 4, [1, 1, 1, 1]),
        (1, 8, 3, [1, 1, 1, 2]),  # ⌈1/3⌉ ⌈2/3⌉ ⌈3/3⌉ ⌈4/3⌉
        (5, 8, 3, [2, 4, 5, 7]),  # ⌈5/3⌉ ⌈10/3⌉ ⌈15/3⌉ ⌈20/3⌉
        (3, 3, 1, [2, 4, 6, 8]),  # 9 bits are 2 bytes
    ],
)
def test_positions_enter_in_raster_order(
    channels: int, bits: int, bandwidth: int, times: list[int]
) -> None:
    """2 x 2 positions, each there when its last byte has entered."""
    text = pixels(f"{channels}x2x2xui{bits} -> 1x2x2xui8")
    execution = run(text, machine(io={"bytes_per_cycle": bandwidth}))
    size = -(-channels * bits // 8)
    assert arrivals(execution, 0)[:4] == [(time, size) for time in times]
    assert execution.io_bytes == 4 * size + 4 * 1


def test_a_flat_input_is_there_when_all_of_it_is() -> None:
    text = deployment(
        input="9xui8",
        ops=[dense("a", "input", "9xui8 -> 1xui8")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    assert arrivals(run(text), 0)[0] == (3, 9)


def test_inputs_enter_one_after_the_other() -> None:
    """Two inputs of 5 bytes: the second ends with byte 10."""
    text = deployment(
        input="5xui8>, %more: tensor<5xui8",
        ops=[
            "%all = cnn.concat %input, %more : tensor<5xui8>, tensor<5xui8> -> tensor<10xui8>",
            dense("a", "all", "10xui8 -> 1xui8"),
        ],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    assert arrivals(run(text), 0)[:2] == [(2, 5), (3, 5)]


@pytest.mark.parametrize(("bandwidth", "cycles"), [(1, 7), (3, 3), (4, 2), (7, 1)])
def test_the_output_leaves_through_the_port(bandwidth: int, cycles: int) -> None:
    """7 values of one cell are 2 parts: a visit of 2 · 2 bits · 4 cycles."""
    text = deployment(
        input="4xui2",
        ops=[dense("a", "input", "4xui2 -> 7xui8")],
        places=["@a tiles 0 crossbars 0 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0 }"],
    )
    execution = run(text, machine(io={"bytes_per_cycle": bandwidth}))
    enter, fetch, visit, pipeline, activate = 1, 1, 16, 1, 7
    assert execution.finished == [enter + fetch + visit + pipeline + activate + cycles]
    assert execution.io_bytes == 1 + 7


def test_latency_is_that_of_the_last_output() -> None:
    """Two outputs: a layer, and another that reads it."""
    text = deployment(
        input="4xui8",
        ops=[
            dense("a", "input", "4xui8 -> 2xui8"),
            dense("b", "a", "2xui8 -> 1xui8"),
        ],
        output="%b, %a : tensor<1xui8>, tensor<2xui8>",
        places=["@a tiles 0 crossbars 0 at [0, 0]", "@b tiles 0 crossbars 1 at [0, 0]"],
        homes=["@a pes 0", "@b pes 0"],
        streams=[
            "crossbars 0 { ou.mvm @a windows 0 }",
            "crossbars 1 { ou.mvm @b windows 0 }",
        ],
    )
    # @a is activated by 37, @b's operand fetched by 38, valid at 38 + 32 + 1, activated by 72.
    assert run(text).finished == [73]


def test_output_pieces_queue_for_the_port() -> None:
    """Four windows valid at 3 to 6, each 4 bytes of output; the port takes 1 byte per cycle."""
    text = deployment(
        input="1x1x4xui8",
        ops=[convolution("a", "input", "1x1x4xui8 -> 4x1x4xui8", "1x1", iw="4 cyclic")],
        places=["@a tiles 0 to 4 crossbars 0 to 4 at [0, 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 to 4 { ou.mvm @a windows 0 }"],
    )
    accelerator = machine(
        io={"bytes_per_cycle": 1},
        ou={"dac_bits": 8, "cycles": 1, "pipeline_cycles": 0},
        pe={"activations_per_cycle": 4},
    )
    # Entered at 1 to 4, fetched by 2 to 5, visited by 3 to 6, activated by 4 to 7.
    # The port is free from 4: 4 → 8 → 12 → 16 → 20.
    assert run(text, accelerator).finished == [20]


ONE_LAYER = deployment(
    input="4xui8",
    ops=[dense("a", "input", "4xui8 -> 2xui8")],
    places=["@a tiles 0 crossbars 0 at [0, 0]"],
    homes=["@a pes 0"],
    streams=["crossbars 0 { ou.mvm @a windows 0 }"],
)


def test_a_stream_runs_once_per_image() -> None:
    execution = run(ONE_LAYER, images=3)
    # Images enter by 1, 2, 3.  The operand of the next is fetched during the visit of the last.
    # Visits 2 → 34 → 66 → 98; the last results are valid 1 later, activated 2, out 1.
    assert execution.visit_starts == {0: [2, 34, 66]}
    assert execution.finished == [34 + 4, 66 + 4, 98 + 4]
    assert execution.io_bytes == 3 * (4 + 2)


def test_the_next_image_enters_when_the_last_has() -> None:
    """At 1 byte per cycle a visit is shorter than the entry of an image."""
    accelerator = machine(io={"bytes_per_cycle": 1}, ou={"dac_bits": 8, "cycles": 1})
    execution = run(ONE_LAYER, accelerator, images=3)
    # Entered by 4, 8, 12; fetched by 5, 9, 13; visit 1, pipeline 1, activation 2: 9, 13, 17.
    assert execution.visit_starts == {0: [5, 9, 13]}
    # The first output waits for the third image, which has the port from 8 to 12: 12 → 14.
    # The second has waited since 13: 14 → 16.  The third: 17 → 19.
    assert execution.finished == [14, 16, 19]


def test_an_output_goes_before_the_image_that_asks_for_the_port_with_it() -> None:
    """As before with a pipeline of 4: an image is entered, and its output there 8 cycles later."""
    accelerator = machine(
        io={"bytes_per_cycle": 1}, ou={"dac_bits": 8, "cycles": 1, "pipeline_cycles": 4}
    )
    execution = run(ONE_LAYER, accelerator, images=4)
    # Images enter until 4, 8 and 12; then output 0, there at 12, until 14; image 3 until 18;
    # output 1, there at 16, until 20; output 2, there at 20, until 22; output 3 from 26 to 28.
    assert execution.visit_starts == {0: [5, 9, 13, 19]}
    assert execution.finished == [14, 20, 22, 28]


def test_images_overtake_nothing_in_a_stream() -> None:
    """A crossbar with two visits: the second image's first visit follows the first's second."""
    text = deployment(
        input="8xui8",
        ops=[dense("a", "input", "8xui8 -> 2xui8", hwm=2)],
        places=["@a tiles 0 to 2 crossbars 0 at [[0, 4], 0]"],
        homes=["@a pes 0"],
        streams=["crossbars 0 { ou.mvm @a windows 0\n ou.mvm @a tile 1 windows 0 }"],
    )
    execution = run(text, images=2)
    assert execution.visit_starts == {0: [3, 35, 67, 99]}
    # Sums are complete when the second visit of an image is added: 67 + 1 + 1 and 131 + 1 + 1.
    assert execution.finished == [69 + 2 + 1, 133 + 2 + 1]
    assert execution.additions == 2 * 2 * 2
