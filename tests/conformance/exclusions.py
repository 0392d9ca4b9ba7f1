"""The selected cases that cannot run, each with the reason and the importer's refusal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exclusion:
    """Cases that are refused for one reason.

    `message` is a regular expression that is found in the importer's error; `cases` are names,
    separated by white space.
    """

    reason: str
    message: str
    cases: str

    @property
    def names(self) -> list[str]:
        """The names of the cases."""
        return self.cases.split()


EXCLUSIONS = [
    Exclusion(
        "has tensors of a type that is neither a wide float nor a narrow integer",
        r"must be a float of 16 or 32 bits or an integer of at most 16",
        """
        test_add_uint32
        test_add_uint64
        test_dequantizelinear_e4m3fn
        test_dequantizelinear_e4m3fn_float16
        test_dequantizelinear_e4m3fn_zero_point
        test_dequantizelinear_e5m2
        test_dequantizelinear_float4e2m1
        test_edge_pad
        test_mul_uint32
        test_mul_uint64
        test_operator_add_size1_broadcast
        test_operator_add_size1_singleton_broadcast
        test_operator_addconstant
        test_operator_non_float_params
        test_reflect_pad
        test_wrap_pad
        """,
    ),
    Exclusion(
        "quantises to floats",
        r"quantises to float8",
        """
        test_quantizelinear_e4m3fn
        test_quantizelinear_e5m2
        """,
    ),
    Exclusion(
        "quantises to floats of four bits",
        r"quantises to a type that is no integer",
        """
        test_quantizelinear_float4e2m1
        """,
    ),
    Exclusion(
        "trains",
        r"is in training mode",
        """
        test_batchnorm_epsilon_training_mode
        test_batchnorm_example_training_mode
        test_training_dropout
        test_training_dropout_default
        test_training_dropout_default_mask
        test_training_dropout_mask
        """,
    ),
    Exclusion(
        "returns a mask or indices as well",
        r"only its first result is supported",
        """
        test_dropout_default_mask
        test_dropout_default_mask_ratio
        test_maxpool_with_argmax_2d_precomputed_pads
        test_maxpool_with_argmax_2d_precomputed_strides
        test_training_dropout_zero_ratio_mask
        """,
    ),
    Exclusion(
        "has the batch as second dimension",
        r"has transA",
        """
        test_gemm_all_attributes
        test_gemm_transposeA
        """,
    ),
    Exclusion(
        "has an activation of one dimension, which leaves nothing behind the batch",
        r"has 1 known dimensions",
        """
        test_operator_add_broadcast
        test_operator_add_size1_right_broadcast
        test_operator_view
        """,
    ),
    Exclusion(
        "broadcasts a stack of matrices to dimensions that the activation has not",
        r"a stack of matrices must fit|ShapeInferenceError",
        """
        test_matmul_1d_3d
        test_matmul_bcast
        """,
    ),
    Exclusion(
        "has tensors without elements",
        r"has unknown size",
        """
        test_reshape_allowzero_reordered
        """,
    ),
    Exclusion(
        "has no input",
        r"does not depend on an input",
        """
        test_constant
        """,
    ),
]
