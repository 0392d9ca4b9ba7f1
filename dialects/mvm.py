"""The `mvm` dialect: each weight layer as matrix-vector multiplications, cut into tiles.

Level `mvm` adds one decision to the network: the partition grid of every weight layer.
"""

from __future__ import annotations

from typing import NamedTuple

from xdsl.dialects.builtin import (
    ArrayAttr,
    ModuleOp,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute, Data, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_attr_definition,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    traits_def,
)
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    CustomDirective,
    ParsingState,
    PrintingState,
    irdl_custom_directive,
)
from xdsl.parser import AttrParser, Parser
from xdsl.printer import Printer

from spatem_ir.dialects.checks import fail, shape_of
from spatem_ir.dialects.cnn import NetworkOp
from spatem_ir.dialects.cnn.attributes import WindowAttr
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.dialects.cnn.layers import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.cnn.syntax import Scale
from spatem_ir.dialects.cnn.weight_layers import (
    INTEGER,
    TYPES_FORMAT,
    WEIGHTS_FORMAT,
    WeightLayerOp,
    integer,
)
from spatem_ir.dialects.hw import (
    IndicesAttr,
    accelerator_of,
    module_of,
    optional_accelerator,
)
from spatem_ir.dialects.lines import print_keyword
from spatem_ir.dialects.traits import HasParentNamed
from spatem_ir.geometry.packing.regions import Regions
from spatem_ir.geometry.shapes.grid import Deal, Grid
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.geometry.shapes.window import Window

PACKINGS = ("spatem", "exclusive", "floor-plan")
"""How tiles are packed: crossbars shared by all layers, owned by one copy of one layer each, or
with tiles of every layer at the same corner of all crossbars."""


class MatrixShape(NamedTuple):
    """Matrices of a layer, the rows and columns of each, and the windows of each."""

    matrices: int
    rows: int
    columns: int
    windows: int

    @staticmethod
    def of(layer: Layer) -> MatrixShape:
        """The matrix shape of a layer."""
        return MatrixShape(layer.matrices, layer.rows, layer.columns, layer.windows)

    def __str__(self) -> str:
        several = f"{self.matrices} of " if self.matrices > 1 else ""
        return f"{several}{self.rows}x{self.columns} windows {self.windows}"


@irdl_attr_definition
class MatrixAttr(Data[MatrixShape]):
    """The matrices of a layer: `25x6 windows 784`, `2 of 1200x128 windows 729`."""

    name = "mvm.matrix"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> MatrixShape:
        with parser.in_angle_brackets():
            return parse_matrix(parser)

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(str(self.data))


def parse_matrix(parser: AttrParser) -> MatrixShape:
    """Parse a matrix shape without its attribute's name."""
    several = parse_several(parser, "a matrix")
    parser.parse_keyword("windows")
    windows = parser.parse_integer(allow_boolean=False, allow_negative=False)
    return MatrixShape(*several, windows)


def parse_several(parser: AttrParser, what: str) -> tuple[int, int, int]:
    """Parse a number of matrices, which may be left out, and rows and columns: `2 of 25x6`."""
    start = parser.pos
    dimensions, count = parser.parse_dimension_list(), 1
    if len(dimensions) == 1 and parser.parse_optional_keyword("of"):
        count, dimensions = dimensions[0], parser.parse_dimension_list()
    if len(dimensions) != 2 or min(count, *dimensions) < 1:
        parser.raise_error(f"expected rows x columns of {what}, as in 25x6", start, parser.pos)
    return count, dimensions[0], dimensions[1]


@irdl_custom_directive
class Matrix(CustomDirective):
    """A matrix shape property, printed with its keyword `matrix` instead of brackets."""

    matrix: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        parser.parse_keyword("matrix")
        self.matrix.set(state, MatrixAttr(parse_matrix(parser)))

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        attribute = self.matrix.get(op)
        assert isinstance(attribute, MatrixAttr)
        print_keyword(printer, state, f"matrix {attribute.data}")


@irdl_attr_definition
class GridAttr(Data[Grid]):
    """A partition grid: `<hwm = 3, wwm = 1, iw = 96 cyclic, ib = 2, tile 9x6>`.

    The degrees of SPATEM's Algorithm 1, how windows are dealt to copies, and the rows x columns
    (in weights) of a full tile; `tile 8 of 9x1` is one of eight matrices of a grouped layer.
    """

    name = "mvm.grid"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Grid:
        degrees: dict[str, int] = {}
        deal = Deal.CYCLIC
        with parser.in_angle_brackets():
            for degree in ("hwm", "wwm", "iw", "ib"):
                parser.parse_keyword(degree)
                parser.parse_punctuation("=")
                start = parser.pos
                degrees[degree] = parser.parse_integer(allow_boolean=False, allow_negative=False)
                if degrees[degree] == 0:
                    parser.raise_error(f"degree {degree} must be at least 1", start, parser.pos)
                if degree == "iw":
                    deal = Deal(parser.parse_keyword_in(tuple(Deal)))
                parser.parse_punctuation(",")
            parser.parse_keyword("tile")
            joined, rows, columns = parse_several(parser, "a tile")
        return Grid(**degrees, tile_rows=rows, tile_columns=columns, deal=deal, joined=joined)

    def print_parameter(self, printer: Printer) -> None:
        grid = self.data
        several = f"{grid.joined} of " if grid.joined > 1 else ""
        with printer.in_angle_brackets():
            printer.print_string(
                f"hwm = {grid.hwm}, wwm = {grid.wwm}, iw = {grid.iw} {grid.deal}, ib = {grid.ib}, "
                f"tile {several}{grid.tile_rows}x{grid.tile_columns}"
            )


