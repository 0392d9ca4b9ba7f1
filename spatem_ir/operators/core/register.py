"""The register of operators: one file each in `spatem_ir.operators`, and those of packages.

An installed package adds an operator by an entry point of the group ``spatem_ir.operators`` that
names its record.  Operators are imported when an op of the `cnn` dialect is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from xdsl.ir import Dialect, Operation

from spatem_ir import operators as package
from spatem_ir.dialects.cnn import CNN_ATTRIBUTES, CNN_OPERATIONS
from spatem_ir.operators.core.operator import Import, Operator
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.register import added_entries, loaded, package_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "spatem_ir.operators"
"""The group of entry points by which packages add operators."""

KIND = "cnn operator"
"""What messages call a record."""


@cache
def operators() -> tuple[Operator, ...]:
    """All operators: ours, then those of installed packages.

    Raises:
        SpatemError: what a package calls an operator is none, or two operators have the same op or
            the same name in ONNX.
    """
    ours = [module.name for module in iter_modules(package.__path__) if not module.ispkg]
    found = [import_module(f"{package.__name__}.{name}").OPERATOR for name in ours]
    taken = {name: "spatem-ir" for operator in found for name in _names(operator)}
    for entry in added_entries(GROUP, KIND, ours).values():
        operator = _added(entry)
        for name in _names(operator):
            if name in taken:
                raise SpatemError(
                    f"installed packages clash: {taken[name]} and {package_of(entry)} both have an "
                    f"operator for '{name}'; uninstall one of them"
                )
            taken[name] = package_of(entry)
        found.append(operator)
    return tuple(found)


def _added(entry: EntryPoint) -> Operator:
    """The operator that an entry point names.

    Raises:
        SpatemError: there is none.
    """
    operator = loaded(entry, KIND)
    if not isinstance(operator, Operator) or not operator.op.name.startswith("cnn."):
        raise SpatemError(
            f"{KIND} '{entry.name}' of {package_of(entry)}: {entry.value} must be an Operator "
            "whose op has a name that begins with cnn."
        )
    return operator


def _names(operator: Operator) -> list[str]:
    return [operator.op.name, *operator.onnx]


@cache
def imports() -> Mapping[str, Import]:
    """What becomes of each operator of ONNX, by its name."""
    return {name: made for operator in operators() for name, made in operator.onnx.items()}


@cache
def _by_op() -> Mapping[type[Operation], Operator]:
    return {operator.op: operator for operator in operators()}


def operator_of(op: Operation) -> Operator:
    """The record of an op.

    Raises:
        SpatemError: it has none.
    """
    operator = _by_op().get(type(op))
    if operator is None:
        raise SpatemError(f"{op.name}: is no operator of a network")
    return operator


def cnn_dialect() -> Dialect:
    """The `cnn` dialect, with the ops of all operators."""
    ops = [operator.op for operator in operators() if operator.op.name.startswith("cnn.")]
    return Dialect("cnn", [*CNN_OPERATIONS, *ops], CNN_ATTRIBUTES)
