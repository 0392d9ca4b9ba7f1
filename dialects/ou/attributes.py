"""Attributes of the `ou` dialect: places of merging."""

from __future__ import annotations

from xdsl.ir import Data
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer

from spatem_ir.hardware.accumulation.accumulation import PLACES


@irdl_attr_definition
class MergePlacesAttr(Data[tuple[str, ...]]):
    """Where partial sums are merged on their way: `<cu, home>`, `<home>`."""

    name = "ou.places"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> tuple[str, ...]:
        start = parser.pos
        places = tuple(
            parser.parse_comma_separated_list(
                parser.Delimiter.ANGLE, lambda: parser.parse_keyword_in(PLACES)
            )
        )
        if places != tuple(p for p in PLACES if p in places) or "home" not in places:
            parser.raise_error(
                "expected some of cu, pe, in this order, and home at the end", start, parser.pos
            )
        return places

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(", ".join(self.data))
