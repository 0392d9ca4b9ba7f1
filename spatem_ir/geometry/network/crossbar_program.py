"""Crossbar programs as arrays, for looking at all visits at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.network.dataflow import Node

Ints = NDArray[np.int64]


class Activation(NamedTuple):
    """One operation of one OU: the tile's rows and columns (cells) that work, the bits sent."""

    rows: Ints
    columns: Ints
    bits: Ints


@dataclass(frozen=True)
class CrossbarProgram:
    """The program of C crossbars: V visits, each of one of B bursts.

    Attributes:
        crossbars: shape [C].
        nodes: the layer of each burst.
        ordinals: which of the tiles of its layer on the crossbar each burst visits, from 0.
        tiles: the tile of each burst on each crossbar: shape [B, C].
        bursts: the burst of each visit: shape [V].
        windows: the window of each visit, counted within the share of the tile's copy: shape [V].
        activations: for each burst, the operations of its only visit if they are spelled out.
    """

    crossbars: Ints
    nodes: tuple[Node, ...]
    ordinals: tuple[int, ...]
    tiles: Ints
    bursts: Ints
    windows: Ints
    activations: tuple[tuple[Activation, ...] | None, ...]
