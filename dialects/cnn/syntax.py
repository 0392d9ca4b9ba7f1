"""How the ops of the `cnn` dialect write numbers: directives of their assembly formats."""

from __future__ import annotations

from xdsl.dialects.builtin import FloatAttr
from xdsl.ir import Attribute
from xdsl.irdl import IRDLOperation
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    CustomDirective,
    ParsingState,
    PrintingState,
    irdl_custom_directive,
)
from xdsl.parser import Parser
from xdsl.printer import Printer

from spatem_ir.dialects.cnn.attributes import float32_literal, parse_float32, parse_optional_float32


@irdl_custom_directive
class Scale(CustomDirective):
    """An optional weight scale, `scale 0.5` or `scale #cnn.file<…>`.

    One float32 for all output channels, or a parameter with one for each.
    """

    scale: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        if not parser.parse_optional_keyword("scale"):
            return
        number = parse_optional_float32(parser)
        self.scale.set(state, parser.parse_attribute() if number is None else number)

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        attribute = self.scale.get(op)
        if attribute is None:
            return
        state.print_whitespace(printer)
        if isinstance(attribute, FloatAttr):
            printer.print_string(f"scale {float32_literal(attribute.value.data)}")
        else:
            printer.print_string("scale ")
            printer.print_attribute(attribute)


@irdl_custom_directive
class Real(CustomDirective):
    """A float32 number, written as a plain literal."""

    number: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.number.set(state, parse_float32(parser))

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        state.print_whitespace(printer)
        printer.print_string(_literal_of(self.number.get(op)))


@irdl_custom_directive
class Bounds(CustomDirective):
    """Optional bounds: `from 0.0 to 6.0`, `from 0.0`, `to 6.0` or nothing."""

    lowest: AttributeVariable
    highest: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        for keyword, bound in (("from", self.lowest), ("to", self.highest)):
            if parser.parse_optional_keyword(keyword):
                bound.set(state, parse_float32(parser))

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        for keyword, bound in (("from", self.lowest), ("to", self.highest)):
            if (attribute := bound.get(op)) is not None:
                state.print_whitespace(printer)
                printer.print_string(f"{keyword} {_literal_of(attribute)}")


def _literal_of(attribute: Attribute | None) -> str:
    assert isinstance(attribute, FloatAttr)
    return float32_literal(attribute.value.data)
