"""Networks as ONNX models that compute the same function, and comparison with onnxruntime."""
