"""From a network to a verified deployment on an accelerator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.level import Level
from spatem_ir.driver.deployment import Deployment
from spatem_ir.driver.pipeline import (
    passes_of,
    read_settings,
    remaining_pipeline,
    run_pipeline,
    with_images,
    with_settings,
)
from spatem_ir.driver.sources import Source, chosen_accelerator, read_source
from spatem_ir.frontend.load import ImportOptions
from spatem_ir.hardware.accelerator import Accelerator, doubts
from spatem_ir.hardware.overrides import Key, overridden
from spatem_ir.hardware.parameters import Value
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import SILENT, Messages, told


def compile_network(
    network: str | Path | ModuleOp,
    accelerator: str | Path | Accelerator | None = None,
    *,
    strategy: str | None = None,
    passes: str | None = None,
    settings: Iterable[str] = (),
    level: Level | str = Level.OU,
    importing: ImportOptions | None = None,
    changes: Mapping[Key, Value] | None = None,
    say: Messages = SILENT,
) -> Deployment:
    """Compile a network for an accelerator, and verify the deployment.

    Args:
        network: A name that `spatem-run --list` prints, an .onnx or an .mlir file, or a module in
            memory, which is lowered in place.
        accelerator: A preset, a TOML file, or a description; by default the one on the module,
            otherwise the default preset.
        strategy: How `partition` cuts, with options if wanted: ``spatem{deal=blocks}``.
        passes: Passes to run in place of the usual ones, as ``partition,my-pack{row=2}``; what they
            leave above `level` is lowered by the usual ones.
        settings: Further options of passes, the usual ones or those of `passes`, each as
            ``order{buffers=ignore}``.
        level: How far the network is lowered: cnn, mvm, vxb, pxb or ou.
        importing: How a network is imported and quantised.
        changes: Parameters of the accelerator with other values, by (group, name).
        say: Who is told of the progress.

    Raises:
        SpatemError: anything about the input that is wrong, or the network does not fit.
        ParseError: an .mlir file holds no IR.
        VerifyException: IR, given or left behind by a pass, breaks a rule of its level.
    """
    say.step(f"reading {network if not isinstance(network, ModuleOp) else 'the module'}")
    with told(say):
        source = read_source(network, importing)
    source.put_on(overridden(chosen_accelerator(source.module, accelerator), changes or {}))
    tell_doubts([*doubts(source.accelerator), *source.prepared.doubts], say)
    return deploy(
        source,
        strategy=strategy,
        passes=passes,
        settings=settings,
        level=Level(level),
        say=say,
    )


def tell_doubts(found: Iterable[str], say: Messages) -> None:
    """Tell what is probably not meant."""
    for doubt in found:
        say.note(f"warning: {doubt}")


def check_lowering(source: Source, strategy: str | None, passes: str | None, level: Level) -> None:
    """Check, before long work, that a source can be lowered as it is asked for.

    Raises:
        SpatemError: it is below `level` already, or partitioned although a strategy is named, or
            `strategy` and `passes` contradict each other.
    """
    if strategy is not None and passes is not None:
        raise SpatemError(
            "--strategy is an option of partition: write it in the pass pipeline, as "
            f"partition{{strategy={strategy}}}, and leave --strategy out"
        )
    if strategy is not None and level is Level.CNN:
        raise SpatemError("--strategy has no effect at --level cnn: nothing is partitioned")
    if strategy is not None and source.level is not Level.CNN:
        raise SpatemError(f"{source.given}: is partitioned already; leave --strategy out")
    _check_not_below(source, level, f"{source.given}: is at level")


def _check_not_below(source: Source, level: Level, what: str) -> None:
    levels = list(Level)
    if levels.index(source.level) > levels.index(level):
        raise SpatemError(f"{what} {source.level}; --level {level} is above that")


def deploy(
    source: Source,
    *,
    strategy: str | None = None,
    passes: str | None = None,
    settings: Iterable[str] = (),
    level: Level = Level.OU,
    images: int = 1,
    say: Messages = SILENT,
) -> Deployment:
    """Lower a source's module in place, and verify the deployment at level `ou`.

    The arguments are those of :func:`compile_network`; `images` are in flight when it is executed.

    Raises:
        SpatemError: `strategy`, `passes`, `settings` or `level` do not suit, or the network
            does not fit.
        VerifyException: IR that a pass leaves behind breaks a rule, or the program cannot be
            executed: it deadlocks, or a buffer overflows.
    """
    check_lowering(source, strategy, passes, level)
    own = [] if passes is None else passes_of(passes)
    usual = passes_of(remaining_pipeline(source.level, strategy, level))
    more = read_settings(settings, ",".join([*own, *usual]))
    given, ran = source.module.clone(), []
    with source.store.in_use(), told(say):
        if passes is not None:
            passes = with_images(with_settings(passes, more), images)
            run_pipeline(source.context, source.module, passes, say.step)
            ran += passes_of(passes)
            _check_not_below(source, level, "--pass-pipeline ends at level")
        rest = with_settings(remaining_pipeline(source.level, strategy, level), more)
        rest = with_images(rest, images)
        run_pipeline(source.context, source.module, rest, say.step)
        ran += passes_of(rest)
        if source.level is Level.OU:
            say.step("verifying the deployment")
            VerifyDeploymentPass().apply(source.context, source.module)
    return Deployment(source, given, tuple(ran))
