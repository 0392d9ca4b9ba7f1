"""What becomes of the operators of ONNX: the page `docs/onnx-operators.md`."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

from spatem_ir.dialects.cnn.operators import DigitalOp, PoolOp, StaysFloatAtEnd
from spatem_ir.dialects.cnn.quantization import ConversionOp
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.frontend.onnx_constants import NOT_EVALUATED
from spatem_ir.operators.core.operator import Operator
from spatem_ir.operators.core.register import imports, operators

CONTROL = frozenset({"If", "Constant"})
"""Operators that are replaced by what they hold or choose."""

WIDTH = 112
"""Of the lines of text."""

HEAD = """\
This page is printed by `spatem-run --list-operators`. What an operator becomes, and what works on
it on the chip. The units are those of the PE that is home of the result (docs/machine.md, R6); a
weight layer is cut into tiles for crossbars. Float operators in front of the first codes of a
network, or behind the last ones, run on the host and take no time, whatever stands here. An
operator has conditions of its own, such as constant parameters; a node that does not meet them is
refused with its name and the condition."""

FOLDED = """\
A node whose inputs are all known when the model is read is computed then, with ONNX's reference
implementation, whatever its operator: those above, and {others}. The same holds of shapes. `If`
with a condition that is known is replaced by the branch that it takes, a local function by its
nodes."""

REFUSED = """\
With an input that is known at run time only, the operators of that list are refused, all at once,
with how often they occur; so are operators of other domains, and always {never}. The products of
two activations in attention (MatMul, Einsum, Attention) are outside of what a crossbar computes:
one factor must be weights."""


def operator_page() -> str:
    """The page, in Markdown; `spatem-run --list-operators` prints it."""
    from onnx.defs import get_all_schemas

    schemas = {schema.name: schema for schema in get_all_schemas() if schema.domain == ""}
    known = {name for name, schema in schemas.items() if not schema.deprecated}
    others = known - set(imports()) - NOT_EVALUATED - CONTROL
    never = NOT_EVALUATED - CONTROL - set(imports())
    parts = [
        "# The operators of ONNX",
        _filled(HEAD),
        "\n".join(_table()),
        "## Where all inputs are constant",
        _filled(FOLDED.format(others=", ".join(sorted(others)))),
        "## Refused",
        _filled(REFUSED.format(never=", ".join(sorted(never)))),
    ]
    return "\n\n".join(parts) + "\n"


def _filled(text: str) -> str:
    return fill(text, WIDTH, break_on_hyphens=False)


def _table() -> Iterator[str]:
    """One row for each operator that runs, those of ONNX's own domain first."""
    yield "| ONNX | becomes | works on it |"
    yield "|---|---|---|"
    rows = {name: operator for operator in operators() for name in operator.onnx}
    for name in sorted(rows, key=lambda name: (name.count("."), name)):
        yield f"| {name} | `{rows[name].op.name}` | {place_of(rows[name])} |"


def place_of(operator: Operator) -> str:
    """What works on an operator."""
    op = operator.op
    if issubclass(op, WeightLayerOp):
        return "crossbars"
    if issubclass(op, ConversionOp):
        return "host, or part of the layer or operator beside it"
    if issubclass(op, DigitalOp):
        unit = "pooling units" if issubclass(op, PoolOp) else "activation units"
        return unit + ("; host at the end of a network" if op.has_trait(StaysFloatAtEnd) else "")
    return "nothing: elements get other names or places"
