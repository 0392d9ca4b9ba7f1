"""Which rules execute which kinds of components.

Kinds that differ in what they say of themselves (:mod:`spatem_ir.hardware.components`) need none of
their own.  Others name the package that holds them (:attr:`Component.rules`), whose module `fast`
adds them to :data:`kind_rules.RULES`.
"""

from __future__ import annotations

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
from spatem_ir.runtime.machine.fast.tables import EachCrossbar

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
