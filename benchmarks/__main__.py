"""`python -m benchmarks [NAME …]`: run all benchmarks, or the named ones."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHMARKS = (
    "start_up",
    "compile_networks",
    "reference_engine",
    "fast_engine",
    "scaling",
    "ou_arithmetic",
    "deployments",
)


def main(names: list[str]) -> int:
    """Run the benchmarks with the given names, all if there are none."""
    for name in names:
        if name not in BENCHMARKS:
            print(f"benchmarks: unknown '{name}'; one of {', '.join(BENCHMARKS)}", file=sys.stderr)
            return 1
    for name in names or BENCHMARKS:
        benchmark = import_module(f"benchmarks.{name}")
        print(f"# {benchmark.__doc__}")
        benchmark.main()
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
