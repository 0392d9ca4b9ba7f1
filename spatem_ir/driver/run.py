"""One run as `spatem-run` makes it: compile, execute values, check, execute cycles, measure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from spatem_ir.dialects.level import Level
from spatem_ir.driver.checks import (
    check_encoding,
    check_exactness,
    equals_levels,
    equals_reference,
    given_model,
    model_differences,
    model_fidelity,
    share_of,
    tensor_check,
    top_classes,
    without_deployment,
)
from spatem_ir.driver.compile import check_lowering, deploy, tell_doubts
from spatem_ir.driver.effects import check_overrides, check_values_reported
from spatem_ir.driver.inputs import input_images
from spatem_ir.driver.simulation import Simulation, simulated, static_metrics
from spatem_ir.driver.sources import Source, chosen_accelerator, read_source
from spatem_ir.frontend.load import PACKAGED_MODELS, ImportOptions
from spatem_ir.hardware.accelerator import Accelerator, doubts
from spatem_ir.hardware.overrides import Key, overridden
from spatem_ir.hardware.parameters import Value, parameters_of
from spatem_ir.runtime.machine.dispatch import Dispatch
from spatem_ir.runtime.metrics.layer_metrics import inexact_layers
from spatem_ir.runtime.metrics.metric import Metrics
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.files import check_outputs
from spatem_ir.support.messages import SILENT, Messages, told

if TYPE_CHECKING:
    from spatem_ir.driver.checks import ModelDifferences
    from spatem_ir.driver.deployment import Deployment
    from spatem_ir.exchange.fidelity import Fidelity
    from spatem_ir.exchange.onnxruntime_check import TensorCheck, TensorComparison
    from spatem_ir.runtime.critical_path import CriticalPath

Array = NDArray[Any]


@dataclass(frozen=True)
class RunOptions:
    """What a run does; see the command line's help.

    `passes` is a pipeline in place of the usual one and `settings` are further options of passes
    (:func:`~spatem_ir.driver.compile.deploy`), `level` how far the network is lowered; only level
    `ou` has cycles.  `outputs` asks for the values of outputs; `files` will be written
    afterwards, so that no input must be one of them.  `overrides` are values of parameters of the
    accelerator: several of one parameter in a sweep.
    """

    source: str
    importing: ImportOptions
    accelerator: str | None = None
    strategy: str | None = None
    passes: str | None = None
    settings: Sequence[str] = ()
    inputs: str | None = None
    images: int | None = None
    check: str | None = None
    outputs: bool = False
    files: Collection[str] = ()
    engine: str = "reference"
    images_in_flight: int = 1
    dispatch: Dispatch = Dispatch.STATIC
    critical_path: bool = False
    level: Level = Level.OU
    overrides: Mapping[Key, tuple[Value, ...]] = field(default_factory=dict)

    @property
    def wants_values(self) -> bool:
        """Whether values are executed."""
        asked = self.check or self.outputs or self.inputs or self.images or self.sweeps
        return bool(asked)

    @property
    def draws(self) -> bool:
        """Whether values are those of random images."""
        return self.inputs is None and self.source not in PACKAGED_MODELS

    @property
    def sweeps(self) -> bool:
        """Whether some parameter has several values."""
        return any(len(values) > 1 for values in self.overrides.values())


@dataclass(frozen=True)
class RunResult:
    """What a run found.  Values that were not asked for are None.

    `pipeline` are the passes that ran.  Above level `pxb` there are no metrics.  `exact` says
    whether all layers compute exact integers on this machine; `agreement` is the share of images
    with the same top class as the exact network, None on an exact machine.  `tensors` is what
    `--check onnxruntime` found inside the network, `model_differences` how outputs differ from the
    given quantised ONNX model's, `fidelity` how far they are from the given float32 one's;
    `outputs` are the values [images, …] of each output; `module` is the IR after all passes.
    """

    network: str
    accelerator: Accelerator
    strategy: str | None
    pipeline: str
    engine: str
    metrics: Metrics | None
    check: str | None
    images: int | None
    outputs_match: bool | None
    accuracy: float | None
    exact: bool
    agreement: float | None
    tensors: TensorComparison | None
    model_differences: ModelDifferences | None
    fidelity: Fidelity | None
    simulation: Simulation | None = None
    outputs: list[Array] | None = None
    module: ModuleOp | None = None

    @property
    def critical_path(self) -> CriticalPath | None:
        """What the latency is spent on, if it was asked for."""
        return None if self.simulation is None else self.simulation.critical_path

    def to_dict(self) -> dict[str, Any]:
        """The result as a flat dictionary for JSON, `layers` last."""
        metrics = {"layers": ()} if self.metrics is None else self.metrics.to_dict()
        layers = metrics.pop("layers")
        return {
            "network": self.network,
            "accelerator": self.accelerator.name,
            "strategy": self.strategy,
            "pipeline": self.pipeline,
            "engine": self.engine,
            "dispatch": None if self.simulation is None else str(self.simulation.dispatch),
            "static_cycles": None if self.simulation is None else self.simulation.static_cycles,
            **metrics,
            "analog": analog_parameters(self.accelerator),
            "exact": self.exact,
            "check": self.check,
            "images": self.images,
            "outputs_match": self.outputs_match,
            "tensors": None if self.tensors is None else self.tensors.to_dict(),
            **_differences_dict(self.model_differences),
            "fidelity": None if self.fidelity is None else self.fidelity.to_dict(),
            "accuracy": self.accuracy,
            "agreement": self.agreement,
            "critical_path": None if self.critical_path is None else self.critical_path.to_dict(),
            "layers": list(layers),
        }


def _differences_dict(found: ModelDifferences | None) -> dict[str, Any]:
    """What differs from the given quantised model, for JSON."""
    rounding = None if found is None else found.rounding
    return {
        "original_differences": None if found is None else found.elements,
        "original_difference_codes": None if found is None else found.most_codes,
        "rounding": None if rounding is None else rounding.to_dict(),
    }


def analog_parameters(accelerator: Accelerator) -> dict[str, Value]:
    """The parameters of an accelerator on which values depend, for JSON."""
    return {"adc_bits": accelerator.ou.adc_bits, **parameters_of(accelerator.analog)}


def run(options: RunOptions, say: Messages = SILENT) -> RunResult:
    """Do what the options say.

    Raises:
        SpatemError: anything about the input that is wrong; nothing has been written then.
    """
    source = given_source(options, say)
    wants_values = options.wants_values
    inputs, labels = given_images(options, source) if wants_values else ([], None)
    if options.engine != "none" and options.level is Level.OU:
        check_encoding(options.source, source.accelerator)
    deployment = deploy(
        source,
        strategy=options.strategy,
        passes=options.passes,
        settings=options.settings,
        level=options.level,
        images=options.images_in_flight,
        say=say,
    )
    inexact = inexact_layers(source.module) if options.level is not Level.CNN else []
    if options.check in ("levels", "onnxruntime"):
        check_exactness(options.source, options.check, inexact)
    values = Values()
    if wants_values:
        asked = options.check is not None or options.outputs
        check_values_reported(
            "--images" if options.inputs is None else "--inputs",
            reported=asked or labels is not None or bool(inexact),
        )
        values = executed(options, deployment, inputs, labels, inexact=bool(inexact), say=say)
    if options.engine == "none" or source.level is not Level.OU:
        metrics, simulation = static_metrics(source), None
    else:
        simulation = simulated(
            source,
            images=options.images_in_flight,
            engine=options.engine,
            dispatch=options.dispatch,
            traced=options.critical_path,
            say=say,
        )
        metrics = simulation.metrics
    return RunResult(
        network=source.name,
        accelerator=source.accelerator,
        strategy=deployment.strategy,
        pipeline=",".join(deployment.passes),
        engine=options.engine,
        metrics=metrics,
        check=options.check,
        images=len(inputs[0]) if wants_values else None,
        outputs_match=values.match,
        accuracy=values.accuracy,
        exact=not inexact,
        agreement=values.agreement,
        tensors=values.tensors,
        model_differences=values.model_differences,
        fidelity=values.fidelity,
        simulation=simulation,
        outputs=values.outputs,
        module=source.module,
    )


def given_source(options: RunOptions, say: Messages) -> Source:
    """Read the network of a run, and put the accelerator on it that the options ask for.

    Raises:
        SpatemError: it cannot be read, or not be lowered as the options say.
    """
    say.step(f"reading {options.source}")
    with told(say):
        source = read_source(
            options.source, options.importing, draws_inputs=options.wants_values and options.draws
        )
    check_outputs(options.files, source.store.files(source.module))
    check_lowering(source, options.strategy, options.passes, options.level)
    first = {key: values[0] for key, values in options.overrides.items()}
    source.put_on(overridden(chosen_accelerator(source.module, options.accelerator), first))
    check_overrides(options.overrides, source.accelerator)
    tell_doubts(source.prepared.doubts, say)
    if not options.sweeps:
        tell_doubts(doubts(source.accelerator), say)
    return source


def given_images(options: RunOptions, source: Source) -> tuple[list[Array], Array | None]:
    """The images of a run, one array [images, …] per network input, and their labels if known."""
    return input_images(
        source, file=options.inputs, count=options.images, seed=options.importing.seed
    )


@dataclass
class Values:
    """The values that were executed, and what was found of them; see :class:`RunResult`."""

    outputs: list[Array] | None = None
    match: bool | None = None
    accuracy: float | None = None
    agreement: float | None = None
    tensors: TensorComparison | None = None
    model_differences: ModelDifferences | None = None
    fidelity: Fidelity | None = None


def executed(
    options: RunOptions,
    deployment: Deployment,
    inputs: list[Array],
    labels: Array | None,
    *,
    inexact: bool,
    say: Messages,
) -> Values:
    """Execute values and compare them with what the options name; `inexact` layers with exact ones.

    Raises:
        SpatemError: inputs do not fit the network, or onnxruntime cannot run it.
    """
    from spatem_ir.runtime.interpreter import execute

    source, images = deployment.source, len(inputs[0])
    say.step(f"executing {images} image{'s' * (images > 1)} at level {source.level}")
    check = tensor_check(source) if options.check == "onnxruntime" else None
    outputs = execute(source.module, inputs, source.store, check)
    found = Values(outputs)
    if options.check is not None:
        say.step(f"comparing with {options.check}")
    if check is not None:
        found.tensors = check.comparison(outputs)
        found.match = found.tensors.first_difference is None
        try:
            compare_with_given_model(options, source, check, inputs, labels, found, say)
        except SpatemError as error:
            say.note(f"warning: not compared with the given model: {error}")
    elif options.check is not None:
        equal = equals_levels if options.check == "levels" else equals_reference
        found.match = equal(deployment, inputs, outputs)
    if labels is not None:
        found.accuracy = share_of(top_classes(outputs), labels)
    if inexact:
        exact = execute(without_deployment(deployment.given), inputs, source.store)
        found.agreement = share_of(top_classes(outputs), top_classes(exact))
    return found


def compare_with_given_model(
    options: RunOptions,
    source: Source,
    check: TensorCheck,
    inputs: list[Array],
    labels: Array | None,
    found: Values,
    say: Messages,
) -> None:
    """How far a network is from the ONNX model that it was made from, or how many elements differ.

    Raises:
        SpatemError: onnxruntime cannot run the model.
    """
    model = given_model(source)
    if model is not None and source.prepared.quantized:
        given = inputs if options.inputs is not None or labels is not None else None
        found.fidelity = model_fidelity(source, model, check, given)
        if found.fidelity is not None and found.fidelity.doubt is not None:
            say.note(f"warning: {source.given}: {found.fidelity.doubt}")
    elif model is not None:
        assert found.outputs is not None
        found.model_differences = model_differences(model, check, inputs, found.outputs)
        found.match = bool(found.match and found.model_differences.are_rounding)
