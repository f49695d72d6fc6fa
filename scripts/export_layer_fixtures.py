#!/usr/bin/env python3
"""Writes tests/fixtures/network/layers.json: what each layer of `model.type: network` computes, by PyTorch.

A case is a small network in YAML and the same network in PyTorch, in float64 and training mode. Inputs and weights are not stored:
both sides make them from a hash of the tensor's name (see `hashed`, and its twin in tests/unit/models/network/layers_test.cpp). A
case holds the output, the gradients of sum(output * weights) by the input and by every parameter, and the running statistics.
Large tensors are stored as a weighted sum, the norm, and some elements. Run:  scripts/export_layer_fixtures.py
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

BATCH = 3
FULL_LIMIT = 32  # larger tensors are stored as a digest
SAMPLES = 8  # elements in a digest
MASK = 2**64 - 1


def hashed(name, count):
    """`count` numbers in [0, 1), a pure function of the name: FNV-1a of the name, then SplitMix64 as a counter."""
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = ((key ^ byte) * 0x100000001B3) & MASK
    values = []
    for i in range(1, count + 1):
        z = (key + i * 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        values.append(((z ^ (z >> 31)) >> 11) * 2.0**-53)
    return torch.tensor(values, dtype=torch.float64)


def uniform(name, shape, low=-1.0, high=1.0):
    return (low + (high - low) * hashed(name, math.prod(shape))).reshape(list(shape))


def weight(name, shape):
    return uniform(name, shape, 0.5, 1.5) if name.endswith("running_var") else uniform(name, shape)


def digest(name, tensor):
    flat = tensor.detach().reshape(-1)
    if flat.numel() > FULL_LIMIT:
        where = [int(u * flat.numel()) for u in hashed("samples " + name, SAMPLES)]
        signs = 2 * hashed("projection " + name, flat.numel()) - 1
        flat = torch.cat([torch.dot(flat, signs)[None], flat.norm()[None], flat[where]])
    return [float(f"{value:.12g}") for value in flat.tolist()]


class Case:
    """`modules`: by our names, with PyTorch's names for what they hold. `forward` takes them and the batch."""

    def __init__(self, name, layers, shape, forward, modules=None, time_first=False):
        self.name, self.layers, self.shape, self.forward, self.time_first = name, layers, shape, forward, time_first
        self.modules = {key: module.double().train() for key, module in (modules or {}).items()}

    def tensors(self):
        for prefix, module in self.modules.items():
            for name, tensor in list(module.named_parameters()) + list(module.named_buffers()):
                if "num_batches" not in name:
                    yield f"{prefix}.{name}", tensor

    def run(self):
        with torch.no_grad():
            for name, tensor in self.tensors():
                tensor.copy_(weight(f"{self.name} {name}", tensor.shape))
        x = uniform(f"{self.name} input", [BATCH, *self.shape]).requires_grad_()
        output = self.forward(self.modules, x).flatten(1)
        (output * uniform(f"{self.name} loss", output.shape)).sum().backward()
        values = {"output": digest("output", output), "input": digest("input", x.grad)}
        for name, tensor in self.tensors():
            values[name] = digest(name, tensor.grad if isinstance(tensor, nn.Parameter) else tensor)
        return {"name": self.name, "layers": self.layers, "shape": self.shape, "time_first": self.time_first,
                "outputs": output.shape[1], "values": values}


