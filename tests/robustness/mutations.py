"""Mutated copies of ONNX files and of IR text: what users' broken files look like."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import onnx
from onnx import TensorProto, helper

TOKEN = re.compile(r"\s+|[\w.@%#!$-]+|\"[^\"\n]*\"|.", re.DOTALL)
NUMBERS = ["0", "1", "-1", "2147483648", "99999999999999999999", "1.0e400", "nan", "0x7F800000"]
WORDS = ["cnn.conv", "tensor<", "->", "{", "}", "ui8", "f32", "dense<1>", "@x", "%x", "to", "<", ""]


def mutated_text(text: str, generator: random.Random) -> str:
    """IR text with one to three small damages: tokens, characters or lines."""
    for _ in range(generator.randint(1, 3)):
        damage = generator.choice((_damage_token, _damage_characters, _damage_line))
        text = damage(text or " ", generator)
    return text


def _damage_token(text: str, generator: random.Random) -> str:
    tokens = TOKEN.findall(text)
    at = generator.randrange(len(tokens))
    numbers = [n for n, token in enumerate(tokens) if token[0].isdigit()]
    match generator.randrange(5):
        case 0:
            tokens[at] = ""
        case 1:
            tokens[at] = tokens[generator.randrange(len(tokens))]
        case 2:
            tokens.insert(at, tokens[generator.randrange(len(tokens))])
        case 3 if numbers:
            tokens[generator.choice(numbers)] = generator.choice(NUMBERS)
        case _:
            tokens[at] = generator.choice(WORDS)
    return "".join(tokens)


def _damage_characters(text: str, generator: random.Random) -> str:
    at = generator.randrange(len(text))
    length = generator.choice((1, 1, 1, 5, 40))
    other = generator.choice(("", "\x00", "é", '"', "(", ">", chr(generator.randrange(32, 127))))
    return text[:at] + other + text[at + length :]


def _damage_line(text: str, generator: random.Random) -> str:
    lines = text.split("\n")
    at, other = generator.randrange(len(lines)), generator.randrange(len(lines))
    match generator.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[other])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            del lines[at:]
    return "\n".join(lines)


def mutated_model(data: bytes, generator: random.Random) -> bytes:
    """A serialised ONNX model with damaged bytes, or with a damaged graph."""
    if generator.random() < 0.4:
        for _ in range(generator.randint(1, 2)):
            data = _damage_bytes(data, generator)
        return data
    model = onnx.load_from_string(data)
    for _ in range(generator.randint(1, 2)):
        generator.choice(GRAPH_DAMAGES)(model, generator)
    return model.SerializeToString()


def _damage_bytes(data: bytes, generator: random.Random) -> bytes:
    # The graph stands in front of the weights or behind them: both ends are hit more often.
    span = generator.choice((len(data), min(2000, len(data))))
    at = generator.randrange(span)
    at = at if generator.random() < 0.5 else len(data) - 1 - at
    match generator.randrange(4):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + generator.randbytes(generator.choice((1, 4))) + data[at + 1 :]
        case 2:
            return data[:at] + data[at + generator.choice((1, 2, 16)) :]
        case _:
            return data[:at] + bytes([data[at] ^ 1 << generator.randrange(8)]) + data[at + 1 :]


def _damage_node(model: onnx.ModelProto, generator: random.Random) -> None:
    nodes = model.graph.node
    if not nodes:
        return
    node = nodes[generator.randrange(len(nodes))]
    match generator.randrange(6):
        case 0:
            nodes.remove(node)
        case 1:
            node.op_type = generator.choice([*(other.op_type for other in nodes), "Erf", ""])
        case 2 if node.input:
            at = generator.randrange(len(node.input))
            names = [name for other in nodes for name in (*other.input, *other.output)]
            node.input[at] = generator.choice([*names, "", "nowhere"])
        case 3 if node.input:
            del node.input[generator.randrange(len(node.input))]
        case 4:
            nodes.append(node)
        case _:
            node.domain = generator.choice(("", "com.microsoft", "org.example"))


def _damage_attribute(model: onnx.ModelProto, generator: random.Random) -> None:
    nodes = [node for node in model.graph.node if node.attribute]
    if not nodes:
        return
    attributes = generator.choice(nodes).attribute
    at = generator.randrange(len(attributes))
    integers = [0, 1, -1, 2, 3, 7, 1000, 2**31, 2**62, -(2**62)]
    match generator.randrange(5):
        case 0:
            del attributes[at]
        case 1 if attributes[at].ints:
            place = generator.randrange(len(attributes[at].ints))
            attributes[at].ints[place] = generator.choice(integers)
        case 2 if attributes[at].ints:
            del attributes[at].ints[generator.randrange(len(attributes[at].ints))]
        case 3:
            attributes[at].i = generator.choice(integers)
        case _:
            value = generator.choice((1, [1, 2], 0.5, float("nan"), float("inf"), "text"))
            attributes[at].CopyFrom(helper.make_attribute(attributes[at].name, value))


def _damage_initialiser(model: onnx.ModelProto, generator: random.Random) -> None:
    if not model.graph.initializer:
        return
    entry = generator.choice(list(model.graph.initializer))
    match generator.randrange(5):
        case 0:
            model.graph.initializer.remove(entry)
        case 1 if entry.dims:
            extents = (0, 1, 3, 10**6, -1, 2**40)
            entry.dims[generator.randrange(len(entry.dims))] = generator.choice(extents)
        case 2:
            entry.data_type = generator.choice((TensorProto.INT8, TensorProto.FLOAT, 99, 21))
        case 3 if entry.raw_data:
            entry.raw_data = generator.randbytes(len(entry.raw_data))
        case _:
            entry.raw_data = entry.raw_data[: len(entry.raw_data) // 2]


def _damage_signature(model: onnx.ModelProto, generator: random.Random) -> None:
    values = [*model.graph.input, *model.graph.output]
    if not values:
        return
    tensor = generator.choice(values).type.tensor_type
    match generator.randrange(4):
        case 0 if tensor.shape.dim:
            extent = generator.choice((0, 1, 5, 10**5, -3))
            tensor.shape.dim[generator.randrange(len(tensor.shape.dim))].dim_value = extent
        case 1:
            del tensor.shape.dim[:1]
        case 2:
            tensor.elem_type = generator.choice((0, 1, 2, 3, 7, 11, 16))
        case _:
            for opset in model.opset_import:
                opset.version = generator.choice((0, 1, 6, 9, 11, 13, 21, 99))


GRAPH_DAMAGES: tuple[Callable[[onnx.ModelProto, random.Random], None], ...] = (
    _damage_node,
    _damage_attribute,
    _damage_initialiser,
    _damage_signature,
)


def valid_texts(folder: Path) -> list[str]:
    """IR that the tests of dialects and passes hold, RUN and CHECK lines left out."""
    texts = []
    for path in sorted(folder.rglob("*.mlir")):
        lines = path.read_text(encoding="utf-8").splitlines()
        text = "\n".join(line for line in lines if not line.strip().startswith("//"))
        texts.extend(part for part in text.split("// -----") if part.strip())
    return texts
