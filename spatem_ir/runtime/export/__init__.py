"""Networks as ONNX models that compute the same function."""
