"""Random codes of activations."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from spatem_ir.dialects.cnn.attributes import Quantization


@st.composite
def codes(draw: st.DrawFn) -> Quantization:
    """Activation codes of 2 to 8 bits, half of them with a zero point other than 0."""
    code = Quantization(draw(st.integers(2, 8)), draw(st.booleans()), 1.0, 0)
    zero_point = draw(st.just(0) | st.integers(code.minimum, code.maximum))
    return replace(code, scale=draw(st.sampled_from([1.0, 0.05, 0.0371])), zero_point=zero_point)
