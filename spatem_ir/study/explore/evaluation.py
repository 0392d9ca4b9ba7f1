"""The evaluation of an experiment, in whatever process: compile, verify, simulate, measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.utils.exceptions import ArgSpecParseError

from spatem_ir.driver.checks import share_of, top_classes, without_deployment
from spatem_ir.driver.compile import deploy
from spatem_ir.driver.inputs import input_images
from spatem_ir.runtime.analog.arithmetic import OuArithmetic
from spatem_ir.runtime.interpreter import execute
from spatem_ir.runtime.metrics.layer_metrics import inexact_layers
from spatem_ir.runtime.metrics.register import all_metrics
from spatem_ir.study.digests import imported_source, network_digest
from spatem_ir.study.version import code_version
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.explain import message_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatem_ir.driver.deployment import Deployment
    from spatem_ir.frontend.options import ImportOptions
    from spatem_ir.study.explore.experiments import Experiment
    from spatem_ir.study.explore.space import ImagesOfValues

    Array = NDArray[Any]

ONE_AT_A_TIME = Lock()
"""A worker of a cluster may have several threads; experiments are for one."""


class StrayWorkerError(SpatemError):
    """A worker would not evaluate what is meant: it has another network or other code."""


@dataclass(frozen=True)
class Finding:
    """What became of an experiment.

    Attributes:
        key: That of the experiment.
        metrics: What was measured, by name; empty if nothing was.
        failure: Why nothing was; None if something was.
        seconds: CPU time.
        is_lasting: Whether it will be the same next time, and so is kept.
    """

    key: str
    metrics: Mapping[str, float | str | None]
    failure: str | None = None
    seconds: float = 0.0
    is_lasting: bool = True


def evaluate(experiment: Experiment) -> Finding:
    """The finding of an experiment; an error of any kind is the reason why there are no results.

    Raises:
        StrayWorkerError: this process has another network or other code than the one that asks.
    """
    with ONE_AT_A_TIME:
        started = process_time()
        _check_same(experiment)
        try:
            metrics = measured(experiment)
        except (Exception, ArgSpecParseError) as error:
            lasting = not isinstance(error, MemoryError | OSError)
            taken = process_time() - started
            return Finding(experiment.key, {}, message_of(error), taken, lasting)
        return Finding(experiment.key, metrics, seconds=process_time() - started)


def _check_same(experiment: Experiment) -> None:
    if experiment.version != code_version():
        raise StrayWorkerError(
            f"a worker has spatem-ir {code_version()}, this process has {experiment.version}; "
            "install the same there, or run again if it was changed meanwhile"
        )
    try:
        found = network_digest(experiment.network, experiment.importing)
    except SpatemError as error:
        raise StrayWorkerError(
            f"a worker cannot read the network: {error}; every worker needs it under the same path"
        ) from error
    if found != experiment.network_digest:
        raise StrayWorkerError(
            f"{experiment.network}: a worker finds another network there; every worker needs the "
            "same one, and it must not change meanwhile"
        )


def measured(experiment: Experiment) -> dict[str, Any]:
    """Compile, verify and simulate an experiment; all metrics that are single values.

    Raises:
        SpatemError: the network does not fit, or is too much for the engine.
    """
    source = imported_source(experiment.network, experiment.importing)
    source = replace(source, module=source.module.clone())
    source.put_on(experiment.accelerator)
    deployment = deploy(
        source,
        strategy=experiment.strategy,
        passes=experiment.passes,
        settings=experiment.settings,
        images=experiment.images_in_flight,
    )
    simulation = deployment.simulate(experiment.images_in_flight)
    values = simulation.metrics.values
    found = {name: values[name] for name, metric in all_metrics().items() if metric.scalar}
    found["pipeline"] = ",".join(deployment.passes)
    if experiment.values is not None:
        found |= shares(deployment, experiment)
    return found


def shares(deployment: Deployment, experiment: Experiment) -> dict[str, float | None]:
    """The accuracy, None without labels, and the share of images classified as exactly computed.

    Raises:
        SpatemError: the images do not fit the network, or the machine cannot compute the values.
    """
    assert experiment.values is not None
    machine = experiment.accelerator
    OuArithmetic.of(machine).expect_computable(machine.name)
    exact = exact_classes(experiment.network, experiment.importing, experiment.values)
    inputs, labels = images_of(experiment.network, experiment.importing, experiment.values)
    classes = exact
    if inexact_layers(deployment.module):
        outputs = execute(deployment.module, inputs, deployment.source.store)
        classes = top_classes(outputs)
    return {
        "accuracy": None if labels is None else share_of(classes, labels),
        "agreement": share_of(classes, exact),
    }


@lru_cache(maxsize=1)
def images_of(
    network: str, importing: ImportOptions, values: ImagesOfValues
) -> tuple[list[Array], Array | None]:
    """The images of a network, and their labels if they are known.

    Raises:
        SpatemError: a file cannot be read, or has too few images or labels.
    """
    source = imported_source(network, importing)
    file = None if values.inputs is None else str(values.inputs)
    inputs, labels = input_images(source, file=file, count=values.images)
    if values.labels is not None:
        labels = _labels(values)
    return inputs, labels


def _labels(values: ImagesOfValues) -> Array:
    file = str(values.labels)
    try:
        labels = np.load(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise SpatemError(f"{file}: not a readable .npy file") from error
    if not isinstance(labels, np.ndarray) or labels.ndim != 1 or len(labels) < values.images:
        raise SpatemError(f"{file}: must be an array of at least {values.images} classes")
    return labels[: values.images]


@lru_cache(maxsize=1)
def exact_classes(network: str, importing: ImportOptions, values: ImagesOfValues) -> Array:
    """The classes of images as the network without a machine finds them: shape [images]."""
    source = imported_source(network, importing)
    inputs, _ = images_of(network, importing, values)
    return top_classes(execute(without_deployment(source.module), inputs, source.store))
