"""`spatem-run`: compiles a network, executes it on the machine model and reports."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from spatem_ir import __version__
from spatem_ir.cli.analog import add_analog_arguments, analog_overrides
from spatem_ir.cli.completion import add_completion
from spatem_ir.cli.effects import check_alone, check_effects
from spatem_ir.cli.errors import raise_usage_errors, run_tool
from spatem_ir.cli.inputs import add_network_arguments, files_of, import_options
from spatem_ir.cli.pictures import (
    add_picture_arguments,
    check_pictures,
    picture_files,
    picture_paths,
)
from spatem_ir.cli.progress import ProgressLines
from spatem_ir.passes.partition.register import DEFAULT_STRATEGY, strategy_names
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.machine.engine import ENGINES, default_engine
from spatem_ir.search.strategy import PREFERENCES
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.files import check_outputs, write_together

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO, TypeVar

    from numpy.typing import NDArray

    from spatem_ir.driver.checks import ModelDifferences
    from spatem_ir.driver.run import RunOptions, RunResult
    from spatem_ir.driver.sweep import SweepResult
    from spatem_ir.support.files import Writer

    Result = TypeVar("Result", RunResult, SweepResult)

DESCRIPTION = """\
Compiles a network for an operation-unit based ReRAM accelerator, executes it and reports cycles,
traffic, utilisation and energy.  INPUT is the name of a network (--list), an .onnx model, or an
.mlir file at any level: what is not lowered yet is lowered."""

NAME_WIDTH, UNIT_WIDTH = 24, 13
"""The columns of names and units in lists."""

EPILOG = """\
examples:
  spatem-run lenet-digits --check onnxruntime --images 360
  spatem-run deepid --accelerator isaac-ou --check reference --json -
  spatem-run lenet-digits --adc-bits 3..6 --cell-sigma 0..0.3 --images 300
  spatem-run lenet --accelerator tiny --strategy minimum
  spatem-run lenet --pass-pipeline 'partition{strategy=isaac},pack,assign,order{buffers=ignore}'
  spatem-run lenet --set 'order{merge=pe}' --set 'assign{homes=tiles}'
  spatem-run deepid --critical-path
  spatem-run lenet-digits --report out.html
  spatem-run lenet-digits --trace out.pftrace --trace-layers conv2 --trace-pes 0..7"""


def argument_parser() -> argparse.ArgumentParser:
    """The command line of `spatem-run`."""
    parser = argparse.ArgumentParser(
        prog="spatem-run",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    raise_usage_errors(parser)
    parser.add_argument("--version", action="version", version=f"spatem-run {__version__}")
    add_completion(parser)
    parser.add_argument("input", metavar="INPUT", nargs="?", help="network name, .onnx or .mlir")
    parser.add_argument(
        "--list", action="store_true", help="list networks, accelerators, strategies and metrics"
    )
    parser.add_argument(
        "--list-operators",
        action="store_true",
        help="list the operators of ONNX, and what works on them, in Markdown",
    )
    parser.add_argument(
        "--print-preset",
        metavar="NAME",
        help="print the TOML file of an accelerator that ships with spatem-ir, with the sources of "
        "its values: a start for one of your own",
    )
    parser.add_argument(
        "--copy-examples",
        metavar="DIR",
        help="copy the examples that ship with spatem-ir (passes, accelerators, design spaces) "
        "into a new folder",
    )
    add_network_arguments(parser)
    parser.add_argument(
        "--strategy",
        metavar="NAME",
        help=f"partition strategy: {', '.join(strategy_names())} (default: "
        f"{DEFAULT_STRATEGY}; what they do: --list); its options may follow: "
        "'search{effort=4}'",
    )
    parser.add_argument(
        "--prefer",
        choices=PREFERENCES,
        help="what the search makes least: latency (default), or of what is no slower than isaac, "
        "communication or energy",
    )
    parser.add_argument(
        "-p",
        "--pass-pipeline",
        metavar="PASSES",
        help="passes with their options, of installed packages too, in place of partition,pack,"
        "assign,order; what they leave above --level is lowered by the usual ones",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PASS{OPTION=VALUE}",
        help="options of a pass that runs, as 'order{buffers=ignore merge=pe}'; once for each such "
        "pass (docs/levels.md has the options of all)",
    )
    parser.add_argument(
        "--inputs",
        metavar="FILE.npy",
        help="input images; of several inputs an .npz file with their names (default: see "
        "--images)",
    )
    parser.add_argument(
        "--images",
        type=int,
        default=None,
        metavar="N",
        help="execute values of N images: the first of --inputs, of the held-out digits, or random "
        "ones (default: all of --inputs; 1 where --check or --outputs needs values)",
    )
    parser.add_argument(
        "--check",
        choices=("reference", "levels", "onnxruntime"),
        help="execute values from the final IR and compare: every output with the integer "
        "reference (the network without deployment), or with every level too; every tensor with "
        "onnxruntime",
    )
    parser.add_argument("--outputs", metavar="FILE.npy", help="write the first output's values")
    parser.add_argument(
        "--engine",
        choices=(*ENGINES, "none"),
        help="the engine for cycles: fast (default; needs numba) or reference (default without "
        "numba), which give the same; none reports what needs no cycles",
    )
    parser.add_argument(
        "--images-in-flight",
        type=int,
        metavar="N",
        help="images that overlap when the interval is measured (default 1: interval = latency)",
    )
    parser.add_argument(
        "--dispatch",
        choices=tuple(map(str, Dispatch)),
        help="how crossbars choose what they run next: static (default), in the order of their "
        "programs, or free, whatever is ready first, as hardware with dynamic dispatch would; what "
        "that gains is reported",
    )
    parser.add_argument(
        "--critical-path",
        action="store_true",
        help="report what the latency is spent on, by layers and resources, and how busy resources "
        "are; with several images in flight that of the last one",
    )
    parser.add_argument(
        "--level",
        choices=("cnn", "mvm", "vxb", "pxb", "ou"),
        help="how far the network is lowered (default: ou); above it there are values, no cycles",
    )
    parser.add_argument(
        "--times",
        action="store_true",
        help="report how many seconds each step of the run took, also in --json (which otherwise "
        "is the same in every run)",
    )
    parser.add_argument("--json", metavar="FILE", help="write all results as JSON; - for stdout")
    add_analog_arguments(parser)
    add_picture_arguments(parser)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run `spatem-run` with the given arguments; returns the exit status."""
    return run_tool("spatem-run", lambda: _run(argument_parser(), argv))


