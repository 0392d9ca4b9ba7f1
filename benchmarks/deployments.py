"""How close `search` comes to the lower bound: networks × machines, chosen on and never chosen on.

Defaults of the search (prices, depth, effort) may be chosen by what they do to the first list; what
they do to the second is measured before they are kept.  Each deployment is compiled, verified and
executed in a process of its own, on one core, with the seed and effort that are given after the
name: `python -m benchmarks.deployments run effort=4`; `.onnx` files may follow.
"""

from __future__ import annotations

import json
import sys
from math import exp, log
from typing import NamedTuple

from benchmarks.measure import ONE_THREAD, run_python

Changes = dict[str, dict[str, int]]
"""Parameters of the accelerator with other values, by group and name."""

MESH: Changes = {"chip": {"pe_rows": 8, "pe_columns": 8}}
LARGER_UNITS: Changes = {"ou": {"wordlines": 16, "bitlines": 16, "adc_bits": 6}}
DENSER_CELLS: Changes = {"crossbar": {"bits_per_cell": 4}, "ou": {"adc_bits": 8}}
LARGER_CROSSBARS: Changes = {"crossbar": {"wordlines": 256, "bitlines": 256}}
FEW_PES: Changes = {"chip": {"pe_rows": 3, "pe_columns": 3}}
LARGER_BUFFERS: Changes = {"pe": {"buffer_bytes": 256 * 1024}}


class Deployment(NamedTuple):
    """A network on isaac-ou with changes, and weights of so many bits if they are changed, too."""

    network: str
    changes: Changes = {}  # noqa: RUF012
    weight_bits: int | None = None

    @property
    def title(self) -> str:
        """What is deployed, in a few words."""
        changed = (f"{name}={v}" for own in self.changes.values() for name, v in own.items())
        bits = [] if self.weight_bits is None else [f"weight_bits={self.weight_bits}"]
        return " ".join([self.network.rpartition("/")[2], *bits, *changed])


CHOSEN_ON = tuple(
    map(Deployment, ("lenet", "deepid", "deepface", "caffenet", "overfeat", "squeezenet"))
)

NEVER_CHOSEN_ON = (
    Deployment("resnet50"),
    Deployment("inception_v1"),
    Deployment("densenet121"),
    Deployment("shufflenet"),
    Deployment("caffenet", weight_bits=4),
    Deployment("squeezenet", weight_bits=4),
    Deployment("squeezenet", MESH),
    Deployment("squeezenet", LARGER_UNITS),
    Deployment("caffenet", DENSER_CELLS),
    Deployment("deepface", LARGER_CROSSBARS),
    Deployment("lenet", FEW_PES),
    Deployment("deepid", FEW_PES),
    Deployment("caffenet", LARGER_BUFFERS),
)


def main(options: str = "", files: tuple[str, ...] = ()) -> None:
    """Print a row for each deployment of both lists, and the geometric means."""
    for title, cases in (("chosen on", CHOSEN_ON), ("never chosen on", NEVER_CHOSEN_ON)):
        print(f"{title + ':':44} {'cycles':>11} {'bound':>11} {'ratio':>6} {'CPU s':>6} {'MB':>6}")
        ratios = []
        added = tuple(map(Deployment, files)) if cases is NEVER_CHOSEN_ON else ()
        for case in (*cases, *added):
            arguments = ["-m", "benchmarks.deployments", json.dumps([*case, options])]
            try:
                cost = run_python(arguments, ONE_THREAD)
            except RuntimeError as error:
                *_, reason = ["it was stopped", *str(error).splitlines()]
                print(f"{case.title:44} {reason}", flush=True)
                continue
            row = json.loads(cost.output)
            ratios.append(row["cycles"] / row["bound"])
            print(
                f"{case.title:44} {row['cycles']:11,} {row['bound']:11,} {ratios[-1]:6.3f} "
                f"{cost.cpu_seconds:6.1f} {cost.peak_mb:6,.0f} {row['name']}",
                flush=True,
            )
        if ratios:
            mean = exp(sum(map(log, ratios)) / len(ratios))
            print(f"{'geometric mean':68} {mean:6.3f}", flush=True)


def measure(network: str, changes: Changes, weight_bits: int | None, options: str) -> None:
    """Print what one deployment comes to, as JSON."""
    from spatem_ir.cli.process import tune_process
    from spatem_ir.driver.compile import compile_network
    from spatem_ir.frontend.load import ImportOptions

    tune_process()
    compiled = compile_network(
        network,
        "isaac-ou",
        strategy=f"search{{{options}}}" if options else "search",
        importing=ImportOptions(weight_bits=weight_bits),
        changes={(group, name): v for group, own in changes.items() for name, v in own.items()},
    )
    metrics = compiled.simulate().metrics.to_dict()
    bound = {"bound": metrics["lower_bound_cycles"], "name": metrics["lower_bound_name"]}
    print(json.dumps({"cycles": metrics["latency_cycles"], **bound}))


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "run":
        given = sys.argv[2:]
        files = tuple(each for each in given if each.endswith(".onnx"))
        main(" ".join(each for each in given if each not in files), files)
    else:
        measure(*json.loads(sys.argv[1]))
