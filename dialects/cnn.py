"""The `cnn` dialect: a quantised integer CNN as a dataflow of layers.

Feature maps are tensors of shape [channels, height, width] or [features]; the batch is not in the
type, every level runs any number of images.  Element types are quantised integers
(:class:`~spatem_ir.dialects.cnn_attributes.QuantType` or a plain `ui8`, `si8` …), float32 only on
the host side of `cnn.quantize` and `cnn.dequantize`.
"""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolNameConstraint, TensorType, UnitAttr
from xdsl.ir import Block, Dialect, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsTerminator

from spatem_ir.dialects.checks import (
    elements_of,
    expect_shape,
    expect_tensor,
    fail,
    floating,
    quantized,
    same_quantization,
    shape_of,
)
from spatem_ir.dialects.cnn_attributes import FileAttr, QuantType, SeededAttr, WindowAttr
from spatem_ir.dialects.cnn_weight_layers import ConvOp, DenseOp, LocalOp
from spatem_ir.geometry.window import Window

__all__ = [
    "AveragePoolOp",
    "ConcatOp",
    "ConvOp",
    "DenseOp",
    "DequantizeOp",
    "FlattenOp",
    "GlobalAveragePoolOp",
    "LocalOp",
    "MaxPoolOp",
    "NetworkOp",
    "OutputOp",
    "PoolOp",
    "QuantizeOp",
    "ReluOp",
    "SoftmaxOp",
]


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
        """The terminator."""
        last = self.body.block.last_op
        assert isinstance(last, OutputOp)
        return last

    @classmethod
    def parse(cls, parser: Parser) -> NetworkOp:
        name = parser.parse_symbol_name()
        arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_argument)
        body = parser.parse_region(arguments)
        return cls(name.data, body)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        with printer.in_parens():
            printer.print_list(self.body.block.args, printer.print_block_argument)
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
        for op in self.body.block.ops:
            symbol = op.properties.get("sym_name")
            if isinstance(symbol, StringAttr):
                if symbol.data in seen:
                    fail(self, f"has two operations named @{symbol.data}; names must be unique")
                seen.add(symbol.data)


class PoolOp(IRDLOperation):
    """A pooling over windows, channel by channel."""

    sym_name = prop_def(SymbolNameConstraint())
    window = prop_def(WindowAttr)
    input = operand_def(TensorType)
    output = result_def(TensorType)

    traits = traits_def(HasParent(NetworkOp))

    assembly_format = "$sym_name $input $window attr-dict `:` type($input) `->` type($output)"

    def __init__(self, sym_name: str, input: SSAValue, window: WindowAttr, output: TensorType):
        super().__init__(
            operands=[input],
            result_types=[output],
            properties={"sym_name": StringAttr(sym_name), "window": window},
        )

    def verify_(self) -> None:
        quantized(self, self.input)
        quantized(self, self.output)
        shape = shape_of(self.input)
        if len(shape) != 3:
            fail(self, f"pools a feature map of 3 dimensions, not {len(shape)}")
        rows, columns = self.window.data.output_size(shape[1], shape[2])
        expect_shape(self, self.output, (shape[0], rows, columns))
        if self.window.data.padding_alone(shape[1], shape[2]):
            fail(self, "has a window of padding alone; make the pads smaller")


@irdl_op_definition
class MaxPoolOp(PoolOp):
    """Largest value of each window; input and output have the same quantisation."""

    name = "cnn.max_pool"

    def verify_(self) -> None:
        super().verify_()
        same_quantization(self, self.input, self.output)


@irdl_op_definition
class AveragePoolOp(PoolOp):
    """Mean of each window, requantised to the output's code, rounded after adding its zero point.

    Padded activations count as zeros only with `count_include_pad`.
    """

    name = "cnn.average_pool"

    count_include_pad = opt_prop_def(UnitAttr)

    assembly_format = (
        "$sym_name $input $window (`count_include_pad` $count_include_pad^)? "
        "attr-dict `:` type($input) `->` type($output)"
    )

    def __init__(
        self,
        sym_name: str,
        input: SSAValue,
        window: WindowAttr,
        output: TensorType,
        *,
        count_include_pad: bool = False,
    ):
        super().__init__(sym_name, input, window, output)
        if count_include_pad:
            self.count_include_pad = UnitAttr()


@irdl_op_definition
class GlobalAveragePoolOp(PoolOp):
    """Mean of each channel, requantised to the output's code.

    It rounds before it adds the zero point, `cnn.average_pool` after, as onnxruntime does.
    """

    name = "cnn.global_average_pool"

    def verify_(self) -> None:
        super().verify_()
        _, height, width = shape_of(self.input)
        if self.window.data != Window((height, width)):
            fail(self, "has a window that is not the whole feature map")


