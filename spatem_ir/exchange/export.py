"""Export of a network: from `cnn.network` to an ONNX model."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import StringAttr, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.printer import Printer

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn import DigitalOp, NetworkOp, OutputOp, WindowAttr
from spatem_ir.dialects.cnn.checks import quantized
from spatem_ir.geometry.shapes.window import Window
from spatem_ir.operators.core.register import operator_of
from spatem_ir.operators.onnx_export.graph import GraphBuilder
from spatem_ir.operators.onnx_export.nodes import value_info
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Collection

    from onnx import ModelProto

    from spatem_ir.weights.store import ParameterStore


GIVEN = ".given"
"""What follows the name of a tensor that is an input of an export although an op computes it."""


def export_network(
    network: NetworkOp,
    store: ParameterStore,
    *,
    all_values: bool = False,
    given: Collection[SSAValue] = (),
) -> ModelProto:
    """An ONNX model that computes what a network computes, for any number of images.

    Its tensors have the names of the network's SSA values.  Its outputs are those of the network,
    or with `all_values` the results of all ops, in network order.  What reads one of the values
    `given` reads a further input, of its name and :data:`GIVEN`.

    Raises:
        SpatemError: no ONNX operators compute what an op computes, or parameters are missing.
    """
    block = network.body.block
    names = value_names(network)
    read = {**names, **{value: names[value] + GIVEN for value in given}}
    graph = GraphBuilder(store, {*names.values(), *read.values()})
    results: list[SSAValue] = []
    for op in block.ops:
        if isinstance(op, OutputOp):
            continue
        (result,) = op.results
        symbol = op.properties.get("sym_name")
        graph.scope = symbol.data if isinstance(symbol, StringAttr) else names[result]
        operands = [read[operand] for operand in op.operands]
        last = _exported(op, graph, operands)
        if isinstance(op, DigitalOp) and op.saturation is not None:
            last = graph.clipped(last, quantized(op, result), *op.saturation)
        if last in operands:
            last = graph.add("Identity", last)
        graph.name_last(last, names[result])
        results.append(result)
    outputs = [(names[value], value) for value in results]
    if not all_values:
        outputs = _network_outputs(network, graph, names)
    return graph.model(
        network.sym_name.data,
        [value_info(read[value], value.type) for value in (*block.args, *given)],
        [value_info(name, value.type) for name, value in outputs],
    )


def _exported(op: Operation, graph: GraphBuilder, operands: list[str]) -> str:
    """The nodes of an op; returns the name of its result.

    Of windows that are chosen among those that fit, all are computed and some are taken.
    """
    export = operator_of(op).export
    if export is None:
        raise SpatemError(f"{op.name}: no ONNX operators are known for it")
    window = op.properties.get("window")
    if not isinstance(window, WindowAttr) or not any(window.data.chosen):
        return export(op, graph, operands)
    whole = _with_all_windows(op, window.data)
    result = export(whole, graph, operands)
    whole.erase()
    for axis, chosen in enumerate(window.data.chosen, 2):
        if chosen is not None:
            indices = graph.constant("windows", chosen.to_array())
            result = graph.add("Gather", result, indices, axis=axis)
    return result


def _with_all_windows(op: Operation, window: Window) -> Operation:
    """An op outside of the network with all windows that fit into its operand."""
    result = op.results[0].type
    assert isinstance(result, TensorType)
    size = window.fitting(*shape_of(op.operands[0])[1:])
    return type(op).create(
        operands=op.operands,
        result_types=[TensorType(result.element_type, (result.get_shape()[0], *size))],
        properties={**op.properties, "window": WindowAttr(window.whole)},
    )


def value_names(network: NetworkOp) -> dict[SSAValue, str]:
    """The names of a network's values, without `%`, as the network is printed."""
    block, printer = network.body.block, Printer(StringIO())
    values = [*block.args, *(result for op in block.ops for result in op.results)]
    return {value: printer.print_ssa_value(value) for value in values}


def _network_outputs(
    network: NetworkOp, graph: GraphBuilder, names: dict[SSAValue, str]
) -> list[tuple[str, SSAValue]]:
    """The outputs of a network: copies of inputs, and of values that were an output before."""
    graph.scope = "output"
    used: set[SSAValue] = set(network.body.block.args)
    outputs: list[tuple[str, SSAValue]] = []
    for value in network.output.outputs:
        name = graph.add("Identity", names[value]) if value in used else names[value]
        outputs.append((name, value))
        used.add(value)
    return outputs
