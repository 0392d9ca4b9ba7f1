"""Operation-unit arithmetic from its definitions, one operation after the other.

Of the product only the random numbers, the tables of the hardware and the geometry are used.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spatem_ir.dialects.mvm import LayerOp
from spatem_ir.geometry.shapes.grid import TileCoordinates
from spatem_ir.geometry.shapes.placement import Placement
from spatem_ir.hardware.accelerator import Accelerator
from spatem_ir.hardware.parameters import AdcMode, Encoding
from spatem_ir.runtime.analog.randomness import draw, key_of, noise, noise_scale, normal, uniform

Ints = NDArray[np.int64]

ONE_LEVEL = 4096


class Tile(NamedTuple):
    """Cells of a crossbar during a stage: levels [rows, bitlines], and where they are."""

    levels: Ints
    per_weight: int
    polarity: int
    stage: int
    crossbar: int
    corner: tuple[int, int]


class Receives(NamedTuple):
    """The inputs of one window of one image, of which some bits are sent."""

    inputs: Ints
    bits: range
    input_bits: int
    signed: bool
    window: int
    image: int


def conductances(machine: Accelerator, tile: Tile) -> Ints:
    """What each cell reads, in 1/4096 of a level."""
    analog = machine.analog
    highest = 2**machine.crossbar.bits_per_cell - 1
    result = np.zeros(tile.levels.shape, np.int64)
    for row in range(tile.levels.shape[0]):
        for column in range(tile.levels.shape[1]):
            cell = ((tile.corner[0] + row) << 32) + tile.corner[1] + column
            deviation, fault = (
                np.array(
                    [draw(key_of(analog.seed, purpose, tile.polarity, tile.crossbar), cell)]
                ).astype(np.uint64)
                for purpose in (0, 1)
            )
            level = float(tile.levels[row, column])
            if uniform(fault)[0] < analog.stuck_at_zero:
                level = 0.0
            if uniform(fault)[0] >= 1 - analog.stuck_at_one:
                level = float(highest)
            if analog.cell_sigma:
                level *= math.exp(analog.cell_sigma * normal(deviation)[0])
            result[row, column] = round(level * ONE_LEVEL)
    return result


def full_scale(machine: Accelerator) -> int:
    """The largest sum of an operation on ideal cells."""
    ou, highest = machine.ou, 2**machine.crossbar.bits_per_cell - 1
    return ou.wordlines * highest * (2**ou.dac_bits - 1)


def converted(machine: Accelerator, sums: Ints) -> Ints:
    """What the converter makes of sums in 1/4096 of a level."""
    if machine.analog.adc_mode is AdcMode.LOSSLESS:
        return np.maximum((sums + ONE_LEVEL // 2) // ONE_LEVEL, 0)
    codes = 2**machine.ou.adc_bits - 1
    if machine.analog.adc_mode is AdcMode.CLIP:
        return np.clip((sums + ONE_LEVEL // 2) // ONE_LEVEL, 0, codes)
    largest = full_scale(machine)
    numbers = (2 * sums * codes + largest * ONE_LEVEL) // (2 * largest * ONE_LEVEL)
    return (2 * np.clip(numbers, 0, codes) * largest + codes) // (2 * codes)


def tile_sums(machine: Accelerator, tile: Tile, received: Receives, conducted: Ints) -> Ints:
    """Σ input · stored code for each column, operation by operation."""
    ou, analog, cell_bits = machine.ou, machine.analog, machine.crossbar.bits_per_cell
    rows, bitlines = tile.levels.shape
    columns = bitlines // tile.per_weight
    top_sent = received.signed and received.bits.stop == received.input_bits
    excess = 2 ** (received.input_bits - 1) if top_sent and ou.dac_bits > 1 else 0
    inputs = received.inputs + excess
    place = (tile.polarity, tile.stage, tile.crossbar, *tile.corner)
    operand = draw(draw(key_of(analog.seed, 2, *place), received.window), received.image)
    parts = [received.bits[n : n + ou.dac_bits] for n in range(0, len(received.bits), ou.dac_bits)]
    sums = np.zeros(columns, np.int64)
    for first_row in range(0, rows, ou.wordlines):
        group = slice(first_row, first_row + ou.wordlines)
        for number, part in enumerate(parts):
            driven = (inputs[group] >> part.start) % 2 ** len(part)
            read = driven @ conducted[group]
            if analog.read_noise:
                key = draw(operand, first_row * len(parts) + number)
                keys, scale = np.array([key], np.uint64), noise_scale(analog.read_noise)
                # Sample k * columns + c is that of cell k of column c.
                samples = noise(keys, bitlines, scale)[0].reshape(tile.per_weight, columns)
                read = read + samples.T.reshape(-1)
            results = converted(machine, read).reshape(columns, tile.per_weight)
            significance = 2**part.start
            if top_sent and not excess and part.stop == received.bits.stop:
                significance = -significance
            for cell in range(tile.per_weight):
                sums += results[:, cell] * significance * 2 ** (cell * cell_bits)
    return sums - excess * codes(machine, tile).sum(axis=0)


def codes(machine: Accelerator, tile: Tile) -> Ints:
    """The weight codes that were meant to be written: [rows, columns]."""
    significances = 2 ** (np.arange(tile.per_weight) * machine.crossbar.bits_per_cell)
    levels = tile.levels.reshape(len(tile.levels), -1, tile.per_weight)
    return (levels * significances).sum(axis=2)


def part_of(inputs: Ints, bits: range, input_bits: int, *, signed: bool) -> Ints:
    """What some bits of inputs contribute to them."""
    total = np.zeros_like(inputs)
    for bit in bits:
        negative = signed and bit == input_bits - 1
        total += ((inputs >> bit) & 1) * (-(2**bit) if negative else 2**bit)
    return total


def wrapped(sums: Ints) -> Ints:
    """Integers modulo 2^32, from −2^31."""
    return (sums + 2**31) % 2**32 - 2**31


class LayerReference:
    """A layer's sums from the places of its tiles.

    Args:
        machine: The accelerator.
        op: The layer.
        weights: Its weights, [matrices, columns, rows].
        places: The stage and the places of its tiles, for each stage.
        zero_point: The zero point of the weights.
        weight_signed: Whether weights have a sign.
    """

    def __init__(
        self,
        machine: Accelerator,
        op: LayerOp,
        weights: Ints,
        places: list[tuple[int, Placement]],
        zero_point: int,
        *,
        weight_signed: bool,
    ):
        self.machine, self.layer, self.grid = machine, op.layer, op.grid.data
        self.weights, self.zero_point = weights, zero_point
        self.differential = machine.analog.encoding is Encoding.DIFFERENTIAL
        half = 2 ** (self.layer.weight_bits - 1)
        self.offset = half if weight_signed and not self.differential else 0
        self.places = [
            (tile, stage, crossbar, (row, column))
            for stage, placed in places
            for tile, crossbar, row, column in zip(
                placed.tiles.tolist(),
                placed.crossbars.tolist(),
                placed.rows.tolist(),
                placed.columns.tolist(),
                strict=True,
            )
        ]

    def sums(self, images: Ints, zero: int, first_image: int) -> Ints:
        """Σ x · (weight − zero point), [channels, positions, images]; padding reads `zero`."""
        layer = self.layer
        total = np.zeros((layer.out_channels, layer.positions, len(images)), np.int64)
        flat = np.append(images.reshape(len(images), -1), np.full((len(images), 1), zero), axis=1)
        for at, matrix, stage, crossbar, corner in self.blocks():
            rows = slice(*self.grid.row_range(layer, at.row))
            columns = slice(*self.grid.column_range(layer, at.column))
            bits = range(*self.grid.bit_range(layer, at.bit))
            own = self.weights[matrix, columns, rows].T.astype(np.int64)
            sets = [(1, own + self.offset)]
            if self.differential:
                sets = [(1, np.maximum(own, 0)), (-1, np.maximum(-own, 0))]
            tiles = [
                (sign, Tile(self.levels(code), self.per_weight, polarity, stage, crossbar, corner))
                for polarity, (sign, code) in enumerate(sets)
            ]
            conducted = [conductances(self.machine, cells) for _, cells in tiles]
            channels = slice(
                layer.channel_base(matrix) + columns.start,
                layer.channel_base(matrix) + columns.stop,
            )
            elements = layer.operand_elements(matrix)
            positions = layer.window_positions(matrix)
            for window, of_matrix in enumerate(self.grid.copy_windows(layer, at.copy)):
                for image, values in enumerate(flat):
                    # PADDING is -1: the last value of the image.
                    inputs = values[elements[of_matrix][rows]]
                    received = Receives(
                        inputs,
                        bits,
                        layer.input_bits,
                        layer.input_signed,
                        window,
                        first_image + image,
                    )
                    part = part_of(inputs, bits, layer.input_bits, signed=layer.input_signed)
                    sums = -part.sum() * (self.zero_point + self.offset)
                    for (sign, cells), reads in zip(tiles, conducted, strict=True):
                        sums = sums + sign * tile_sums(self.machine, cells, received, reads)
                    total[channels, positions[of_matrix], image] += sums
        return wrapped(total)

    def blocks(
        self,
    ) -> Iterator[tuple[TileCoordinates[int], int, int, int, tuple[int, int]]]:
        """The matrix, stage, crossbar and corner of each tile, or of each block of joined ones."""
        for tile, stage, crossbar, (row, column) in self.places:
            at = self.grid.coordinates(tile)
            for block in range(self.grid.blocks(self.layer, at.matrix)):
                corner = (row + block * self.layer.rows, column)
                yield at, at.matrix * self.grid.joined + block, stage, crossbar, corner

    @property
    def per_weight(self) -> int:
        return -(-self.layer.weight_bits // self.machine.crossbar.bits_per_cell)

    def levels(self, stored: Ints) -> Ints:
        """Codes [rows, columns] as levels of cells, the least significant first."""
        bits = self.machine.crossbar.bits_per_cell
        shifts = np.arange(self.per_weight) * bits
        return ((stored[:, :, None] >> shifts) % 2**bits).reshape(len(stored), -1)
