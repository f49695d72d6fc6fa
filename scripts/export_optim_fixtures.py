#!/usr/bin/env python3
"""Writes tests/fixtures/optim/*.json: the results of PyTorch's optimizers, schedules, clipping and loss scaling for given numbers.

Needs torch, numpy and timm (made with 2.11, 2.4 and 1.0.31). PyTorch's optimizers run their plain for-loop in float32 and not the
fused kernels that the program uses, so that both are independent. Update rules that PyTorch lacks come from optim_reference.py; the
script compares them with timm where timm has the same form.
"""
import importlib
import importlib.util
import json
import pathlib
import sys
import types

import numpy as np
import torch

import optim_reference as reference

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "optim"
SHAPES = {"conv.weight": [3, 2, 2, 2], "conv.bias": [3], "norm.weight": [3], "head.weight": [2, 5]}
STEPS = 10
LEARNING_RATES = [0.05 * (1 + k % 3) for k in range(STEPS)]  # changes, as under a schedule


def optimizers():
    plain = dict(foreach=False, fused=False)
    sgd, adam, adamw = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
    return {
        "sgd": ({"type": "sgd", "momentum": 0.0}, lambda p: sgd(p, **plain)),
        "sgd_momentum_decay": ({"type": "sgd", "momentum": 0.9, "weight_decay": 0.01},
                               lambda p: sgd(p, momentum=0.9, weight_decay=0.01, **plain)),
        "sgd_nesterov": ({"type": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
                         lambda p: sgd(p, momentum=0.9, nesterov=True, weight_decay=0.01, **plain)),
        "sgd_no_vector_decay": ({"type": "sgd", "momentum": 0.9, "weight_decay": 0.1, "decay_bias_and_norm": False},
                                lambda p: sgd(groups(p, 0.1), momentum=0.9, **plain)),
        "adam_keras_epsilon": ({"type": "adam", "epsilon": 1e-7}, lambda p: adam(p, eps=1e-7, **plain)),
        "adam_decay": ({"type": "adam", "epsilon": 1e-8, "beta1": 0.8, "beta2": 0.99, "weight_decay": 0.05},
                       lambda p: adam(p, betas=(0.8, 0.99), eps=1e-8, weight_decay=0.05, **plain)),
        "adamw": ({"type": "adamw", "weight_decay": 0.05}, lambda p: adamw(p, weight_decay=0.05, **plain)),
        "adamw_no_vector_decay": ({"type": "adamw", "weight_decay": 0.3, "decay_bias_and_norm": False},
                                  lambda p: adamw(groups(p, 0.3), weight_decay=0.3, **plain)),
    }


def references():
    lars, lamb, keras = reference.Lars, reference.Lamb, reference.Keras
    return {
        "keras_corrected": ({"type": "sgd", "momentum": 0.9, "weight_decay": 0.01}, lambda: keras(0.9, 0.01)),
        "keras_corrected_nesterov": ({"type": "sgd", "momentum": 0.9, "nesterov": True}, lambda: keras(0.9, nesterov=True)),
        "keras": ({"type": "sgd", "momentum": 0.9, "weight_decay": 0.01, "momentum_correction": False},
                  lambda: keras(0.9, 0.01, correct=False)),
        "keras_nesterov": ({"type": "sgd", "momentum": 0.8, "nesterov": True, "momentum_correction": False},
                           lambda: keras(0.8, nesterov=True, correct=False)),
        "lars": ({"type": "lars", "trust_coefficient": 0.2, "weight_decay": 0.05}, lambda: lars(eta=0.2, weight_decay=0.05)),
        "lars_published": ({"type": "lars"}, lars),
        "lars_corrected": ({"type": "lars", "trust_coefficient": 0.2, "weight_decay": 0.05, "momentum_correction": True},
                           lambda: lars(eta=0.2, weight_decay=0.05, correct=True)),
        "lars_capped": ({"type": "lars", "trust_coefficient": 0.5, "weight_decay": 0.05, "epsilon": 0.1, "max_ratio": 0.25},
                        lambda: lars(eta=0.5, weight_decay=0.05, epsilon=0.1, cap=0.25)),
        "lars_mlperf": ({"type": "lars", "form": "mlperf", "trust_coefficient": 0.2, "weight_decay": 0.05, "momentum": 0.8},
                        lambda: lars("mlperf", 0.2, 0.8, 0.05)),
        "lars_mlperf_vectors": ({"type": "lars", "form": "mlperf", "trust_coefficient": 0.2, "weight_decay": 0.05,
                                 "adapt_bias_and_norm": True, "decay_bias_and_norm": True},
                                lambda: lars("mlperf", 0.2, weight_decay=0.05, adapt_vectors=True, decay_vectors=True)),
        "lars_adapted_vectors": ({"type": "lars", "trust_coefficient": 0.2, "weight_decay": 0.05, "adapt_bias_and_norm": True},
                                 lambda: lars(eta=0.2, weight_decay=0.05, adapt_vectors=True)),
        "lamb": ({"type": "lamb"}, lamb),
        "lamb_capped": ({"type": "lamb", "weight_decay": 0.2, "beta1": 0.8, "beta2": 0.99, "max_ratio": 1.0},
                        lambda: lamb(0.8, 0.99, weight_decay=0.2, cap=1.0)),
        "lamb_bounded": ({"type": "lamb", "weight_decay": 0.1, "min_weight_norm": 3.0, "max_weight_norm": 3.5},
                         lambda: lamb(weight_decay=0.1, low=3.0, high=3.5)),
        "lamb_biased": ({"type": "lamb", "bias_correction": False, "epsilon": 1e-3},
                        lambda: lamb(epsilon=1e-3, bias_correction=False)),
        "lamb_vectors": ({"type": "lamb", "weight_decay": 0.1, "adapt_bias_and_norm": True, "decay_bias_and_norm": True},
                         lambda: lamb(weight_decay=0.1, adapt_vectors=True, decay_vectors=True)),
    }


def compare_with_timm(draw, gradients):
    """Compares LARS with momentum correction and LAMB. timm keeps the rate outside the momentum, which is equal to the correction."""
    package = types.ModuleType("timm_optim")  # the two files alone, without timm's networks
    package.__path__ = [str(pathlib.Path(importlib.util.find_spec("timm").submodule_search_locations[0]) / "optim")]
    sys.modules["timm_optim"] = package
    lars = importlib.import_module("timm_optim.lars").Lars
    lamb = importlib.import_module("timm_optim.lamb").Lamb
    pairs = [(lambda p: lars(groups(p, 0.05), lr=0.1, momentum=0.9, trust_coeff=0.2, eps=0.1, foreach=False),
              reference.Lars(eta=0.2, weight_decay=0.05, epsilon=0.1, correct=True)),
             (lambda p: lars(p, lr=0.1, momentum=0.9, trust_coeff=0.2, eps=0.0, weight_decay=0.05, foreach=False),
              reference.Lars(eta=0.2, weight_decay=0.05, correct=True, adapt_vectors=True, decay_vectors=True)),
             (lambda p: lamb(groups(p, 0.2), betas=(0.8, 0.99), trust_clip=True, max_grad_norm=None, foreach=False),
              reference.Lamb(0.8, 0.99, weight_decay=0.2, cap=1.0)),
             (lambda p: lamb(p, weight_decay=0.1, bias_correction=False, max_grad_norm=None, foreach=False),
              reference.Lamb(weight_decay=0.1, bias_correction=False, adapt_vectors=True, decay_vectors=True))]
    for make, rule in pairs:
        parameters = {n: t.double().clone().requires_grad_() for n, t in draw.items()}
        optimizer = make(list(parameters.values()))
        ours = {n: t.double().numpy() for n, t in draw.items()}
        for k in range(STEPS):
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATES[k]
            for n, p in parameters.items():
                p.grad = gradients[k][n].double()
                ours[n] = rule.step(n, ours[n], p.grad.numpy().copy(), LEARNING_RATES[k])
            optimizer.step()
            for n, p in parameters.items():
                np.testing.assert_allclose(p.detach().numpy(), ours[n], rtol=1e-12, atol=1e-12)


def groups(parameters, decay):
    return [{"params": [p for p in parameters if p.dim() > 1], "weight_decay": decay},
            {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0}]


def numbers(tensor):
    return [float(x) for x in tensor.detach().flatten()]


def export_optimizers():
    generator = torch.Generator().manual_seed(7)
    draw = {n: torch.randn(s, generator=generator) for n, s in SHAPES.items()}
    gradients = [{n: torch.randn(s, generator=generator) for n, s in SHAPES.items()} for _ in range(STEPS)]
    cases = []
    for name, (config, make) in optimizers().items():
        parameters = {n: t.clone().requires_grad_() for n, t in draw.items()}
        optimizer = make(list(parameters.values()))
        after = []
        for k in range(STEPS):
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATES[k]
            for n, p in parameters.items():
                # the head is frozen during steps 3 to 5
                p.grad = None if n == "head.weight" and 3 <= k < 6 else gradients[k][n].clone()
            optimizer.step()
            after.append({n: numbers(p) for n, p in parameters.items()})
        cases.append({"name": name, "config": config, "after": after})
    compare_with_timm(draw, gradients)
    for name, (config, make) in references().items():
        weights, rule, after = {n: t.double().numpy() for n, t in draw.items()}, make(), []
        for k in range(STEPS):
            for n in weights:
                frozen = n == "head.weight" and 3 <= k < 6
                # a rule with momentum correction also corrects the momentum of frozen tensors
                if frozen and hasattr(rule, "last") and rule.correct:
                    rule.velocity[n] = rule.velocity[n] * (LEARNING_RATES[k] / rule.last[n])
                    rule.last[n] = LEARNING_RATES[k]
                if not frozen:
                    weights[n] = rule.step(n, weights[n], gradients[k][n].double().numpy(), LEARNING_RATES[k])
            after.append({n: [float(x) for x in w.flatten()] for n, w in weights.items()})
        cases.append({"name": name, "config": config, "after": after})
    write("optimizers.json", {"shapes": SHAPES, "initial": {n: numbers(t) for n, t in draw.items()},
                              "gradients": [{n: numbers(t) for n, t in g.items()} for g in gradients],
                              "learning_rates": LEARNING_RATES, "frozen": {"name": "head.weight", "from": 3, "to": 6},
                              "cases": cases})


def export_schedules():
    from torch.optim import lr_scheduler as s
    base, per_epoch, total = 0.4, 5, 40
    warm = 8

    def linear(o):
        return s.LinearLR(o, start_factor=0.25, total_iters=warm)

    def then(o, main):
        return s.SequentialLR(o, [linear(o), main], [warm])

    warmup = {"warmup_steps": warm, "warmup_start": 0.25}
    cases = [
        ({"type": "constant"}, lambda o: s.ConstantLR(o, 1.0)),
        ({"type": "constant", **warmup}, linear),
        ({"type": "step", "milestones_epochs": [2, 4.4, 6], "factor": 0.3}, lambda o: s.MultiStepLR(o, [10, 22, 30], 0.3)),
        ({"type": "step", "milestones_epochs": [1, 5], "factor": 0.1, **warmup},
         lambda o: s.ChainedScheduler([linear(o), s.MultiStepLR(o, [5, 25], 0.1)])),
        ({"type": "cosine", "final_fraction": 0.1}, lambda o: s.CosineAnnealingLR(o, total, base * 0.1)),
        ({"type": "cosine", **warmup}, lambda o: then(o, s.CosineAnnealingLR(o, total - warm))),
        ({"type": "polynomial", "power": 2}, lambda o: s.PolynomialLR(o, total, 2)),
        ({"type": "polynomial", "power": 0.5, **warmup}, lambda o: then(o, s.PolynomialLR(o, total - warm, 0.5))),
        ({"type": "one_cycle"}, lambda o: s.OneCycleLR(o, base, total, pct_start=0.3, cycle_momentum=False)),
        ({"type": "one_cycle", "peak_at": 0.5, "start_fraction": 0.1, "final_fraction": 0.001},
         lambda o: s.OneCycleLR(o, base, total, pct_start=0.5, div_factor=10, final_div_factor=100, cycle_momentum=False)),
    ]
    out = []
    for config, make in cases:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base)
        schedule = make(optimizer)
        rates = []
        for k in range(total):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if k + 1 < total:
                schedule.step()
        out.append({"config": config, "lr": rates})

    def from_equations(config, scaling, rate):
        out.append({"config": config, "scaling": scaling, "lr": [rate(k) for k in range(total)]})

    horovod = {"warmup_rule": "horovod", "warmup_epochs": 3}
    for workers in (1, 4, 64):
        from_equations({"type": "constant", **horovod}, workers,
                       lambda k: reference.horovod_warmup(base, workers, 3, k, per_epoch))
    from_equations({"type": "cosine", **horovod}, 8,
                   lambda k: reference.horovod_warmup(reference.cosine(base, 3 * per_epoch, k, total), 8, 3, k, per_epoch))
    from_equations({"type": "polynomial", "final_fraction": 0.001, "warmup_epochs": 2, "warmup_start": 0.0}, 1,
                   lambda k: reference.lars_schedule(base, base * 0.001, 2 * per_epoch, k, total))

    # Keras lowers the rate after `patience` bad epochs, PyTorch after one more.
    losses = [1.0, 0.9, 0.9, 0.95, 0.91, 0.8, 0.81, 0.82, float("nan"), 0.83, 0.84, 0.85, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base)
    patience, floor = 3, 0.03
    schedule = s.ReduceLROnPlateau(optimizer, factor=0.5, patience=patience - 1, threshold=0, threshold_mode="abs",
                                   min_lr=floor, eps=0)
    rates = []
    for loss in losses:
        schedule.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    write("schedules.json", {"base_lr": base, "steps_per_epoch": per_epoch, "total_steps": total, "cases": out,
                             "plateau": {"factor": 0.5, "patience": patience, "floor": floor,
                                         "losses": [None if x != x else x for x in losses], "lr_after": rates}})


