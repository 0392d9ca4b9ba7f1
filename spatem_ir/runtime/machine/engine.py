"""The engines that execute cycles: what all of them do, which there are, and how one is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import SILENT, Messages

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.runtime.machine.execution import Execution
    from spatem_ir.runtime.machine.log import Watch


class Engine(Protocol):
    """A program with so many images, ready to be executed once.

    All engines give every event the same cycle.
    """

    def run(self) -> Execution:
        """Execute all images.

        Raises:
            SpatemError: the program deadlocks, or there is not enough memory.
        """
        ...


Starter = Callable[[int, bool, Dispatch, "Watch | None"], Engine]
"""An engine for an elaborated program, a number of images in flight, with a critical path or not.

The critical path may also be there if it was not asked for.  Crossbars run their visits as the
dispatch says.  What is watched, if anything, is logged.
"""


class Executor(Protocol):
    """What executes a program as often as it is asked to."""

    def __call__(
        self, images: int, dispatch: Dispatch = Dispatch.STATIC, log: Watch | None = None
    ) -> Execution:
        """Execute so many images in flight; crossbars run their visits as `dispatch` says.

        The execution has a log of what `log` watches.
        """
        ...


@dataclass(frozen=True)
class EngineKind:
    """An engine by its name.

    `elaborate` makes its tables of a module at level `ou`, once for all numbers of images; it gets
    who is told of the progress, and if the engine has to be compiled first.
    `module` is the Python module that it needs, in the extra of the same name as the engine; it
    executes at most `most_visits` in reasonable time and memory (minutes, gigabytes).
    """

    name: str
    elaborate: Callable[[ModuleOp, Messages], Starter]
    module: str | None = None
    most_visits: int | None = None

    @property
    def is_installed(self) -> bool:
        """Whether what it needs is installed."""
        return self.module is None or find_spec(self.module) is not None

    @property
    def remedy(self) -> str:
        """What brings what it needs."""
        return f"install the extra {self.name}: pip install 'spatem-ir[{self.name}]'"


def _fast(module: ModuleOp, say: Messages) -> Starter:
    from spatem_ir.runtime.machine.fast.elaborate.program import fast_program_of
    from spatem_ir.runtime.machine.fast.engine import FastEngine

    program = fast_program_of(module)
    return lambda images, trace, dispatch, log: FastEngine(
        program, images, dispatch=dispatch, trace=trace, log=log, say=say
    )


def _reference(module: ModuleOp, say: Messages) -> Starter:
    from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
    from spatem_ir.runtime.machine.reference.program import program_of

    program = program_of(module)
    return lambda images, _, dispatch, log: ReferenceEngine(
        program, images, dispatch=dispatch, log=log, progress=say.progress
    )


ENGINES = {
    kind.name: kind
    for kind in (
        EngineKind("fast", _fast, module="numba"),
        EngineKind("reference", _reference, most_visits=1_000_000),
    )
}
"""The engines by name, the preferred one first."""


def default_engine() -> str:
    """The name of the first engine that is installed: the fast one needs numba."""
    return next(name for name, kind in ENGINES.items() if kind.is_installed)


def executor(
    engine: str,
    module: ModuleOp,
    *,
    source: str,
    most_images: int = 1,
    trace: bool = False,
    say: Messages = SILENT,
) -> Executor:
    """What executes so many images in flight of a module at level `ou`.

    `source` is the name of the network in messages, `most_images` the most images that will be
    executed at once: of so many the execution has a critical path if `trace` asks for it.  `say`
    is told of the progress, and if the engine has to be compiled first.

    Raises:
        SpatemError: the engine is unknown or not installed, or the program is too large for it.
            What executes raises it if a buffer overflows (rule R10), unless the program is
            unbounded.
    """
    from spatem_ir.dialects.hw import accelerator_of
    from spatem_ir.runtime.machine.reference.program import only_stage, visits_of

    kind = ENGINES.get(engine)
    if kind is None:
        raise SpatemError(f"unknown engine '{engine}'; there are {', '.join(ENGINES)}")
    if not kind.is_installed:
        raise SpatemError(f"--engine {engine} needs {kind.module}; {kind.remedy}")
    better = next(iter(ENGINES.values()))
    if not better.is_installed:
        say.note(
            f"the {engine} engine gives the same cycles as the {better.name} one, but takes much "
            f"longer; {better.remedy}"
        )
    if kind.most_visits is not None:
        visits = visits_of(module)
        if visits * most_images > kind.most_visits:
            raise SpatemError(
                f"{source}: the program has {visits} visits, the {engine} engine executes at most "
                f"{kind.most_visits}; use --engine fast or none, a smaller chip or fewer copies"
            )
    start = kind.elaborate(module, say)
    is_bounded = only_stage(module).unbounded is None

    def execute(
        images: int, dispatch: Dispatch = Dispatch.STATIC, log: Watch | None = None
    ) -> Execution:
        execution = start(images, trace and images == most_images, dispatch, log).run()
        if is_bounded:
            execution.buffers.check(accelerator_of(module).components.memory, images)
        return execution

    return execute
