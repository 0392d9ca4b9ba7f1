"""Strategies as random deployments use them."""

from __future__ import annotations

from spatem_ir.passes.partition.register import strategy_names, strategy_type

ANYWHERE = [name for name in strategy_names() if name != "ntu"]
"""The strategies for any machine that is large enough: `ntu` needs PEs for each layer."""


def dealt(strategy: str, deal: str) -> str:
    """A strategy that deals windows in a way, if it leaves that open; a search is a short one."""
    options = strategy_type(strategy).options()
    if "effort" in options:
        return f"{strategy}{{effort=0}}"
    return f"{strategy}{{deal={deal}}}" if "deal" in options else strategy
