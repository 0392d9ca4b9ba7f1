"""The choice between compiled (numba) and plain numpy kernels."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import cast

from spatem_ir.runtime.analog.kernels import Kernels


@cache
def default_kernels() -> Kernels:
    """The compiled kernels if numba is installed, otherwise the plain ones."""
    try:
        module = import_module("spatem_ir.runtime.analog.numba_kernels")
    except ImportError:
        module = import_module("spatem_ir.runtime.analog.numpy_kernels")
    return cast("Kernels", module)
