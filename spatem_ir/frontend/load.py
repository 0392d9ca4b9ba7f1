"""Networks by name or file: the one entry to the frontend."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
    "vgg16",
    "vgg19",
    "wide_resnet50",
    "zfnet512",
)
"""Published topologies with seeded weights, see :mod:`spatem_ir.frontend.topologies`."""


OF_QUANTIZATION = (
    "weight_bits",
    "activation_bits",
    "calibration",
    "activation_scale",
    "weight_scale",
    "per",
    "requantize",
)
"""The options of the quantisation of a float network."""

GENERATED = "which is generated with the codes of its weights; leave it out"
KNOWN_SHAPE = "the shape of whose input is known; leave it out"
QUANTIZED = "which is quantised already; leave it out"
CALIBRATED = "where nothing is random: it has weights and calibration inputs; leave it out"
UNPREPARED = "which --raw imports operator by operator, unquantised; leave it out"


def network_names() -> list[str]:
    """The names under which networks are known."""
    from spatem_ir.frontend.benchmarks import BENCHMARKS

    return [*BENCHMARKS, *PACKAGED_MODELS, *PUBLISHED_NETWORKS]


def load_network(
    source: str,
    options: ImportOptions,
    weights_file: str | None = None,
    folder: Path | None = None,
    *,
    draws_inputs: bool = False,
) -> LoadedNetwork:
    """Import an .onnx file, or build the network of the given name.

    `weights_file` is the file for parameters that are in no file yet; paths in the IR are relative
    to `folder`, that of the IR file, if it is given.  With `draws_inputs` the seed is that of
    random inputs, too.

    Raises:
        SpatemError: no such file or name, the model cannot be imported, or an option would have no
            effect.
    """
    from spatem_ir.frontend.benchmarks import BENCHMARKS, build_benchmark

    if source in BENCHMARKS:
        options.expect_effects(source, GENERATED, ("weight_bits", "activation_bits", "seed"))
        return LoadedNetwork(source, build_benchmark(source, options))
    if source in PUBLISHED_NETWORKS:
        return load_topology(source, options, weights_file, folder)
    if source not in PACKAGED_MODELS and Path(source).suffix != ".onnx":
        raise SpatemError(
            f"unknown network '{source}': neither an .onnx file nor one of "
            f"{', '.join(network_names())}"
        )
    packaged = source in PACKAGED_MODELS
    loaded = load_onnx(
        f"package:{source}.onnx" if packaged else source, options, weights_file, folder
    )
    if options.raw:
        effective, what = {"raw", "shapes"}, UNPREPARED
    elif loaded.prepared.quantized:
        effective, what = {*OF_QUANTIZATION, "shapes"}, CALIBRATED
        if loaded.prepared.is_calibration_drawn:
            effective.add("seed")
    else:
        effective, what = {"shapes"}, QUANTIZED
    if draws_inputs:
        effective.add("seed")
    options.expect_effects(source, what, effective)
    return loaded


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
    if options.raw:
        options.expect_effects(name, UNPREPARED, ("raw", "seed"))
    else:
        options.expect_effects(name, KNOWN_SHAPE, (*OF_QUANTIZATION, "seed"))
    store = new_store(weights_file, folder)
    module = import_graph(seeded_topology(name, options.seed), name, name, store).module
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
    imported = import_onnx(source, store, folder, options.shapes)
    module = imported.module
    prepared = Preparation() if options.raw else prepare(module, store, options, source)
    doubts = [
        f"output '{output}' is left out: it does not depend on an input"
        for output in imported.constant_outputs
    ]
    prepared = replace(prepared, doubts=(*doubts, *prepared.doubts))
    network = network_of(module)
    assert network is not None
    name, arrays = network.sym_name.data, store.referenced(module)
    return LoadedNetwork(name, module, arrays, prepared)
