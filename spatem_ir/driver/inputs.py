"""The images that a network is executed on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType

from spatem_ir.dialects.checks import elements_of
from spatem_ir.dialects.cnn.attributes import quantization_of
from spatem_ir.dialects.mvm import network_of
from spatem_ir.driver.sources import Source
from spatem_ir.frontend.load import PACKAGED_MODELS
from spatem_ir.frontend.samples import input_names, read_arrays
from spatem_ir.support.errors import SpatemError
from spatem_ir.weights.store import PACKAGE_SCHEME, packaged_file

Array = NDArray[Any]

MOST_ELEMENTS = 1 << 27
"""Elements of all random images together."""

DIGITS = "lenet-digits-test.npz"
"""The held-out digits that ship with the package."""


def input_images(
    source: Source, *, file: str | None = None, count: int | None = None, seed: int = 0
) -> tuple[list[Array], Array | None]:
    """The images to execute, one array [images, …] per network input, and their labels if known.

    The first `count` of an .npy file or, by the names of the inputs, of the arrays of an .npz file
    (all without `count`), of the held-out digits for a packaged
    network, otherwise uniformly random ones (`count` is 1 where it is not given).

    Raises:
        SpatemError: the file cannot be read, or there are fewer images than asked for.
    """
    network = network_of(source.module)
    assert network is not None
    arguments = network.body.block.args
    if file is not None:
        images = read_arrays(file, input_names(network))
        number = min((len(array) if array.ndim else 0 for array in images), default=0)
        if any(array.ndim == 0 or len(array) != number for array in images):
            raise SpatemError(f"{file}: one image or more for every input are needed, equally many")
        if count is not None and number < count:
            raise SpatemError(f"{file}: holds {number} of {count} images")
        return [_widened(array[:count]) for array in images], None
    count = count or 1
    if source.given in PACKAGED_MODELS:
        digits = np.load(packaged_file(PACKAGE_SCHEME + DIGITS))
        if count > len(digits["images"]):
            raise SpatemError(f"--images is {count}; there are {len(digits['images'])} digits")
        return [digits["images"][:count]], digits["labels"][:count]
    elements = count * sum(map(elements_of, arguments))
    if elements > MOST_ELEMENTS:
        raise SpatemError(
            f"--images is {count}; these have {elements:,} elements, {MOST_ELEMENTS:,} are possible"
        )
    if seed < 0:
        raise SpatemError(f"--seed is {seed}; it must be at least 0")
    generator = np.random.default_rng(seed)
    return [random_images(generator, count, argument.type) for argument in arguments], None


def _widened(images: Array) -> Array:
    """Images in float32 where they are float16."""
    return images.astype(np.float32) if images.dtype == np.float16 else images


def random_images(generator: np.random.Generator, count: int, tensor: Any) -> Array:
    """Uniformly random inputs: all codes of a quantised input, 0 to 1 of a float one."""
    assert isinstance(tensor, TensorType)
    shape = (count, *tensor.get_shape())
    code = quantization_of(tensor)
    if code is None:
        return generator.random(shape, np.float32)
    return generator.integers(code.minimum, code.maximum + 1, shape)
