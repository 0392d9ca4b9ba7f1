"""The operators of a network: every module here is one operator, with all that is known of it.

A module defines the operator's op, if the compiler does not know it by name
(:mod:`spatem_ir.dialects.cnn`), and `OPERATOR`, its record
(:class:`spatem_ir.operators.core.operator.Operator`).  The register finds modules by themselves.
"""
