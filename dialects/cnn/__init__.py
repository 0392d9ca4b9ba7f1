"""The `cnn` dialect: a CNN as a dataflow of layers, in float32 or quantised integers.

Feature maps are tensors of shape [channels, height, width] or [features]; the batch is not in the
type, every level runs any number of images.  Elements are quantised integers
(:class:`~spatem_ir.dialects.cnn.attributes.QuantType` or a plain `ui8`, `si8` …) or float32.  A
float32 network is what the importer makes of a float model; the pass `quantize` turns it into the
integer network that the lower levels deploy, whose float32 parts run on the host.

Here is what the compiler must know by name: the network, its weight layers, the border of host and
chip, the usual views, and what operators have in common.  The operators are in
:mod:`spatem_ir.operators`, whose register makes the dialect.
"""

from __future__ import annotations

from spatem_ir.dialects.cnn.attributes import QuantType, RangeAttr, WindowAttr
from spatem_ir.dialects.cnn.layers import ConvOp, DenseOp, LocalOp
from spatem_ir.dialects.cnn.network import NetworkOp, OutputOp
from spatem_ir.dialects.cnn.operators import DigitalOp, ElementwiseOp, PoolOp, ViewOp
from spatem_ir.dialects.cnn.parameters import FileAttr, PartAttr, SeededAttr
from spatem_ir.dialects.cnn.quantization import DequantizeOp, QuantizeOp
from spatem_ir.dialects.cnn.views import FlattenOp, TransposeOp

__all__ = [
    "CNN_ATTRIBUTES",
    "CNN_OPERATIONS",
    "ConvOp",
    "DenseOp",
    "DequantizeOp",
    "DigitalOp",
    "ElementwiseOp",
    "FlattenOp",
    "LocalOp",
    "NetworkOp",
    "OutputOp",
    "PoolOp",
    "QuantizeOp",
    "TransposeOp",
    "ViewOp",
]

CNN_ATTRIBUTES = [QuantType, RangeAttr, SeededAttr, FileAttr, PartAttr, WindowAttr]
CNN_OPERATIONS = [NetworkOp, OutputOp]
"""The ops that are the network itself; the others are operators."""
