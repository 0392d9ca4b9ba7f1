"""The command line of `spatem-bench explore`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from spatem_ir.cli.errors import raise_usage_errors
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from spatem_ir.study.destination import Destination

DESCRIPTION = """\
Evaluates points of a design space that a TOML file describes: its axes are keys of the accelerator,
networks, strategies, options of passes and of the import.  Points are all there are, random ones,
or those that NSGA-II or a Parzen estimator proposes.  Prints the Pareto front.  A point that does
not fit is a row with its reason."""

EPILOG = """\
files in DIR:
  explore.csv  explore.json   all points with all metrics
  front.md     explore.html   the front
Every finished point is kept in FILE.sqlite at once: run the same command again after an interrupt,
or with a larger space, and only what is missing is done.

examples:
  spatem-bench explore space.toml --out results
  spatem-bench explore space.toml --jobs 8 --store shared.sqlite --json > space.json
  spatem-bench explore space.toml --scheduler tcp://head:8786"""


def add_explore(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command line of `spatem-bench explore`."""
    explore = commands.add_parser(
        "explore",
        help="a design space: grid, random points or search; Pareto front",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    raise_usage_errors(explore)
    explore.add_argument(
        "space", metavar="SPACE.toml", help="the design space (docs/explore.md has all keys)"
    )
    explore.add_argument("--out", metavar="DIR", help="write the files below into this folder")
    explore.add_argument(
        "--store",
        type=Path,
        metavar="FILE.sqlite",
        help="where finished points are kept (default: SPACE.sqlite, in DIR if there is --out)",
    )
    explore.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="points at a time, each in a process (default: the number of CPUs)",
    )
    explore.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="evaluate points on the workers of this Dask scheduler, which need spatem-ir and the "
        "files of the space under the same paths",
    )
    explore.add_argument(
        "--json", action="store_true", help="print explore.json instead of the front"
    )


def run(arguments: argparse.Namespace, destination: Destination) -> None:
    """Do what the command line says.

    Raises:
        SpatemError: anything about the input that is wrong.
    """
    from spatem_ir.study.explore.command import run_explore

    if arguments.jobs is not None and arguments.scheduler is not None:
        raise SpatemError("--jobs has no effect with --scheduler, which has workers of its own")
    text = run_explore(
        Path(arguments.space),
        store=arguments.store,
        jobs=arguments.jobs or os.cpu_count() or 1,
        scheduler=arguments.scheduler,
        destination=destination,
        as_json=arguments.json,
    )
    print(text, end="")
