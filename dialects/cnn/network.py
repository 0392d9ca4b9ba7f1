"""The network itself: `cnn.network` and its terminator `cnn.output`."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolNameConstraint, TensorType
from xdsl.ir import Block, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsTerminator

from spatem_ir.dialects.checks import expect_tensor, fail


@irdl_op_definition
class OutputOp(IRDLOperation):
    """Ends a network and names its outputs: `cnn.output %logits : tensor<10xui8>`."""

    name = "cnn.output"

    outputs = var_operand_def(TensorType)

    traits = lazy_traits_def(lambda: (IsTerminator(), HasParent(NetworkOp)))

    assembly_format = "$outputs attr-dict `:` type($outputs)"

    def verify_(self) -> None:
        if not self.outputs:
            fail(self, "names no output")


@irdl_op_definition
class NetworkOp(IRDLOperation):
    """A network: `cnn.network @lenet(%image: tensor<1x32x32xui8>) { … cnn.output … }`.

    `attributes { … }` may stand before the body.

    One module holds one network; its block arguments are the network's inputs.  Names of layers and
    digital operators are unique in it.
    """

    name = "cnn.network"

    sym_name = prop_def(SymbolNameConstraint())
    body = region_def("single_block")

    traits = traits_def(HasParent(ModuleOp))

    def __init__(self, sym_name: str, body: Block | Region):
        region = body if isinstance(body, Region) else Region(body)
        super().__init__(properties={"sym_name": StringAttr(sym_name)}, regions=[region])

    @property
    def output(self) -> OutputOp:
        """The `cnn.output` that ends the network."""
        last = self.body.block.last_op
        assert isinstance(last, OutputOp)
        return last

    @classmethod
    def parse(cls, parser: Parser) -> NetworkOp:
        name = parser.parse_symbol_name()
        arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_argument)
        attributes = parser.parse_optional_attr_dict_with_keyword()
        network = cls(name.data, parser.parse_region(arguments))
        if attributes is not None:
            network.attributes = dict(attributes.data)
        return network

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        with printer.in_parens():
            printer.print_list(self.body.block.args, printer.print_block_argument)
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)

    def verify_(self) -> None:
        if not isinstance(self.body.block.last_op, OutputOp):
            fail(self, "must end with cnn.output")
        module = self.parent_op()
        assert isinstance(module, ModuleOp)
        if next(op for op in module.ops if isinstance(op, NetworkOp)) is not self:
            fail(self, "is the second network of its module; one module holds one network")
        for argument in self.body.block.args:
            expect_tensor(self, argument)
        seen: set[str] = set()
        computed: set[SSAValue] = set(self.body.block.args)
        for op in self.body.block.ops:
            for value in op.operands:
                if value not in computed:
                    hint = value.name_hint or "?"
                    fail(self, f"reads %{hint} in {op.name} before it is computed")
            computed.update(op.results)
            symbol = op.properties.get("sym_name")
            if isinstance(symbol, StringAttr):
                if symbol.data in seen:
                    fail(self, f"has two operations named @{symbol.data}; names must be unique")
                seen.add(symbol.data)
