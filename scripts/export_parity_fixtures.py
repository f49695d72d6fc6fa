#!/usr/bin/env python3
"""Writes tests/parity/fixtures/*.safetensors: the results of the reference definitions of our networks in PyTorch.

The reference is a file models.py with the networks of the papers in plain PyTorch (WaveNet, XceptionGalaxy, waveform_targets)
and torchvision's resnet50. Inputs, targets and weights are not stored: both sides make them from a hash of the tensor's name
(see `fill`, and its twin in tests/parity/fixture.h). A fixture holds float64 results of one training step (output, loss, every
gradient, running statistics) and of an evaluation. Gradients of large tensors are stored as a digest: a weighted sum over all
elements, the norm, and some elements. Run:  scripts/export_parity_fixtures.py --reference ../shared/peers
"""
import argparse
import json
import math
import pathlib
import sys

import numpy
import safetensors.numpy
import torch
import torch.nn.functional as F

FULL_LIMIT = 640  # larger tensors are stored as a digest
SAMPLES = 13  # elements in a digest


def hashed(name, count):
    """`count` numbers in [0, 1), a pure function of the name: FNV-1a of the name, then SplitMix64 as a counter."""
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = ((key ^ byte) * 0x100000001B3) % 2**64
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(key) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z ^= z >> numpy.uint64(31)
    return (z >> numpy.uint64(11)).astype(numpy.float64) * 2.0**-53


def uniform(name, shape, low, high):
    return torch.from_numpy(low + (high - low) * hashed(name, math.prod(shape))).reshape(shape)


def fill(name, shape):
    """The test value of a parameter or running statistic, by its name and shape."""
    if len(shape) > 1:
        bound = math.sqrt(6.0 / ((shape[0] + shape[1]) * math.prod(shape[2:])))
        return uniform(name, shape, -bound, bound)
    if name.endswith("running_var"):
        return uniform(name, shape, 0.5, 1.5)
    if name.endswith("weight"):
        return uniform(name, shape, 0.75, 1.25)
    return uniform(name, shape, -0.1, 0.1)


def digest(name, tensor):
    """The tensor itself when small, else [sum of elements x hash in [-1, 1), norm, SAMPLES elements]."""
    flat = tensor.detach().double().reshape(-1)
    if flat.numel() <= FULL_LIMIT:
        return flat.reshape(tensor.shape).numpy().copy()
    weights = torch.from_numpy(2 * hashed("projection " + name, flat.numel()) - 1)
    where = [int(u * flat.numel()) for u in hashed("samples " + name, SAMPLES)]
    return torch.cat([torch.dot(flat, weights)[None], flat.norm()[None], flat[where]]).numpy()


def wavenet_names(key):
    """Reference name -> (our name, part of the merged tensor or None)."""
    for branch in ("q", "spin"):
        key = key.replace(f"{branch}.0.", f"{branch}_hidden.").replace(f"{branch}.2.", f"{branch}.") if key.startswith(branch) else key
    part = 0 if ".filt" in key else 1 if ".gate" in key else None
    return key.replace("_bn.", "_norm.").replace("filt", "gated").replace("gate_norm", "gated_norm").replace("gate.", "gated."), part


def xception_names(key):
    first, rest = key.split(".", 1)
    if first in ("conv1", "conv2", "bn1", "bn2"):
        return f"block1_conv{first[-1]}{'_bn' if first[:2] == 'bn' else ''}.{rest}", None
    if first == "head":
        index, value = rest.split(".")
        return {"0": "head_dense1", "3": "head_dense2", "5": "predictions"}[index] + "." + value, None
    if first == "middle":
        block, _, sep, index, value = rest.split(".")
        name = f"block{int(block) + 5}_sepconv{int(sep) + 1}"
    elif first.startswith("sep"):
        index, value = rest.split(".")
        name = f"block14_sepconv{first[-1]}"
    else:
        part, index, value = rest.split(".")
        name = f"{first}_residual" if part == "skip" else f"{first}_sepconv{part[-1]}"
        if part == "skip":
            return name + ("." if index == "0" else "_bn.") + value, None
    return name + {"0": ".depthwise.", "1": ".pointwise.", "2": "_bn."}[index] + value, None