def _run(parser: argparse.ArgumentParser, argv: list[str] | None) -> None:
    arguments = parser.parse_args(argv)
    check_alone(arguments, parser)
    if arguments.list:
        _print_names()
        return
    if arguments.list_operators:
        from spatem_ir.report.operators import operator_page

        print(operator_page(), end="")
        return
    if arguments.print_preset is not None:
        from spatem_ir.hardware.loader import preset_text

        print(preset_text(arguments.print_preset), end="")
        return
    if arguments.copy_examples is not None:
        from spatem_ir.cli.examples import copy_examples

        copy_examples(Path(arguments.copy_examples))
        return
    if arguments.input is None:
        raise SpatemError("name a network, an .onnx or an .mlir file (see --help)")
    options = _options(arguments)
    check_outputs(options.files, [*files_of(arguments)])
    progress = ProgressLines("spatem-run")
    timed = progress if arguments.times else None
    if options.sweeps:
        from spatem_ir.driver.sweep import run_sweep
        from spatem_ir.report.sweep import print_sweep

        with progress.watching() as say:
            swept = run_sweep(options, say)
        write_together(_json_file(swept, timed, arguments.json))
        _print(swept, timed, print_sweep, arguments.json)
        return
    from spatem_ir.driver.run import run
    from spatem_ir.report.tables import print_report

    with progress.watching() as say:
        result = run(options, say)
        files = dict(picture_files(arguments, result, say))
        if arguments.outputs is not None and result.outputs is not None:
            files[arguments.outputs] = partial(_save_array, result.outputs[0])
        write_together({**files, **_json_file(result, timed, arguments.json)})
    _print(result, timed, print_report, arguments.json)
    if result.outputs_match is False:
        raise SpatemError(f"{arguments.input}: {_mismatch(result)}")


def _json_file(
    result: RunResult | SweepResult, timed: ProgressLines | None, path: str | None
) -> dict[str, bytes | Writer]:
    """The file with the result as JSON, if that was asked for; made when files before it are."""
    if path in (None, "-"):
        return {}
    return {path: lambda file: file.write((_json_text(result, timed) + "\n").encode())}


