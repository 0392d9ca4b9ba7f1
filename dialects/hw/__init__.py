"""The `hw` dialect: the accelerator on the module, and the index sets of deployments."""

from spatem_ir.dialects.hw.attributes import (
    ACCELERATOR_ATTRIBUTE,
    HW,
    AcceleratorAttr,
    Indices,
    IndicesAttr,
    accelerator_of,
    module_of,
    optional_accelerator,
)

__all__ = [
    "ACCELERATOR_ATTRIBUTE",
    "HW",
    "AcceleratorAttr",
    "Indices",
    "IndicesAttr",
    "accelerator_of",
    "module_of",
    "optional_accelerator",
]
