"""What is prepared from cells once and used for many operands."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

ArrayT = TypeVar("ArrayT", bound="NDArray[np.generic]")


class Prepared:
    """Arrays by key, kept as long as all of them occupy at most `budget` bytes.

    An array beyond the budget is made again whenever it is needed.  None is displaced: tiles come
    round in the same order for every batch of images, and the longest unused would be the next.
    """

    def __init__(self, budget: int):
        self.free = budget
        self.kept: dict[Hashable, NDArray[np.generic]] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self.kept

    def get(self, key: Hashable, make: Callable[[], ArrayT]) -> ArrayT:
        """The array of a key, made if it is not kept."""
        if key in self.kept:
            return self.kept[key]  # type: ignore[return-value]
        array = make()
        if array.nbytes <= self.free:
            self.free -= array.nbytes
            self.kept[key] = array
        return array
