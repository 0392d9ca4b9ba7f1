"""Traits of our ops."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.ir import Operation
from xdsl.traits import OpTrait
from xdsl.utils.exceptions import VerifyException


@dataclass(frozen=True)
class HasParentNamed(OpTrait):
    """The op stands in an op of one of these names, whose class need not be known."""

    names: tuple[str, ...]

    def __init__(self, *names: str):
        object.__setattr__(self, "names", names)

    def verify(self, op: Operation) -> None:
        parent = op.parent_op()
        if parent is None or parent.name in self.names:
            return
        names = ", ".join(f"'{name}'" for name in self.names)
        several = "to be one of " if len(self.names) > 1 else ""
        raise VerifyException(f"'{op.name}' expects parent op {several}{names}")
