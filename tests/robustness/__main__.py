"""Tries many mutated files: `python -m robustness --files 10000`, in the folder `tests`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from robustness.mutations import valid_texts
from robustness.worker import run_mutations
from unit.frontend.onnx_builder import ModelBuilder

from spatem_ir.weights.store import packaged_file


def onnx_sources() -> list[bytes]:
    """Models of all forms: trained, float32, and small ones with many operators."""
    packaged = [f"package:lenet-digits{form}.onnx" for form in ("", "-float")]
    return [packaged_file(name).read_bytes() for name in packaged] + [
        model.SerializeToString() for model in (_float_model(), _quantized_model())
    ]


def _float_model() -> onnx.ModelProto:
    """Every operator of float networks, on the shape of the packaged calibration images."""
    b = ModelBuilder(["N", 1, 8, 8])

    def layer(operator: str, tensor: str, *shape: int, **attributes: Any) -> str:
        inputs = [
            b.constant(b.random.normal(0, 0.3, s), dtype=np.float32) for s in (shape, shape[:1])
        ]
        return b.node(operator, tensor, *inputs, **attributes)

    def channels(count: int, low: float = 0.5) -> str:
        return b.constant(b.random.uniform(low, 1.5, count), dtype=np.float32)

    image = b.node("Pad", "x", b.constant([0, 0, 1, 1, 0, 0, 1, 1]))
    first = layer("Conv", image, 8, 1, 3, 3)
    first = b.node("BatchNormalization", first, *(channels(8) for _ in range(4)))
    six = b.constant(6.0, dtype=np.float32)
    clipped = b.node("Clip", first, b.constant(0.0, dtype=np.float32), six)
    second = layer("Conv", b.node("LeakyRelu", first, alpha=0.1), 8, 2, 1, 1, group=4)
    joined = b.node("Add", clipped, b.node("Sigmoid", second))
    rows = b.node("Reshape", joined, b.constant([0, 2, 4, 8, 8]))
    rows = b.node("Transpose", rows, perm=[0, 2, 1, 3, 4])
    shuffled = b.node("Reshape", rows, b.constant([0, 8, 8, 8]))
    normal = b.node("LRN", b.node("Dropout", shuffled), size=3)
    scaled = b.node(
        "Mul", normal, b.constant(b.random.uniform(0.5, 2, (1, 8, 1, 1)), dtype=np.float32)
    )
    parts = [
        b.node("MaxPool", scaled, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        b.node("AveragePool", b.node("Sum", scaled, joined), kernel_shape=[2, 2], strides=[2, 2]),
    ]
    mean = b.node("GlobalAveragePool", b.node("Concat", *parts, axis=1))
    flat = b.node("Flatten", b.node("Relu", mean))
    return b.model(b.node("Softmax", layer("Gemm", flat, 10, 16, transB=1)))


def _quantized_model() -> onnx.ModelProto:
    """Quantised operators in QDQ form."""
    b = ModelBuilder(["N", 1, 8, 8])
    image = b.input()
    weights = b.weights(4, 1, 3, 3)
    layer = b.node("Conv", image, weights, b.bias(weights), pads=[1, 1, 1, 1])
    layer = b.requantize(b.node("Relu", layer), 0.05, np.uint8(0))
    pool = b.node("MaxPool", layer, kernel_shape=[2, 2], strides=[2, 2])
    other = b.node("AveragePool", layer, kernel_shape=[2, 2], strides=[2, 2])
    other = b.requantize(other, 0.04, np.uint8(3))
    joined = b.requantize(b.node("Concat", pool, other, axis=1), 0.06, np.uint8(1))
    total = b.requantize(b.node("Add", joined, joined), 0.1, np.uint8(9))
    flat = b.node("Flatten", total)
    return b.model(b.quantize(b.node("Gemm", flat, b.weights(5, 128), transB=1), 0.1, np.uint8(7)))


def mlir_sources() -> list[bytes]:
    """The IR of the tests, and a network at every level."""
    from spatem_ir.cli.opt import main

    texts = valid_texts(Path(__file__).parents[1] / "filecheck")
    steps = ["partition", "pack", "assign", "order"]
    with tempfile.TemporaryDirectory() as folder:
        for last in range(len(steps) + 1):
            output = Path(folder) / f"{last}.mlir"
            pipeline = ",".join(steps[:last])
            assert main(["lenet-digits", "-p", pipeline, "-o", str(output)]) == 0
            texts.append(output.read_text(encoding="utf-8"))
    return [text.encode() for text in texts]


SOURCES: dict[str, Callable[[], list[bytes]]] = {"onnx": onnx_sources, "mlir": mlir_sources}
"""The valid files that are mutated, by kind."""


def main() -> int:
    """Try mutated files and print how they ended."""
    parser = argparse.ArgumentParser(prog="robustness", description=__doc__)
    parser.add_argument("--files", type=int, default=1000, help="files of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--kind", choices=tuple(SOURCES), action="append")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    found = 0
    for kind in arguments.kind or SOURCES:
        seeds = range(arguments.first, arguments.first + arguments.files)
        findings = run_mutations(kind, SOURCES[kind](), seeds, arguments.processes)
        ends = ", ".join(f"{count} {end}" for end, count in sorted(findings.ends.items()))
        print(
            f"{kind}: {ends}; slowest {findings.slowest:.2f} s; {len(findings.problems)} problems"
        )
        for problem in findings.problems:
            print(f"  {problem}")
        found += len(findings.problems)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