class PaddedCase(Case):
    """Sequences [steps, features] of different length. `forward` gives [BATCH, steps, outputs], 0 behind the end of a sequence."""

    LENGTHS = [5, 7, 2]

    def __init__(self, name, layers, shape, forward, modules=None):
        super().__init__(name, layers, shape, lambda m, x: forward(m, x, torch.tensor(self.LENGTHS)), modules, True)

    def run(self):
        case = super().run()
        return case | {"lengths": self.LENGTHS, "outputs": case["outputs"] // self.shape[0]}


def one(name, layer, shape, module, time_first=False, call=None):
    """A layer that is a PyTorch module."""
    call = call or (lambda module, x: module(x))
    return Case(name, f"[{layer}, flatten]", shape, lambda m, x: call(m["layers.0"], x), {"layers.0": module}, time_first)


def function(name, layer, shape, forward, time_first=False):
    """A layer without weights."""
    return Case(name, f"[{layer}, flatten]", shape, lambda _, x: forward(x), None, time_first)


def same(x, kernel, stride, value=0.0):
    """Keras's padding "same" of the last two dimensions."""
    sides = []
    for size in (x.shape[3], x.shape[2]):
        total = max(0, (math.ceil(size / stride) - 1) * stride + kernel - size)
        sides += [total // 2, total - total // 2]
    return F.pad(x, sides, value=value)


def channels_last(module, x):
    return module(x.movedim(1, -1)).movedim(-1, 1)


def sines(steps, features):
    """Vaswani et al. 2017, equation in section 3.5."""
    values = torch.zeros(steps, features, dtype=torch.float64)
    for step in range(steps):
        for i in range(features):
            angle = step / 10000 ** (2 * (i // 2) / features)
            values[step, i] = math.sin(angle) if i % 2 == 0 else math.cos(angle)
    return values


class Positions(nn.Module):
    def __init__(self, steps, features):
        super().__init__()
        self.values = nn.Parameter(torch.zeros(steps, features))

    def forward(self, x):
        return x + self.values


class Separable(nn.Module):
    def __init__(self, conv, channels, out, kernel, bias, **options):
        super().__init__()
        self.depthwise = conv(channels, channels, kernel, groups=channels, bias=False, **options)
        self.pointwise = conv(channels, out, 1, bias=bias)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


def attention(causal):
    def call(module, x):
        steps = x.shape[1]
        mask = torch.ones(steps, steps, dtype=torch.bool).triu(1) if causal else None
        return module(x, x, x, need_weights=False, attn_mask=mask)[0]
    return call


def gate(x, dim=1):
    first, second = x.chunk(2, dim)
    return torch.tanh(first) * torch.sigmoid(second)


def convolutions():
    yield one("conv 1d same", "conv: {channels: 4, kernel: 3, padding: same}", [2, 9], nn.Conv1d(2, 4, 3, padding="same"))
    yield one("conv 1d kernel 1", "conv: {channels: 5, kernel: 1}", [3, 7], nn.Conv1d(3, 5, 1))
    yield one("conv 1d kernel 2", "conv: {channels: 4, kernel: 2, padding: same, dilation: 3}", [2, 9],
              nn.Conv1d(2, 4, 2, dilation=3, padding="same"))
    yield one("conv 1d kernel 4", "conv: {channels: 4, kernel: 4, padding: same, dilation: 2}", [2, 9],
              nn.Conv1d(2, 4, 4, dilation=2, padding="same"))
    yield one("conv 1d groups", "conv: {channels: 6, kernel: 3, stride: 2, dilation: 2, padding: 3, groups: 2}", [4, 11],
              nn.Conv1d(4, 6, 3, stride=2, dilation=2, padding=3, groups=2))
    yield one("conv 1d valid", "conv: {channels: 3, kernel: 4, bias: false}", [2, 9], nn.Conv1d(2, 3, 4, bias=False))
    yield one("conv 1d causal", "conv: {channels: 3, kernel: 3, dilation: 2, padding: causal}", [2, 9],
              nn.Conv1d(2, 3, 3, dilation=2), call=lambda module, x: module(F.pad(x, [4, 0])))
    yield one("conv 2d same", "conv: {channels: 4, kernel: 3, padding: same, groups: 2}", [2, 6, 5],
              nn.Conv2d(2, 4, 3, padding="same", groups=2))
    yield one("conv 2d stride same", "conv: {channels: 3, kernel: 3, stride: 2, padding: same}", [2, 6, 7],
              nn.Conv2d(2, 3, 3, stride=2), call=lambda module, x: module(same(x, 3, 2)))
    yield one("conv 2d dilation", "conv: {channels: 3, kernel: 3, dilation: 2, padding: 1, bias: false}", [3, 6, 7],
              nn.Conv2d(3, 3, 3, dilation=2, padding=1, bias=False))
    yield one("separable conv 1d", "separable_conv: {channels: 4, kernel: 3, padding: same, dilation: 2}", [3, 8],
              Separable(nn.Conv1d, 3, 4, 3, True, padding="same", dilation=2))
    yield one("separable conv 2d", "separable_conv: {channels: 4, kernel: 3, stride: 2, padding: 1, bias: false}", [3, 6, 5],
              Separable(nn.Conv2d, 3, 4, 3, False, stride=2, padding=1))


def norms():
    yield one("batch norm features", "batch_norm", [5], nn.BatchNorm1d(5))
    yield one("batch norm series", "batch_norm: {eps: 0.001, momentum: 0.3}", [4, 6], nn.BatchNorm1d(4, eps=0.001, momentum=0.3))
    yield one("batch norm sequence", "batch_norm", [6, 4], nn.BatchNorm1d(4), True, channels_last_sequence)
    yield one("batch norm image", "batch_norm", [4, 3, 5], nn.BatchNorm2d(4))
    yield Case("batch norm relu", "[batch_norm, relu, flatten]", [4, 3, 5], lambda m, x: m["layers.0"](x).relu(),
               {"layers.0": nn.BatchNorm2d(4)})
    yield one("layer norm features", "layer_norm", [5], nn.LayerNorm(5))
    yield one("layer norm sequence", "layer_norm: {eps: 0.01}", [6, 4], nn.LayerNorm(4, eps=0.01), True)
    yield one("layer norm series", "layer_norm", [4, 6], nn.LayerNorm(4), call=channels_last)
    yield one("layer norm image", "layer_norm", [4, 3, 5], nn.LayerNorm(4), call=channels_last)
    yield one("group norm series", "group_norm: 2", [4, 6], nn.GroupNorm(2, 4))
    yield one("group norm image", "group_norm: {groups: 3, eps: 0.01}", [6, 3, 2], nn.GroupNorm(3, 6, eps=0.01))
    yield one("group norm features", "group_norm: 2", [6], nn.GroupNorm(2, 6))


def channels_last_sequence(module, x):
    return module(x.transpose(1, 2)).transpose(1, 2)


def activations():
    functions = {"relu": F.relu, "leaky_relu: 0.2": lambda x: F.leaky_relu(x, 0.2), "elu": F.elu, "gelu": F.gelu, "silu": F.silu,
                 "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": F.softplus, "dropout: 0": lambda x: x}
    for layer, forward in functions.items():
        yield function(layer.split(":")[0], layer, [7], forward)
    yield function("gate series", "gate", [4, 5], gate)
    yield function("gate image", "gate", [4, 3, 2], gate)
    yield function("gate features", "gate", [6], gate)
    yield function("glu series", "glu", [4, 5], lambda x: F.glu(x, 1))
    yield function("glu sequence", "glu", [5, 4], lambda x: F.glu(x, 2), True)


def pools():
    yield function("max pool 1d", "max_pool: 2", [2, 7], lambda x: F.max_pool1d(x, 2))
    yield function("max pool 2d", "max_pool: {kernel: 3, stride: 2, padding: 1}", [2, 6, 7], lambda x: F.max_pool2d(x, 3, 2, 1))
    for side in ([6, 6], [7, 7], [6, 7]):
        yield function(f"max pool same {side}", "max_pool: {kernel: 3, stride: 2, padding: same}", [2, *side],
                       lambda x: F.max_pool2d(same(x, 3, 2, -math.inf), 3, 2))
    yield function("average pool 1d", "average_pool: {kernel: 3, stride: 2, padding: 1}", [2, 8],
                   lambda x: F.avg_pool1d(x, 3, 2, 1, count_include_pad=False))
    yield function("average pool 2d", "average_pool: 2", [2, 5, 6], lambda x: F.avg_pool2d(x, 2))
    yield function("average pool same", "average_pool: {kernel: 2, stride: 1, padding: same}", [2, 4, 5],
                   lambda x: F.avg_pool2d(same(x, 2, 1), 2, 1) / F.avg_pool2d(same(torch.ones_like(x), 2, 1), 2, 1))
    yield function("mean series", "mean", [3, 5], lambda x: x.mean(2))
    yield function("mean sequence", "mean", [5, 3], lambda x: x.mean(1), True)
    yield function("mean image", "mean", [3, 4, 2], lambda x: x.mean([2, 3]))
    yield function("max series", "max", [3, 5], lambda x: x.amax(2))
    yield function("max image", "max", [3, 4, 2], lambda x: x.amax([2, 3]))


def sequences():
    yield one("dense features", "dense: 4", [5], nn.Linear(5, 4))
    yield one("dense sequence", "dense: {units: 4, bias: false}", [6, 3], nn.Linear(3, 4, bias=False), True)
    yield Case("outputs", "[outputs]", [5], lambda m, x: m["layers.0"](x), {"layers.0": nn.Linear(5, 3)})
    for name, kind in (("lstm", nn.LSTM), ("gru", nn.GRU)):
        yield one(name, f"{name}: 3", [5, 2], kind(2, 3, batch_first=True), True, lambda module, x: module(x)[0])
        yield one(f"{name} deep", f"{name}: {{units: 3, depth: 2, bidirectional: true}}", [5, 2],
                  kind(2, 3, 2, batch_first=True, bidirectional=True), True, lambda module, x: module(x)[0])
        yield one(f"{name} last", f"{name}: {{units: 3, output: last}}", [5, 2], kind(2, 3, batch_first=True), True,
                  lambda module, x: module(x)[0][:, -1])
        yield one(f"{name} last of both", f"{name}: {{units: 3, bidirectional: true, output: last}}", [5, 2],
                  kind(2, 3, batch_first=True, bidirectional=True), True,
                  lambda module, x: torch.cat([module(x)[0][:, -1, :3], module(x)[0][:, 0, 3:]], 1))
    yield one("attention", "attention: 2", [5, 6], nn.MultiheadAttention(6, 2, batch_first=True), True, attention(False))
    yield one("attention causal", "attention: {heads: 3, causal: true}", [5, 6], nn.MultiheadAttention(6, 3, batch_first=True),
              True, attention(True))
    yield function("positional encoding", "positional_encoding", [7, 6], lambda x: x + sines(7, 6), True)
    yield function("positional encoding odd", "positional_encoding", [7, 5], lambda x: x + sines(7, 5), True)
    yield one("positional encoding trained", "positional_encoding: {trained: true}", [4, 3], Positions(4, 3), True)


def packed(module, x, lengths):
    """A recurrent layer on packed sequences: its output, and the last state of each direction."""
    packed_x = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    output, state = module(packed_x)
    state = state[0] if isinstance(state, tuple) else state
    directions = 2 if module.bidirectional else 1
    last = torch.cat(list(state[-directions:]), 1)
    return nn.utils.rnn.pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0], last


def behind(x, lengths):
    return torch.arange(x.shape[1])[None] >= lengths[:, None]


def masked_attention(module, x, lengths):
    padding = behind(x, lengths)
    return module(x, x, x, need_weights=False, key_padding_mask=padding)[0].masked_fill(padding[:, :, None], 0)


def masked_norm(module, x, lengths):
    """A batch norm of the steps of all sequences."""
    real = ~behind(x, lengths)
    output = torch.zeros_like(x)
    output[real] = module(x[real])
    return output


def alone(call):
    """Each sequence by itself."""
    def forward(m, x, lengths):
        parts = [call(m, x[i:i + 1, :length]) for i, length in enumerate(lengths)]
        return torch.cat([F.pad(part, [0, 0, 0, x.shape[1] - part.shape[1]]) for part in parts])
    return forward


def padded():
    for name, kind in (("lstm", nn.LSTM), ("gru", nn.GRU)):
        yield PaddedCase(f"padded {name}", f"[{name}: {{units: 3, depth: 2, bidirectional: true}}]", [7, 2],
                         lambda m, x, lengths: packed(m["layers.0"], x, lengths)[0],
                         {"layers.0": kind(2, 3, 2, batch_first=True, bidirectional=True)})
        # The last states, on every step by a product.
        yield PaddedCase(f"padded {name} last", f"[multiply: [[], [{name}: {{units: 1, bidirectional: true, output: last}}]]]",
                         [7, 2], lambda m, x, lengths: (x * packed(m["layers.0.1.0"], x, lengths)[1][:, None])
                         .masked_fill(behind(x, lengths)[:, :, None], 0),
                         {"layers.0.1.0": kind(2, 1, batch_first=True, bidirectional=True)})
    yield PaddedCase("padded attention", "[attention: 2]", [7, 6],
                     lambda m, x, lengths: masked_attention(m["layers.0"], x, lengths),
                     {"layers.0": nn.MultiheadAttention(6, 2, batch_first=True)})
    yield PaddedCase("padded batch norm", "[batch_norm]", [7, 3],
                     lambda m, x, lengths: masked_norm(m["layers.0"], x, lengths), {"layers.0": nn.BatchNorm1d(3)})
    yield PaddedCase("padded conv", "[transpose, tanh, conv: {channels: 3, kernel: 3, padding: same}, transpose]", [7, 2],
                     alone(lambda m, x: m["layers.2"](torch.tanh(x).transpose(1, 2)).transpose(1, 2)),
                     {"layers.2": nn.Conv1d(2, 3, 3, padding="same")})
    yield PaddedCase("padded mean", "[multiply: [[], [mean]]]", [7, 2], alone(lambda m, x: x * x.mean(1, keepdim=True)))
    yield PaddedCase("padded max", "[multiply: [[], [max]]]", [7, 2], alone(lambda m, x: x * x.amax(1, keepdim=True)))


def shapes():
    yield function("flatten series", "flatten", [2, 5], lambda x: x)
    yield function("flatten image", "flatten", [2, 3, 4], lambda x: x)
    yield function("transpose series", "transpose", [2, 5], lambda x: x.transpose(1, 2))
    yield function("transpose sequence", "transpose", [5, 2], lambda x: x.transpose(1, 2), True)
    yield function("last", "last: 3", [2, 5], lambda x: x[:, :, -3:])
    yield function("crop series", "crop: {begin: 1, end: 2}", [2, 7], lambda x: x[:, :, 1:-2])
    yield function("crop image", "crop: {begin: 1}", [2, 4, 5], lambda x: x[:, :, 1:, 1:])


def containers():
    conv = lambda out, kernel=3, **options: nn.Conv1d(2, out, kernel, padding="same", **options)
    yield Case("sequence", "[sequence: [{conv: {channels: 3, kernel: 3, padding: same, name: first}}, tanh], flatten]", [2, 6],
               lambda m, x: torch.tanh(m["layers.0.first"](x)), {"layers.0.first": conv(3)})
    yield Case("residual", "[residual: [relu, conv: {channels: 2, kernel: 3, padding: same}], flatten]", [2, 6],
               lambda m, x: x + m["layers.0.1"](x.relu()), {"layers.0.1": conv(2)})
    yield Case("residual shortcut", "[residual: {layers: [conv: {channels: 4, kernel: 3, padding: same}, tanh], "
               "shortcut: [conv: {channels: 4, kernel: 1}]}, flatten]", [2, 6],
               lambda m, x: torch.tanh(m["layers.0.0"](x)) + m["layers.0.shortcut.0"](x),
               {"layers.0.0": conv(4), "layers.0.shortcut.0": conv(4, 1)})
    yield Case("parallel", "[parallel: [[conv: {channels: 3, kernel: 3, padding: same}], [], [tanh]], flatten]", [2, 6],
               lambda m, x: torch.cat([m["layers.0.0.0"](x), x, torch.tanh(x)], 1), {"layers.0.0.0": conv(3)})
    yield function("parallel image", "parallel: [[tanh], [], [max_pool: {kernel: 3, stride: 1, padding: 1}]]", [2, 3, 4],
                   lambda x: torch.cat([torch.tanh(x), x, F.max_pool2d(x, 3, 1, 1)], 1))
    yield function("parallel sequence", "parallel: [[tanh], []]", [5, 2], lambda x: torch.cat([torch.tanh(x), x], 2), True)
    yield function("sum", "sum: [[tanh], [], [relu]]", [2, 5], lambda x: torch.tanh(x) + x + x.relu())
    yield function("multiply", "multiply: [[tanh], [sigmoid], []]", [2, 5], lambda x: torch.tanh(x) * torch.sigmoid(x) * x)
    yield Case("multiply channels", "[multiply: [[mean, dense: 3, sigmoid], []], flatten]", [3, 4, 5],
               lambda m, x: torch.sigmoid(m["layers.0.0.1"](x.mean([2, 3])))[:, :, None, None] * x,
               {"layers.0.0.1": nn.Linear(3, 3)})
    yield Case("multiply channels of a series", "[multiply: [[], [mean, dense: 3]], flatten]", [3, 4],
               lambda m, x: m["layers.0.1.1"](x.mean(2))[:, :, None] * x, {"layers.0.1.1": nn.Linear(3, 3)})
    yield Case("repeat", "[repeat: {times: 3, dilation_growth: 2, layers: [conv: {channels: 2, kernel: 3, padding: same}, tanh]}, "
               "flatten]", [2, 9],
               lambda m, x: torch.tanh(m["layers.0.2.0"](torch.tanh(m["layers.0.1.0"](torch.tanh(m["layers.0.0.0"](x)))))),
               {f"layers.0.{i}.0": conv(2, dilation=2**i) for i in range(3)})
    yield function("sums", "add_to: a, tanh, add_to: a, relu, add_to: b, residual: [add_to: b, sigmoid], take: a, "
                   "sum: [[], [take: b]]", [2, 5],
                   lambda x: x + torch.tanh(x) + 2 * torch.tanh(x).relu())
    yield Case("wavenet layer", "[conv: {channels: 4, kernel: 1}, residual: [conv: {channels: 6, kernel: 2, dilation: 2, "
               "padding: same}, gate, conv: {channels: 4, kernel: 1}, add_to: skips], take: skips, flatten]", [2, 8],
               lambda m, x: m["layers.1.2"](gate(m["layers.1.0"](m["layers.0"](x)))),
               {"layers.0": nn.Conv1d(2, 4, 1), "layers.1.0": nn.Conv1d(4, 6, 2, dilation=2, padding="same"),
                "layers.1.2": nn.Conv1d(3, 4, 1)})


def main():
    groups = [convolutions, norms, activations, pools, sequences, padded, shapes, containers]
    cases = [case.run() for group in groups for case in group()]
    names = [case["name"] for case in cases]
    assert len(set(names)) == len(names), names
    path = pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures/network/layers.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case) for case in cases)
    path.write_text(f'{{"torch": "{torch.__version__}", "cases": [\n{lines}\n]}}\n')
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
