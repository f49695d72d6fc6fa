#!/usr/bin/env python3
"""Distances between two sets of vectors, for tests/unit/tasks/alignment_test.cpp.

MMD: plain loops over pairs. Sinkhorn divergence: the transport plans are those of POT (pip install numpy scipy pot), another
solver, and the cost is computed from the plan: <P, C> + temperature KL(P | a b).

Usage: export_alignment_fixtures.py > tests/fixtures/alignment.json
"""
import json
import math

import numpy as np
import ot


def squared(x, y):
    return float(sum((p - q) ** 2 for p, q in zip(x, y)))


def mean_squared_distance(a, b):
    both = list(a) + list(b)
    pairs = [squared(x, y) for i, x in enumerate(both) for j, y in enumerate(both) if i != j]
    return sum(pairs) / len(pairs)


def mmd(a, b):
    scale = mean_squared_distance(a, b)

    def kernel(x, y):
        return sum(math.exp(-squared(x, y) / (scale * width)) for width in (0.25, 0.5, 1, 2, 4))

    def mean(left, right):
        return sum(kernel(x, y) for x in left for y in right) / (len(left) * len(right))

    return mean(a, a) + mean(b, b) - 2 * mean(a, b)


def transport(a, b, temperature):
    weights_a, weights_b = np.full(len(a), 1 / len(a)), np.full(len(b), 1 / len(b))
    cost = np.array([[squared(x, y) / 2 for y in b] for x in a])
    plan = ot.sinkhorn(weights_a, weights_b, cost, temperature, method="sinkhorn_log", numItermax=100000, stopThr=1e-14)
    divergence = np.sum(plan * np.log(plan / np.outer(weights_a, weights_b)))
    return float(np.sum(plan * cost) + temperature * divergence)


def sinkhorn(a, b, blur):
    t = blur**2
    return transport(a, b, t) - transport(a, a, t) / 2 - transport(b, b, t) / 2


def main():
    random = np.random.default_rng(12)
    cases = []
    for n, m, size, shift, blur in ((6, 6, 3, 0.0, 1.0), (7, 5, 4, 1.5, 0.8), (9, 12, 2, 3.0, 1.5)):
        a = random.normal(size=(n, size)).round(6)
        b = (shift + 1.3 * random.normal(size=(m, size))).round(6)
        cases.append({"a": a.tolist(), "b": b.tolist(), "blur": blur, "mean_squared_distance": mean_squared_distance(a, b),
                      "mmd": mmd(a, b), "sinkhorn": sinkhorn(a, b, blur)})
    print(json.dumps({"made_by": "scripts/export_alignment_fixtures.py", "cases": cases}, indent=1))


if __name__ == "__main__":
    main()
