"""The `cnn` dialect: a CNN as a dataflow of layers, in float32 or quantised integers.

Feature maps are tensors of shape [channels, height, width] or [features]; the batch is not in the
type, every level runs any number of images.  Elements are quantised integers
(:class:`~spatem_ir.dialects.cnn.attributes.QuantType` or a plain `ui8`, `si8` …) or float32.  A
float32 network is what the importer makes of a float model; the pass `quantize` turns it into the
integer network that the lower levels deploy, whose float32 parts run on the host.
"""

from __future__ import annotations

from xdsl.ir import Dialect

from spatem_ir.dialects.cnn.attributes import FileAttr, QuantType, RangeAttr, SeededAttr, WindowAttr
from spatem_ir.dialects.cnn.digital import (
    AveragePoolOp,
    DigitalOp,
    GlobalAveragePoolOp,
    MaxPoolOp,
    PoolOp,
)
from spatem_ir.dialects.cnn.elementwise import (
    AddOp,
    AffineOp,
    ClipOp,
    ElementwiseOp,
    IdentityOp,
    LeakyReluOp,
    MulOp,
    ReluOp,
    SigmoidOp,
)
from spatem_ir.dialects.cnn.network import NetworkOp, OutputOp
from spatem_ir.dialects.cnn.normalization import BatchNormOp, LrnOp, SoftmaxOp
from spatem_ir.dialects.cnn.quantization import DequantizeOp, QuantizeOp, RequantizeOp
from spatem_ir.dialects.cnn.shapes import ConcatOp, FlattenOp, PadOp, TransposeOp
from spatem_ir.dialects.cnn.weight_layers import ConvOp, DenseOp, LocalOp

__all__ = [
    "AddOp",
    "AffineOp",
    "AveragePoolOp",
    "BatchNormOp",
    "ClipOp",
    "ConcatOp",
    "ConvOp",
    "DenseOp",
    "DequantizeOp",
    "DigitalOp",
    "ElementwiseOp",
    "FlattenOp",
    "GlobalAveragePoolOp",
    "IdentityOp",
    "LeakyReluOp",
    "LocalOp",
    "LrnOp",
    "MaxPoolOp",
    "MulOp",
    "NetworkOp",
    "OutputOp",
    "PadOp",
    "PoolOp",
    "QuantizeOp",
    "ReluOp",
    "RequantizeOp",
    "SigmoidOp",
    "SoftmaxOp",
    "TransposeOp",
]

CNN = Dialect(
    "cnn",
    [
        NetworkOp,
        OutputOp,
        ConvOp,
        DenseOp,
        LocalOp,
        MaxPoolOp,
        AveragePoolOp,
        GlobalAveragePoolOp,
        ReluOp,
        LeakyReluOp,
        ClipOp,
        SigmoidOp,
        IdentityOp,
        AffineOp,
        AddOp,
        MulOp,
        BatchNormOp,
        LrnOp,
        SoftmaxOp,
        FlattenOp,
        TransposeOp,
        ConcatOp,
        PadOp,
        QuantizeOp,
        DequantizeOp,
        RequantizeOp,
    ],
    [QuantType, RangeAttr, SeededAttr, FileAttr, WindowAttr],
)
