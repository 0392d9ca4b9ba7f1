"""What is sent to the wordlines: the bits of inputs, packed group by group."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.runtime.analog.kernels import Kernels, Patterns


@dataclass(frozen=True)
class Sent:
    """The input bits that a tile receives.

    Attributes:
        codes: The bits as unsigned numbers, the first bit counting 1: [rows, windows, images].
        bits: Which bits of the inputs they are.
        negative_top: Whether the last bit counts negative.
        excess: What was added to the inputs to make them unsigned; the digital logic removes its
            share of every result.
        windows: The number of each window within the share of the tile's copy.
        images: The numbers of the images in the whole batch.
    """

    codes: NDArray[np.uint32]
    bits: range
    negative_top: bool
    excess: int
    windows: NDArray[np.integer]
    images: range
    packed: dict[tuple[int, int, int], Patterns] = field(default_factory=dict, compare=False)

    @staticmethod
    def of(
        values: NDArray[np.integer],
        layer: Layer,
        bits: range,
        windows: range,
        first_image: int,
        dac_bits: int,
    ) -> Sent:
        """The given bits of a layer's inputs [rows, windows, images].

        The top bit of signed inputs counts negative where bits are sent one by one; where several
        are sent at once, inputs are sent in offset binary.
        """
        top = layer.input_signed and bits.stop == layer.input_bits
        excess = 1 << (layer.input_bits - 1) if top and dac_bits > 1 else 0
        shifted = (values.astype(np.int64) + excess) >> bits.start
        return Sent(
            codes=(shifted & ((1 << len(bits)) - 1)).astype(np.uint32),
            bits=bits,
            negative_top=top and not excess,
            excess=excess,
            windows=np.array(windows),
            images=range(first_image, first_image + values.shape[2]),
        )

    @property
    def operands(self) -> NDArray[np.uint32]:
        """The codes as [rows, windows · images]."""
        return self.codes.reshape(len(self.codes), -1)

    def at(self, windows: NDArray[np.intp]) -> Sent:
        """What is sent for some of the windows, counted from 0."""
        chosen = self.codes[:, windows]
        return replace(self, codes=chosen, windows=self.windows[windows], packed={})

    def patterns(self, kernels: Kernels, wordlines: int, word_bits: int, words: int) -> Patterns:
        """The bits of each group of `wordlines`, see :meth:`Kernels.pack`; kept."""
        key = (wordlines, word_bits, words)
        if key not in self.packed:
            self.packed[key] = kernels.pack(self.operands, len(self.bits), *key)
        return self.packed[key]
