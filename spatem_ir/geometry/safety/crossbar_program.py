"""Crossbar programs as arrays, for looking at all visits at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Node

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class CrossbarProgram:
    """The program of C crossbars: V visits, each of one of B bursts.

    Attributes:
        stage: which of the stages, that run one after the other, from 0.
        crossbars: shape [C].
        nodes: the layer of each burst.
        tiles: the tile of each burst on each crossbar: shape [B, C].
        bursts: the burst of each visit: shape [V].
        windows: the window of each visit, counted within the share of the tile's copy: shape [V].
    """

    stage: int
    crossbars: Ints
    nodes: tuple[Node, ...]
    tiles: Ints
    bursts: Ints
    windows: Ints
