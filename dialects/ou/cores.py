"""What cores do for a visit besides operations, where partial sums are in a shared memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import StringAttr
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, traits_def
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    CustomDirective,
    ParsingState,
    PrintingState,
    irdl_custom_directive,
)

from spatem_ir.dialects.checks import fail
from spatem_ir.dialects.cnn.weight_layers import INTEGER, integer
from spatem_ir.dialects.traits import HasParentNamed
from spatem_ir.geometry.network.core_program import CoreInstruction, CoreStep

if TYPE_CHECKING:
    from xdsl.parser import Parser
    from xdsl.printer import Printer

STEPS = tuple(step.value for step in CoreStep if step is not CoreStep.MVM)
"""What can be written; the MVM is written as its operations."""


@irdl_custom_directive
class Word(CustomDirective):
    """A property that is a word, without quotes."""

    word: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.word.set(state, StringAttr(parser.parse_identifier("step of a core")))

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        state.print_whitespace(printer)
        attribute = self.word.get(op)
        assert isinstance(attribute, StringAttr)
        printer.print_string(attribute.data)


@irdl_op_definition
class CoreOp(IRDLOperation):
    """A step of a core in a visit (rule R13): `ou.core load_sums 64`.

    `load_operand`, `load_sums`, `store_sums` and `store_results` are transfers of so many bytes,
    `add` and `activate` work on so many values, `wait` waits until so many CALLs of the image have
    come, `call` calls the crossbar with that number.  The MVM is where the `ou.activate` are.
    """

    name = "ou.core"

    step = prop_def(StringAttr)
    number = prop_def(INTEGER)

    traits = traits_def(HasParentNamed("ou.mvm"))

    custom_directives = (Word,)

    assembly_format = "custom<Word>($step) $number attr-dict"

    def __init__(self, instruction: CoreInstruction):
        super().__init__(
            properties={
                "step": StringAttr(instruction.step.value),
                "number": integer(instruction.number),
            }
        )

    @property
    def instruction(self) -> CoreInstruction:
        """The step and its number."""
        return CoreInstruction(CoreStep(self.step.data), self.number.value.data)

    def verify_(self) -> None:
        if self.step.data not in STEPS:
            fail(self, f"'{self.step.data}' is no step of a core; one of {', '.join(STEPS)}")
