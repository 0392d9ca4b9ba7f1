"""The list of networks that are exported from PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Exported:
    """A network of PyTorch: `build` makes it, for square colour images of `size` pixels."""

    name: str
    build: Callable[[], nn.Module]
    size: int = 224


def _torchvision(name: str, size: int = 224, **options: object) -> Exported:
    def build() -> nn.Module:
        from torchvision import models

        return models.get_model(name, weights=None, **options)

    return Exported(name, build, size)


def _segmentation(name: str, size: int) -> Exported:
    """A segmentation network, of which the main result is taken."""

    def build() -> nn.Module:
        from torch import nn
        from torchvision import models

        class Main(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner = models.get_model(name, weights=None, weights_backbone=None)

            def forward(self, image: object) -> object:
                return self.inner(image)["out"]

        return Main()

    return Exported(name, build, size)


def _timm(model: str, name: str, size: int = 224) -> Exported:
    def build() -> nn.Module:
        import timm

        return timm.create_model(model, pretrained=False)

    return Exported(name, build, size)


def _own(module: str, size: int, *arguments: int) -> Exported:
    def build() -> nn.Module:
        from benchmarks.zoo import modules

        return getattr(modules, module)(*arguments)

    return Exported(module.lower(), build, size)


NETWORKS = {
    network.name: network
    for network in (
        _torchvision("squeezenet1_1"),
        _torchvision("shufflenet_v2_x1_0"),
        _torchvision("mnasnet1_0"),
        _torchvision("mobilenet_v3_small"),
        _torchvision("mobilenet_v2"),
        _torchvision("mobilenet_v3_large"),
        _timm("ghostnet_100", "ghostnet"),
        _torchvision("efficientnet_b0"),
        _torchvision("regnet_y_400mf"),
        _torchvision("resnet18"),
        _torchvision("googlenet", aux_logits=False, init_weights=True),
        _torchvision("densenet121"),
        _torchvision("resnet50"),
        _torchvision("resnext50_32x4d"),
        _timm("res2net50_26w_4s", "res2net50"),
        _timm("hrnet_w18_small", "hrnet_w18_small"),
        _torchvision("inception_v3", 299, aux_logits=False, init_weights=True),
        _segmentation("lraspp_mobilenet_v3_large", 224),
        _own("UNet", 128),
        _own("TinyYoloV2", 416),
        _own("YoloV8", 320, 320),
        _torchvision("convnext_tiny"),
        _segmentation("fcn_resnet50", 224),
        _torchvision("vgg16"),
    )
}
"""All of them by name."""