def our_tensors(named, rename):
    """(our name, list of reference tensors that it merges) in the reference's order."""
    merged = {}
    for key, tensor in named:
        if "num_batches" not in key:
            merged.setdefault(rename(key)[0], []).append(tensor)
    return merged.items()


def joined(tensors):
    return tensors[0] if len(tensors) == 1 else torch.cat(tensors)


def set_values(model, rename):
    with torch.no_grad():
        for name, parts in our_tensors(model.state_dict().items(), rename):
            shape = list(joined(parts).shape)
            value, begin = fill(name, shape), 0
            for part in parts:
                part.copy_(value[begin:begin + part.shape[0]])
                begin += part.shape[0]


def export(path, model, rename, loss_of, batch, about):
    model = model.double()
    set_values(model, rename)
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    x, y = batch
    out = {}
    model.eval()
    with torch.no_grad():
        out["evaluation/output"] = torch.cat(as_list(model(x)), 1).numpy()
    model.train()
    result = model(x)
    loss = loss_of(result, y)
    loss.backward()
    out["output"] = torch.cat(as_list(result), 1).detach().numpy()
    out["loss"] = loss.detach().reshape(1).numpy()
    for name, parts in our_tensors(model.named_parameters(), rename):
        out["gradient/" + name] = digest(name, joined([p.grad for p in parts]))
    for name, parts in our_tensors(model.named_buffers(), rename):
        out["statistics/" + name] = digest(name, joined(parts))
    about |= {"torch": torch.__version__, "parameters": sum(p.numel() for p in model.parameters())}
    safetensors.numpy.save_file(out, str(path), {key: value if isinstance(value, str) else json.dumps(value) for key, value in about.items()})
    print(f"{path.name}: {path.stat().st_size} bytes, loss {loss.item():.6f}")


def as_list(result):
    return list(result) if isinstance(result, tuple) else [result]


def waveform_batch(batch, steps):
    scale = torch.tensor([7.0, 1.6, 1.6], dtype=torch.float64)
    label = uniform("target", [batch, 3], 0.0, 1.0) * scale + torch.tensor([1.0, -0.8, -0.8], dtype=torch.float64)
    return uniform("input", [batch, 1, steps], -1.0, 1.0), label


def image_batch(batch, side, classes):
    return uniform("input", [batch, 3, side, side], -1.0, 1.0), (uniform("target", [batch], 0.0, 1.0) * classes).long()


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=pathlib.Path, default=here.parent / "shared" / "peers", help="folder with models.py")
    parser.add_argument("--out", type=pathlib.Path, default=here / "tests" / "parity" / "fixtures")
    args = parser.parse_args()
    sys.path.insert(0, str(args.reference))
    import models
    import torchvision

    def waveform_loss(result, label):
        q, spin = models.waveform_targets(label)
        return F.mse_loss(result[0], q) + F.mse_loss(result[1], spin)

    def cross_entropy(result, target):
        return F.cross_entropy(result, target, label_smoothing=0.1)

    def wavenet(path, about, bn=True):
        net = models.WaveNet(about["residual_channels"], about["gate_channels"], about["dilations"], about["tail_channels"],
                             about["keep_steps"], about["dense_units"], bn, 0.0)
        export(args.out / path, net, wavenet_names, waveform_loss, waveform_batch(about["batch"], about["steps"]), about)

    small = {"residual_channels": 5, "gate_channels": 6, "dilations": [1, 2, 4, 8, 3], "tail_channels": 7, "keep_steps": 40,
             "dense_units": 9, "batch": 3, "steps": 100}
    wavenet("wavenet_small.safetensors", dict(small))
    wavenet("wavenet_plain.safetensors", dict(small), bn=False)
    wavenet("wavenet_paper.safetensors", {"residual_channels": 16, "gate_channels": 32, "dilations": [2**i for i in range(8)] * 2,
                                          "tail_channels": 128, "keep_steps": 10000, "dense_units": 512, "batch": 2, "steps": 11000})
    export(args.out / "xception.safetensors", models.XceptionGalaxy(), xception_names, cross_entropy, image_batch(3, 64, 2),
           {"batch": 3, "side": 64, "classes": 2})
    export(args.out / "resnet50.safetensors", torchvision.models.resnet50(), lambda key: (key, None), cross_entropy,
           image_batch(3, 64, 1000), {"batch": 3, "side": 64, "classes": 1000})


if __name__ == "__main__":
    main()
