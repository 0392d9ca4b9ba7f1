"""The engines that execute cycles: which there are, and how a run uses them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from spatem_ir.driver.messages import silent
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

    from spatem_ir.runtime.machine.reference.engine import Execution

ENGINES = ("fast", "reference", "none")
"""What `--engine` can say; none reports what needs no cycles."""

MOST_VISITS = 1_000_000
"""Visits that the reference engine executes in reasonable time and memory (minutes, gigabytes)."""


def default_engine() -> str:
    """The fast engine if numba is installed, which it needs."""
    return "fast" if find_spec("numba") is not None else "reference"


def engine_for(
    engine: str,
    source: str,
    module: ModuleOp,
    most_images: int,
    *,
    trace: bool = False,
    note: Callable[[str], None] = silent,
) -> Callable[[int], Execution]:
    """What executes so many images in flight of a module at level `ou`.

    `source` is the name of the network in messages, `most_images` the most images that will be
    executed at once: of so many the execution has a critical path if `trace` asks for it.  `note`
    is told if the engine has to be compiled first.

    Raises:
        SpatemError: numba is not installed, or the program is too large for the reference engine.
            What executes raises it if a buffer overflows (rule R10), unless the program is
            unbounded.
    """
    from spatem_ir.dialects.hw import accelerator_of
    from spatem_ir.runtime.machine.reference.program import only_stage

    run = _engine(engine, source, module, most_images, trace, note)
    if only_stage(module).unbounded is not None:
        return run

    def checked(images: int) -> Execution:
        execution = run(images)
        execution.buffers.check(accelerator_of(module).pe.buffer_bytes, images)
        return execution

    return checked


def _engine(
    engine: str,
    source: str,
    module: ModuleOp,
    most_images: int,
    trace: bool,
    note: Callable[[str], None],
) -> Callable[[int], Execution]:
    if engine == "fast":
        if find_spec("numba") is None:
            raise SpatemError("--engine fast needs numba; install the extra fast: spatem-ir[fast]")
        from spatem_ir.runtime.machine.fast.elaborate.program import fast_program_of
        from spatem_ir.runtime.machine.fast.engine import FastEngine
        from spatem_ir.runtime.machine.fast.warm_up import compilation_noted

        fast_program = fast_program_of(module)

        def run(images: int) -> Execution:
            with compilation_noted(note):
                traced = trace and images == most_images
                return FastEngine(fast_program, images, trace=traced).run()

        return run
    from spatem_ir.runtime.machine.reference.engine import ReferenceEngine
    from spatem_ir.runtime.machine.reference.program import program_of, visits_of

    visits = visits_of(module)
    if visits * most_images > MOST_VISITS:
        raise SpatemError(
            f"{source}: the program has {visits} visits, the reference engine executes at most "
            f"{MOST_VISITS}; use --engine fast or none, a smaller chip or fewer copies"
        )
    program = program_of(module)
    return lambda images: ReferenceEngine(program, images).run()
