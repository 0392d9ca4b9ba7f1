"""A sweep of `spatem-run`: the accuracies of one deployment over ADC bits and cell deviations."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from spatem_ir.driver.checks import share_of, top_classes, without_deployment
from spatem_ir.driver.compile import deploy
from spatem_ir.driver.run import RunOptions, analog_parameters, given_images, given_source
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.overrides import ADC_BITS, CELL_SIGMA, overridden
from spatem_ir.runtime.analog.arithmetic import OuArithmetic
from spatem_ir.runtime.interpreter import execute
from spatem_ir.runtime.metrics.layer_metrics import lossless_layers
from spatem_ir.support.errors import SpatemError
from spatem_ir.support.messages import SILENT, Messages


@dataclass(frozen=True)
class SweepPoint:
    """One combination; `lossless` says whether its ADCs resolve all sums of ideal cells."""

    adc_bits: int
    cell_sigma: float
    lossless: bool
    share: float


@dataclass(frozen=True)
class SweepResult:
    """What a sweep found.

    Shares are of the images: those that are classified as their labels say if there are labels,
    otherwise those whose top class is that of the exact network; `exact` is the exact network's.
    """

    network: str
    accelerator: Accelerator
    images: int
    labelled: bool
    exact: float
    points: tuple[SweepPoint, ...]

    @property
    def measure(self) -> str:
        """What the shares are called."""
        return "accuracy" if self.labelled else "agreement"

    def to_dict(self) -> dict[str, Any]:
        """The result as a dictionary for JSON."""
        fixed = analog_parameters(self.accelerator)
        swept = [asdict(point) for point in self.points]
        return {
            "network": self.network,
            "accelerator": self.accelerator.name,
            "analog": {key: fixed[key] for key in fixed if key not in swept[0]},
            "images": self.images,
            "measure": self.measure,
            "exact": self.exact,
            "points": swept,
        }


def run_sweep(options: RunOptions, say: Messages = SILENT) -> SweepResult:
    """Execute all combinations of the ADC bits and cell deviations that the options name.

    Raises:
        SpatemError: anything about the input that is wrong, or an option that a sweep cannot heed.
    """
    for name in ("check", "outputs"):
        if getattr(options, name):
            raise SpatemError(f"--{name} is for a single run; give one value of each parameter")
    source = given_source(options, say)
    inputs, labels = given_images(options, source)
    base = source.accelerator
    bits = options.overrides.get(ADC_BITS, (base.ou.adc_bits,))
    sigmas = options.overrides.get(CELL_SIGMA, (base.analog.cell_sigma,))
    machines = [
        overridden(base, {ADC_BITS: adc_bits, CELL_SIGMA: sigma})
        for adc_bits, sigma in product(bits, sigmas)
    ]
    for machine in machines:
        OuArithmetic.of(machine).expect_computable(machine.name)
    images = len(inputs[0])
    several = f"{images} image{'s' * (images > 1)}"
    say.step(f"executing {several} exactly")
    exact = top_classes(execute(without_deployment(source.module), inputs, source.store))
    expected = exact if labels is None else labels
    deploy(
        source,
        strategy=options.strategy,
        passes=options.passes,
        settings=options.settings,
        say=say,
    )
    points = []
    for number, machine in enumerate(machines, start=1):
        adc_bits, sigma = machine.ou.adc_bits, machine.analog.cell_sigma
        say.step(
            f"executing {several} with {adc_bits} ADC bits, cell sigma {sigma:g} "
            f"({number} of {len(machines)})"
        )
        source.put_on(machine)
        classes = top_classes(execute(source.module, inputs, source.store))
        lossless = all(lossless_layers(source.module).values())
        points.append(SweepPoint(adc_bits, sigma, lossless, share_of(classes, expected)))
    return SweepResult(
        network=source.name,
        accelerator=base,
        images=images,
        labelled=labels is not None,
        exact=share_of(exact, expected),
        points=tuple(points),
    )
