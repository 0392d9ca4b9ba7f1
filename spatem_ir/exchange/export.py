"""Export of a network: from `cnn.network` to an ONNX model."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.printer import Printer

from spatem_ir.dialects.cnn import NetworkOp, OutputOp
from spatem_ir.operators.core.register import operator_of
from spatem_ir.operators.onnx_export.graph import GraphBuilder
from spatem_ir.operators.onnx_export.nodes import value_info
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from onnx import ModelProto

    from spatem_ir.weights.store import ParameterStore


def export_network(
    network: NetworkOp, store: ParameterStore, *, all_values: bool = False
) -> ModelProto:
    """An ONNX model that computes what a network computes, for any number of images.

    Its tensors have the names of the network's SSA values.  Its outputs are those of the network,
    or with `all_values` the results of all ops, in network order.

    Raises:
        SpatemError: no ONNX operators compute what an op computes, or parameters are missing.
    """
    block = network.body.block
    names = value_names(network)
    graph = GraphBuilder(store, set(names.values()))
    results: list[SSAValue] = []
    for op in block.ops:
        if isinstance(op, OutputOp):
            continue
        export = operator_of(op).export
        if export is None:
            raise SpatemError(f"{op.name}: no ONNX operators are known for it")
        (result,) = op.results
        symbol = op.properties.get("sym_name")
        graph.scope = symbol.data if isinstance(symbol, StringAttr) else names[result]
        last = export(op, graph, [names[operand] for operand in op.operands])
        graph.name_last(last, names[result])
        results.append(result)
    outputs = [(names[value], value) for value in results]
    if not all_values:
        outputs = _network_outputs(network, graph, names)
    return graph.model(
        network.sym_name.data,
        [value_info(names[argument], argument.type) for argument in block.args],
        [value_info(name, value.type) for name, value in outputs],
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
