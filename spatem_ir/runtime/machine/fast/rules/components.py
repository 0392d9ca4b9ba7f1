"""Which rules execute which kinds of components.

Kinds that differ in what they say of themselves (:mod:`spatem_ir.hardware.components`) need none of
their own.  Compute units with rules of their own name the package that holds them
(:attr:`Component.rules`), whose module `fast` adds them to :data:`kind_rules.RULES`.
"""

from __future__ import annotations

from collections.abc import Callable

from spatem_ir.hardware.accumulation.accumulation import Accumulation
from spatem_ir.hardware.compute_unit.compute_unit import ComputeUnits
from spatem_ir.runtime.machine.fast.rules.crossbars import (
    asked_came,
    asked_waits,
    go_on_in_order,
    grant_fetch,
    no_choices,
)
from spatem_ir.runtime.machine.fast.rules.free_crossbars import (
    go_on_freely,
    head_came,
    head_waits,
    make_choices,
)
from spatem_ir.runtime.machine.fast.rules.kind_rules import RULES, CrossbarRules
from spatem_ir.runtime.machine.fast.rules.loop import compiled_loop
from spatem_ir.runtime.machine.fast.tables import EachCrossbar

Loop = Callable[..., bool]
"""What executes until nothing is left to happen (True) or a pool has to grow (False)."""

LOOPS: dict[tuple[type[ComputeUnits], type[Accumulation]], Callable[[str], Loop]] = {}
"""By the kinds of compute units and accumulation: what compiles their event loop (with numba).

It takes a digest of the engine's source files, of which each has a loop of its own.
"""


def loop_of(units: type[ComputeUnits], accumulation: type[Accumulation], digest: str) -> Loop:
    """The event loop for these kinds of components."""
    return LOOPS.get((units, accumulation), compiled_loop)(digest)


RULES[EachCrossbar, False] = CrossbarRules(
    go_on=go_on_in_order,
    choose=no_choices,
    came=asked_came,
    met=asked_waits,
    fetch=grant_fetch,
)
RULES[EachCrossbar, True] = CrossbarRules(
    go_on=go_on_freely,
    choose=make_choices,
    came=head_came,
    met=head_waits,
    fetch=grant_fetch,
)