@irdl_op_definition
class ReluOp(IRDLOperation):
    """max(x, 0) on real values: codes below the zero point become the zero point."""

    name = "cnn.relu"

    sym_name = prop_def(SymbolNameConstraint())
    input = operand_def(TensorType)
    output = result_def(TensorType)

    traits = traits_def(HasParent(NetworkOp))

    assembly_format = "$sym_name $input attr-dict `:` type($input) `->` type($output)"

    def __init__(self, sym_name: str, input: SSAValue):
        super().__init__(
            operands=[input],
            result_types=[input.type],
            properties={"sym_name": StringAttr(sym_name)},
        )

    def verify_(self) -> None:
        same_quantization(self, self.input, self.output)
        expect_shape(self, self.output, shape_of(self.input))


class UnaryOp(IRDLOperation):
    """An operator with one input and one output and nothing else to say."""

    input = operand_def(TensorType)
    output = result_def(TensorType)

    traits = traits_def(HasParent(NetworkOp))

    assembly_format = "$input attr-dict `:` type($input) `->` type($output)"

    def __init__(self, input: SSAValue, output: TensorType):
        super().__init__(operands=[input], result_types=[output])


@irdl_op_definition
class FlattenOp(UnaryOp):
    """The same elements in row-major order under another shape; costs nothing."""

    name = "cnn.flatten"

    def __init__(self, input: SSAValue, shape: tuple[int, ...] | None = None):
        assert isinstance(input.type, TensorType)
        super().__init__(input, TensorType(input.type.element_type, shape or [elements_of(input)]))

    def verify_(self) -> None:
        same_quantization(self, self.input, self.output)
        if elements_of(self.input) != elements_of(self.output):
            fail(self, "changes the number of elements")


@irdl_op_definition
class ConcatOp(IRDLOperation):
    """Joins tensors along their first dimension (channels or features); costs nothing.

    All inputs and the output have the same quantisation.
    """

    name = "cnn.concat"

    inputs = var_operand_def(TensorType)
    output = result_def(TensorType)

    traits = traits_def(HasParent(NetworkOp))

    assembly_format = "$inputs attr-dict `:` type($inputs) `->` type($output)"

    def __init__(self, inputs: list[SSAValue], output: TensorType):
        super().__init__(operands=[inputs], result_types=[output])

    def verify_(self) -> None:
        if not self.inputs:
            fail(self, "joins at least one tensor")
        for value in self.inputs:
            same_quantization(self, value, self.output)
            if shape_of(value)[1:] != shape_of(self.output)[1:]:
                fail(self, "joins tensors that differ behind their first dimension")
        first = sum(shape_of(value)[0] for value in self.inputs)
        expect_shape(self, self.output, (first, *shape_of(self.output)[1:]))


@irdl_op_definition
class QuantizeOp(UnaryOp):
    """Host: float32 to codes, round half to even of x / scale, plus the zero point, saturated."""

    name = "cnn.quantize"

    def verify_(self) -> None:
        floating(self, self.input)
        quantized(self, self.output)
        expect_shape(self, self.output, shape_of(self.input))


@irdl_op_definition
class DequantizeOp(UnaryOp):
    """Host: codes to float32, (code − zero point) · scale."""

    name = "cnn.dequantize"

    def verify_(self) -> None:
        quantized(self, self.input)
        floating(self, self.output)
        expect_shape(self, self.output, shape_of(self.input))


@irdl_op_definition
class SoftmaxOp(UnaryOp):
    """Host: exp(x) / Σ exp(x) over all elements, float32."""

    name = "cnn.softmax"

    def __init__(self, input: SSAValue):
        assert isinstance(input.type, TensorType)
        super().__init__(input, input.type)

    def verify_(self) -> None:
        floating(self, self.input)
        floating(self, self.output)
        expect_shape(self, self.output, shape_of(self.input))


CNN = Dialect(
    "cnn",
    [
        NetworkOp,
        OutputOp,
        ConvOp,
        DenseOp,
        LocalOp,
        MaxPoolOp,
        AveragePoolOp,
        GlobalAveragePoolOp,
        ReluOp,
        FlattenOp,
        ConcatOp,
        QuantizeOp,
        DequantizeOp,
        SoftmaxOp,
    ],
    [QuantType, SeededAttr, FileAttr, WindowAttr],
)