@irdl_op_definition
class LayerOp(WeightLayerOp):
    """A weight layer as matrices, cut into tiles by a grid.

    It computes what the `cnn` op from which it was made computes: a convolution, locally connected
    (`region`) or, with a 1x1 window on a flat tensor, dense layer.
    """

    name = "mvm.layer"

    window = prop_def(WindowAttr)
    groups = prop_def(INTEGER, default_value=integer(1))
    region = opt_prop_def(WindowAttr)
    matrix = prop_def(MatrixAttr)
    grid = prop_def(GridAttr)

    custom_directives = (Scale, Matrix)

    assembly_format = (
        "$sym_name $input $window (`groups` $groups^)? (`region` $region^)? "
        + WEIGHTS_FORMAT
        + "custom<Matrix>($matrix) `grid` $grid "
        + TYPES_FORMAT
    )

    def __init__(
        self,
        input: SSAValue,
        output: TensorType,
        properties: dict[str, Attribute],
        grid: Grid,
    ):
        super().__init__(
            operands=[input],
            result_types=[output],
            properties={**properties, "grid": GridAttr(grid)},
        )

    @staticmethod
    def from_cnn(op: ConvOp | DenseOp | LocalOp, grid: Grid) -> LayerOp:
        """The layer of a `cnn` op, cut by `grid`."""
        layer = op.layer
        properties: dict[str, Attribute] = dict(op.properties)
        properties.setdefault("window", WindowAttr(layer.window))
        properties["matrix"] = MatrixAttr(MatrixShape.of(layer))
        assert isinstance(op.output.type, TensorType)
        layer_op = LayerOp(op.input, op.output.type, properties, grid)
        layer_op.attributes = dict(op.attributes)
        return layer_op

    @property
    def layer(self) -> Layer:
        region = None if self.region is None else self.region.data.kernel
        return self.geometry(self.window.data, self.groups.value.data, region)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        layer = self.layer
        if layer.region is not None:
            return layer.matrices, layer.out_channels, layer.input_shape[0], *layer.window.kernel
        if len(shape_of(self.input)) == 1:
            return layer.out_channels, layer.rows
        return layer.out_channels, layer.input_shape[0] // layer.groups, *layer.window.kernel

    def verify_geometry(self) -> None:
        quantized(self, self.input)
        self.verify_groups()
        if len(shape_of(self.input)) != 1 or len(shape_of(self.output)) != 1:
            self.verify_windows()
        elif self.window.data != Window((1, 1)) or self.region or self.layer.groups > 1:
            fail(self, "slides a window over a flat tensor")
        if self.region is not None:
            self.verify_region(self.region)
        matrix = MatrixShape.of(self.layer)
        if self.matrix.data != matrix:
            fail(self, f"states matrix {self.matrix.data}, its types give {matrix}")
        problem = self.grid.data.problem(self.layer, optional_accelerator(module_of(self)))
        if problem is not None:
            fail(self, f"grid: {problem}")


AROUND_NOTES = ("builtin.module", "mvm.stage")
"""Where `partition` leaves something for the passes that follow: of all layers, or of a stage."""


def is_of_stage(note: Operation) -> bool:
    """Whether a note stands in an `mvm.stage`, which verifies it with the stage's network."""
    parent = note.parent_op()
    return parent is not None and parent.name == "mvm.stage"


@irdl_custom_directive
class Grids(CustomDirective):
    """A list of grids, a line for each."""

    grids: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        grids = parser.parse_comma_separated_list(
            parser.Delimiter.SQUARE, lambda: GridAttr(GridAttr.parse_parameter(parser))
        )
        self.grids.set(state, ArrayAttr(grids))

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        state.print_whitespace(printer)
        grids = self.grids.get(op)
        assert isinstance(grids, ArrayAttr)
        with printer.in_square_brackets(), printer.indented():
            for number, grid in enumerate(grids):
                printer.print_string(",\n" if number else "\n")
                assert isinstance(grid, GridAttr)
                grid.print_parameter(printer)


