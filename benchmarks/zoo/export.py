"""Exports the networks of the list with both of PyTorch's exporters, from seeded weights.

`python -m benchmarks.zoo.export FOLDER [NAME …]` writes `NAME.dynamo.onnx` (opset 18),
`NAME.script.onnx` (opset 17, TorchScript) and `NAME.npy`, calibration images [n, 3, height, width].
It needs the packages of the extra `zoo`.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.zoo.networks import NETWORKS, Exported

if TYPE_CHECKING:
    from torch import Tensor, nn

SEED = 12
IMAGES = 4
"""Images for calibration, and for the statistics of batch normalisations."""


def main(folder: Path, names: list[str]) -> None:
    """Export the networks of these names, all if there are none."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or NETWORKS:
        export(NETWORKS[name], folder)
        print(name, flush=True)


def export(network: Exported, folder: Path) -> None:
    """Write the files of one network."""
    import numpy as np
    import torch

    torch.manual_seed(SEED)
    model = network.build()
    images = seeded_images(network.size)
    settle(model, images)
    np.save(folder / f"{network.name}.npy", images.numpy())
    for exporter, opset in (("dynamo", 18), ("script", 17)):
        path = folder / f"{network.name}.{exporter}.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model,
                (images[:1],),
                path,
                opset_version=opset,
                dynamo=exporter == "dynamo",
                external_data=False,
                verbose=False,
                input_names=["image"],
            )


def seeded_images(size: int) -> Tensor:
    """Smooth random images [n, 3, size, size] with mean 0 and deviation 1."""
    import torch
    from torch.nn.functional import interpolate

    shape = (IMAGES, 3, size, size)
    images = torch.zeros(shape)
    for cells in (4, 16, size):
        images += interpolate(torch.randn(*shape[:2], cells, cells), size, mode="nearest")
    return images / images.std()


def settle(model: nn.Module, images: Tensor) -> None:
    """Give normalisations parameters as if trained, and the statistics of some images."""
    import torch
    from torch import nn
    from torch.nn.modules.batchnorm import _BatchNorm

    model.eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("layer_scale"):
                nn.init.uniform_(parameter, 0.1, 0.5)
        normalisations = [each for each in model.modules() if isinstance(each, _BatchNorm)]
        for each in normalisations:
            nn.init.uniform_(each.weight, 0.5, 1.5)
            nn.init.normal_(each.bias, 0.0, 0.2)
            each.momentum = None  # an average over all batches, here one
            each.train()
        model(images)
        for each in normalisations:
            each.eval()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
