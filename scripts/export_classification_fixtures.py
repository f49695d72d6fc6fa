#!/usr/bin/env python3
"""Writes tests/fixtures/metrics/classification.json: scikit-learn's and scipy's numbers for given class probabilities.

Needs numpy, scipy and scikit-learn (made with 2.4, 1.17 and 1.9). What scikit-learn
lacks, the calibration error in equal bins, the temperature and the order by certainty, is computed here with numpy and scipy's
minimiser. A value that is not defined is null.
"""
import json
import math
import pathlib
import warnings

import numpy as np
import sklearn.metrics as sk
from scipy import optimize, special, stats

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "metrics" / "classification.json"
BINS = 15


def defined(value):
    value = float(value)
    return value if math.isfinite(value) else None


def interval(right, samples):
    ends = stats.binomtest(int(right), int(samples)).proportion_ci(0.95, "exact")
    return [float(ends.low), float(ends.high)]


def reliability(p, y):
    """Bins (a, b] of the largest probability; the expected calibration error of Guo et al. 2017."""
    certainty, right = p.max(1), p.argmax(1) == y
    edges = np.arange(1, BINS) / BINS
    bin_of = np.digitize(certainty, edges, right=True)
    samples = np.bincount(bin_of, minlength=BINS)
    hits = np.bincount(bin_of, weights=right, minlength=BINS)
    sums = np.bincount(bin_of, weights=certainty, minlength=BINS)
    full = samples > 0
    error = np.sum(samples[full] / len(y) * np.abs(hits[full] / samples[full] - sums[full] / samples[full]))
    return {"samples": samples.tolist(), "right": hits.astype(int).tolist(), "ece": float(error)}


def temperature(p, y):
    scores = np.log(np.maximum(p, 1e-38))
    def loss(log_t):
        return -np.mean(special.log_softmax(scores / math.exp(log_t), axis=1)[np.arange(len(y)), y])
    found = optimize.minimize_scalar(loss, bounds=(math.log(0.01), math.log(100)), method="bounded", options={"xatol": 1e-12})
    if min(loss(math.log(0.01)), loss(math.log(100))) <= found.fun:
        return {"value": None}
    after = special.softmax(scores / math.exp(found.x), axis=1)
    return {"value": math.exp(found.x), "loss": float(found.fun), "ece_after": reliability(after, y)["ece"]}


def certainty(p, y):
    """Sorted by falling largest probability, then by the rising sum of the others, then as given."""
    predicted = p.argmax(1)
    largest = p.max(1)
    others = np.array([sum(float(x) for c, x in enumerate(row) if c != k) for row, k in zip(p, predicted)])
    order = np.lexsort((np.arange(len(y)), others, -largest))
    right = np.cumsum((predicted == y)[order])
    counts = [math.ceil(len(y) * k / 10) for k in range(1, 11)]
    return {"samples": counts, "right": [int(right[n - 1]) for n in counts], "least_certainty": [float(largest[order[n - 1]]) for n in counts]}


def ranking(p, y, c):
    positive = y == c
    out = {"roc_auc": None, "average_precision": None, "roc": None}
    if positive.any():
        out["average_precision"] = float(sk.average_precision_score(positive, p[:, c]))
    if positive.any() and not positive.all():
        out["roc_auc"] = float(sk.roc_auc_score(positive, p[:, c]))
        x, t, _ = sk.roc_curve(positive, p[:, c])
        out["roc"] = {"false_positive_rate": x.tolist(), "true_positive_rate": t.tolist()}
    return out


