"""The weight layers of AlexNet, GoogLeNet, ResNets and VGG-16, at ImageNet and CIFAR-10 size.

Sources: the networks' papers; at CIFAR-10 size the forms that are common for images of 32 × 32,
which take the first layers' strides and poolings away [R: Gao et al. do not say which they used].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple


class MatrixLayer(NamedTuple):
    """A layer as a matrix: rows (inputs of a window), columns (filters), windows; so many matrices.

    All `matrices` are of this size, and work on the same number of windows each.
    """

    name: str
    rows: int
    columns: int
    windows: int
    matrices: int = 1

    @property
    def weights(self) -> int:
        """Weights of all matrices."""
        return self.rows * self.columns * self.matrices

    @property
    def products(self) -> int:
        """Multiplications of an image."""
        return self.weights * self.windows


def _conv(name: str, inputs: int, filters: int, kernel: int, side: int, groups: int = 1):
    rows = inputs // groups * kernel**2
    return MatrixLayer(name, rows, filters // groups, side**2, groups)


def _dense(name: str, inputs: int, outputs: int):
    return MatrixLayer(name, inputs, outputs, 1)


def _alexnet() -> Iterator[MatrixLayer]:
    """Krizhevsky et al., 2012: 60.95 million weights."""
    yield _conv("conv1", 3, 96, 11, 55)
    yield _conv("conv2", 96, 256, 5, 27, groups=2)
    yield _conv("conv3", 256, 384, 3, 13)
    yield _conv("conv4", 384, 384, 3, 13, groups=2)
    yield _conv("conv5", 384, 256, 3, 13, groups=2)
    yield _dense("fc6", 9216, 4096)
    yield _dense("fc7", 4096, 4096)
    yield _dense("fc8", 4096, 1000)


def _alexnet_cifar() -> Iterator[MatrixLayer]:
    """Kernels of 3 × 3, a first stride of 2, three poolings: 23.3 million weights."""
    yield _conv("conv1", 3, 64, 3, 16)
    yield _conv("conv2", 64, 192, 3, 8)
    yield _conv("conv3", 192, 384, 3, 4)
    yield _conv("conv4", 384, 256, 3, 4)
    yield _conv("conv5", 256, 256, 3, 4)
    yield _dense("fc6", 1024, 4096)
    yield _dense("fc7", 4096, 4096)
    yield _dense("fc8", 4096, 10)


INCEPTIONS = (
    (192, 64, 96, 128, 16, 32, 32),
    (256, 128, 128, 192, 32, 96, 64),
    (480, 192, 96, 208, 16, 48, 64),
    (512, 160, 112, 224, 24, 64, 64),
    (512, 128, 128, 256, 24, 64, 64),
    (512, 112, 144, 288, 32, 64, 64),
    (528, 256, 160, 320, 32, 128, 128),
    (832, 256, 160, 320, 32, 128, 128),
    (832, 384, 192, 384, 48, 128, 128),
)
"""Szegedy et al., 2015, table 1: inputs, #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj."""


def _inceptions(sides: tuple[int, int, int]) -> Iterator[MatrixLayer]:
    for number, (inputs, one, reduce3, three, reduce5, five, pool) in enumerate(INCEPTIONS):
        side, name = sides[(number > 1) + (number > 6)], f"inception{number + 1}"
        yield _conv(f"{name}.1x1", inputs, one, 1, side)
        yield _conv(f"{name}.3x3_reduce", inputs, reduce3, 1, side)
        yield _conv(f"{name}.3x3", reduce3, three, 3, side)
        yield _conv(f"{name}.5x5_reduce", inputs, reduce5, 1, side)
        yield _conv(f"{name}.5x5", reduce5, five, 5, side)
        yield _conv(f"{name}.pool", inputs, pool, 1, side)


