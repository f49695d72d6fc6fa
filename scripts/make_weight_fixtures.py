#!/usr/bin/env python3
"""Writes tests/fixtures/weights: files of weights as Keras and PyTorch write them, and what the networks compute with them.

The networks are Xceptions of small width. The one of Keras is made of Keras's layers and the one of timm of PyTorch's modules with the
names of timm's legacy_xception, so names, layouts, pools and outputs are those of the two frameworks. Needs keras (any backend), torch,
h5py and safetensors:

  KERAS_BACKEND=torch python3 scripts/make_weight_fixtures.py
"""
import json
import pathlib

import h5py
import keras
import numpy as np
import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "weights"
STEM, ENTRY, MIDDLE, LAST = (8, 8), (8, 8, 8), 8, (16, 24, 32)  # width_factor 1/64, in multiples of 8
MIDDLE_BLOCKS, UNITS, CLASSES, SIDE = 1, 16, 3, 51
rng = np.random.default_rng(1)


def images():
    """[2, 3, 51, 51], a formula that the test repeats. The pools see sizes 23, 12, 6 and 3."""
    return np.sin(0.731 * np.arange(2 * 3 * SIDE * SIDE)).reshape(2, 3, SIDE, SIDE).astype(np.float32)


# ---- Keras ----

def keras_base():
    layers = keras.layers
    x = image = layers.Input((SIDE, SIDE, 3))

    def norm(x, name=None):
        return layers.BatchNormalization(name=name)(x)

    def separable(x, channels, name):
        return norm(layers.SeparableConv2D(channels, 3, padding="same", use_bias=False, name=name)(x), name + "_bn")

    def down(x, number, middle, channels, relu):
        residual = norm(layers.Conv2D(channels, 1, strides=2, padding="same", use_bias=False)(x))  # without a name, as in Keras
        if relu:
            x = layers.Activation("relu")(x)
        x = separable(x, middle, f"block{number}_sepconv1")
        x = separable(layers.Activation("relu")(x), channels, f"block{number}_sepconv2")
        return layers.add([layers.MaxPooling2D(3, strides=2, padding="same")(x), residual])

    x = layers.Conv2D(STEM[0], 3, strides=2, use_bias=False, name="block1_conv1")(x)
    x = layers.Activation("relu")(norm(x, "block1_conv1_bn"))
    x = layers.Conv2D(STEM[1], 3, use_bias=False, name="block1_conv2")(x)
    x = layers.Activation("relu")(norm(x, "block1_conv2_bn"))
    for number, channels in enumerate(ENTRY, 2):
        x = down(x, number, channels, channels, number > 2)
    for number in range(5, 5 + MIDDLE_BLOCKS):
        y = x
        for part in (1, 2, 3):
            y = separable(layers.Activation("relu")(y), MIDDLE, f"block{number}_sepconv{part}")
        x = layers.add([y, x])
    number = 5 + MIDDLE_BLOCKS
    x = down(x, number, MIDDLE, LAST[0], True)
    for part in (1, 2):
        x = layers.Activation("relu")(separable(x, LAST[part], f"block{number + 1}_sepconv{part}"))
    return keras.Model(image, x, name="xception")


def draw(shape, name):
    """Values of 16 bits, which every format keeps."""
    if name.endswith(("variance", "running_var")):
        values = rng.uniform(0.4, 1.6, shape)
    elif name.endswith(("gamma", "norm.weight")):
        values = rng.uniform(0.75, 1.25, shape)
    elif len(shape) > 1:
        values = rng.normal(0, 1.2 / np.sqrt(np.prod(shape) / max(shape)), shape)
    else:
        values = rng.uniform(-0.1, 0.1, shape)
    return values.astype(np.float16).astype(np.float32)


