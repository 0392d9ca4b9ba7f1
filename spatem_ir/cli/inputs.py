"""Command-line arguments about the network and the accelerator, shared by all tools."""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spatem_ir.frontend.load import ImportOptions


OPTION_VALUE = re.compile(r'=\s*(?:"([^"]*)"|([^\s",{}]+))')
"""A value of an option in a pass pipeline, in quotes or not."""


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which accelerator and how to import a network."""
    parser.add_argument(
        "--accelerator",
        metavar="NAME|FILE",
        help="a preset (isaac-ou, li-isaac, ntu-ppsim, pelke-bus, tiny) or a TOML file; goes onto "
        "the module as #hw.accelerator (default for networks: isaac-ou)",
    )
    parser.add_argument(
        "--weight-bits",
        type=int,
        metavar="BITS",
        help="weight bits of a benchmark network (default 2) or of a float network (default 8)",
    )
    parser.add_argument(
        "--activation-bits",
        type=int,
        metavar="BITS",
        help="activation bits of a benchmark or float network (default 8)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        help="seed of the weights of a network without trained ones (default 0)",
    )
    parser.add_argument(
        "--calibration",
        metavar="FILE.npy",
        help="inputs from which the activation scales of a float network are taken; of several "
        "inputs an .npz file with their names (default: random ones)",
    )
    parser.add_argument(
        "--shape",
        action="append",
        type=_named_shape,
        metavar="NAME=1x3x224x224",
        help="the shape, the batch included, of an input of an ONNX model whose sizes are not in "
        "the file; once for each such input",
    )
    quantization = parser.add_argument_group(
        "quantisation of a float network (see the passes calibrate and quantize)"
    )
    quantization.add_argument(
        "--activation-scale",
        choices=("max-abs", "mse"),
        help="activation scales from the largest magnitude or by a search (default max-abs)",
    )
    quantization.add_argument(
        "--weight-scale",
        choices=("max-abs", "mse", "auto"),
        help="weight scales likewise; auto (the default) searches for up to 3 bits",
    )
    quantization.add_argument(
        "--weight-scale-per",
        choices=("channel", "tensor"),
        help="one weight scale per output channel (default) or one for all",
    )
    quantization.add_argument(
        "--requantize",
        choices=("f32-half-even", "fixed-point"),
        help="how sums become codes (default f32-half-even, as onnxruntime)",
    )
    quantization.add_argument(
        "--raw",
        action="store_true",
        help="import an ONNX model operator by operator, without clean-up and quantisation",
    )


def _named_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """An input and its shape, from `NAME=1x3x224x224`."""
    name, separator, extents = text.rpartition("=")
    try:
        shape = tuple(map(int, extents.split("x")))
    except ValueError:
        shape = ()
    if not name or not separator or min(shape, default=0) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form NAME=1x3x224x224")
    return name, shape


def files_of(arguments: argparse.Namespace) -> Iterator[str]:
    """The paths, of files or not, from which a tool reads what its arguments name.

    Files in which an ONNX model keeps data, and those that options of passes name, are among them.
    """
    paths = [
        getattr(arguments, name, None)
        for name in ("input_file", "input", "inputs", "accelerator", "calibration", "compare")
    ]
    for path in (*paths, *getattr(arguments, "networks", ())):
        if path is None:
            continue
        yield path
        if path.endswith(".onnx"):
            from spatem_ir.weights.external import external_files

            yield from external_files(path)
    pipelines = [getattr(arguments, name, None) for name in ("passes", "pass_pipeline")]
    for text in (*pipelines, *getattr(arguments, "set", ())):
        yield from _option_files(text or "")


def _option_files(pipeline: str) -> Iterator[str]:
    """The files that options of passes name."""
    for quoted, plain in OPTION_VALUE.findall(pipeline):
        if os.path.isfile(quoted or plain):
            yield quoted or plain


def import_options(arguments: argparse.Namespace) -> ImportOptions:
    """The import options given on the command line."""
    from spatem_ir.frontend.load import ImportOptions

    named = {
        "weight_bits": arguments.weight_bits,
        "activation_bits": arguments.activation_bits,
        "seed": arguments.seed,
        "calibration": arguments.calibration,
        "activation_scale": arguments.activation_scale,
        "weight_scale": arguments.weight_scale,
        "per": arguments.weight_scale_per,
        "requantize": arguments.requantize,
        "raw": arguments.raw or None,
        "shapes": dict(arguments.shape) if arguments.shape else None,
    }
    given: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    return ImportOptions(**given, given=frozenset(given))
