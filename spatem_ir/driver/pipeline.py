"""Pipelines of passes: the usual one, what is left of it, and a user's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from typing import NamedTuple

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import PassPipeline
from xdsl.universe import Universe
from xdsl.utils.arg_spec import ArgSpec, parse_pipeline
from xdsl.utils.exceptions import ArgSpecParseError

from spatem_ir.dialects.level import Level
from spatem_ir.passes.partition.following import followed_by, passes_after_partition
from spatem_ir.passes.partition.register import default_strategy, strategy_spec, strategy_type
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import silent
from spatem_ir.support.pass_text import check_options_once


class Lowering(NamedTuple):
    """A pass of the usual pipeline, and the level at which it leaves a module."""

    name: str
    level: Level


PIPELINE = (
    Lowering("partition", Level.MVM),
    Lowering("pack", Level.VXB),
    Lowering("assign", Level.PXB),
    Lowering("order", Level.OU),
)
"""The passes that lower a network, in order; several may leave a module at the same level."""


def remaining_pipeline(level: Level, strategy: str | None = None, until: Level = Level.OU) -> str:
    """The usual passes that lead from a level to a lower one.

    Args:
        level: The level at which the module is.
        strategy: That of partition, whose other options may follow: ``spatem{deal=blocks}``.
        until: The level to be reached.

    Raises:
        SpatemError: `strategy` is neither a name nor a name and options in braces.
    """
    levels = list(Level)
    wanted = levels[levels.index(level) + 1 : levels.index(until) + 1]
    passes = [ArgSpec(step.name, {}) for step in PIPELINE if step.level in wanted]
    if strategy is not None and passes and passes[0].name == "partition":
        chosen = strategy_spec(strategy)
        passes[0] = ArgSpec("partition", {"strategy": (chosen.name,), **chosen.parameters})
    return ",".join(map(pass_text, passes))


def strategy_of(pipeline: str, default: str) -> str | None:
    """The strategy with which a pipeline partitions, with further options as they were given.

    None if it does not partition; `default` is the strategy where it names none.
    """
    for spec in _specs(pipeline):
        if spec.name == "partition":
            options = dict(spec.parameters)
            (name,) = options.pop("strategy", (default,))
            return pass_text(ArgSpec(str(name), options))
    return None


def with_images(pipeline: str, images: int) -> str:
    """A pipeline whose strategy knows how many images will be in flight, if it is one that asks."""
    found = []
    for spec in _specs(pipeline):
        parameters = dict(spec.parameters)
        if spec.name == "partition" and images > 1 and "images" not in parameters:
            (name,) = parameters.get("strategy", (default_strategy(),))
            if "images" in {field.name for field in fields(strategy_type(str(name)))}:
                parameters["images"] = (images,)
        found.append(pass_text(ArgSpec(spec.name, parameters)))
    return ",".join(found)


def with_settings(pipeline: str, settings: Mapping[str, ArgSpec]) -> str:
    """A pipeline whose passes have further options, by name of pass.

    Raises:
        SpatemError: the pipeline gives a pass one of these options already.
    """
    found = []
    for spec in _specs(pipeline):
        more = settings[spec.name].parameters if spec.name in settings else {}
        for option in more.keys() & spec.parameters.keys():
            raise SpatemError(
                f"--set gives {spec.name} the option '{option}', which has a value already; "
                "leave one of them out"
            )
        found.append(pass_text(ArgSpec(spec.name, {**spec.parameters, **more})))
    return ",".join(found)


def read_settings(texts: Iterable[str], pipeline: str) -> dict[str, ArgSpec]:
    """Further options of passes, as ``order{buffers=ignore}``, by name of pass.

    `pipeline` are the passes that may run.

    Raises:
        SpatemError: a text is no pass with options, or the pass does not run; or two texts give it
            one option.
    """
    found: dict[str, ArgSpec] = {}
    running = [spec.name for spec in _specs(pipeline)]
    for text in texts:
        check_options_once(text)
        try:
            (spec,) = parse_pipeline(text)
        except (Exception, ArgSpecParseError) as error:
            raise SpatemError(f"--set '{text}': write it as order{{buffers=ignore}}") from error
        if not spec.parameters:
            raise SpatemError(
                f"--set '{text}': names no option; write it as {text}{{option=value}}"
            )
        if spec.name not in running:
            raise SpatemError(
                f"--set '{text}': {spec.name} does not run here; these do: {', '.join(running)}"
            )
        before = found.get(spec.name, ArgSpec(spec.name, {})).parameters
        for option in before.keys() & spec.parameters.keys():
            raise SpatemError(f"--set gives {spec.name} the option '{option}' twice")
        found[spec.name] = ArgSpec(spec.name, {**before, **spec.parameters})
    return found


def passes_of(pipeline: str) -> list[str]:
    """The passes of a pipeline with their options, each a pipeline of its own.

    Raises:
        SpatemError: the pipeline cannot be read.
    """
    return [pass_text(spec) for spec in _specs(pipeline)]


def _specs(pipeline: str) -> list[ArgSpec]:
    check_options_once(pipeline)
    try:
        return list(parse_pipeline(pipeline))
    except (Exception, ArgSpecParseError) as error:
        raise SpatemError(f"--pass-pipeline '{pipeline}': {pipeline_error(error)}") from error


def pass_text(spec: ArgSpec) -> str:
    """A pass as a person writes it: strings are quoted only where they must be."""
    options = [
        key if not values else f"{key}={','.join(map(_value_text, values))}"
        for key, values in spec.parameters.items()
    ]
    return f"{spec.name}{{{' '.join(options)}}}" if options else spec.name


def _value_text(value: object) -> str:
    if isinstance(value, str):
        return value if re.fullmatch(r"[A-Za-z_][\w-]*", value) else f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def pipeline_error(error: BaseException) -> str:
    """What is wrong with a pipeline, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def check_passes(pipeline: str, known: Collection[str]) -> None:
    """Check the names of the passes of a pipeline.

    Raises:
        SpatemError: the pipeline cannot be read, a pass is not known, or an option has an old name.
    """
    for spec in _specs(pipeline):
        if spec.name not in known:
            ours = ", ".join([*(step.name for step in PIPELINE), "expand-ou"])
            raise SpatemError(
                f"unknown pass '{spec.name}'; to lower a network: {ours} (see --help)"
            )
        if spec.name in ("pack", "assign", "order") and "strategy" in spec.parameters:
            raise SpatemError(
                f"{spec.name}: there is no option 'strategy', which is partition's; write 'method'"
            )


def run_pipeline(
    context: Context, module: ModuleOp, pipeline: str, progress: Callable[[str], None] = silent
) -> None:
    """Run passes on a module, verifying before the first and after each.

    Raises:
        SpatemError: a pass or one of its options is not known, or a pass cannot do its work.
        VerifyException: a pass leaves IR behind that breaks a rule of its level.
    """

    def between(_previous: object, verified: ModuleOp, following: object) -> None:
        verified.verify()
        if following is not None:
            progress(f"pass {following.name}")  # type: ignore[attr-defined]

    known = Universe.get_multiverse().all_passes
    check_passes(pipeline, known)
    try:
        passes = PassPipeline.parse_spec(known, pipeline, between)
        following = passes_after_partition(passes.passes)
    except SpatemError:
        raise
    except (Exception, ArgSpecParseError) as error:
        raise SpatemError(f"--pass-pipeline '{pipeline}': {pipeline_error(error)}") from error
    with followed_by(following):
        passes.apply(context, module)