def export_clipping():
    generator = torch.Generator().manual_seed(3)
    cases = []
    for max_norm in (0.5, 2.0, 1000.0):
        parameters = [torch.zeros(s, requires_grad=True) for s in SHAPES.values()]
        before = [torch.randn(p.shape, generator=generator) for p in parameters]
        for p, g in zip(parameters, before):
            p.grad = g.clone()
        norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm, foreach=False)
        cases.append({"max_norm": max_norm, "norm": float(norm), "before": [numbers(g) for g in before],
                      "after": [numbers(p.grad) for p in parameters]})
    write("clipping.json", {"shapes": list(SHAPES.values()), "cases": cases})


def export_loss_scale():
    """torch.amp.GradScaler over steps of which some overflow: the scale, the unscaled gradient, and whether the weight moved."""
    growth_interval = 3
    gradients = [[1.0, -2.0], [3.0, 0.5], [1e-8, 4.0], [float("inf"), 1.0], [1.0, float("nan")], [0.25, 1.0], [2.0, 1.0],
                 [float("-inf"), float("inf")], [1.0, 1.0], [5.0, 1.0], [1.0, 7.0], [1.0, -1.0]]
    weight = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scaler = torch.amp.GradScaler("cpu", growth_interval=growth_interval)
    scaler.scale(torch.zeros(()))  # makes the scale
    steps = []
    for gradient in gradients:
        before, scale = weight.detach().clone(), scaler.get_scale()
        weight.grad = torch.tensor(gradient) * scale
        scaler.unscale_(optimizer)
        unscaled = weight.grad.clone()
        scaler.step(optimizer)
        scaler.update()
        moved = not torch.equal(before, weight.detach())
        steps.append({"gradient": [str(x) for x in gradient], "scale": scale, "scale_after": scaler.get_scale(), "moved": moved,
                      "unscaled": numbers(unscaled) if moved else None})
    write("loss_scale.json", {"initial": 65536.0, "growth_interval": growth_interval, "steps": steps})


def write(name, content):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    export_optimizers()
    export_schedules()
    export_clipping()
    export_loss_scale()
