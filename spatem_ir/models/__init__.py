"""Trained networks that are shipped with the package, as ONNX files with their data.

`lenet-digits` is a LeNet for the 8 x 8 digits of scikit-learn; `examples/lenet-digits/train.py`
writes its files:

- `lenet-digits-float.onnx`: float32, input `image` [N, 1, 8, 8] in [0, 1], output `logits` [N, 10];
- `lenet-digits.onnx`: the same network quantised to 8 bits (QDQ form), output `logits` uint8;
- `lenet-digits-test.npz`: 450 held-out digits, `images` float32 [450, 1, 8, 8] and `labels` int64;
- `lenet-digits-calibration.npy`: 128 training images, float32 [128, 1, 8, 8].
"""
