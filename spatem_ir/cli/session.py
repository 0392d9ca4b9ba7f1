"""One run of `spatem-run`: load, lower, execute values, check, execute cycles, measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType

from spatem_ir.cli.engines import engine_for
from spatem_ir.cli.exactness import check_encoding, check_exactness, share_of, top_classes
from spatem_ir.cli.inputs import print_doubts
from spatem_ir.cli.lowering import lower, remaining_pipeline, run_pipeline
from spatem_ir.cli.parsing import parse_module
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.hw import (
    ACCELERATOR_ATTRIBUTE,
    AcceleratorAttr,
    accelerator_of,
    optional_accelerator,
)
from spatem_ir.dialects.level import Level, level_of
from spatem_ir.dialects.mvm import network_of
from spatem_ir.frontend.load import PACKAGED_MODELS, ImportOptions, load_network
from spatem_ir.hardware.accelerator import Accelerator, Value, parameters_of
from spatem_ir.hardware.loader import DEFAULT_ACCELERATOR, load_accelerator
from spatem_ir.hardware.overrides import Key, overridden
from spatem_ir.passes.verify_deployment import VerifyDeploymentPass
from spatem_ir.runtime.metrics import Metrics, inexact_layers, metrics_of
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.files import check_writable, whole_file
from spatem_ir.universe import register_dialects
from spatem_ir.weights.store import PACKAGE_SCHEME, ParameterStore, packaged_file

if TYPE_CHECKING:
    from spatem_ir.exchange.onnxruntime_check import TensorCheck, TensorComparison
    from spatem_ir.runtime.critical_path import CriticalPath

Progress = Callable[[str], None]
Array = NDArray[Any]

DIGITS = "lenet-digits-test.npz"
"""The held-out digits that ship with the package."""


@dataclass(frozen=True)
class RunOptions:
    """What a run does; see the command line's help.

    `level` is how far the network is lowered; only level `ou` has cycles.  `overrides` are values
    of parameters of the accelerator: several of one parameter in a sweep.
    """

    source: str
    importing: ImportOptions
    accelerator: str | None = None
    strategy: str | None = None
    inputs: str | None = None
    images: int | None = None
    check: str | None = None
    outputs: str | None = None
    engine: str = "reference"
    images_in_flight: int = 1
    critical_path: bool = False
    level: Level = Level.OU
    overrides: Mapping[Key, tuple[Value, ...]] = field(default_factory=dict)

    @property
    def sweeps(self) -> bool:
        """Whether some parameter has several values."""
        return any(len(values) > 1 for values in self.overrides.values())


@dataclass(frozen=True)
class RunResult:
    """What a run found.  Values that were not asked for are None.

    Above level `pxb` there are no metrics.  `exact` says whether all layers compute exact integers
    on this machine; `agreement` is the share of images with the same top class as the exact
    network, None on an exact machine.  `tensors` is what `--check onnxruntime` found inside the
    network, `original_differences` how many output elements differ from the given ONNX model's.
    """

    network: str
    accelerator: Accelerator
    strategy: str | None
    engine: str
    metrics: Metrics | None
    check: str | None
    images: int | None
    outputs_match: bool | None
    accuracy: float | None
    exact: bool
    agreement: float | None
    tensors: TensorComparison | None
    original_differences: int | None
    critical_path: CriticalPath | None = None

    def to_dict(self) -> dict[str, Any]:
        """The result as a flat dictionary for JSON, `layers` last."""
        metrics = {"layers": ()} if self.metrics is None else self.metrics.to_dict()
        layers = metrics.pop("layers")
        return {
            "network": self.network,
            "accelerator": self.accelerator.name,
            "strategy": self.strategy,
            "engine": self.engine,
            **metrics,
            "analog": analog_parameters(self.accelerator),
            "exact": self.exact,
            "check": self.check,
            "images": self.images,
            "outputs_match": self.outputs_match,
            "tensors": None if self.tensors is None else self.tensors.to_dict(),
            "original_differences": self.original_differences,
            "accuracy": self.accuracy,
            "agreement": self.agreement,
            "critical_path": None if self.critical_path is None else self.critical_path.to_dict(),
            "layers": list(layers),
        }


def analog_parameters(accelerator: Accelerator) -> dict[str, Value]:
    """The parameters of an accelerator on which values depend, for JSON."""
    return {"adc_bits": accelerator.ou.adc_bits, **parameters_of(accelerator.analog)}


@dataclass(frozen=True)
class Source:
    """A network as it was given: its module, parameters, and quantised ONNX file if it has one."""

    name: str
    module: ModuleOp
    store: ParameterStore
    onnx: str | None = None


def run_session(options: RunOptions, progress: Progress = lambda _: None) -> RunResult:
    """Do what the options say.

    Raises:
        SpatemError: anything about the input that is wrong; nothing has been written then.
    """
    if options.outputs is not None:
        check_writable(options.outputs)
    context = Context()
    register_dialects(context)
    progress(f"reading {options.source}")
    source = load_source(options, context)
    reference = source.module.clone()
    was = level_of(source.module)
    values = options.check or options.outputs or options.inputs or options.images
    inputs, labels = input_images(options, source) if values else ([], None)
    if options.engine != "none" and options.level is Level.OU:
        check_encoding(options.source, accelerator_of(source.module))
    lower(context, source.module, options.strategy, progress, options.level)
    if level_of(source.module) is Level.OU:
        progress("verifying the deployment")
        VerifyDeploymentPass().apply(context, source.module)
    inexact = inexact_layers(source.module) if options.level is not Level.CNN else []
    if options.check in ("levels", "onnxruntime"):
        check_exactness(options.source, options.check, inexact)
    outputs = match = accuracy = agreement = images = tensors = original = None
    if values:
        from spatem_ir.runtime.interpreter import execute

        images = len(inputs[0])
        progress(f"executing {images} image{'s' * (images > 1)} at level {level_of(source.module)}")
        check = tensor_check(source) if options.check == "onnxruntime" else None
        outputs = execute(source.module, inputs, source.store, check)
        if check is not None:
            tensors = check.comparison(outputs)
        if options.check:
            progress(f"comparing with {options.check}")
            if tensors is not None:
                original = original_differences(source, inputs, outputs)
                match = tensors.first_difference is None and not original
            else:
                match = equals_levels(options, source, reference, context, inputs, outputs)
        if labels is not None:
            accuracy = share_of(top_classes(outputs), labels)
        if inexact:
            exact = execute(without_deployment(reference), inputs, source.store)
            agreement = share_of(top_classes(outputs), top_classes(exact))
    metrics, path = measured(options, source.module, progress)
    if options.outputs and outputs is not None:
        save_outputs(options.outputs, outputs[0])
    is_partitioned_here = was is Level.CNN and options.level is not Level.CNN
    return RunResult(
        network=source.name,
        accelerator=accelerator_of(source.module),
        strategy=(options.strategy or "spatem") if is_partitioned_here else None,
        engine=options.engine,
        metrics=metrics,
        check=options.check,
        images=images,
        outputs_match=match,
        accuracy=accuracy,
        exact=not inexact,
        agreement=agreement,
        tensors=tensors,
        original_differences=original,
        critical_path=path,
    )


def load_source(options: RunOptions, context: Context) -> Source:
    """Read the IR file or import the network, and put the accelerator on the module."""
    if options.source.endswith(".mlir"):
        path = Path(options.source)
        module = parse_module(context, path.read_bytes(), options.source)
        network = network_of(module)
        if network is None:
            raise SpatemError(f"{options.source}: holds no cnn.network")
        module.verify()
        source = Source(network.sym_name.data, module, ParameterStore(path.parent))
    else:
        loaded = load_network(options.source, options.importing)
        packaged = options.source in PACKAGED_MODELS
        onnx = options.source if options.source.endswith(".onnx") else None
        if packaged:
            onnx = str(packaged_file(f"{PACKAGE_SCHEME}{options.source}.onnx"))
        if loaded.quantized_here:
            onnx = None
        store = ParameterStore(arrays=loaded.arrays)
        source = Source(loaded.name, loaded.module, store, onnx)
    if options.strategy is not None and level_of(source.module) is not Level.CNN:
        raise SpatemError(f"{options.source}: is partitioned already; leave --strategy out")
    levels = list(Level)
    if levels.index(level_of(source.module)) > levels.index(options.level):
        raise SpatemError(
            f"{options.source}: is at level {level_of(source.module)}; --level {options.level} is "
            "above that"
        )
    accelerator = optional_accelerator(source.module)
    if options.accelerator is not None or accelerator is None:
        accelerator = load_accelerator(options.accelerator or DEFAULT_ACCELERATOR)
    first = {key: values[0] for key, values in options.overrides.items()}
    accelerator = overridden(accelerator, first)
    if not options.sweeps:
        print_doubts(accelerator, "spatem-run")
    source.module.attributes[ACCELERATOR_ATTRIBUTE] = AcceleratorAttr(accelerator)
    return source


def input_images(options: RunOptions, source: Source) -> tuple[list[Array], Array | None]:
    """The images to execute, one array per network input, and their labels if known."""
    network = network_of(source.module)
    assert network is not None
    arguments = network.body.block.args
    if options.inputs is not None:
        try:
            images = np.load(options.inputs, allow_pickle=False)
        except FileNotFoundError as error:
            raise SpatemError(f"{options.inputs}: there is no such file") from error
        except (OSError, ValueError, EOFError) as error:
            raise SpatemError(f"{options.inputs}: not a readable .npy file") from error
        if not isinstance(images, np.ndarray) or images.ndim == 0 or len(arguments) != 1:
            raise SpatemError(f"{options.inputs}: one .npy array for one network input is needed")
        if options.images is not None and len(images) < options.images:
            raise SpatemError(f"{options.inputs}: holds {len(images)} of {options.images} images")
        return [images[: options.images]], None
    count = options.images or 1
    if options.source in PACKAGED_MODELS:
        digits = np.load(packaged_file(PACKAGE_SCHEME + DIGITS))
        if count > len(digits["images"]):
            raise SpatemError(f"--images is {count}; there are {len(digits['images'])} digits")
        return [digits["images"][:count]], digits["labels"][:count]
    if options.importing.seed < 0:
        raise SpatemError(f"--seed is {options.importing.seed}; it must be at least 0")
    generator = np.random.default_rng(options.importing.seed)
    return [random_images(generator, count, argument.type) for argument in arguments], None


def random_images(generator: np.random.Generator, count: int, tensor: Any) -> Array:
    """Uniformly random inputs: all codes of a quantised input, 0 to 1 of a float one."""
    assert isinstance(tensor, TensorType)
    shape = (count, *tensor.get_shape())
    code = quantization_of(tensor)
    if code is None:
        return generator.random(shape, np.float32)
    return generator.integers(code.minimum, code.maximum + 1, shape)


def equals_levels(
    options: RunOptions,
    source: Source,
    module: ModuleOp,
    context: Context,
    inputs: list[Array],
    outputs: list[Array],
) -> bool:
    """Whether all outputs are those of the network without its deployment, the integer reference.

    With `--check levels` also those of the level of the input and of every level below.  `module`
    is the module as it was given; it is lowered level by level.
    """
    from spatem_ir.exchange.onnxruntime_check import differences
    from spatem_ir.runtime.interpreter import execute

    def equal(other: ModuleOp) -> bool:
        return differences(outputs, execute(other, inputs, source.store)) == 0

    if not equal(without_deployment(module)):
        return False
    pipeline = remaining_pipeline(level_of(module), options.strategy).split(",")
    for lowering in ["", *pipeline[:-1]] if options.check == "levels" else []:
        run_pipeline(context, module, lowering)
        if not equal(module):
            return False
    return True


def without_deployment(module: ModuleOp) -> ModuleOp:
    """A copy of a module that holds nothing but its network: at level `cnn` or `mvm`."""
    bare = module.clone()
    for op in [op for op in bare.ops if op is not network_of(bare)]:
        op.detach()
        op.erase()
    return bare


def tensor_check(source: Source) -> TensorCheck:
    """What compares every tensor with onnxruntime's while the network is executed."""
    from spatem_ir.exchange.onnxruntime_check import TensorCheck

    return TensorCheck(source.module, source.store)