@irdl_op_definition
class AlternativeOp(IRDLOperation):
    """A partition of the whole network that `pack` may use instead, if a better one does not fit.

    One grid for each layer, in network order: `mvm.alternative [<hwm = 3, …>, <hwm = 1, …>]`.
    `pack` tries the alternatives in their order.
    """

    name = "mvm.alternative"

    grids = prop_def(ArrayAttr[GridAttr])

    traits = traits_def(HasParentNamed(*AROUND_NOTES))

    custom_directives = (Grids,)

    assembly_format = "custom<Grids>($grids) attr-dict"

    def __init__(self, grids: list[Grid]):
        super().__init__(properties={"grids": ArrayAttr([GridAttr(grid) for grid in grids])})

    def verify_(self) -> None:
        if is_of_stage(self):
            return
        expect_network_before(self)
        layers = layer_ops(module_of(self))
        if len(layers) != len(self.grids):
            fail(self, f"has {len(self.grids)} grids for {len(layers)} layers")
        for op, grid in zip(layers, self.grids, strict=True):
            problem = grid.data.problem(op.layer, optional_accelerator(module_of(self)))
            if problem is not None:
                fail(self, f"grid of @{op.sym_name.data}: {problem}")


@irdl_op_definition
class PackingOp(IRDLOperation):
    """How `pack` packs the tiles unless its options say otherwise: `mvm.packing "exclusive"`.

    A partition made for crossbars of its own (`exclusive`) or for a `floor-plan` says so, for
    `pack` cannot see it; the latter also how many PEs to leave empty:
    `mvm.packing "floor-plan" spare 1`, and which layers are kept apart on regions of so many PEs:
    `regions <[0, 1, 0]> pes <[100, 67]>` for three layers.
    """

    name = "mvm.packing"

    method = prop_def(StringAttr)
    spare = opt_prop_def(INTEGER)
    region_of = opt_prop_def(IndicesAttr)
    pes = opt_prop_def(IndicesAttr)

    traits = traits_def(HasParentNamed(*AROUND_NOTES))

    assembly_format = "$method (`spare` $spare^)? (`regions` $region_of^)? (`pes` $pes^)? attr-dict"

    def __init__(self, method: str, spare: int = 0, parts: Regions | None = None):
        properties: dict[str, Attribute | None] = {
            "method": StringAttr(method),
            "spare": integer(spare) if spare else None,
            "region_of": None if parts is None else IndicesAttr.of(parts.of_layer),
            "pes": None if parts is None else IndicesAttr.of(parts.pes),
        }
        super().__init__(properties=properties)

    @property
    def parts(self) -> Regions | None:
        """The regions of the chip; None if all layers stand on the whole of it."""
        if self.region_of is None or self.pes is None:
            return None
        return Regions(tuple(self.pes.data), tuple(self.region_of.data))

    @property
    def spare_pes(self) -> int:
        """How many PEs are to stay empty."""
        return 0 if self.spare is None else self.spare.value.data

    def verify_(self) -> None:
        if is_of_stage(self):
            return
        if self.method.data not in PACKINGS:
            fail(self, f"unknown method '{self.method.data}'; one of {', '.join(PACKINGS)}")
        if self.spare_pes < 0:
            fail(self, f"spare is {self.spare_pes}; it must be at least 0")
        if self.spare_pes and self.method.data != "floor-plan":
            fail(self, f"only a floor-plan leaves PEs spare, not '{self.method.data}'")
        if (self.region_of is None) != (self.pes is None):
            fail(self, "regions of layers and their pes stand together or not at all")
        if self.parts is not None:
            self.verify_regions(self.parts)
        if sum(isinstance(op, PackingOp) for op in module_of(self).ops) > 1:
            fail(self, "stands twice in a module; one says how all tiles are packed")

    def verify_regions(self, parts: Regions) -> None:
        """Check that each layer is on a region that there is, and each region on the chip."""
        if self.method.data != "floor-plan":
            fail(self, f"only a floor-plan has regions, not '{self.method.data}'")
        layers = len(layer_ops(module_of(self)))
        if len(parts.of_layer) != layers:
            fail(self, f"has {len(parts.of_layer)} regions, there are {layers} layers")
        if not all(0 <= region < len(parts.pes) for region in parts.of_layer):
            fail(self, f"a layer is on none of the {len(parts.pes)} regions")
        pes = accelerator_of(self).pes
        if min(parts.pes) < 1 or self.spare_pes + sum(parts.pes) > pes:
            fail(
                self,
                f"regions of {list(parts.pes)} PEs and {self.spare_pes} spare ones; "
                f"each needs one, there are {pes}",
            )


def network_of(module: ModuleOp) -> NetworkOp | None:
    """The module's network; None if it has none."""
    return next((op for op in module.ops if isinstance(op, NetworkOp)), None)


def expect_network_before(op: Operation) -> None:
    """Check that the network stands, and so is verified, before an op that names its layers."""
    network = network_of(module_of(op))
    if network is None or not network.is_before_in_block(op):
        fail(op, "must stand after the cnn.network of its module")


def layer_ops(module: ModuleOp) -> list[LayerOp]:
    """The `mvm.layer` ops of the module's network, in order."""
    network = network_of(module)
    return (
        [] if network is None else [op for op in network.body.block.ops if isinstance(op, LayerOp)]
    )
