#!/usr/bin/env python3
"""Writes tests/parity/fixtures/posterior_*.safetensors: densities, gradients and samples of small conditional flows in PyTorch.

The splines are those of nflows (Durkan et al. 2019, the authors' code); the networks around them are written here with PyTorch's own
layers. Weights and inputs are made as in export_parity_fixtures.py. Needs torch and nflows (made with 2.11 and 0.14).
Run:  scripts/export_flow_fixtures.py
"""
import json
import math
import pathlib

import safetensors.numpy
import torch
import torch.nn.functional as F
from nflows.transforms.splines.rational_quadratic import unconstrained_rational_quadratic_spline

from export_parity_fixtures import digest, fill, uniform

LEAST = 1e-3  # nflows's default of the widths, heights and slopes
CHANNELS, STEPS, SUMMARY, DIMENSIONS, BATCH = 2, 40, 3, 5, 6
FEATURES, UNITS, BINS, BOUND, LAYERS = 7, 9, 6, 2.5, 4
FLOW_UNITS, FLOW_BLOCKS = 8, 2


def philox(counter, key):
    """One block of Philox4x32-10 (Salmon et al. 2011)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def shuffled(n, epoch):
    """The program's permutation of n numbers with seed 0: Fisher-Yates with 64 random bits a swap."""
    words = [word for block in range(n) for word in philox([block, 0, 1, epoch], [0, 0])]
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        high, low = words.pop(0), words.pop(0)
        j = ((high << 32) | low) % (i + 1)
        order[i], order[j] = order[j], order[i]
    return order


class Weights:
    """Parameters by name, made on demand."""

    def __init__(self):
        self.named = {}

    def __call__(self, name, *shape):
        if name not in self.named:
            self.named[name] = fill(name, list(shape)).requires_grad_()
        return self.named[name]


def dense(weights, name, x, out, bias=True):
    return F.linear(x, weights(name + ".weight", out, x.shape[-1]), weights(name + ".bias", out) if bias else None)


def convolution(weights, name, x, out, width, **options):
    return F.conv1d(x, weights(name + ".weight", out, x.shape[1], width), weights(name + ".bias", out), **options)


def residual_blocks(weights, name, x, blocks, act, norm=False):
    for i in range(blocks):
        part = f"{name}.{i}"
        y = x
        if norm:
            y = F.layer_norm(x, x.shape[-1:], weights(part + ".norm.weight", x.shape[-1]), weights(part + ".norm.bias", x.shape[-1]))
        y = act(dense(weights, part + ".first", act(y), x.shape[-1]))
        x = x + dense(weights, part + ".second", y, x.shape[-1])
    return act(x)


def residual_network(weights, name, x, act, norm):
    x = residual_blocks(weights, name + ".blocks", dense(weights, name + ".input", x, UNITS), 2, act, norm)
    return dense(weights, name + ".output", x, FEATURES)


def dense_encoder(weights, series, act):
    return torch.cat([dense(weights, f"encoder.projection.{c}", series[:, c], 4, bias=False) for c in range(CHANNELS)], 1)


def convolution_encoder(weights, series, act):
    x = act(convolution(weights, "encoder.convolutions.input", series, 3, 5, stride=2))
    for i, out in ((1, 4), (2, 5)):
        name = f"encoder.convolutions.{i}"
        y = act(convolution(weights, name + ".first", x, out, 3, stride=2, padding=1))
        y = convolution(weights, name + ".second", y, out, 3, padding=1)
        x = act(y + convolution(weights, name + ".shortcut", x, out, 1, stride=2))
    return x.flatten(1)


