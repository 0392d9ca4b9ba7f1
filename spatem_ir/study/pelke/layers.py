"""The convolutions of MobileNet-v1 and ResNet-18 at 224 × 224 whose rows are cut."""

from __future__ import annotations

from typing import NamedTuple


class Convolution(NamedTuple):
    """A convolution: input channels, features, kernel and stride; the side of its output map."""

    network: str
    channels: int
    features: int
    kernel: int
    stride: int
    side: int

    @property
    def rows(self) -> int:
        """Rows of its matrix."""
        return self.channels * self.kernel**2

    @property
    def vectors(self) -> int:
        """Output vectors."""
        return self.side**2

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.channels} → {self.features}, {self.kernel}x{self.kernel}"

    def cores(self, side: int) -> tuple[int, int]:
        """The parts of its rows and columns in crossbars of side × side weights: P_V, P_H."""
        return -(-self.rows // side), -(-self.features // side)

    @property
    def text(self) -> str:
        """A network of this layer alone, level `cnn`, of 8-bit codes.

        The input is as large as its windows need: there is no padding, which would save transfers.
        Times do not depend on weights; as these are zeros, partial sums of any width hold the sums.
        """
        extent = (self.side - 1) * self.stride + self.kernel
        given = f"tensor<{self.channels}x{extent}x{extent}xui8>"
        result = f"tensor<{self.features}x{self.side}x{self.side}xui8>"
        kernel = f"{self.kernel}x{self.kernel}"
        window = f"<{kernel}, strides {self.stride}x{self.stride}, pads [0, 0, 0, 0]>"
        weights = f"dense<0> : tensor<{self.features}x{self.channels}x{kernel}xsi8>"
        op = f"cnn.conv @conv %input {window} groups 1 weights {weights} scale 0.5"
        return (
            f"cnn.network @layer(%input: {given}) {{\n"
            f"%0 = {op} : {given} -> {result}\n"
            f"cnn.output %0 : {result}\n}}"
        )


POINTWISE = (
    *((32, 64, 112), (64, 128, 56), (128, 128, 56), (128, 256, 28), (256, 256, 28)),
    *((256, 512, 14), (512, 512, 14), (512, 1024, 7), (1024, 1024, 7)),
)
"""MobileNet-v1's convolutions of 1 × 1, each once: channels, features, side of the output."""

RESIDUAL = (
    *((3, 64, 7, 2, 112), (64, 64, 3, 1, 56), (64, 128, 3, 2, 28), (64, 128, 1, 2, 28)),
    *((128, 128, 3, 1, 28), (128, 256, 3, 2, 14), (128, 256, 1, 2, 14), (256, 256, 3, 1, 14)),
    *((256, 512, 3, 2, 7), (256, 512, 1, 2, 7), (512, 512, 3, 1, 7)),
)
"""ResNet-18's convolutions, each once: channels, features, kernel, stride, side of the output."""

LAYERS = (
    *(Convolution("MobileNet-v1", c, n, 1, 1, side) for c, n, side in POINTWISE),
    *(Convolution("ResNet-18", *layer) for layer in RESIDUAL),
)
"""The convolutions of both networks, each once."""
