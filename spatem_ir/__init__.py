"""SPATEM: a multi-level compiler and simulator for operation-unit based ReRAM accelerators.

The Python interface; docs/python.md shows it::

    import spatem_ir as sp

    deployment = sp.compile("net.onnx", accelerator="isaac-ou", strategy="spatem")
    simulation = deployment.simulate(images=2)
    print(simulation.latency_cycles, deployment.run(images))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spatem_ir.dialects.level import Level
    from spatem_ir.driver.compile import compile_network as compile
    from spatem_ir.driver.deployment import Deployment
    from spatem_ir.driver.simulation import Simulation
    from spatem_ir.frontend.load import network_names
    from spatem_ir.frontend.options import ImportOptions
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.hardware.loader import load_accelerator, preset_names
    from spatem_ir.passes.partition.register import strategy_names
    from spatem_ir.support.errors import SpatemError
    from spatem_ir.support.messages import Messages

__version__ = "0.1.0"

__all__ = [
    "Accelerator",
    "Deployment",
    "ImportOptions",
    "Level",
    "Messages",
    "Simulation",
    "SpatemError",
    "compile",
    "load_accelerator",
    "network_names",
    "preset_names",
    "strategy_names",
]

_HOMES = {
    "Accelerator": "hardware.accelerator",
    "Deployment": "driver.deployment",
    "ImportOptions": "frontend.options",
    "Level": "dialects.level",
    "Messages": "support.messages",
    "Simulation": "driver.simulation",
    "SpatemError": "support.errors",
    "compile": "driver.compile:compile_network",
    "load_accelerator": "hardware.loader",
    "network_names": "frontend.load",
    "preset_names": "hardware.loader",
    "strategy_names": "passes.partition.register",
}
"""Where each name is defined, under another name if one follows; imported when it is asked for."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from importlib import import_module

    module, _, own = _HOMES[name].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), own or name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