def original_differences(source: Source, inputs: list[Array], outputs: list[Array]) -> int | None:
    """Output elements that differ from onnxruntime's on the quantised ONNX model that was given.

    None for another source: a float model that was quantised here is another function.
    """
    from spatem_ir.exchange.onnxruntime_check import differences, onnxruntime_outputs

    if source.onnx is None:
        return None
    return differences(outputs, onnxruntime_outputs(source.onnx, inputs))


def measured(
    options: RunOptions, module: ModuleOp, progress: Progress
) -> tuple[Metrics | None, CriticalPath | None]:
    """The metrics, with cycles if an engine was asked for; none where nothing has a place yet.

    With the critical path if it was asked for, of the last of the images in flight.
    """
    if level_of(module) not in (Level.PXB, Level.OU):
        return None, None
    if options.engine == "none" or level_of(module) is not Level.OU:
        return metrics_of(module, None), None
    from spatem_ir.runtime.machine.reference.program import visits_of

    progress(f"simulating {visits_of(module)} visits")
    images, traced = options.images_in_flight, options.critical_path
    execute_images = engine_for(options.engine, options.source, module, images, trace=traced)
    execution = execute_images(1)
    pipelined = None
    if images > 1:
        progress(f"simulating {images} images in flight")
        pipelined = execute_images(images)
    metrics = metrics_of(module, execution, pipelined)
    if not traced:
        return metrics, None
    from spatem_ir.runtime.critical_path import critical_path

    return metrics, critical_path(pipelined or execution, module)


def save_outputs(path: str, values: Array) -> None:
    """Write an array as .npy, all or nothing."""
    with whole_file(path) as file:
        np.save(file, values)
