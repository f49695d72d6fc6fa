#!/usr/bin/env python3
"""Writes tests/fixtures/metrics/regression.json: scikit-learn's and scipy's numbers for given predictions.

Needs numpy, scipy and scikit-learn (made with 2.4, 1.17 and 1.9).
"""
import json
import pathlib

import numpy as np
import sklearn.metrics as sk
from scipy import stats
from sklearn.preprocessing import StandardScaler

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "metrics" / "regression.json"


def regression(rng):
    truth = rng.normal(size=(37, 2)) * [3, 0.01] + [10, -1]
    prediction = truth + rng.normal(size=truth.shape) * [1, 0.02]
    deviation = np.exp(rng.normal(size=truth.shape) * 0.3) * [1, 0.02]
    score = np.abs(truth - prediction) / deviation
    return {
        "truth": truth.tolist(), "prediction": prediction.tolist(), "deviation": deviation.tolist(),
        "rmse": sk.root_mean_squared_error(truth, prediction, multioutput="raw_values").tolist(),
        "rmse_all": sk.root_mean_squared_error(truth, prediction),
        "mean_absolute_error": sk.mean_absolute_error(truth, prediction, multioutput="raw_values").tolist(),
        "mean_absolute_error_all": sk.mean_absolute_error(truth, prediction),
        "r2_each": sk.r2_score(truth, prediction, multioutput="raw_values").tolist(),
        "r2": sk.r2_score(truth, prediction),
        "nll_each": (-stats.norm.logpdf(truth, prediction, deviation)).mean(0).tolist(),
        "nll": float((-stats.norm.logpdf(truth, prediction, deviation)).mean()),
        "coverage_68": float((score <= 1).mean()),
        "coverage_95": float((score <= stats.norm.ppf(0.975)).mean()),
    }


def multilabel(rng):
    truth = (rng.random((41, 3)) < [0.5, 0.2, 0.8]).astype(int)
    probability = np.round(np.clip(0.4 * truth + 0.6 * rng.random(truth.shape), 0, 1), 1)  # equal values, too
    return {
        "truth": truth.tolist(), "probability": probability.tolist(),
        "average_precision_each": sk.average_precision_score(truth, probability, average=None).tolist(),
        "mean_average_precision": sk.average_precision_score(truth, probability),
        "f1_each": sk.f1_score(truth, probability >= 0.5, average=None).tolist(),
        "f1_macro": sk.f1_score(truth, probability >= 0.5, average="macro"),
        "auc_each": sk.roc_auc_score(truth, probability, average=None).tolist(),
        "auc_macro": sk.roc_auc_score(truth, probability),
        "loss": float(np.mean([sk.log_loss(truth[:, i], np.clip(probability[:, i], 0.05, 0.95)) for i in range(3)])),
    }


def scaler(rng):
    x = rng.normal(size=(20, 3)) * [1, 100, 0] + [5, -3, 7]
    fitted = StandardScaler().fit(x)
    return {"x": x.tolist(), "mean": fitted.mean_.tolist(), "scale": fitted.scale_.tolist(),
            "transformed": fitted.transform(x).tolist()}


rng = np.random.default_rng(5)
fixture = {"regression": regression(rng), "multilabel": multilabel(rng), "scaler": scaler(rng)}
OUT.write_text(json.dumps(fixture) + "\n")
