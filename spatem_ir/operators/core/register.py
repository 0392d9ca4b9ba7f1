"""The register of operators: those of this package, and those of others.

Another package adds one by an entry point of the group `spatem_ir.operators`, whose object is an
:class:`~spatem_ir.operators.core.operator.Operator`.  Nothing is imported before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

from xdsl.ir import Dialect, Operation

from spatem_ir import operators as package
from spatem_ir.dialects.cnn import CNN_ATTRIBUTES, CNN_OPERATIONS
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.support.errors import SpatemError

GROUP = "spatem_ir.operators"
"""The group of entry points by which other packages add operators."""


@cache
def operators() -> tuple[Operator, ...]:
    """All operators.

    Raises:
        SpatemError: an entry point is no operator, or two operators have the same op or the same
            name in ONNX.
    """
    found = [import_module(f"{package.__name__}.{name}").OPERATOR for name in _modules()]
    taken = {name for operator in found for name in _names(operator)}
    for entry in entry_points(group=GROUP):
        where = f"operator {entry.name} ({entry.value})"
        try:
            operator = entry.load()
        except Exception as error:
            raise SpatemError(f"{where} cannot be loaded: {error}") from error
        if not isinstance(operator, Operator):
            raise SpatemError(f"{where} is no Operator")
        if not operator.op.name.startswith("cnn."):
            raise SpatemError(f"{where}: its op is '{operator.op.name}'; call it cnn.…")
        for name in _names(operator):
            if name in taken:
                raise SpatemError(f"{where}: there is another operator for '{name}'")
            taken.add(name)
        found.append(operator)
    return tuple(found)


def _modules() -> Iterator[str]:
    """The names of the modules of this package that hold an operator."""
    return (module.name for module in iter_modules(package.__path__) if not module.ispkg)


def _names(operator: Operator) -> list[str]:
    return [operator.op.name, *operator.onnx]


@cache
def _by_op() -> Mapping[type[Operation], Operator]:
    return {operator.op: operator for operator in operators()}


@cache
def imports() -> Mapping[str, Import]:
    """What becomes of each operator of ONNX, by its name."""
    return {name: made for operator in operators() for name, made in operator.onnx.items()}


def operator_of(op: Operation) -> Operator:
    """The record of an op.

    Raises:
        SpatemError: it has none.
    """
    try:
        return _by_op()[type(op)]
    except KeyError:
        raise SpatemError(f"{op.name}: is no operator that is known") from None


def cnn_dialect() -> Dialect:
    """The `cnn` dialect, with the ops of all operators."""
    ops = [operator.op for operator in operators() if operator.op.name.startswith("cnn.")]
    return Dialect("cnn", [*CNN_OPERATIONS, *ops], CNN_ATTRIBUTES)
