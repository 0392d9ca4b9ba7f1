"""Speed of the operation-unit arithmetic on one core: OU operations per CPU second.

1024 windows of a layer of 1152 x 128 weights; 8-bit weights and inputs, 2-bit cells, operation
units of 9 wordlines and 8 bitlines, 4-bit ADCs: 67 million operations.  A ratio is that of the
compiled kernel to the same kernel in plain numpy, which is given fewer windows.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from benchmarks.measure import ONE_THREAD, run_python

if TYPE_CHECKING:
    from spatem_ir.hardware.parameters import AdcMode
    from spatem_ir.runtime.analog.kernels import Kernels

WINDOWS, NUMPY_WINDOWS = 1024, 64
ROWS, COLUMNS, BITS = 1152, 128, 8
CELL_BITS, WORDLINES, BITLINES, ADC_BITS = 2, 9, 8, 4
CELL_SIGMA, READ_NOISE = 0.2, 0.3
RUNS = 3


class Case(NamedTuple):
    """A kernel on prepared cells: `run` computes the sums of so many windows."""

    name: str
    prepare: Callable[[Kernels], Any]
    run: Callable[[Kernels, Any, int], object]


def main() -> None:
    """Print one row per kernel; all are measured in one process, on one thread."""
    command = ["-m", "benchmarks.ou_arithmetic", "measure"]
    measured = json.loads(run_python(command, ONE_THREAD).output)
    print(f"kernels: {measured['kernels']}")
    print("kernel                           prepare ms      run ms  M operations/s  x numpy")
    for name, row in measured["rows"].items():
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.1f}"
        print(
            f"{name:30} {row['prepare'] * 1000:12.1f} {row['run'] * 1000:11.1f} "
            f"{row['rate'] / 1e6:15,.0f} {ratio:>8}"
        )


def measure() -> dict[str, Any]:
    """Preparation, run time, rate and ratio of every kernel, in this process."""
    from spatem_ir.runtime.analog import numpy_kernels
    from spatem_ir.runtime.analog.default_kernels import default_kernels

    kernels = default_kernels()
    rows: dict[str, dict[str, float | None]] = {}
    for case in cases():
        case.run(kernels, case.prepare(kernels), NUMPY_WINDOWS)
        prepared, preparation = timed(lambda case=case: case.prepare(kernels), 1)
        _, seconds = timed(
            lambda case=case, prepared=prepared: case.run(kernels, prepared, WINDOWS), RUNS
        )
        _, plain = timed(
            lambda case=case, prepared=prepared: case.run(numpy_kernels, prepared, NUMPY_WINDOWS), 1
        )
        rate = operations(WINDOWS) / seconds
        rows[case.name] = {
            "prepare": preparation,
            "run": seconds,
            "rate": rate,
            "ratio": rate / (operations(NUMPY_WINDOWS) / plain),
        }
    _, seconds = timed(exact_product(), RUNS)
    rows["exact product (numpy)"] = {
        "prepare": 0.0,
        "run": seconds,
        "rate": operations(WINDOWS) / seconds,
        "ratio": None,
    }
    compiled = cast("object", kernels) is not numpy_kernels
    return {"kernels": "numba" if compiled else "numpy (numba is not installed)", "rows": rows}


def cases() -> list[Case]:
    """The kernels on the same weights and inputs; `run` packs the inputs and computes the sums."""
    import numpy as np

    from spatem_ir.hardware.parameters import AdcMode
    from spatem_ir.runtime.analog import FRACTION_BITS
    from spatem_ir.runtime.analog.adc import Adc
    from spatem_ir.runtime.analog.kernels import (
        SUBGROUP,
        Noise,
        OuShape,
        bit_planes,
        partial_tables,
        subgroup_count,
    )
    from spatem_ir.runtime.analog.randomness import noise_scale

    generator = np.random.default_rng(0)
    per_weight = BITS // CELL_BITS
    codes = generator.integers(0, 1 << BITS, (ROWS, WINDOWS), np.uint32)
    levels = generator.integers(0, 1 << CELL_BITS, (ROWS, COLUMNS * per_weight), np.uint8)
    deviations = np.exp(CELL_SIGMA * generator.standard_normal(levels.shape))
    cells = np.rint(levels * deviations * (1 << FRACTION_BITS)).astype(np.int32)
    shape = OuShape(WORDLINES, 1, per_weight, CELL_BITS, negative_top=False)
    streams = np.arange(WINDOWS, dtype=np.uint64)

    def adc(mode: AdcMode) -> Adc:
        return Adc(mode, ADC_BITS, WORDLINES * ((1 << CELL_BITS) - 1))

    clip = adc(AdcMode.CLIP)

    def whole(kernels: Kernels, windows: int) -> Any:
        return kernels.pack(codes[:, :windows], BITS, WORDLINES, WORDLINES, 1)

    def direct(scale: int, converter: Adc) -> Callable[[Kernels, Any, int], object]:
        def run(kernels: Kernels, partial: Any, windows: int) -> object:
            words = subgroup_count(WORDLINES)
            patterns = kernels.pack(codes[:, :windows], BITS, WORDLINES, SUBGROUP, words)
            noise = Noise(scale, streams[:windows])
            return kernels.direct_sums(partial, patterns, shape, converter, noise)

        return run

    def partial(_: Kernels) -> Any:
        return partial_tables(cells, WORDLINES)

    noisy = noise_scale(READ_NOISE)
    return [
        Case(
            "table, deviating cells",
            lambda kernels: kernels.build_table(cells, shape, clip),
            lambda kernels, table, windows: kernels.table_sums(
                table, whole(kernels, windows), shape
            ),
        ),
        Case(
            "popcount, ideal cells",
            lambda _: bit_planes(levels, WORDLINES, CELL_BITS),
            lambda kernels, planes, windows: kernels.popcount_sums(
                planes, whole(kernels, windows), shape, clip
            ),
        ),
        Case("direct, deviating cells", partial, direct(0, clip)),
        Case("direct, read noise, clip", partial, direct(noisy, clip)),
        Case("direct, read noise, round", partial, direct(noisy, adc(AdcMode.ROUND))),
    ]


def exact_product() -> Callable[[], object]:
    """The one matrix product to which exact operations collapse."""
    import numpy as np

    from spatem_ir.numerics.exact import exact_type

    generator = np.random.default_rng(0)
    dtype = exact_type(ROWS, 2 * BITS)
    weights = generator.integers(0, 1 << BITS, (COLUMNS, ROWS)).astype(dtype)
    inputs = generator.integers(0, 1 << BITS, (ROWS, WINDOWS)).astype(dtype)
    return lambda: weights @ inputs


def operations(windows: int) -> int:
    """OU operations of the layer for so many windows."""
    bitlines = COLUMNS * BITS // CELL_BITS
    return windows * -(-ROWS // WORDLINES) * -(-bitlines // BITLINES) * BITS


def timed(function: Callable[[], Any], runs: int) -> tuple[Any, float]:
    """The result of a function and the least CPU time of some runs, seconds."""
    result, least = None, float("inf")
    for _ in range(runs):
        start = time.process_time()
        result = function()
        least = min(least, time.process_time() - start)
    return result, least


if __name__ == "__main__" and sys.argv[1:] == ["measure"]:
    print(json.dumps(measure()))
