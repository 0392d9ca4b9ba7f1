"""Networks that packages on PyPI ship trained.

`python -m benchmarks.zoo.trained FOLDER [NAME …]` downloads the packages with pip, without installing
them or what they depend on, and writes the networks and seeded images for their calibration.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEED = 12
IMAGES = 4


@dataclass(frozen=True)
class Trained:
    """A file of a package (`project==version`), and the shape of its input, [1, …]."""

    package: str
    file: str
    shape: tuple[int, ...]


NETWORKS = {
    "ppocr_cls": Trained(
        "rapidocr-onnxruntime==1.4.4",
        "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
        (1, 3, 48, 192),
    ),
}
