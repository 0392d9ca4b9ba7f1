"""What is printed of legal IR is read back as the same, whatever names and numbers it has.

Numbers and names of the IR of the FileCheck tests, which has every op, are replaced by odd ones;
what is legal still must survive.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    Float32Type,
    FloatAttr,
    IntegerAttr,
    ModuleOp,
    StringAttr,
    f32,
    f64,
)
from xdsl.ir import Attribute
from xdsl.printer import Printer
from xdsl.utils.exceptions import DiagnosticException, ParseError, VerifyException

from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
from spatem_ir.driver.parsing import parse_module
from spatem_ir.driver.pipeline import run_pipeline
from spatem_ir.driver.sources import new_context
from spatem_ir.hardware.loader import load_accelerator
from spatem_ir.support.errors import SpatemError

FILES = sorted(
    file
    for file in (Path(__file__).parents[2] / "filecheck" / "dialects").rglob("*.mlir")
    if "invalid" not in file.name
)
CONTEXT = new_context()

FLOATS = [
    *(0.0, 1.0, -0.0, -1.0, 0.1, 1 / 3, 1e-7, 123456789.0, 16777216.0, 1.0000001, 2.0**31, 1e16),
    *(1e-45, -1e-45, 1.1754942e-38, 1.1754944e-38, 3.4028234e38, -3.4028234e38),
    *(float("inf"), -float("inf"), float("nan")),
]
INTEGERS = [-1, 0, 1, 2, 3, 2**31, 2**62]
NAMES = [
    *("a b", "é", 'x"y', "back\\slash", "new\nline", "tab\t", "日本", "1", "-", "a.b", "@x", "a/b"),
    *(
        "'",
        "\x00",
        "\x7f",
        "\u2028",
        "axis",
        "weights",
        "😀",
        "a\\22b",
        "%x",
        "0x1F",
        "true",
        "//c",
    ),
]


def printed(module: ModuleOp, *, generic: bool) -> str:
    stream = StringIO()
    Printer(stream=stream, print_generic_format=generic).print_op(module)
    return stream.getvalue()


def survives(module: ModuleOp) -> bool:
    """Whether a module is legal; that it is read back as the same then is asserted."""
    try:
        module.verify()
    except (VerifyException, DiagnosticException, SpatemError):
        return False
    for generic in (False, True):
        text = printed(module, generic=generic)
        again = parse_module(CONTEXT, text, "text")
        again.verify()
        assert again.is_structurally_equivalent(module), text
        assert printed(again, generic=generic) == text
    return True


def others(value: Attribute) -> list[Attribute]:
    """What may stand in place of a number or a name."""
    if isinstance(value, FloatAttr):
        return [FloatAttr(number, value.type) for number in FLOATS]
    if isinstance(value, IntegerAttr):
        return [IntegerAttr(number, value.type) for number in INTEGERS]
    if isinstance(value, StringAttr):
        return [StringAttr(name) for name in NAMES]
    if isinstance(value, DenseIntOrFPElementsAttr):
        kind = value.type.element_type
        if isinstance(kind, Float32Type):
            count = len(value)
            lists = [[number] * count for number in FLOATS]
            lists.append([FLOATS[index % len(FLOATS)] for index in range(count)])
            stored = [np.array(each, np.float32).tolist() for each in lists]
            return [DenseIntOrFPElementsAttr.from_list(value.type, each) for each in stored]  # type: ignore[arg-type]
    return []


def modules(file: Path) -> Iterator[ModuleOp]:
    """The legal modules of a test file."""
    for text in file.read_text(encoding="utf-8").split("// -----"):
        try:
            module = parse_module(CONTEXT, text, file.name)
            module.verify()
        except (ParseError, VerifyException, DiagnosticException, SpatemError):
            continue
        yield module


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_odd_numbers_and_names(file: Path) -> None:
    """For every op and property of a file a few odd values, others in every file."""
    choice = random.Random(file.name)
    for module in modules(file):
        assert survives(module)
        for op in list(module.walk()):
            for store in (op.properties, op.attributes):
                for key, value in list(store.items()):
                    odd = others(value)
                    for other in choice.sample(odd, min(len(odd), 2)):
                        store[key] = other
                        survives(module)
                    store[key] = value


@pytest.mark.parametrize("number", FLOATS)
@pytest.mark.parametrize("kind", [f32, f64], ids=str)
def test_floats_in_attributes(number: float, kind: Float32Type) -> None:
    if kind is f32:
        number = float(np.float32(number))
    assert survives(ModuleOp([], {"number": FloatAttr(number, kind)}))


@pytest.mark.parametrize("name", NAMES)
def test_strings_in_attributes(name: str) -> None:
    assert survives(ModuleOp([], {"text": StringAttr(name)}))


CLIP = "cnn.clip @c %x from {} : tensor<2xf32> -> tensor<2xf32>"
DENSE = "cnn.dense @c %x weights dense<{}> : tensor<2x2xf32> : tensor<2xf32> -> tensor<2xf32>"


def network(op: str) -> ModuleOp:
    text = f"cnn.network @n(%x: tensor<2xf32>) {{ %y = {op} cnn.output %y : tensor<2xf32> }}"
    module = parse_module(CONTEXT, text, "text")
    module.verify()
    return module


@pytest.mark.parametrize("form", [CLIP, DENSE], ids=["clip", "dense"])
@pytest.mark.parametrize(
    ("bits", "value"), [("0x3F800000", 1.0), ("0xBF000000", -0.5), ("0x4b800001", 16777218.0)]
)
def test_hexadecimal_floats_are_bits(form: str, bits: str, value: float) -> None:
    module = network(form.format(bits))
    assert survives(module)
    literal = f"{value!r}"
    assert module.is_structurally_equivalent(network(form.format(literal)))


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        (CLIP.format("0x7F800000"), "exceeds the range of float32"),
        (CLIP.format("0x1FFFFFFFF"), "exceeds the range of float32"),
        (DENSE.format("0x1FFFFFFFF"), "has more bits than f32"),
    ],
)
def test_bits_that_are_no_float32(form: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        network(form)


@pytest.mark.parametrize("pipeline", ["", "partition", "partition,pack,assign,order"])
def test_odd_names_at_every_level(pipeline: str) -> None:
    """Layers, the network and the accelerator have odd names, and stages refer to them."""
    for first, second in zip(NAMES[::2], NAMES[1::2], strict=True):
        names = [StringAttr(name) for name in (first, second, first + second)]
        quote = [str(name) for name in names]
        module = parse_module(
            CONTEXT,
            f"""cnn.network @{quote[0]}(%x: tensor<1x6x6xui8>) {{
              %a = cnn.conv @{quote[1]} %x <3x3> weights #cnn.seeded<0, tensor<4x1x3x3xsi2>>
                scale 0.05 : tensor<1x6x6xui8> -> tensor<4x4x4xui8>
              %b = cnn.max_pool @{quote[2]} %a <2x2> : tensor<4x4x4xui8> -> tensor<4x3x3xui8>
              cnn.output %b : tensor<4x3x3xui8>
            }}""",
            "text",
        )
        tiny = load_accelerator("tiny")
        module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(tiny)
        run_pipeline(CONTEXT, module, pipeline)
        assert survives(module)
