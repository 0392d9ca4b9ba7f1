"""Compile time, memory, op count, print and parse time of the five benchmark networks."""

from __future__ import annotations

import json
import sys
import time

from benchmarks.measure import run_python

NETWORKS = ("lenet", "deepid", "deepface", "caffenet", "overfeat")
PIPELINE = "partition,pack,assign,order"


def main() -> None:
    """Print one row per network, on isaac-ou; each is compiled in a process of its own."""
    print("network    compile CPU s  peak MB    ops  text kB  print s  parse s  verify s")
    for name in NETWORKS:
        cost = run_python(["-m", "benchmarks.compile_networks", name])
        row = json.loads(cost.output)
        print(
            f"{name:10} {row['compile']:13.2f} {row['peak_mb']:8.0f} {row['ops']:6d} "
            f"{row['bytes'] / 1000:8.0f} {row['print']:8.2f} {row['parse']:8.2f} "
            f"{row['verify']:9.2f}"
        )


def measure(name: str) -> dict[str, float]:
    """Compile one network to level `ou` in this process, print it and parse it back."""
    import resource
    from io import StringIO

    from xdsl.context import Context
    from xdsl.parser import Parser
    from xdsl.printer import Printer

    from spatem_ir.dialects.hw import ACCELERATOR_ATTRIBUTE, AcceleratorAttr
    from spatem_ir.driver.pipeline import run_pipeline
    from spatem_ir.frontend.load import ImportOptions, load_network
    from spatem_ir.hardware.loader import load_accelerator
    from spatem_ir.universe import register_dialects

    context = Context()
    register_dialects(context)
    module = load_network(name, ImportOptions()).module
    module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(load_accelerator("isaac-ou"))
    run_pipeline(context, module, PIPELINE)
    compiled = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    text = StringIO()
    Printer(text).print_op(module)
    printed = time.process_time()
    parsed_module = Parser(context, text.getvalue()).parse_module()
    parsed = time.process_time()
    parsed_module.verify()
    verified = time.process_time()
    return {
        "compile": compiled,
        "peak_mb": peak,
        "ops": sum(1 for _ in module.walk()),
        "bytes": len(text.getvalue()),
        "print": printed - start,
        "parse": parsed - printed,
        "verify": verified - parsed,
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
