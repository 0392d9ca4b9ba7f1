"""The `hw` dialect: the accelerator on the module, and the index sets of deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Data, Dialect, Operation
from xdsl.irdl import IRDLOperation, irdl_attr_definition
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    CustomDirective,
    ParsingState,
    PrintingState,
    irdl_custom_directive,
)
from xdsl.utils.exceptions import VerifyException

from spatem_ir.dialects.hw.index_syntax import parse_indices
from spatem_ir.dialects.lines import print_wrapped
from spatem_ir.dialects.text import parse_text
from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.loader import accelerator_from_table, named_preset, preset
from spatem_ir.hardware.parameters import Value
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xdsl.parser import AttrParser, Parser
    from xdsl.printer import Printer

ACCELERATOR_ATTRIBUTE = "hw.accelerator"
"""Name of the module attribute that holds the accelerator."""


@irdl_attr_definition
class AcceleratorAttr(Data[Accelerator]):
    """A complete accelerator description: a preset's name, or all groups of parameters.

    `#hw.accelerator<"tiny">`, or `#hw.accelerator<"mine" chip {pe_rows = 2, …} pe {…} …>`.  A name
    alone stands for the preset of that name; what equals a preset is printed as its name.
    """

    name = "hw.accelerator"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Accelerator:
        with parser.in_angle_brackets():
            table: dict[str, object] = {"name": parse_text(parser)}
            start = parser.pos
            while (group := parser.parse_optional_identifier()) is not None:
                entries = parser.parse_comma_separated_list(
                    parser.Delimiter.BRACES, lambda: _parse_entry(parser)
                )
                if group in table or len(dict(entries)) < len(entries):
                    parser.raise_error(f"'{group}' or one of its keys is given twice", start)
                table[group] = dict(entries)
                start = parser.pos
        try:
            if len(table) == 1:
                return named_preset(str(table["name"]))
            return accelerator_from_table(table, f"#{cls.name}")
        except SpatemError as error:
            parser.raise_error(str(error))

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string_literal(self.data.name)
            if self.data == preset(self.data.name):
                return
            for group, table in self.data.tables.items():
                printer.print_string(f"\n  {group} {{")
                printer.print_string(", ".join(f"{k} = {_literal(v)}" for k, v in table.items()))
                printer.print_string("}")


def _parse_entry(parser: AttrParser) -> tuple[str, Value]:
    key = parser.parse_identifier("parameter")
    parser.parse_punctuation("=")
    value: Value | None = parser.parse_optional_boolean()
    if value is None:
        value = parser.parse_optional_identifier()
    if value is None and key == "kind":
        value = parser.parse_optional_str_literal()
    return key, parser.parse_number() if value is None else value


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if value.isidentifier() else f'"{value}"'
    mantissa, exponent, power = repr(value).partition("e")
    return mantissa + (".0" if exponent and "." not in mantissa else "") + exponent + power


@irdl_attr_definition
class IndicesAttr(Data[IndexSequence]):
    """An index sequence: `0 to 96 step 2`, `5 times 3`, `(0 to 4, 7) repeat 3 by 9`, or a list.

    Printed as the op writes it: `[0 to 4, 7, 5 times 3]`.
    """

    name = "hw.indices"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> IndexSequence:
        with parser.in_angle_brackets():
            return parse_indices(parser)

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(str(self.data))

    @staticmethod
    def of(indices: Iterable[int]) -> IndicesAttr:
        """The attribute for the given indices."""
        return IndicesAttr(IndexSequence.of(indices))

    @staticmethod
    def range(start: int, stop: int) -> IndicesAttr:
        """The attribute for the indices from `start` up to and without `stop`."""
        return IndicesAttr(IndexSequence.range(start, stop))


@irdl_custom_directive
class Indices(CustomDirective):
    """An index sequence property, printed without brackets or attribute name."""

    indices: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.indices.set(state, IndicesAttr(parse_indices(parser)))

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        state.print_whitespace(printer)
        attribute = self.indices.get(op)
        assert isinstance(attribute, IndicesAttr)
        print_wrapped(printer, str(attribute.data))


def module_of(op: Operation) -> ModuleOp:
    """The module that encloses an op.

    Raises:
        VerifyException: the op is in no module.
    """
    root: Operation | None = op
    while root is not None and not isinstance(root, ModuleOp):
        root = root.parent_op()
    if root is None:
        raise VerifyException(f"{op.name} is not inside a module")
    return root


def optional_accelerator(module: ModuleOp) -> Accelerator | None:
    """The module's accelerator, or None if it has none."""
    attribute: Attribute | None = module.attributes.get(ACCELERATOR_ATTRIBUTE)
    return attribute.data if isinstance(attribute, AcceleratorAttr) else None


def accelerator_of(op: Operation) -> Accelerator:
    """The accelerator of the module around `op`.

    Raises:
        VerifyException: the module has none.
    """
    accelerator = optional_accelerator(module_of(op))
    if accelerator is None:
        raise VerifyException(
            f"{op.name} needs the module attribute {ACCELERATOR_ATTRIBUTE}; "
            "name an accelerator with --accelerator"
        )
    return accelerator


HW = Dialect("hw", [], [AcceleratorAttr, IndicesAttr])
