#!/usr/bin/env python3
"""Writes tests/fixtures/optim/*.json: what PyTorch's optimizers, schedules and clipping make of given numbers.

Needs torch (any version; made with 2.11). The optimizers run their plain for-loop in float32, not the fused kernels
that the program uses, so that the two are independent.
"""
import json
import pathlib

import torch

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


def write(name, content):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    export_optimizers()
    export_schedules()
    export_clipping()
