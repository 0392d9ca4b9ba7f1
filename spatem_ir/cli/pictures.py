"""Options of `spatem-run` that draw a run: an HTML report, and a trace for Perfetto."""

from __future__ import annotations

import argparse
import re
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import BinaryIO

    from spatem_ir.driver.run import RunResult
    from spatem_ir.report.stages import LoggedStage
    from spatem_ir.report.trace.selection import Selection
    from spatem_ir.support.files import Writer
    from spatem_ir.support.messages import Messages

PICTURES = {"--report": ("bokeh", "report"), "--trace": ("perfetto", "trace")}
"""Options that name a file with a picture, the module that each needs, and the extra with it."""

OF_PICTURES = {
    "--compare": "--report",
    "--trace-layers": "--trace",
    "--trace-pes": "--trace",
    "--trace-cycles": "--trace",
    "--trace-slices": "--trace",
}
"""Options that say something of a picture, and of which."""


def add_picture_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    group = parser.add_argument_group("pictures (docs/reports.md)")
    group.add_argument(
        "--report",
        metavar="FILE.html",
        help="write a page for the browser, in one file: metrics, network, chip, what works when, "
        "critical path (implies --critical-path); needs the extra report",
    )
    group.add_argument(
        "--compare",
        metavar="OTHER.json",
        help="what another run wrote with --json stands beside this one in the report",
    )
    group.add_argument(
        "--trace",
        metavar="FILE.pftrace",
        help="write what crossbars, ports, adders, units and links did when, for ui.perfetto.dev "
        "(1 ns is 1 cycle); needs the extra trace",
    )
    group.add_argument(
        "--trace-layers", metavar="NAMES", help="only work for these layers and operators: a,b"
    )
    group.add_argument("--trace-pes", metavar="PES", help="only in these PEs: 0..3,17")
    group.add_argument("--trace-cycles", metavar="A..B", help="only cycles A to B")
    group.add_argument(
        "--trace-slices",
        type=int,
        metavar="N",
        help="at most N slices and changes of buffers (default 3,000,000); what is later is left "
        "out, and said",
    )


def check_pictures(arguments: argparse.Namespace) -> None:
    """Check that what pictures need is there, and that nothing is said of one that is not drawn.

    Raises:
        SpatemError: an extra is not installed, an option has no effect or is not what it should be.
    """
    for option, picture in OF_PICTURES.items():
        if _value(arguments, option) is not None and _value(arguments, picture) is None:
            raise SpatemError(f"{option} has no effect without {picture}")
    for option, (module, extra) in PICTURES.items():
        if _value(arguments, option) is not None and find_spec(module) is None:
            raise SpatemError(
                f"{option} needs {module}; install the extra {extra}: pip install "
                f"'spatem-ir[{extra}]'"
            )
    if arguments.trace is not None:
        selection_of(arguments)
    if arguments.compare is not None:
        from spatem_ir.report.page.compared import read_run

        read_run(arguments.compare)


def picture_paths(arguments: argparse.Namespace) -> list[str]:
    """The files with pictures."""
    return [path for path in (arguments.report, arguments.trace) if path is not None]


def picture_files(
    arguments: argparse.Namespace, result: RunResult, say: Messages
) -> Mapping[str, bytes | Writer]:
    """What is drawn, by file.

    Raises:
        SpatemError: the network has no such layer, or the chip no such PE.
    """
    files: dict[str, bytes | Writer] = {}
    if arguments.report is not None:
        from spatem_ir.report.page.compared import read_run
        from spatem_ir.report.page.page import page_of

        say.step("drawing the report")
        other = None if arguments.compare is None else read_run(arguments.compare)
        files[arguments.report] = page_of(result, other).encode()
    if arguments.trace is not None:
        stages = _logged(result, selection_of(arguments), say)
        files[arguments.trace] = partial(_write_trace, result=result, stages=stages, say=say)
    return files


def _write_trace(
    file: BinaryIO, result: RunResult, stages: Sequence[LoggedStage], say: Messages
) -> None:
    from spatem_ir.report.trace.trace import write_trace
    from spatem_ir.runtime.critical_path import node_names

    assert result.module is not None
    say.step("writing the trace")
    write_trace(file, result.accelerator, node_names(result.module), stages)


def _logged(result: RunResult, selection: Selection, say: Messages) -> list[LoggedStage]:
    """The stages of the execution, which is done once more, with logs of what is selected."""
    from spatem_ir.report.stages import logged_stages

    assert result.simulation is not None and result.simulation.logged is not None
    assert result.module is not None
    watch = selection.watch(result.module)
    say.step("simulating with a log")
    execution = result.simulation.logged(watch)
    stages = logged_stages(result.module, execution)
    until = selection.logged_until(stages)
    if until < min(selection.stop, execution.ended):
        say.note(
            f"the trace ends in cycle {until:,} of {execution.ended:,}: until then there are "
            f"{selection.most:,} slices and changes of buffers; select layers, PEs or cycles, or "
            "more with --trace-slices"
        )
    return selection.shown(stages)


def selection_of(arguments: argparse.Namespace) -> Selection:
    """What the trace shows.

    Raises:
        SpatemError: an option is not what it should be.
    """
    from spatem_ir.report.trace.selection import MOST_SLICES, Selection
    from spatem_ir.runtime.machine.log import ALWAYS

    start, stop = _range("--trace-cycles", arguments.trace_cycles or f"0..{ALWAYS}")
    if arguments.trace_slices is not None and arguments.trace_slices < 1:
        raise SpatemError(f"--trace-slices is {arguments.trace_slices}; it must be at least 1")
    pes = [
        pe
        for part in _parts(arguments.trace_pes)
        for first, last in [_range("--trace-pes", part)]
        for pe in range(first, last + 1)
    ]
    return Selection(
        layers=_parts(arguments.trace_layers),
        pes=pes,
        start=start,
        stop=stop,
        most=arguments.trace_slices or MOST_SLICES,
    )


def _parts(text: str | None) -> list[str]:
    return [] if text is None else [part.strip() for part in text.split(",")]


def _range(option: str, text: str) -> tuple[int, int]:
    """The ends of a range as `3..7`; those of a number are itself."""
    match = re.fullmatch(r"(\d+)(?:\.\.(\d+))?", text)
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise SpatemError(f"{option}: '{text}' is no number and no range as 3..7")
    return int(match[1]), int(match[2] or match[1])


def _value(arguments: argparse.Namespace, option: str) -> object:
    return getattr(arguments, option.removeprefix("--").replace("-", "_"))