def _json_text(result: RunResult | SweepResult, timed: ProgressLines | None) -> str:
    document = result.to_dict()
    if timed is not None:
        document["times"] = [{"step": step, "seconds": took} for step, took in timed.seconds]
    return json.dumps(document, indent=2)


def _save_array(values: NDArray[Any], file: BinaryIO) -> None:
    """Write an array as .npy."""
    import numpy as np

    np.save(file, values)


def _print(
    result: Result,
    timed: ProgressLines | None,
    print_tables: Callable[[Result], None],
    json_file: str | None,
) -> None:
    """Print the result, as JSON if that was asked for."""
    if json_file == "-":
        print(_json_text(result, timed))
        return
    print_tables(result)
    if timed is not None:
        from spatem_ir.report.tables import print_times

        print_times(timed.seconds)


def _mismatch(result: RunResult) -> str:
    """What `--check` found to differ."""
    if result.tensors is not None and result.tensors.first_difference is not None:
        return f"tensors differ from {result.check}, first {result.tensors.first_difference}"
    if result.model_differences is not None and result.model_differences.elements:
        return _model_mismatch(result.model_differences)
    return f"outputs differ from {result.check}"


def _model_mismatch(found: ModelDifferences) -> str:
    """How outputs differ from those of the given model, by more than rounding."""
    rounding = found.rounding
    if rounding is None:
        beyond = "it cannot be run operator by operator, to see whether that is rounding"
    elif rounding.floats_match:
        beyond = (
            f"operator by operator tensor '{rounding.tensor}' by {rounding.most_codes}, more than "
            "the one code by which rounding may change it"
        )
    else:
        beyond = "float32 outputs do not follow from the last codes"
    by = "" if found.most_codes is None else f" by up to {found.most_codes:,} codes"
    return (
        "every tensor is equal to onnxruntime's of the integer network, but output elements "
        f"({found.elements:,}) differ{by} from the given model's; {beyond}"
    )


def _options(arguments: argparse.Namespace) -> RunOptions:
    from spatem_ir.dialects.level import Level
    from spatem_ir.driver.run import RunOptions

    for name in ("images", "images_in_flight"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise SpatemError(f"--{name.replace('_', '-')} is {value}; it must be at least 1")
    level, overrides = Level(arguments.level or "ou"), analog_overrides(arguments)
    check_effects(arguments, level, overrides)
    check_pictures(arguments)
    preference = [f"partition{{prefer={arguments.prefer}}}"] if arguments.prefer else []
    files = [path for path in (arguments.outputs,) if path is not None]
    files += picture_paths(arguments)
    files += [path for path in (arguments.json,) if path not in (None, "-")]
    return RunOptions(
        source=arguments.input,
        accelerator=arguments.accelerator,
        strategy=arguments.strategy,
        passes=arguments.pass_pipeline,
        settings=[*arguments.set, *preference],
        importing=import_options(arguments),
        inputs=arguments.inputs,
        images=arguments.images,
        check=arguments.check,
        outputs=arguments.outputs is not None,
        files=files,
        engine=arguments.engine or default_engine(),
        images_in_flight=arguments.images_in_flight or 1,
        dispatch=Dispatch(arguments.dispatch or Dispatch.STATIC),
        critical_path=arguments.critical_path or arguments.report is not None,
        level=level,
        overrides=overrides,
    )


def _print_names() -> None:
    from spatem_ir.frontend.load import network_names
    from spatem_ir.hardware.loader import preset_names
    from spatem_ir.passes.partition.register import strategy_type
    from spatem_ir.runtime.metrics.register import all_metrics

    print("networks:    ", " ".join(network_names()))
    print("accelerators:", " ".join(preset_names()))
    print("strategies:")
    for name in strategy_names():
        print(f"  {name:<{NAME_WIDTH}} {strategy_type(name).summary().removesuffix('.')}")
    print("metrics:")
    for metric in all_metrics().values():
        print(f"  {metric.name:<{NAME_WIDTH}} {metric.unit:<{UNIT_WIDTH}} {metric.definition}")


if __name__ == "__main__":
    sys.exit(main())
