"""What turns nodes of ONNX into ops: tensors, the network under construction, its parameters."""
