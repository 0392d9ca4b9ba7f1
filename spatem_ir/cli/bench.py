"""`spatem-bench`: studies of networks, strategies and machines."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from spatem_ir import __version__
from spatem_ir.cli.completion import add_completion
from spatem_ir.cli.errors import raise_usage_errors, run_tool
from spatem_ir.cli.explore import add_explore
from spatem_ir.cli.inputs import add_network_arguments, files_of, import_options
from spatem_ir.passes.partition.register import strategy_names
from spatem_ir.runtime.machine.engine import default_engine
from spatem_ir.study.paper import PAPER_NETWORKS
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from spatem_ir.study.destination import Destination
    from spatem_ir.study.study import Plan

STRATEGIES = (
    *("spatem", "isaac", "hitm", "exact-additive"),
    "search{effort=0}",
    "search{effort=0 prefer=communication}",
)
"""Those of SPATEM's evaluation, and beside them the optimum of its model and short searches."""

SENSITIVITY_NETWORKS = ("lenet", "deepid", "caffenet")

DESCRIPTION = """\
Compiles and simulates every network with every strategy, and says what the first strategy gains
over the others, how far from the lower bound each is, how good the estimate is by which partitions
are chosen, what each pass contributes (ablation), and what changes with the machine (sensitivity).
A point that does not fit becomes a row that says so."""

EPILOG = """\
files in DIR:
  study.json  study.csv       all points with all metrics
  study.md                    the tables
  *.svg  *.png                the figures; need matplotlib: the extra report, spatem-ir[report]
  timings.json                CPU seconds; the only file that differs from run to run

examples:
  spatem-bench study --out results
  spatem-bench study --networks lenet deepid --strategies spatem,isaac --without sensitivity
  spatem-bench study --accelerator my-chip.toml --networks lenet net.onnx --json > study.json"""


PELKE_DESCRIPTION = """\
Executes the convolutions of MobileNet-v1 and ResNet-18 on the machine pelke-bus, with crossbars of
32 to 128 and buses of 4 to 64 bytes, and says which share of the limit the schemes linear and
cyclic reach, against sequential."""


LI_DESCRIPTION = """\
Finds the copies of Li, Han and Chen (TODAES 29(1):21) again, puts every number of their tables and
figures beside ours, says what deviates and why, finds better copies, and compares their model with
the cycle-accurate machine li-isaac."""


GAO_DESCRIPTION = """\
Runs AlexNet, GoogLeNet, ResNet-50, ResNet-101 and VGG-16, at ImageNet and CIFAR-10 size, in stages
on a chip of 32 Mb, and says what writing and computing take if each block of weights goes where
Gao et al. (TECS 23(6):89) would put it, against blocks that are dealt in sequence; what each idea
contributes; and what changes with the machine, the layout of bits and the weights."""


