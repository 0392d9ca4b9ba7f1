"""Rules of which there are several, by the kind of compute units and the dispatch, for numba."""

from __future__ import annotations

from typing import Any, NamedTuple

from numba.core import types
from numba.extending import overload

from spatem_ir.runtime.machine.fast.records import POOL_TASK
from spatem_ir.runtime.machine.fast.rules.events import INLINED, inlined, request
from spatem_ir.runtime.machine.fast.rules.kinds import PROCESS
from spatem_ir.runtime.machine.fast.tables import State

STATE = 2
"""Which argument of a rule is the state."""

FREEDOM, KIND = State._fields.index("freedom"), State._fields.index("kind")
"""Which entries of the state say whether crossbars choose (R11), and what kind of CUs there are."""


@inlined
def request_units(machine, tables, state, number, key):
    """R6: a digital operator asks for the pooling or activation units of its PE."""
    task = tables.tasks[number]
    pooling = task.kind == POOL_TASK
    first = machine.first_pooling if pooling else machine.first_activation
    request(machine, state, first + task.pe, key, PROCESS, number, key)


@inlined
def task_ended(machine, tables, state, number, key):
    """R6: what a digital operator makes is in the buffer of its PE at once."""
    return True


@inlined
def nothing_follows(machine, tables, state, kind, number, key):
    """There are no other events."""


@inlined
def nothing_is_served(machine, tables, state, kind, number, key, rank):
    """There are no other requests."""


class CrossbarRules(NamedTuple):
    """How crossbars work (R1 to R4): functions for numba, all of (machine, tables, state, …).

    Attributes:
        go_on: (kind, number, key): what follows an event READY, END or PROCEED.
        choose: (): after all events of a cycle crossbars choose; False if a pool has to grow first.
        came: (waiter): all pieces of an operand are there for which a crossbar waits.
        met: (waiter, entry): a window may begin that waited, or waits for more, from an entry on.
        fetch: (number, rank): a fetch is granted.
        work: (number, key): a digital operator, of that number, begins: its inputs are there.
        worked: (number, key): it has ended; whether its result is in the buffer at once.
        follow: (kind, number, key): an event of a kind that only these rules know.
        serve: (kind, number, key, rank): a request of such a kind is granted.
    """

    go_on: Any
    choose: Any
    came: Any
    met: Any
    fetch: Any
    work: Any = request_units
    worked: Any = task_ended
    follow: Any = nothing_follows
    serve: Any = nothing_is_served


RULES: dict[tuple[type, bool], CrossbarRules] = {}
"""The rules by what the state's `kind` is an instance of, and whether crossbars choose."""


def rule(name: str) -> Any:
    """The compiled function that is the rule with a name, of :class:`CrossbarRules`.

    Which one it is follows from the type of the state, so that others need not be compiled.
    """
    field = CrossbarRules._fields.index(name)

    def stands(*_: Any) -> None:
        """Stands for the function in the code that calls it."""

    def chosen(*arguments: types.Type) -> Any:
        state: Any = arguments[STATE]
        key = state.types[KIND].instance_class, len(state.types[FREEDOM]) > 0
        return RULES[key][field].py_func

    overload(stands, jit_options=INLINED, strict=False)(chosen)
    return stands
