"""Lowering to level `ou`, from whatever level a module is at."""

from __future__ import annotations

from collections.abc import Callable, Collection

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import PassPipeline
from xdsl.universe import Universe
from xdsl.utils.arg_spec import parse_pipeline
from xdsl.utils.exceptions import ArgSpecParseError

from spatem_ir.dialects.level import Level, level_of
from spatem_ir.support.errors import SpatemError

PIPELINE = {
    Level.CNN: "partition",
    Level.MVM: "pack",
    Level.VXB: "assign",
    Level.PXB: "order",
}
"""The pass that lowers each level to the next."""


def remaining_pipeline(level: Level, strategy: str | None, until: Level = Level.OU) -> str:
    """The passes that lead from a level to a lower one.

    `strategy` is that of partition, whose other options may follow: ``spatem{slack=0.25}``.
    """
    levels = list(Level)
    passes = [PIPELINE[step] for step in levels[levels.index(level) : levels.index(until)]]
    if strategy is not None and "partition" in passes:
        name, _, options = strategy.removesuffix("}").partition("{")
        passes[0] = f"partition{{{f'strategy={name} {options}'.rstrip()}}}"
    return ",".join(passes)


def pipeline_error(error: BaseException) -> str:
    """What is wrong with a pipeline, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def check_passes(pipeline: str, known: Collection[str]) -> None:
    """Check the names of the passes of a pipeline.

    Raises:
        SpatemError: the pipeline cannot be read, or a pass is not known.
    """
    try:
        names = [spec.name for spec in parse_pipeline(pipeline)]
    except (Exception, ArgSpecParseError) as error:
        raise SpatemError(f"--pass-pipeline '{pipeline}': {pipeline_error(error)}") from error
    for name in names:
        if name not in known:
            ours = ", ".join([*PIPELINE.values(), "expand-ou"])
            raise SpatemError(f"unknown pass '{name}'; to lower a network: {ours} (see --help)")


def run_pipeline(
    context: Context,
    module: ModuleOp,
    pipeline: str,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Run passes on a module, verifying before the first and after each.

    Raises:
        SpatemError: a pass or one of its options is not known.
    """

    def between(_previous: object, verified: ModuleOp, following: object) -> None:
        verified.verify()
        if following is not None:
            progress(f"pass {following.name}")  # type: ignore[attr-defined]

    known = Universe.get_multiverse().all_passes
    check_passes(pipeline, known)
    try:
        passes = PassPipeline.parse_spec(known, pipeline, between)
    except (Exception, ArgSpecParseError) as error:
        raise SpatemError(f"--pass-pipeline '{pipeline}': {pipeline_error(error)}") from error
    passes.apply(context, module)


def lower(
    context: Context,
    module: ModuleOp,
    strategy: str | None,
    progress: Callable[[str], None] = lambda _: None,
    until: Level = Level.OU,
) -> None:
    """Lower a module with the passes that it still needs to reach a level."""
    run_pipeline(context, module, remaining_pipeline(level_of(module), strategy, until), progress)
