"""Start-up of the tools, against an empty Python and the import of xDSL's builtin dialect."""

from __future__ import annotations

from statistics import median

from benchmarks.measure import run_python

RUNS = 9
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import xdsl.dialects.builtin": ["-c", "import xdsl.dialects.builtin"],
    "spatem-opt --help": ["-m", "spatem_ir.cli.opt", "--help"],
    "spatem-run --help": ["-m", "spatem_ir.cli.run", "--help"],
    "spatem-opt lenet": ["-m", "spatem_ir.cli.opt", "lenet"],
}


def main() -> None:
    """Print the median CPU time of each command and its ratio to the bare xDSL import."""
    seconds = {
        name: median(run_python(command).cpu_seconds for _ in range(RUNS))
        for name, command in COMMANDS.items()
    }
    floor = seconds["import xdsl.dialects.builtin"]
    for name, cost in seconds.items():
        print(f"{name:30} {cost * 1000:6.0f} ms  {cost / floor:5.2f} x")
