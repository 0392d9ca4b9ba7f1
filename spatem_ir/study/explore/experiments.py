"""From points of a design space to experiments: what is to be evaluated, and under which key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.utils.arg_spec import ArgSpec

from spatem_ir.driver.checks import check_encoding
from spatem_ir.driver.pipeline import pass_text
from spatem_ir.frontend.options import ImportOptions
from spatem_ir.hardware.accelerator import doubts
from spatem_ir.hardware.components import GROUPS
from spatem_ir.hardware.loader import DEFAULT_ACCELERATOR, load_accelerator
from spatem_ir.hardware.overrides import rebuilt
from spatem_ir.passes.partition.register import default_strategy
from spatem_ir.study.digests import description_key, network_digest
from spatem_ir.study.explore.keys import (
    IMPORT,
    WORDS,
    accelerator_of_name,
    group_of,
    network_of_name,
)
from spatem_ir.study.version import code_version
from spatem_ir.weights.store import digest_of

if TYPE_CHECKING:
    from spatem_ir.hardware.accelerator import Accelerator
    from spatem_ir.study.explore.axes import SpacePoint
    from spatem_ir.study.explore.space import ImagesOfValues, Space


@dataclass(frozen=True)
class Experiment:
    """All that the results of a point depend on; it travels to the process that evaluates it.

    Attributes:
        network: A name, or a file that every worker finds under this path.
        importing: How the network is imported.
        network_digest: The digest of the imported network.
        accelerator: The machine.
        strategy: How `partition` cuts; None if `passes` say it.
        passes: Passes in place of the usual ones, if any.
        settings: Further options of passes.
        images_in_flight: Images that overlap when the interval is measured.
        values: The images on which values are executed; None if they are not.
        values_digest: The digest of their files.
        version: The version of the code.
    """

    network: str
    importing: ImportOptions
    network_digest: str
    accelerator: Accelerator
    strategy: str | None
    passes: str | None
    settings: tuple[str, ...]
    images_in_flight: int
    values: ImagesOfValues | None
    values_digest: str
    version: str

    @cached_property
    def description(self) -> dict[str, Any]:
        """What it is, for JSON: equal descriptions have equal results."""
        return {
            "network": self.network_digest,
            "accelerator": {"name": self.accelerator.name, **self.accelerator.tables},
            "strategy": self.strategy,
            "passes": self.passes,
            "settings": self.settings,
            "images_in_flight": self.images_in_flight,
            "images": None if self.values is None else self.values.images,
            "values": self.values_digest,
            "version": self.version,
        }

    @cached_property
    def key(self) -> str:
        """The digest of the description."""
        return description_key(self.description)

    @property
    def doubts(self) -> list[str]:
        """What is possible of the machine but probably not meant."""
        return doubts(self.accelerator)


class Experimenter:
    """Makes the experiments of a space."""

    def __init__(self, space: Space):
        self.space = space
        self.values_digest = files_digest(space.values)

    def experiment(self, point: SpacePoint) -> Experiment:
        """The experiment of a point.

        Raises:
            SpatemError: values of the point contradict each other, or the network cannot be
                imported as the point says.
        """
        network = network_of_name(self.space, str(point["network"]))
        importing = self._importing(point)
        accelerator = self._accelerator(point)
        check_encoding(str(point["network"]), accelerator)
        passes = str(point["passes"]) if "passes" in point else None
        return Experiment(
            network,
            importing,
            network_digest(network, importing),
            accelerator,
            None if passes else str(point.get("strategy", default_strategy())),
            passes,
            self._settings(point),
            self.space.images_in_flight,
            self.space.values,
            self.values_digest,
            code_version(),
        )

    def _importing(self, point: SpacePoint) -> ImportOptions:
        options: dict[str, Any] = {}
        for axis, value in point.items():
            group, name = group_of(axis)
            if group == IMPORT:
                options[name] = self.space.path(str(value)) if name == "calibration" else value
        return ImportOptions(**options, given=frozenset(options))

    def _accelerator(self, point: SpacePoint) -> Accelerator:
        name = str(point.get("accelerator", DEFAULT_ACCELERATOR))
        changes = {group_of(axis): value for axis, value in point.items()}
        own = {key: value for key, value in changes.items() if key[0] in GROUPS}
        return rebuilt(load_accelerator(accelerator_of_name(self.space, name)), own)

    @staticmethod
    def _settings(point: SpacePoint) -> tuple[str, ...]:
        """The options of passes that are axes, each pass with its options as one text."""
        settings: dict[str, ArgSpec] = {}
        for axis, value in point.items():
            group, name = group_of(axis)
            if axis not in WORDS and group not in (*GROUPS, IMPORT):
                before = settings.get(group, ArgSpec(group, {})).parameters
                settings[group] = ArgSpec(group, {**before, name: (value,)})
        return tuple(pass_text(settings[name]) for name in sorted(settings))


def files_digest(values: ImagesOfValues | None) -> str:
    """The digest of the files of images and labels; empty if there are none."""
    files = [] if values is None else [values.inputs, values.labels]
    return " ".join(
        digest_of(np.frombuffer(file.read_bytes(), np.uint8)) for file in files if file is not None
    )
