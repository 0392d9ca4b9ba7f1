"""What turns ops into nodes of ONNX: the graph under construction."""
