"""A compiled network: its IR, its cycles on the machine, its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.level import Level
from spatem_ir.dialects.mvm import network_of
from spatem_ir.driver.display import Fact, as_html, as_text
from spatem_ir.driver.pipeline import strategy_of
from spatem_ir.driver.simulation import Simulation, simulated
from spatem_ir.driver.sources import Source
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.passes.partition.register import default_strategy
from spatem_ir.runtime.machine.dispatch import dispatch_named
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import SILENT, Messages


@dataclass(frozen=True, repr=False)
class Deployment:
    """A network on an accelerator, at some level of the IR.

    Attributes:
        source: The network, whose module has been lowered, with its parameters.
        given: The module as it was before any pass ran.
        passes: The passes that ran, in order, with their options.
    """

    source: Source
    given: ModuleOp
    passes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the network."""
        return self.source.name

    @property
    def module(self) -> ModuleOp:
        """The IR; ``print(deployment.module)`` shows it."""
        return self.source.module

    @property
    def level(self) -> Level:
        """How far the network is lowered."""
        return self.source.level

    @property
    def accelerator(self) -> Accelerator:
        """The accelerator that the network is compiled for."""
        return self.source.accelerator

    @property
    def strategy(self) -> str | None:
        """How `partition` cut the network; None if it did not run here."""
        return strategy_of(",".join(self.passes), default_strategy())

    def simulate(
        self,
        images: int = 1,
        *,
        engine: str | None = None,
        dispatch: str = "static",
        critical_path: bool = False,
        say: Messages = SILENT,
    ) -> Simulation:
        """Execute the deployment on the cycle-accurate model of the machine.

        Args:
            images: How many images are in flight when the interval is measured; latency, bytes
                and energy are of one image.
            engine: ``fast`` (the default if numba is installed) or ``reference``: the same cycles.
            dispatch: ``static``: crossbars run their programs in order; ``free``: they run whatever
                visit is ready, as hardware with dynamic dispatch would, which is compared with the
                static order.
            critical_path: Whether to find what the latency is spent on; of the last image.
            say: Who is told of the progress.

        Raises:
            SpatemError: the module is above level `ou`, or too much for the engine or the buffers,
                or there is no such dispatch.
        """
        if images < 1:
            raise SpatemError(f"images is {images}; it must be at least 1")
        if self.level is not Level.OU:
            raise SpatemError(f"{self.name} is at level {self.level}; only level ou has cycles")
        return simulated(
            self.source,
            images=images,
            engine=engine,
            dispatch=dispatch_named(dispatch),
            traced=critical_path,
            say=say,
        )

    def run(self, *inputs: ArrayLike) -> NDArray[Any] | list[NDArray[Any]]:
        """Compute outputs from the deployment: from programmed cells at level `vxb` and below.

        Args:
            inputs: For each input of the network an array [images, …] of codes (float32 where the
                input is float32), or of one image alone, without the first dimension.

        Returns:
            The output, with the first dimension if the inputs have it; a list if there are several.

        Raises:
            SpatemError: an input has a wrong shape, type or value.
        """
        from spatem_ir.runtime.interpreter import execute

        network = network_of(self.module)
        assert network is not None
        arrays = [np.asarray(each) for each in inputs]
        ranks = [len(shape_of(argument)) for argument in network.body.block.args]
        alone = [array.ndim for array in arrays] == ranks
        if alone:
            arrays = [array[None] for array in arrays]
        outputs = execute(self.module, arrays, self.source.store)
        if alone:
            outputs = [output[0] for output in outputs]
        return outputs[0] if len(outputs) == 1 else outputs

    def facts(self) -> list[Fact]:
        """What was compiled for what, by which passes."""
        return [
            ("network", self.name),
            ("accelerator", self.accelerator.name),
            ("level", str(self.level)),
            ("passes", ", ".join(self.passes) or "none"),
        ]

    def __repr__(self) -> str:
        return f"<Deployment: {self.name} on {self.accelerator.name}, level {self.level}>"

    def __str__(self) -> str:
        return as_text(self.facts())

    def _repr_html_(self) -> str:
        return as_html(self.facts())