def argument_parser() -> argparse.ArgumentParser:
    """The command line of `spatem-bench`."""
    parser = argparse.ArgumentParser(
        prog="spatem-bench", description="Studies of networks, strategies and machines."
    )
    raise_usage_errors(parser)
    parser.add_argument("--version", action="version", version=f"spatem-bench {__version__}")
    add_completion(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    study = commands.add_parser(
        "study",
        help="SPATEM's evaluation: networks × strategies, ablation, sensitivity",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    raise_usage_errors(study)
    study.add_argument(
        "--networks",
        nargs="+",
        default=list(PAPER_NETWORKS),
        metavar="NETWORK",
        help="names (spatem-run --list), .onnx or .mlir files, in ascending size if possible "
        f"(default: {' '.join(PAPER_NETWORKS)})",
    )
    study.add_argument(
        "--strategies",
        nargs="+",
        default=list(STRATEGIES),
        metavar="STRATEGY",
        help="partition strategies, with their options if wanted, such as 'spatem{deal=blocks}'; "
        "the first is compared with the others, figures are relative to the second; of "
        f"{', '.join(strategy_names())} "
        f"(default: {' '.join(STRATEGIES)})",
    )
    study.add_argument(
        "--sensitivity-networks",
        nargs="+",
        metavar="NETWORK",
        help="networks of the sensitivity sweep, with the first two strategies (default: those of "
        f"{' '.join(SENSITIVITY_NETWORKS)} that are studied, or the first network)",
    )
    study.add_argument(
        "--without",
        nargs="+",
        default=[],
        choices=("ablation", "sensitivity"),
        metavar="PART",
        help="leave out: ablation, sensitivity",
    )
    add_destination(study, "write the files below into this folder")
    add_store(study)
    add_jobs(study, "points at a time, each in a process of about 1 GB for the largest networks")
    study.add_argument(
        "--json", action="store_true", help="print study.json instead of the tables of study.md"
    )
    add_network_arguments(study)
    add_pelke(commands)
    add_li(commands)
    add_gao(commands)
    add_explore(commands)
    return parser


def add_destination(command: argparse.ArgumentParser, folder: str) -> None:
    """The arguments that say where files go; `folder` is what `--out` does."""
    command.add_argument("--out", metavar="DIR", help=folder)
    command.add_argument(
        "--document",
        metavar="FILE.md",
        help="put the tables into a Markdown file too, between the lines "
        "<!-- study --> and <!-- end of study -->",
    )


def add_store(command: argparse.ArgumentParser) -> None:
    """The argument that says where results are kept."""
    command.add_argument(
        "--store",
        type=Path,
        metavar="FILE.sqlite",
        help="keep every result here as soon as it is there, and take from here what does not "
        "have to be run again, after an interrupt or for a larger study",
    )


def add_jobs(command: argparse.ArgumentParser, what: str) -> None:
    """The argument that says how many processes there are; `what` is what they do at a time."""
    command.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help=f"{what} (default: the number of CPUs)",
    )


def add_pelke(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command line of `spatem-bench pelke`."""
    pelke = commands.add_parser(
        "pelke",
        help="Pelke's evaluation: convolutions in turns on cores of a bus",
        description=PELKE_DESCRIPTION,
    )
    raise_usage_errors(pelke)
    add_destination(pelke, "write pelke.json, pelke.md and figures into this folder")
    add_jobs(pelke, "cases at a time, each in a process")
    pelke.add_argument("--json", action="store_true", help="print pelke.json instead of tables")


def add_li(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command line of `spatem-bench li`."""
    li = commands.add_parser(
        "li",
        help="the evaluation of Li, Han and Chen: copies under crossbars and bandwidth",
        description=LI_DESCRIPTION,
    )
    raise_usage_errors(li)
    add_destination(li, "write li.json and li.md into this folder")
    li.add_argument(
        "--without-machine", action="store_true", help="leave out the cycle-accurate machine"
    )
    li.add_argument("--json", action="store_true", help="print li.json instead of tables")


def add_gao(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command line of `spatem-bench gao`."""
    gao = commands.add_parser(
        "gao",
        help="Gao's evaluation: weights that do not fit, written where it takes least",
        description=GAO_DESCRIPTION,
    )
    raise_usage_errors(gao)
    gao.add_argument(
        "--networks", nargs="+", default=[], metavar="NETWORK", help="only these (default: all)"
    )
    gao.add_argument(
        "--effort",
        choices=("fast", "full"),
        default="fast",
        help="how long places are looked for (default: fast)",
    )
    gao.add_argument(
        "--trained",
        metavar="FILE.onnx",
        help="trained weights of VGG-16, for variants with them; matrices of other sizes are drawn",
    )
    add_destination(gao, "write gao.json and gao.md into this folder")
    add_store(gao)
    add_jobs(gao, "cases at a time, each in a process of up to 2 GB")
    gao.add_argument("--json", action="store_true", help="print gao.json instead of tables")


def main(argv: list[str] | None = None) -> int:
    """Run `spatem-bench` with the given arguments; returns the exit status."""
    return run_tool("spatem-bench", lambda: _run(argument_parser().parse_args(argv)))


def _run(arguments: argparse.Namespace) -> None:
    if arguments.command == "li":
        _li(arguments)
        return
    if arguments.jobs is not None and arguments.jobs < 1:
        raise SpatemError(f"--jobs is {arguments.jobs}; it must be at least 1")
    if arguments.command == "explore":
        from spatem_ir.cli.explore import run

        run(arguments, _destination(arguments, [arguments.space]))
    elif arguments.command == "pelke":
        _pelke(arguments)
    elif arguments.command == "gao":
        _gao(arguments)
    else:
        _study(arguments)


def _destination(arguments: argparse.Namespace, inputs: Collection[str] = ()) -> Destination:
    """Where files go; none of `inputs` is overwritten."""
    from spatem_ir.study.destination import Destination

    folder, document = (
        None if path is None else Path(path)
        for path in (arguments.out, getattr(arguments, "document", None))
    )
    return Destination(folder, document, inputs)


def _pelke(arguments: argparse.Namespace) -> None:
    from spatem_ir.study.pelke.command import run_pelke

    text = run_pelke(
        jobs=arguments.jobs,
        destination=_destination(arguments),
        as_json=arguments.json,
    )
    print(text, end="")


def _gao(arguments: argparse.Namespace) -> None:
    from spatem_ir.study.gao.command import run_gao

    text = run_gao(
        networks=arguments.networks,
        effort=arguments.effort,
        trained=arguments.trained,
        jobs=arguments.jobs,
        store=arguments.store,
        destination=_destination(arguments, [arguments.trained] if arguments.trained else []),
        as_json=arguments.json,
    )
    print(text, end="")


def _li(arguments: argparse.Namespace) -> None:
    from spatem_ir.cli.progress import ProgressLines
    from spatem_ir.study.li.command import run_li

    with ProgressLines("spatem-bench").watching() as say:
        text = run_li(
            destination=_destination(arguments),
            as_json=arguments.json,
            with_machine=not arguments.without_machine,
            say=say,
        )
    print(text, end="")


def _study(arguments: argparse.Namespace) -> None:
    from spatem_ir.study.command import run_study

    if arguments.sensitivity_networks and "sensitivity" in arguments.without:
        raise SpatemError("--sensitivity-networks has no effect with --without sensitivity")
    text = run_study(
        _plan(arguments),
        command=_command(arguments),
        jobs=arguments.jobs,
        destination=_destination(arguments, list(files_of(arguments))),
        as_json=arguments.json,
        store=arguments.store,
    )
    print(text, end="")


def _plan(arguments: argparse.Namespace) -> Plan:
    """What the command line asks for, checked.

    Raises:
        SpatemError: a network, strategy or accelerator is not known.
    """
    from spatem_ir.hardware.loader import DEFAULT_ACCELERATOR, load_accelerator
    from spatem_ir.study.points import Setting
    from spatem_ir.study.study import PARTS, Plan, check_names

    networks = _names(arguments.networks)
    strategies = _names(arguments.strategies)
    chosen = arguments.sensitivity_networks
    sensitivity = (
        _names(chosen)
        if chosen is not None
        else tuple(name for name in SENSITIVITY_NETWORKS if name in networks) or networks[:1]
    )
    plan = Plan(
        Setting(
            load_accelerator(arguments.accelerator or DEFAULT_ACCELERATOR),
            import_options(arguments),
            default_engine(),
        ),
        networks,
        strategies,
        tuple(part for part in PARTS if part not in arguments.without),
        sensitivity,
    )
    check_names(plan)
    return plan


def _names(words: Sequence[str]) -> tuple[str, ...]:
    """Names given one by one or with commas between them, each once."""
    names = (name.strip() for word in words for name in word.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _command(arguments: argparse.Namespace) -> str:
    """The command that gives the same results: without what only says where they go."""
    import shlex

    defaults = argument_parser().parse_args(["study"])
    words = ["spatem-bench", "study"]
    for name, value in vars(arguments).items():
        if name in ("command", "out", "document", "store", "jobs", "json"):
            continue
        if value != getattr(defaults, name):
            words.append("--" + name.replace("_", "-"))
            if isinstance(value, list):
                words += _names(value)
            elif value is not True:
                words.append(str(value))
    return shlex.join(words)


if __name__ == "__main__":
    sys.exit(main())
