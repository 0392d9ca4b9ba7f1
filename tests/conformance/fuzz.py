"""Random quantised operators, compared with onnxruntime element by element.

`python -m conformance.fuzz --elements 1000000 --seed 7`, in the folder `tests`, compares many.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from conformance.fuzz_cases import KINDS, Case
from numpy.typing import NDArray

from spatem_ir.frontend.load import ImportOptions, load_onnx
from spatem_ir.runtime.interpreter import execute
from spatem_ir.weights.store import ParameterStore

Array = NDArray[Any]


@dataclass
class Comparison:
    """Elements compared and those that differ, by operator; and the models that differ."""

    elements: Counter[str] = field(default_factory=Counter)
    differing: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)


def compare(seed: int, number: int, folder: Path, comparison: Comparison) -> None:
    """Compare one random model: case `number` of a seed."""
    kind = KINDS[number % len(KINDS)]
    case = Case(np.random.default_rng([seed, number]))
    path = folder / "case.onnx"
    onnx.save(case.model(kind(case)), path)
    wanted = expected(path, case.inputs)
    network = load_onnx(str(path), ImportOptions())
    store = ParameterStore(arrays=network.arrays)
    (result,) = execute(network.module, list(case.inputs.values()), store)
    differing = int((result.reshape(wanted.shape).astype(np.int64) != wanted).sum())
    comparison.cases[kind.__name__] += 1
    comparison.elements[kind.__name__] += wanted.size
    comparison.differing[kind.__name__] += differing
    if differing:
        comparison.found.append(f"{kind.__name__}: {differing} of {wanted.size} in case {number}")


def expected(path: Path, inputs: dict[str, Array]) -> Array:
    """onnxruntime's result, operator by operator as the model says."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, inputs)[0])


def compare_many(seed: int, elements: int) -> Comparison:
    """Compare random models until so many elements have been compared."""
    comparison, number = Comparison(), 0
    with tempfile.TemporaryDirectory() as folder:
        while comparison.elements.total() < elements or number % len(KINDS):
            compare(seed, number, Path(folder), comparison)
            number += 1
    return comparison


def main() -> int:
    """Print what was compared; exit status 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="conformance.fuzz", description=__doc__)
    parser.add_argument("--elements", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    comparison = compare_many(arguments.seed, arguments.elements)
    rows = [(kind, comparison.cases[kind], count) for kind, count in comparison.elements.items()]
    for kind, cases, count in rows:
        differing = comparison.differing[kind]
        print(f"{kind:22} {cases:5} models {count:12,} elements {differing:6} differ")
    total, differing = comparison.elements.total(), comparison.differing.total()
    cases = comparison.cases.total()
    print(f"{'all':22} {cases:5} models {total:12,} elements {differing:6} differ")
    for line in comparison.found:
        print(line)
    return 1 if comparison.found else 0


if __name__ == "__main__":
    sys.exit(main())
