"""Networks in: ONNX files, named benchmark networks, weights and quantisation."""
