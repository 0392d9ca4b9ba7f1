"""What Li, Han and Chen published: networks, machine, tables and figures (`published.toml`)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from spatem_ir.geometry.allocation.bandwidth import Buses
from spatem_ir.geometry.allocation.pipeline import LayerPipeline, MapRead, PipelineLayer
from spatem_ir.geometry.shapes.window import Axis

GIB_PER_US = 2**30 / 1e6
"""Bytes per microsecond of 1 GiB/s."""


@cache
def published() -> dict[str, Any]:
    """All numbers, by table and figure."""
    return tomllib.loads(files("spatem_ir.study.li").joinpath("published.toml").read_text("utf-8"))


@cache
def published_pipeline(network: str, side: int) -> LayerPipeline:
    """A network on crossbars of `side` × `side` cells, one cell per weight."""
    table = published()["networks"][network]
    depthwise = frozenset(table.get("depthwise", ()))
    layers: list[PipelineLayer] = []
    before: tuple[int, int, int, int] | None = None
    for number, row in enumerate(table["layers"]):
        inputs, outputs, width, kernel, pool, stride, pool_stride, pad, pool_pad = row
        blocks = 1 if number in depthwise else -(-outputs // side)
        rows = kernel**2 * inputs
        layers.append(
            PipelineLayer(
                name=f"{network} {number + 1}",
                results=width**2,
                crossbars=-(-rows // side) * blocks,
                reads=() if before is None else (_read(number - 1, before, row),),
                trailing=width * (pad // stride),
                channels=outputs,
                fetched=rows * blocks,
            )
        )
        before = (width, pool, pool_stride, pool_pad)
    return LayerPipeline(tuple(layers))


def _read(producer: int, before: tuple[int, int, int, int], row: list[int]) -> MapRead:
    """What a layer reads of one with a map of a width, through its pooling."""
    size, pool, pool_stride, pool_pad = before
    _, _, width, kernel, _, stride, _, pad, _ = row
    pooled = (size - pool + 2 * pool_pad) // pool_stride + 1
    own = Axis(pooled, width, kernel, stride, -pad)
    windows = [(own, own)]
    if (pool, pool_stride) != (1, 1):
        pooling = Axis(size, pooled, pool, pool_stride, -pool_pad)
        windows.append((pooling, pooling))
    return MapRead(producer, tuple(windows))


def conv_strides(network: str) -> list[int]:
    """The strides of a network's convolutions."""
    return [row[5] for row in published()["networks"][network]["layers"]]


def published_buses(bandwidth: float = 1.0) -> Buses:
    """The published machine's buses, times in microseconds, `bandwidth` times as wide."""
    machine = published()["machine"]
    return Buses(
        tile_crossbars=machine["tile_crossbars"],
        value_bytes=machine["value_bytes"],
        inside=machine["inside_gib_per_s"] * GIB_PER_US * bandwidth,
        between=machine["between_gib_per_s"] * GIB_PER_US * bandwidth,
        compute=machine["step_us"],
    )


def step_times(network: str, side: int, copies: list[int]) -> list[float]:
    """T_step of each layer of one allocation on the published machine, microseconds."""
    pipeline, buses = published_pipeline(network, side), published_buses()
    table = np.array(copies, np.int64)[:, None]
    return [
        float(buses.step_times(pipeline, number, table[: number + 1])[0])
        for number in range(len(pipeline))
    ]