def wavenet_encoder(weights, series, act):
    x, skips, pool = series, 0, 6
    for i, dilation in enumerate((1, 2, 4)):
        name = f"encoder.layers.{i}"
        x = F.relu(convolution(weights, name + ".pre", x, 4, 1))
        both = convolution(weights, name + ".gated", F.pad(x, (dilation // 2, dilation - dilation // 2)), 6, 2, dilation=dilation)
        z = F.relu(convolution(weights, name + ".post", torch.tanh(both[:, :3]) * torch.sigmoid(both[:, 3:]), 4, 1))
        x, skips = x + z, skips + z
    used = STEPS // pool * pool
    pieces = skips[:, :, STEPS - used:].unfold(2, pool, pool).permute(0, 2, 3, 1).flatten(2)  # [batch, pools, step and channel]
    return act(dense(weights, "encoder.pool", pieces, 3)).flatten(1)


def affine(weights, context, value, inverse):
    count = DIMENSIONS * (DIMENSIONS - 1) // 2
    terms = dense(weights, "flow.affine.terms", context, 2 * DIMENSIONS + count)
    mean, scale, entries = terms.split([DIMENSIONS, DIMENSIONS, count], 1)
    scale = 8 * torch.tanh(scale / 8)
    lower = torch.stack([torch.eye(DIMENSIONS, dtype=value.dtype)] * len(value))
    rows, columns = torch.tril_indices(DIMENSIONS, DIMENSIONS, -1)
    lower = lower.index_put((torch.arange(len(value))[:, None], rows[None], columns[None]), entries)
    matrix = lower @ torch.diag_embed(scale.exp())
    if inverse:
        return torch.linalg.solve(matrix, value[..., None])[..., 0] + mean, -torch.linalg.slogdet(matrix).logabsdet
    return (matrix @ (value - mean)[..., None])[..., 0], torch.linalg.slogdet(matrix).logabsdet


def coupling(weights, number, context, value, act, inverse):
    name = f"flow.layers.{number}"
    kept = DIMENSIONS // 2 if number % 2 == 0 else DIMENSIONS - DIMENSIONS // 2
    moved = DIMENSIONS - kept
    hidden = dense(weights, name + ".from_context", context, FLOW_UNITS) + dense(weights, name + ".from_kept", value[:, :kept],
                                                                                FLOW_UNITS, bias=False)
    hidden = residual_blocks(weights, name + ".blocks", hidden, FLOW_BLOCKS, act)
    parameters = dense(weights, name + ".parameters", hidden, moved * (3 * BINS - 1)).unflatten(1, (moved, 3 * BINS - 1))
    widths, heights, slopes = parameters.split([BINS, BINS, BINS - 1], 2)
    slopes = slopes + math.log(math.exp(1 - LEAST) - 1)  # so that 0 is slope 1
    found, log_slope = unconstrained_rational_quadratic_spline(value[:, kept:], widths, heights, slopes, inverse=inverse,
                                                               tails="linear", tail_bound=BOUND)
    return torch.cat([value[:, :kept], found], 1), log_slope.sum(1)


def order(number):
    return shuffled(DIMENSIONS, number) if number % 2 == 0 else [(i + DIMENSIONS // 2) % DIMENSIONS for i in range(DIMENSIONS)]


def log_normal(base):
    return torch.distributions.Normal(0.0, 1.0).log_prob(base).sum(1)


def log_density(weights, context, value, act):
    value, total = affine(weights, context, value, False)
    for number in range(LAYERS):
        value, log_slope = coupling(weights, number, context, value[:, order(number)], act, False)
        total = total + log_slope
    return total + log_normal(value)


def draw(weights, context, base, act):
    value, total = base, log_normal(base)
    for number in reversed(range(LAYERS)):
        value, log_slope = coupling(weights, number, context, value, act, True)
        value, total = value[:, torch.tensor(order(number)).argsort()], total - log_slope
    value, log_slope = affine(weights, context, value, True)
    return value, total - log_slope


def export(path, encoder, act, norm):
    weights = Weights()
    sample = uniform("input", [BATCH, CHANNELS, STEPS + SUMMARY], -1.0, 1.0)
    value, base = uniform("value", [BATCH, DIMENSIONS], -3.0, 3.0), uniform("base", [BATCH, DIMENSIONS], -3.0, 3.0)
    found = encoder(weights, sample[:, :, :STEPS], act)
    context = residual_network(weights, "encoder.dense", torch.cat([found, sample[:, :, STEPS:].flatten(1)], 1), act, norm)
    density = log_density(weights, context, value, act)
    (-density.mean()).backward()
    drawn, of_drawn = draw(weights, context, base, act)
    out = {"context": context, "log_density": density, "drawn": drawn, "log_density_of_drawn": of_drawn}
    out = {name: tensor.detach().numpy().copy() for name, tensor in out.items()}
    out |= {"gradient/" + name: digest(name, parameter.grad) for name, parameter in weights.named.items()}
    size = sum(parameter.numel() for parameter in weights.named.values())
    safetensors.numpy.save_file(out, str(path), {"torch": torch.__version__, "parameters": json.dumps(size)})
    print(f"{path.name}: {path.stat().st_size} bytes, log densities {density.tolist()}")


def main():
    out = pathlib.Path(__file__).resolve().parent.parent / "tests" / "parity" / "fixtures"
    export(out / "posterior_dense.safetensors", dense_encoder, F.gelu, norm=True)
    export(out / "posterior_convolution.safetensors", convolution_encoder, F.relu, norm=False)
    export(out / "posterior_wavenet.safetensors", wavenet_encoder, F.relu, norm=False)


if __name__ == "__main__":
    main()
