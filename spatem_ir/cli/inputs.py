"""Command-line arguments about the network and the accelerator, shared by all tools."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatem_ir.dialects.hw import AcceleratorAttr
    from spatem_ir.frontend.load import ImportOptions


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which accelerator and how to import a network."""
    parser.add_argument(
        "--accelerator",
        metavar="NAME|FILE",
        help="a preset (isaac-ou, tiny) or a TOML file; goes onto the module as #hw.accelerator "
        "(default for networks: isaac-ou)",
    )
    parser.add_argument(
        "--weight-bits",
        type=int,
        metavar="BITS",
        help="weight bits of a benchmark network (default 2) or of a float ONNX model (default 8)",
    )
    parser.add_argument(
        "--activation-bits",
        type=int,
        metavar="BITS",
        help="activation bits of a benchmark network or of a float ONNX model (default 8)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="seed of a benchmark network's weights (default 0)",
    )
    parser.add_argument(
        "--calibration",
        metavar="FILE.npy",
        help="inputs from which the activation scales of a float ONNX model are taken",
    )


def named_accelerator(name: str, tool: str) -> AcceleratorAttr:
    """The accelerator of the given name as a module attribute; doubts about it go to stderr."""
    from spatem_ir.dialects.hw import AcceleratorAttr
    from spatem_ir.hardware.accelerator import doubts
    from spatem_ir.hardware.loader import load_accelerator

    accelerator = load_accelerator(name)
    for doubt in doubts(accelerator):
        print(f"{tool}: warning: {doubt}", file=sys.stderr)
    return AcceleratorAttr(accelerator)


def import_options(arguments: argparse.Namespace) -> ImportOptions:
    """The import options given on the command line."""
    from spatem_ir.frontend.load import ImportOptions

    return ImportOptions(
        weight_bits=arguments.weight_bits,
        activation_bits=arguments.activation_bits,
        seed=arguments.seed,
        calibration=arguments.calibration,
    )