def case(name, p, y):
    classes = list(range(p.shape[1]))
    predicted = p.argmax(1)
    precision, recall, f1, support = sk.precision_recall_fscore_support(y, predicted, labels=classes, zero_division=np.nan)
    macro = sk.precision_recall_fscore_support(y, predicted, labels=classes, average="macro", zero_division=np.nan)
    right = int((predicted == y).sum())
    ranks = [ranking(p, y, c) for c in classes]
    aucs = [r["roc_auc"] for r in ranks if r["roc_auc"] is not None]
    if len(classes) > 2 and len(aucs) == len(classes) and np.allclose(p.sum(1), 1):
        assert math.isclose(np.mean(aucs), sk.roc_auc_score(y, p, multi_class="ovr", average="macro"), rel_tol=1e-12)
    hits = np.diag(sk.confusion_matrix(y, predicted, labels=classes))
    return {"name": name, "probability": p.tolist(), "truth": y.tolist(),
            "confusion": sk.confusion_matrix(y, predicted, labels=classes).tolist(),
            "accuracy": float(sk.accuracy_score(y, predicted)), "accuracy_interval": interval(right, len(y)),
            "precision": [defined(v) for v in precision], "recall": [defined(v) for v in recall], "f1": [defined(v) for v in f1],
            "recall_interval": [interval(h, s) if s else None for h, s in zip(hits, support)],
            "support": [int(s) for s in support], "macro": [defined(v) for v in macro[:3]], "ranking": ranks,
            "log_loss": float(sk.log_loss(y, p, labels=classes)),
            "brier": float(sk.brier_score_loss(y, p, labels=classes)) if len(classes) > 2 else float(sk.brier_score_loss(y, p[:, 1], pos_label=1)),
            "reliability": reliability(p, y), "temperature": temperature(p, y), "certainty": certainty(p, y)}


def drawn(rng, samples, classes, sharpness, priors=None, temperature=1.0):
    y = rng.choice(classes, size=samples, p=priors)
    scores = rng.normal(size=(samples, classes))
    scores[np.arange(samples), y] += sharpness
    return special.softmax(scores / temperature, axis=1), y


def main():
    rng = np.random.default_rng(7)
    cases = []
    p, y = drawn(rng, 120, 2, 1.5, temperature=0.5)
    cases.append(case("two classes, too certain", p, y))
    p, y = drawn(rng, 90, 2, 1.2)
    p = np.round(p, 1)
    p[:, 1] = 1 - p[:, 0]
    p[:6] = [[0, 1], [1, 0], [0, 1], [1, 0], [0.5, 0.5], [0.5, 0.5]]
    cases.append(case("two classes with ties, exactly 0 and 1", p, y))
    p, y = drawn(rng, 80, 2, 1.0, priors=[0.93, 0.07])
    cases.append(case("two unbalanced classes", p, y))
    p, y = drawn(rng, 110, 5, 1.3, priors=[0.5, 0.3, 0.12, 0.08, 0.0])
    cases.append(case("five classes, one without samples", p, y))
    p, y = drawn(rng, 100, 5, 2.0, temperature=2.0)
    p = np.round(p * 20) / 20
    p[p.sum(1) == 0] = 0.2
    p /= p.sum(1, keepdims=True)
    cases.append(case("five classes with ties, too uncertain", p, y))
    y = np.zeros(12, dtype=int)
    p = np.tile([0.75, 0.25], (12, 1))
    cases.append(case("one class alone, all right", p, y))
    p, y = drawn(rng, 1, 3, 0.0)
    cases.append(case("one sample", p, y))
    binomial = [[k, n, *interval(k, n)] for k, n in ((0, 1), (1, 1), (0, 20), (20, 20), (3, 20), (280, 300), (999990, 1000000),
                                                     (500000, 1000000), (7, 13), (1065, 1066))]
    beta = [[q, a, b, float(stats.beta.ppf(q, a, b))] for q, a, b in ((0.025, 3.5, 0.5), (0.975, 0.25, 8), (0.5, 400, 600), (0.01, 1, 1e5))]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"cases": cases, "binomial": binomial, "beta": beta}, separators=(",", ":"))
    OUT.write_text(text.replace('{"name"', '\n{"name"') + "\n")
    print(OUT, len(text), "bytes")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
