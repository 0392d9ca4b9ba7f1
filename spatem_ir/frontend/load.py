"""Networks by name or file: the one entry to the frontend."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.mvm import network_of
from spatem_ir.frontend.options import ImportOptions
from spatem_ir.frontend.preparation import Preparation
from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from xdsl.dialects.builtin import ModuleOp


@dataclass(frozen=True)
class LoadedNetwork:
    """A network as IR at level `cnn`, and the parameters that are in no file yet, by key.

    `prepared` says how it became an integer network.
    """

    name: str
    module: ModuleOp
    arrays: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    prepared: Preparation = field(default_factory=Preparation)


PACKAGED_MODELS = ("lenet-digits", "lenet-digits-float")
"""Trained networks that ship with the package, by name."""


PUBLISHED_NETWORKS = (
    "alexnet",
    "densenet121",
    "inception_v1",
    "inception_v2",
    "resnet50",
    "shufflenet",
    "squeezenet",
    "vgg19",
    "zfnet512",
)
"""Published topologies with seeded weights, see :mod:`spatem_ir.frontend.topologies`."""


def network_names() -> list[str]:
    """The names under which networks are known."""
    from spatem_ir.frontend.benchmarks import BENCHMARKS

    return [*BENCHMARKS, *PACKAGED_MODELS, *PUBLISHED_NETWORKS]


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

    if options.shapes and (source in BENCHMARKS or source in PUBLISHED_NETWORKS):
        raise SpatemError(f"{source}: the shape of its input is known; leave --shape out")
    if source in BENCHMARKS:
        if options.calibration is not None:
            raise SpatemError(f"{source}: --calibration is for float ONNX models only")
        return LoadedNetwork(source, build_benchmark(source, options))
    if source in PUBLISHED_NETWORKS:
        return load_topology(source, options, weights_file, folder)
    if source not in PACKAGED_MODELS and Path(source).suffix != ".onnx":
        raise SpatemError(
            f"unknown network '{source}': neither an .onnx file nor one of "
            f"{', '.join(network_names())}"
        )
    packaged = source in PACKAGED_MODELS
    return load_onnx(
        f"package:{source}.onnx" if packaged else source, options, weights_file, folder
    )


def load_topology(
    name: str,
    options: ImportOptions,
    weights_file: str | None = None,
    folder: Path | None = None,
) -> LoadedNetwork:
    """A published topology with seeded weights, quantised unless the options say `raw`."""
    from spatem_ir.frontend.onnx_import import import_graph
    from spatem_ir.frontend.prepare import prepare
    from spatem_ir.frontend.topologies import calibration_images, seeded_topology
    from spatem_ir.weights.store import new_store

    if options.seed < 0:
        raise SpatemError(f"--seed is {options.seed}; it must be at least 0")
    store = new_store(weights_file, folder)
    module = import_graph(seeded_topology(name, options.seed), name, name, store)
    prepared = Preparation()
    if not options.raw:
        images = None
        if options.calibration is None:
            network = network_of(module)
            assert network is not None
            images = [calibration_images(shape_of(network.body.block.args[0]), options.seed)]
        prepared = prepare(module, store, options, name, images)
    return LoadedNetwork(name, module, store.referenced(module), prepared)


def load_onnx(
    source: str,
    options: ImportOptions,
    weights_file: str | None = None,
    folder: Path | None = None,
) -> LoadedNetwork:
    """Import an ONNX model and make it an integer network, unless the options say `raw`.

    Raises:
        SpatemError: the model cannot be imported or quantised.
    """
    from spatem_ir.frontend.onnx_import import import_onnx
    from spatem_ir.frontend.prepare import prepare
    from spatem_ir.weights.store import new_store

    store = new_store(weights_file, folder)
    module = import_onnx(source, store, folder, options.shapes)
    prepared = Preparation() if options.raw else prepare(module, store, options, source)
    network = network_of(module)
    assert network is not None
    name, arrays = network.sym_name.data, store.referenced(module)
    return LoadedNetwork(name, module, arrays, prepared)
