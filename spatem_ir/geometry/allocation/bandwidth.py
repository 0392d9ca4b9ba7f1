"""How long a step takes where operands and results share buses (Li, Han, Chen) [P; instance R].

A layer lies in tiles: r copies in a tile of X crossbars, so that ⌈R / r⌉ tiles hold it; where one
copy needs t = ⌈set / X⌉ tiles, r = ⌈set / t⌉ / set, and R stands for the tiles [R].  For a step a
tile takes what its copies fetch, r · Kc² · Ci · ⌈Co / N⌉ values, over the bus inside, and all tiles
take the R' · Co' results of a step of what they read over the bus between:

    T_A = r · Kc² · Ci · ⌈Co / N⌉ · bytes / BW_intra + tiles · R' · Co' · bytes / BW_inter
    T_step = max(T_A, T_C)

The paper states T_A as a sum over buses; this instance gives all its printed T_step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from spatem_ir.geometry.allocation.pipeline import Ints, LayerPipeline

    Times = NDArray[np.float64]


@dataclass(frozen=True)
class Buses:
    """Tiles and the buses inside and between them, in any unit of time.

    Attributes:
        tile_crossbars: crossbars of a tile.
        value_bytes: bytes of a value.
        inside: bytes per time over a tile's bus.
        between: bytes per time over the bus between tiles.
        compute: T_C, the time of a crossbar's operation.
    """

    tile_crossbars: int
    value_bytes: float
    inside: float
    between: float
    compute: float

    def step_times(
        self, pipeline: LayerPipeline, number: int, copies: Ints | Mapping[int, Ints]
    ) -> Times:
        """T_step of a layer by the copies that it and its producers have.

        `copies` are arrays by number of layer, of shapes that fit together; the result has their
        common shape.
        """
        layer = pipeline.layers[number]
        own = copies[number]
        needed = -(-layer.crossbars // self.tile_crossbars)
        if needed == 1:
            in_tile = self.tile_crossbars // layer.crossbars
            tiles = -(-own // in_tile)
        else:
            in_tile = -(-layer.crossbars // needed) / layer.crossbars
            tiles = own
        fetching = in_tile * layer.fetched * self.value_bytes / self.inside
        producers = {read.producer for read in layer.reads}
        values = sum((copies[each] * pipeline.layers[each].channels for each in producers), 0 * own)
        arriving = tiles * values * self.value_bytes / self.between
        return np.maximum(fetching + arriving, self.compute)
