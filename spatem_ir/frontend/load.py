"""Networks by name or file: the one entry to the frontend."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from spatem_ir.errors import SpatemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from xdsl.dialects.builtin import ModuleOp


@dataclass(frozen=True)
class ImportOptions:
    """How a network is imported.

    Weight and activation bits are those of generated or quantised layers (None: the default); an
    already quantised model keeps its own.  `calibration` is an .npy file of inputs.
    """

    weight_bits: int | None = None
    activation_bits: int | None = None
    seed: int = 0
    calibration: str | None = None


@dataclass(frozen=True)
class LoadedNetwork:
    """A network as IR at level `cnn`, and the parameters that are in no file yet, by key."""

    name: str
    module: ModuleOp
    arrays: dict[str, NDArray[np.generic]] = field(default_factory=dict)


PACKAGED_MODELS = ("lenet-digits", "lenet-digits-float")
"""Trained networks that ship with the package, by name."""


def network_names() -> list[str]:
    """The names under which networks are known."""
    from spatem_ir.frontend.benchmarks import BENCHMARKS

    return [*BENCHMARKS, *PACKAGED_MODELS]


def load_network(
    source: str,
    options: ImportOptions,
    weights_file: str | None = None,
    folder: Path | None = None,
) -> LoadedNetwork:
    """Import an .onnx file, or build the network of the given name.

    `weights_file` is the file for parameters that are in no file yet; paths in the IR are relative
    to `folder`, that of the IR file, if it is given.

    Raises:
        SpatemError: no such file or name, or the model cannot be imported.
    """
    from spatem_ir.frontend.benchmarks import BENCHMARKS, build_benchmark

    if source in BENCHMARKS:
        if options.calibration is not None:
            raise SpatemError(f"{source}: --calibration is for float ONNX models only")
        return LoadedNetwork(source, build_benchmark(source, options))
    if source not in PACKAGED_MODELS and Path(source).suffix != ".onnx":
        raise SpatemError(
            f"unknown network '{source}': neither an .onnx file nor one of "
            f"{', '.join(network_names())}"
        )
    from spatem_ir.frontend.onnx_import import import_onnx

    if source in PACKAGED_MODELS:
        return import_onnx(f"package:{source}.onnx", options, weights_file)
    return import_onnx(source, options, weights_file, folder)