def write_old_keras(model, path):
    """The layout of save_weights of Keras 1 and 2, with the names that Keras 1 gave."""
    unnamed = {"conv2d": "convolution2d", "batch_normalization": "batchnormalization"}
    values = {"kernel": "W", "gamma": "gamma", "beta": "beta", "moving_mean": "running_mean", "moving_variance": "running_std",
              "depthwise_kernel": "depthwise_kernel", "pointwise_kernel": "pointwise_kernel"}
    numbers = {}
    with h5py.File(path, "w", libver="latest") as file:
        names = []
        for layer in model.layers:
            stem = next((s for s in unnamed if layer.name == s or layer.name.startswith(s + "_")), None)
            name = layer.name
            if stem:
                numbers[stem] = numbers.get(stem, 0) + 1
                name = f"{unnamed[stem]}_{numbers[stem]}"
            names.append(name.encode())
            group = file.create_group(name)
            weights = [f"{name}_{values[w.name]}:0".encode() for w in layer.weights]
            group.attrs["weight_names"] = weights
            for key, weight in zip(weights, layer.weights):
                group[key.decode()] = keras.ops.convert_to_numpy(weight)
        file.attrs["layer_names"] = names


def repack(path):
    """The same groups, attributes and values in less space, without the description of the model."""
    whole = path.with_suffix(".whole")
    path.rename(whole)
    with h5py.File(whole) as source, h5py.File(path, "w", libver="latest") as target:
        def copy(name, item):
            new = target.create_dataset(name, data=item[()]) if isinstance(item, h5py.Dataset) else target.require_group(name)
            for key, value in item.attrs.items():
                new.attrs[key] = value
        source.visititems(lambda name, item: None if name.startswith("optimizer") else copy(name, item))
        for key, value in source.attrs.items():
            if key != "model_config":
                target.attrs[key] = value
    whole.unlink()


def keras_files(expected):
    base = keras_base()
    for weight in base.weights:
        weight.assign(draw(weight.shape, weight.name))
    x = images().transpose(0, 2, 3, 1)
    expected["keras_features"] = base.predict(x, verbose=0).mean((1, 2)).tolist()
    write_old_keras(base, OUT / "keras_notop.h5")

    top = keras.Model(base.input, keras.layers.Dense(10, name="predictions")(keras.layers.GlobalAveragePooling2D()(base.output)))
    top.save_weights(OUT / "keras_top.weights.h5")
    repack(OUT / "keras_top.weights.h5")

    dense = keras.layers.Dense
    nested = keras.Sequential([keras.Input((SIDE, SIDE, 3)), base, keras.layers.GlobalAveragePooling2D(), dense(UNITS, activation="relu"),
                               keras.layers.Dropout(0.7), dense(UNITS, activation="relu"), dense(CLASSES)])
    for weight in [w for layer in nested.layers[1:] for w in layer.weights]:
        weight.assign(draw(weight.shape, weight.name))
    expected["keras_logits"] = nested.predict(x, verbose=0).tolist()
    nested.save(OUT / "keras_nested.h5")
    repack(OUT / "keras_nested.h5")


# ---- timm's names, PyTorch's modules ----

class Separable(torch.nn.Module):
    def __init__(self, channels, out):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.pointwise = torch.nn.Conv2d(channels, out, 1, bias=False)

    def forward(self, x):
        return self.pointwise(self.conv1(x))


class Block(torch.nn.Module):
    def __init__(self, channels, widths, stride, relu):
        super().__init__()
        parts, before = [], channels
        for width in widths:
            parts += [torch.nn.ReLU(), Separable(before, width), torch.nn.BatchNorm2d(width)]
            before = width
        if not relu:
            parts = parts[1:]
        if stride > 1:
            parts.append(torch.nn.MaxPool2d(3, stride, 1))
            self.skip = torch.nn.Conv2d(channels, before, 1, stride=stride, bias=False)
            self.skipbn = torch.nn.BatchNorm2d(before)
        self.rep = torch.nn.Sequential(*parts)

    def forward(self, x):
        return self.rep(x) + (self.skipbn(self.skip(x)) if hasattr(self, "skip") else x)


