"""Weight layers of float32, before they are quantised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatem_ir.dialects.checks import shape_of
from spatem_ir.dialects.cnn.weight_layers import WeightLayerOp
from spatem_ir.geometry.shapes.layer import Layer
from spatem_ir.numerics.codes import Array, Reals
from spatem_ir.numerics.planes import kernel_planes
from spatem_ir.runtime.values.accumulator import BLOCK_ELEMENTS
from spatem_ir.weights.parameters import per_output
from spatem_ir.weights.store import ParameterStore


@dataclass(frozen=True)
class FloatLayer:
    """A weight layer of float32: im2col, a matrix product, the bias.

    `weights` has shape [matrices, columns, rows], `bias` [channels, positions or 1], `shape` is
    that of a result.
    """

    layer: Layer
    weights: Reals
    bias: Reals
    shape: tuple[int, ...]

    @staticmethod
    def of(op: WeightLayerOp, weights: Array, store: ParameterStore) -> FloatLayer:
        """A layer whose float weights or codes are `weights`, [matrices, columns, rows].

        Codes stand for scale · (code − zero point), those of the bias for code · (input scale ·
        weight scale).
        """
        layer = op.layer
        scales = np.ones((1, 1, 1), np.float32)
        if op.weight_scale is not None:
            values = np.asarray(store.values(op.weight_scale), np.float32).reshape(-1)
            scales = np.broadcast_to(values, (layer.out_channels,)).reshape(-1, layer.columns, 1)
            centred = weights.astype(np.int64) - op.weight_zero_point.value.data
            weights = scales * centred.astype(np.float32)
        bias = np.zeros((layer.matrices, layer.columns), np.float32)
        if op.bias is not None:
            stored = store.values(op.bias).reshape(bias.shape)
            bias = stored.astype(np.float32)
            if np.issubdtype(stored.dtype, np.integer):
                assert op.input_code is not None
                bias *= np.float32(op.input_code.scale) * scales[:, :, 0]
        return FloatLayer(layer, weights, per_output(layer, bias)[:, :, 0], shape_of(op.output))

    def apply(self, images: Reals) -> Reals:
        """Results of shape [images, …].

        Each image has a matrix product of its own, so that its bits do not depend on the others.
        """
        layer = self.layer
        maps = images.reshape(-1, *layer.input_shape)
        at_once = max(1, BLOCK_ELEMENTS // (layer.groups * layer.rows * layer.positions))
        results = np.empty((len(maps), layer.out_channels, layer.positions), np.float32)
        for first in range(0, len(maps), at_once):
            block = slice(first, first + at_once)
            np.add(self._products(maps[block]), self.bias, out=results[block])
        return results.reshape(-1, *self.shape)

    def _products(self, maps: Reals) -> Reals:
        """Weights times windows: [images, channels, positions].

        They are added up in float64 and rounded once, so that the order in which a matrix product
        adds, which depends on processor and threads, does not show.
        """
        layer = self.layer
        planes = list(kernel_planes(maps, layer.window, 0))
        if layer.region is not None:
            return self._local_products(_stacked(planes, range(planes[0].shape[2]), layer))
        height, width = planes[0].shape[2:]
        products = np.empty((len(maps), layer.out_channels, layer.positions), np.float32)
        at_once = max(1, BLOCK_ELEMENTS // (len(maps) * layer.groups * layer.rows * width))
        for first in range(0, height, at_once):
            rows = range(first, min(first + at_once, height))
            positions = slice(rows.start * width, rows.stop * width)
            self._multiply(_stacked(planes, rows, layer), products[:, :, positions])
        return products

    def _multiply(self, windows: Reals, products: Reals) -> None:
        """Put weights times windows [images, groups, rows, positions] into products."""
        outputs, wide = self.weights.shape[1], windows.astype(np.float64)
        grouped = products.reshape(*windows.shape[:2], outputs, -1, copy=False)
        at_once = max(1, BLOCK_ELEMENTS // (self.layer.groups * self.layer.rows))
        for first in range(0, outputs, at_once):
            block = slice(first, first + at_once)
            grouped[:, :, block] = self.weights[:, block].astype(np.float64) @ wide

    def _local_products(self, windows: Reals) -> Reals:
        """Products with weights that positions of a region share."""
        layer = self.layer
        products = np.empty((len(windows), layer.columns, layer.positions), np.float32)
        for matrix, of_matrix in enumerate(self.weights.astype(np.float64)):
            positions = layer.window_positions(matrix)
            products[:, :, positions] = of_matrix @ windows[:, 0][:, :, positions]
        return products


def _stacked(planes: list[Array], rows: range, layer: Layer) -> Reals:
    """The windows in some rows of a result: [images, groups, matrix rows, positions]."""
    taken = [plane[:, :, rows.start : rows.stop] for plane in planes]
    stacked = np.stack(taken, axis=2) if len(taken) > 1 else taken[0]
    positions = len(rows) * stacked.shape[-1]
    return stacked.reshape(len(stacked), layer.groups, layer.rows, positions)