def _googlenet() -> Iterator[MatrixLayer]:
    yield _conv("conv1", 3, 64, 7, 112)
    yield _conv("conv2_reduce", 64, 64, 1, 56)
    yield _conv("conv2", 64, 192, 3, 56)
    yield from _inceptions((28, 14, 7))
    yield _dense("fc", 1024, 1000)


def _googlenet_cifar() -> Iterator[MatrixLayer]:
    yield _conv("conv1", 3, 192, 3, 32)
    yield from _inceptions((32, 16, 8))
    yield _dense("fc", 1024, 10)


def _bottlenecks(blocks: tuple[int, ...], sides: tuple[int, ...]) -> Iterator[MatrixLayer]:
    """He et al., 2016; where a stride is, it is that of the convolution of 3 × 3."""
    inputs = 64
    for group, (count, side) in enumerate(zip(blocks, sides, strict=True)):
        width = 64 << group
        for block in range(count):
            before = sides[group - 1] if group and block == 0 else side
            name = f"conv{group + 2}_{block + 1}"
            yield _conv(f"{name}.reduce", inputs, width, 1, before)
            yield _conv(f"{name}.3x3", width, width, 3, side)
            yield _conv(f"{name}.expand", width, 4 * width, 1, side)
            if block == 0:
                yield _conv(f"{name}.project", inputs, 4 * width, 1, side)
            inputs = 4 * width


def _resnet(*blocks: int) -> Callable[[], Iterator[MatrixLayer]]:
    def layers() -> Iterator[MatrixLayer]:
        yield _conv("conv1", 3, 64, 7, 112)
        yield from _bottlenecks(blocks, (56, 28, 14, 7))
        yield _dense("fc", 2048, 1000)

    return layers


def _resnet_cifar(*blocks: int) -> Callable[[], Iterator[MatrixLayer]]:
    def layers() -> Iterator[MatrixLayer]:
        yield _conv("conv1", 3, 64, 3, 32)
        yield from _bottlenecks(blocks, (32, 16, 8, 4))
        yield _dense("fc", 2048, 10)

    return layers


VGG_16 = ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3)
"""Simonyan and Zisserman, 2015, configuration D: filters between poolings."""


def _vgg(side: int) -> Iterator[MatrixLayer]:
    inputs = 3
    for group, filters in enumerate(VGG_16):
        for number, count in enumerate(filters):
            yield _conv(f"conv{group + 1}_{number + 1}", inputs, count, 3, side >> group)
            inputs = count


def _vgg16() -> Iterator[MatrixLayer]:
    yield from _vgg(224)
    yield _dense("fc6", 25088, 4096)
    yield _dense("fc7", 4096, 4096)
    yield _dense("fc8", 4096, 1000)


def _vgg16_cifar() -> Iterator[MatrixLayer]:
    yield from _vgg(32)
    yield _dense("fc", 512, 10)


IMAGENET, CIFAR = "ImageNet", "CIFAR-10"

NETWORKS: dict[tuple[str, str], Callable[[], Iterator[MatrixLayer]]] = {
    ("AlexNet", IMAGENET): _alexnet,
    ("GoogLeNet", IMAGENET): _googlenet,
    ("ResNet-50", IMAGENET): _resnet(3, 4, 6, 3),
    ("ResNet-101", IMAGENET): _resnet(3, 4, 23, 3),
    ("VGG-16", IMAGENET): _vgg16,
    ("AlexNet", CIFAR): _alexnet_cifar,
    ("GoogLeNet", CIFAR): _googlenet_cifar,
    ("ResNet-50", CIFAR): _resnet_cifar(3, 4, 6, 3),
    ("ResNet-101", CIFAR): _resnet_cifar(3, 4, 23, 3),
    ("VGG-16", CIFAR): _vgg16_cifar,
}
"""The weight layers by network and data set."""


def layers_of(network: str, data: str) -> list[MatrixLayer]:
    """The weight layers of a network."""
    return list(NETWORKS[network, data]())
