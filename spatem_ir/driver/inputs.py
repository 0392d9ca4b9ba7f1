"""The images that a network is executed on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType

from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.mvm import network_of
from spatem_ir.driver.sources import Source
from spatem_ir.frontend.load import PACKAGED_MODELS
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import PACKAGE_SCHEME, packaged_file

Array = NDArray[Any]

DIGITS = "lenet-digits-test.npz"
"""The held-out digits that ship with the package."""


def input_images(
    source: Source, *, file: str | None = None, count: int | None = None, seed: int = 0
) -> tuple[list[Array], Array | None]:
    """The images to execute, one array [images, …] per network input, and their labels if known.

    The first `count` of an .npy file (all without `count`), of the held-out digits for a packaged
    network, otherwise uniformly random ones (`count` is 1 where it is not given).

    Raises:
        SpatemError: the file cannot be read, or there are fewer images than asked for.
    """
    network = network_of(source.module)
    assert network is not None
    arguments = network.body.block.args
    if file is not None:
        images = _read(file)
        if images.ndim == 0 or len(arguments) != 1:
            raise SpatemError(f"{file}: one .npy array for one network input is needed")
        if count is not None and len(images) < count:
            raise SpatemError(f"{file}: holds {len(images)} of {count} images")
        return [images[:count]], None
    count = count or 1
    if source.given in PACKAGED_MODELS:
        digits = np.load(packaged_file(PACKAGE_SCHEME + DIGITS))
        if count > len(digits["images"]):
            raise SpatemError(f"--images is {count}; there are {len(digits['images'])} digits")
        return [digits["images"][:count]], digits["labels"][:count]
    if seed < 0:
        raise SpatemError(f"--seed is {seed}; it must be at least 0")
    generator = np.random.default_rng(seed)
    return [random_images(generator, count, argument.type) for argument in arguments], None


def _read(file: str) -> Array:
    try:
        images = np.load(file, allow_pickle=False)
    except FileNotFoundError as error:
        raise SpatemError(f"{file}: there is no such file") from error
    except (OSError, ValueError, EOFError) as error:
        raise SpatemError(f"{file}: not a readable .npy file") from error
    if not isinstance(images, np.ndarray):
        raise SpatemError(f"{file}: one .npy array for one network input is needed")
    return images


def random_images(generator: np.random.Generator, count: int, tensor: Any) -> Array:
    """Uniformly random inputs: all codes of a quantised input, 0 to 1 of a float one."""
    assert isinstance(tensor, TensorType)
    shape = (count, *tensor.get_shape())
    code = quantization_of(tensor)
    if code is None:
        return generator.random(shape, np.float32)
    return generator.integers(code.minimum, code.maximum + 1, shape)