class TimmXception(torch.nn.Module):
    def __init__(self):
        super().__init__()
        nn = torch.nn
        self.conv1, self.bn1 = nn.Conv2d(3, STEM[0], 3, stride=2, bias=False), nn.BatchNorm2d(STEM[0])
        self.conv2, self.bn2 = nn.Conv2d(STEM[0], STEM[1], 3, bias=False), nn.BatchNorm2d(STEM[1])
        before, blocks = STEM[1], []
        for i, width in enumerate(ENTRY):
            blocks.append(Block(before, [width, width], 2, i > 0))
            before = width
        blocks += [Block(MIDDLE, [MIDDLE] * 3, 1, True) for _ in range(MIDDLE_BLOCKS)]
        blocks.append(Block(MIDDLE, [MIDDLE, LAST[0]], 2, True))
        for i, block in enumerate(blocks, 1):
            setattr(self, f"block{i}", block)
        self.blocks = len(blocks)
        self.conv3, self.bn3 = Separable(LAST[0], LAST[1]), nn.BatchNorm2d(LAST[1])
        self.conv4, self.bn4 = Separable(LAST[1], LAST[2]), nn.BatchNorm2d(LAST[2])
        self.fc = nn.Linear(LAST[2], 10)

    def features(self, x):
        x = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu()
        for i in range(1, self.blocks + 1):
            x = getattr(self, f"block{i}")(x)
        return self.bn4(self.conv4(self.bn3(self.conv3(x)).relu())).relu().mean((2, 3))


def torch_files(expected):
    network = TimmXception().eval()
    norms = {name for name, part in network.named_modules() if isinstance(part, torch.nn.BatchNorm2d)}
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                role = "norm.weight" if name.rpartition(".")[0] in norms and name.endswith("weight") else name
                tensor.copy_(torch.from_numpy(draw(tuple(tensor.shape), role)))
        expected["timm_features"] = network.features(torch.from_numpy(images())).tolist()
    state = network.state_dict()
    torch.save(state, OUT / "timm_legacy.pth", _use_new_zipfile_serialization=False)
    halves = network.half().to(memory_format=torch.channels_last).state_dict()
    torch.save({"epoch": 3, "best": torch.tensor(0.5), "state_dict": {f"module.{k}": v for k, v in halves.items()}}, OUT / "timm.pt")


def tensor_files():
    """All that a state dict may hold: element types, views, shared storages, scalars, nothing at all."""
    base = torch.arange(24, dtype=torch.float32)
    state = torch.nn.Module().state_dict()  # an OrderedDict with _metadata
    state.update({
        "f32": base.reshape(4, 6), "transposed": base.reshape(4, 6).t(), "part": base[5:17].reshape(3, 4)[:, 1::2], "last": base[23],
        "f64": base.double() / 7, "f16": base.half() / 8, "bf16": base.bfloat16() / 4, "i64": torch.tensor([-2**40, 3]),
        "i32": torch.tensor([-70000, 5], dtype=torch.int32), "i16": torch.tensor([-300], dtype=torch.int16),
        "i8": torch.tensor([-3], dtype=torch.int8), "u8": torch.tensor([250], dtype=torch.uint8), "bool": torch.tensor([True, False]),
        "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3), "parameter": torch.nn.Parameter(torch.ones(2, 2)),
        "umlaut \u00e4": torch.ones(1)})
    torch.save(state, OUT / "tensors.pt")
    torch.save(state, OUT / "tensors5.pt", pickle_protocol=5)
    torch.save({"model": {"net": state}, "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 0.1}]}, "size": base.shape},
               OUT / "tensors_legacy.pt", _use_new_zipfile_serialization=False)
    torch.save({"state_dict": state, "state_dict_ema": dict(state)}, OUT / "two_dicts.pt")
    save_file({k: v.detach().clone().contiguous() for k, v in state.items()}, OUT / "tensors.safetensors")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    expected = {}
    keras_files(expected)
    torch_files(expected)
    tensor_files()
    (OUT / "expected.json").write_text(json.dumps(expected) + "\n")
    for path in sorted(OUT.iterdir()):
        print(f"{path.stat().st_size:8d} {path.name}")


if __name__ == "__main__":
    main()
