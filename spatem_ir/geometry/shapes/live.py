"""Live indices of a dimension, those that somebody reads, and windows over these alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spatem_ir.geometry.shapes.index_sequence import IndexSequence
from spatem_ir.geometry.shapes.window import PADDING, Axis, Window

Ints = NDArray[np.int64]
"""Ascending indices of one dimension, at least one."""


def read_by(axis: Axis, results: Ints) -> Ints:
    """The indices that some results read; index 0 if they read padding alone."""
    indices = axis.indices()[results]
    is_read = np.zeros(axis.extent + 1, bool)
    is_read[indices] = True
    read = np.flatnonzero(is_read[:-1])
    return read if len(read) else np.zeros(1, np.int64)


def spanned(indices: Ints) -> Ints:
    """All indices from the first to the last."""
    return np.arange(indices[0], indices[-1] + 1)


def places_of(indices: Ints, live: Ints) -> Ints:
    """The place of each index among those that are live, of a dead one the place before."""
    return np.searchsorted(live, indices, side="right") - 1


def axis_among(axis: Axis, results: Ints, live: Ints) -> Axis | None:
    """By which axis some results are read from an operand that holds the `live` indices alone.

    They are among those that the results read.  Returns None if no axis reads them in this way.
    """
    windows, indices = axis.windows()[results], axis.indices()[results]
    if len(live) == axis.extent or (indices == PADDING).all():
        chosen = IndexSequence.of(windows)
        return replace(axis, extent=len(live), results=len(results), chosen=chosen)
    wanted = np.where(indices == PADDING, PADDING, places_of(indices, live))
    candidates = [_regular(axis, wanted, len(live))]
    if len(live) == live[-1] + 1 - live[0]:
        candidates.append(_shifted(axis, windows, live))
    for candidate in candidates:
        if candidate.first <= 0 and np.array_equal(candidate.indices(), wanted):
            return candidate
    return None


def _regular(axis: Axis, wanted: Ints, extent: int) -> Axis:
    """The axis whose results, one window after the other, read what is wanted, if there is one.

    Something must be wanted that is no padding.
    """
    results, kernel = wanted.shape
    inside = wanted != PADDING
    pairs = inside[:, 1:] & inside[:, :-1]
    dilation = int(np.diff(wanted, axis=1)[pairs].min()) if pairs.any() else axis.dilation
    reading = np.flatnonzero(inside.any(axis=1))
    tap = inside[reading].argmax(axis=1)
    firsts = wanted[reading, tap] - tap * dilation
    apart = np.diff(reading)
    stride = int((np.diff(firsts) // apart).min()) if len(apart) else axis.stride
    first = int(firsts[0] - reading[0] * stride)
    return Axis(extent, results, kernel, max(stride, 1), first, max(dilation, 1))


def _shifted(axis: Axis, windows: Ints, live: Ints) -> Axis:
    """The same windows on the indices from the first to the last live one."""
    return replace(
        axis,
        extent=len(live),
        results=len(windows),
        first=int(axis.first + windows[0] * axis.stride - live[0]),
        chosen=IndexSequence.of(windows - windows[0]),
    )


def window_along(axes: tuple[Axis, Axis], window: Window, height: int, width: int) -> Window:
    """The window over what is left of a `height` × `width` operand, along axes for its own.

    Pads below and to the right are as large as the last window needs where something is left out.
    """
    chosen = [IndexSequence.of(axis.windows()) for axis in axes]
    pads = [
        pad if axis.extent == extent else max(_end(axis) - axis.extent, 0)
        for axis, extent, pad in zip(axes, (height, width), window.pads[2:], strict=True)
    ]
    rows, columns = axes
    among = Window(
        window.kernel,
        (rows.stride, columns.stride),
        (-rows.first, -columns.first, pads[0], pads[1]),
        (rows.dilation, columns.dilation),
    )
    fitting = among.fitting(rows.extent, columns.extent)
    every = [IndexSequence.range(0, count) for count in fitting]
    some = [None if one == all_of else one for one, all_of in zip(chosen, every, strict=True)]
    return replace(among, rows=some[0], columns=some[1])


def _end(axis: Axis) -> int:
    """The first index behind the last window."""
    last = axis.first + int(axis.windows()[-1]) * axis.stride
    return last + (axis.kernel - 1) * axis.dilation + 1
