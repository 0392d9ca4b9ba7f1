"""Rules of which there are two, by whether crossbars choose their visits (R11), for numba."""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.extending import overload

from spatem_ir.runtime.machine.fast.rules.events import INLINED
from spatem_ir.runtime.machine.fast.tables import State

STATE, FREEDOM = 2, State._fields.index("freedom")
"""Which argument of a rule is the state, and which of its entries says whether crossbars choose."""


def either(in_order: Any, free: Any) -> Any:
    """A compiled function that is one of two, which take the same arguments.

    Which one it is follows from the type of the state, so that the other one need not be compiled.
    """

    def rule(*_: Any) -> None:
        """Stands for the function in the code that calls it."""

    def chosen(*arguments: types.Type) -> Any:
        state: Any = arguments[STATE]
        return (free if len(state.types[FREEDOM]) else in_order).py_func

    overload(rule, jit_options=INLINED, strict=False)(chosen)
    return rule
