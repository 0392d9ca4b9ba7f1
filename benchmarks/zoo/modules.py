"""Networks that no package of PyTorch models has, as small modules.

The shapes of all are those of the publications; weights are PyTorch's initial ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def convolution(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, activation: type = nn.ReLU
) -> nn.Sequential:
    """A convolution that keeps the size (at stride 1), batch normalisation, an activation."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        activation(),
    )


class UNet(nn.Module):
    """Ronneberger, Fischer and Brox, 2015, with padded convolutions and batch normalisation."""

    def __init__(self, widths: Sequence[int] = (32, 64, 128, 256, 512), classes: int = 2):
        super().__init__()
        pairs = list(zip((3, *widths[:-1]), widths, strict=True))
        self.down = nn.ModuleList(_twice(inputs, outputs) for inputs, outputs in pairs)
        self.rise = nn.ModuleList(
            nn.ConvTranspose2d(outputs, inputs, 2, 2) for inputs, outputs in pairs[:0:-1]
        )
        self.up = nn.ModuleList(_twice(2 * inputs, inputs) for inputs, _ in pairs[:0:-1])
        self.head = nn.Conv2d(widths[0], classes, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, maps: Tensor) -> Tensor:
        kept = []
        for level, block in enumerate(self.down):
            maps = block(self.pool(maps) if level else maps)
            kept.append(maps)
        for rise, block, skipped in zip(self.rise, self.up, kept[-2::-1], strict=True):
            maps = block(torch.cat([skipped, rise(maps)], 1))
        return self.head(maps)


def _twice(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(convolution(inputs, outputs), convolution(outputs, outputs))


class TinyYoloV2(nn.Module):
    """Tiny YOLOv2 for 20 classes and 5 anchors (Redmon and Farhadi, 2017)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for outputs in (16, 32, 64, 128, 256, 512):
            layers.append(convolution(inputs, outputs, activation=_Leaky))
            if outputs < 512:
                layers.append(nn.MaxPool2d(2))
            inputs = outputs
        layers += [nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(2, 1)]
        layers += [convolution(512, 1024, activation=_Leaky)]
        layers += [convolution(1024, 1024, activation=_Leaky), nn.Conv2d(1024, 125, 1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image)


class _Leaky(nn.LeakyReLU):
    def __init__(self) -> None:
        super().__init__(0.1)


class YoloV8(nn.Module):
    """A graph like YOLOv8-n's: C2f blocks, SPPF, a pyramid, heads with distributed boxes.

    The result is [images, 4 + classes, boxes]: boxes as distances in pixels, class scores.
    """

    BINS = 16

    def __init__(self, size: int, classes: int = 80):
        super().__init__()
        self.stem = nn.Sequential(_silu(3, 16, 3, 2), _silu(16, 32, 3, 2), C2f(32, 32, 1, True))
        self.third = nn.Sequential(_silu(32, 64, 3, 2), C2f(64, 64, 2, True))
        self.fourth = nn.Sequential(_silu(64, 128, 3, 2), C2f(128, 128, 2, True))
        self.fifth = nn.Sequential(_silu(128, 256, 3, 2), C2f(256, 256, 1, True), Sppf(256))
        self.above = nn.Upsample(scale_factor=2.0, mode="nearest")
        self.top_fourth, self.top_third = C2f(384, 128, 1), C2f(192, 64, 1)
        self.down_third, self.low_fourth = _silu(64, 64, 3, 2), C2f(192, 128, 1)
        self.down_fourth, self.low_fifth = _silu(128, 128, 3, 2), C2f(384, 256, 1)
        widths = (64, 128, 256)
        self.boxes = nn.ModuleList(_head(width, 64, 4 * self.BINS) for width in widths)
        self.classes = nn.ModuleList(_head(width, 80, classes) for width in widths)
        steps = [torch.full((1, (size // s) ** 2), float(s)) for s in (8, 16, 32)]
        self.steps = nn.Buffer(torch.cat(steps, 1)[None])
        self.bins = nn.Buffer(torch.arange(self.BINS).float().reshape(1, -1, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        third = self.third(self.stem(image))
        fourth = self.fourth(third)
        fifth = self.fifth(fourth)
        middle = self.top_fourth(torch.cat([self.above(fifth), fourth], 1))
        third = self.top_third(torch.cat([self.above(middle), third], 1))
        fourth = self.low_fourth(torch.cat([self.down_third(third), middle], 1))
        fifth = self.low_fifth(torch.cat([self.down_fourth(fourth), fifth], 1))
        levels = (third, fourth, fifth)
        boxes = [
            torch.flatten(head(maps), 2) for head, maps in zip(self.boxes, levels, strict=True)
        ]
        scores = [
            torch.flatten(head(maps), 2) for head, maps in zip(self.classes, levels, strict=True)
        ]
        shares = torch.cat(boxes, 2).unflatten(1, (4, self.BINS)).transpose(1, 2).softmax(1)
        distances = nn.functional.conv2d(shares, self.bins).squeeze(1)
        left_top, right_bottom = distances.chunk(2, 1)
        centre, extent = (right_bottom - left_top) / 2, left_top + right_bottom
        found = torch.cat([centre, extent], 1) * self.steps
        return torch.cat([found, torch.cat(scores, 2).sigmoid()], 1)


class C2f(nn.Module):
    """Half of the channels pass bottlenecks; every result is kept."""

    def __init__(self, inputs: int, outputs: int, count: int, adds: bool = False):
        super().__init__()
        half = outputs // 2
        self.adds = adds
        self.split = _silu(inputs, outputs, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(_silu(half, half), _silu(half, half)) for _ in range(count)
        )
        self.join = _silu((2 + count) * half, outputs, 1)

    def forward(self, maps: Tensor) -> Tensor:
        kept = list(self.split(maps).chunk(2, 1))
        for block in self.blocks:
            kept.append(kept[-1] + block(kept[-1]) if self.adds else block(kept[-1]))
        return self.join(torch.cat(kept, 1))


class Sppf(nn.Module):
    """Spatial pyramid pooling by three poolings one after the other."""

    def __init__(self, width: int):
        super().__init__()
        self.narrow, self.join = _silu(width, width // 2, 1), _silu(2 * width, width, 1)
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, maps: Tensor) -> Tensor:
        kept = [self.narrow(maps)]
        for _ in range(3):
            kept.append(self.pool(kept[-1]))
        return self.join(torch.cat(kept, 1))


def _head(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(_silu(inputs, width), _silu(width, width), nn.Conv2d(width, outputs, 1))


def _silu(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return convolution(inputs, outputs, kernel, stride, nn.SiLU)
