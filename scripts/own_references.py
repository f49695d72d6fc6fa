#!/usr/bin/env python3
"""What scikit-learn and PyTorch reach on the data of configs/own: the numbers in the headers of these files.

Needs numpy, scikit-learn and PyTorch (measured with 2.4, 1.9 and 2.11). Run in the folder of the data, after the simulate_*.py:

  scripts/own_references.py plasma | turbulence | molecules TEST.csv     [--seeds 3]

TEST.csv: `hpcai-train predict --run-dir runs/molecules --split test --out TEST.csv`, whose ids say which rows are test rows.
"""
import argparse
import csv
import time

import numpy as np
from sklearn.metrics import average_precision_score, r2_score, roc_auc_score, root_mean_squared_error

WARNING_STEPS = 6


def torch_of(seed):
    import torch
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    return torch


def train(torch, network, batches, loss_of, epochs, rate):
    """Adam with a cosine over all steps; `batches` gives those of an epoch, shuffled."""
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    count = epochs * len(batches())
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, count)
    for _ in range(epochs):
        for batch in batches():
            optimizer.zero_grad()
            loss_of(batch).backward()
            optimizer.step()
            schedule.step()


def shuffled(torch, samples, size):
    order = torch.randperm(samples)
    return [order[i:i + size] for i in range(0, samples - size + 1, size)]


# Plasma ---------------------------------------------------------------------------------------------------------------------

def shots_of(split):
    file = np.load(f"shots/{split}.npz")
    cuts = np.cumsum(file["steps"])[:-1]
    return np.split(file["signals"], cuts), np.split(file["disruption"][:, 0], cuts)


def warning_auc(scores, labels):
    """As `evaluate` measures it: the largest score up to WARNING_STEPS before the disruption, or in the whole shot."""
    best = []
    for score, label in zip(scores, labels):
        end = len(score) if not label.any() else max(0, np.flatnonzero(label)[-1] - WARNING_STEPS + 1)
        best.append(score[:end].max(initial=0))
    return roc_auc_score([label.any() for label in labels], best)


def tell_plasma(name, scores, labels, seconds=None):
    joined, truth = np.concatenate(scores), np.concatenate(labels)
    took = f", {seconds:.0f} s" if seconds else ""
    print(f"{name}: early warning AUC {warning_auc(scores, labels):.4f}, AUC of the steps {roc_auc_score(truth, joined):.4f}, "
          f"average precision {average_precision_score(truth, joined):.4f}{took}")


def plasma_lstm(seed):
    torch = torch_of(seed)
    rnn = torch.nn.utils.rnn
    (signals, labels), (test, test_labels) = shots_of("train"), shots_of("test")
    joined = np.concatenate(signals)
    mean, deviation = joined.mean(0), joined.std(0)
    inputs = [torch.tensor((s - mean) / deviation) for s in signals]
    truths = [torch.tensor(label, dtype=torch.float32) for label in labels]

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.dense = torch.nn.LSTM(7, 32, batch_first=True), torch.nn.Linear(32, 1)

        def forward(self, shots):
            # Padded and not packed: what is behind the end changes no earlier state, and PyTorch is ten times as fast.
            return self.dense(self.lstm(rnn.pad_sequence(shots, batch_first=True))[0])[:, :, 0]

    network = Network()

    def loss_of(batch):
        target = rnn.pad_sequence([truths[i] for i in batch], batch_first=True, padding_value=-1)
        known = target >= 0
        each = torch.nn.functional.binary_cross_entropy_with_logits(network([inputs[i] for i in batch]), target.clamp(0),
                                                                    reduction="none")
        return ((each * known).sum(1) / known.sum(1)).mean()

    begin = time.time()
    train(torch, network, lambda: shuffled(torch, len(inputs), 20), loss_of, 40, 0.005)
    seconds = time.time() - begin
    with torch.no_grad():
        scores = [network([torch.tensor((s - mean) / deviation)])[0].sigmoid().numpy() for s in test]
    tell_plasma(f"PyTorch LSTM, seed {seed}", scores, test_labels, seconds)


def plasma(seeds):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    (signals, labels), (test, test_labels) = shots_of("train"), shots_of("test")
    tell_plasma("locked mode alone", [s[:, 5] for s in test], test_labels)
    scale = StandardScaler().fit(np.concatenate(signals))
    regression = LogisticRegression().fit(scale.transform(np.concatenate(signals)), np.concatenate(labels))
    tell_plasma("scikit-learn LogisticRegression of each step", [regression.predict_proba(scale.transform(s))[:, 1] for s in test],
                test_labels)
    for seed in range(seeds):
        plasma_lstm(seed)


# Turbulence -----------------------------------------------------------------------------------------------------------------

def turbulence_network(seed, files):
    torch = torch_of(seed)
    x, y = torch.tensor(files["train"]["velocity"]), torch.tensor(files["train"]["stress"])
    x_mean, x_std = x.mean([0, 2, 3], keepdim=True), x.std([0, 2, 3], keepdim=True)
    y_mean, y_std = y.mean(0), y.std(0)
    nn = torch.nn
    network = nn.Sequential(nn.Conv2d(2, 32, 3), nn.GELU(), nn.Conv2d(32, 32, 3), nn.GELU(), nn.Conv2d(32, 32, 3), nn.GELU(),
                            nn.Flatten(), nn.Linear(288, 64), nn.GELU(), nn.Linear(64, 3))
    inputs, targets = (x - x_mean) / x_std, (y - y_mean) / y_std
    begin = time.time()
    train(torch, network, lambda: shuffled(torch, len(x), 64),
          lambda batch: nn.functional.mse_loss(network(inputs[batch]), targets[batch]), 25, 0.002)
    seconds = time.time() - begin
    with torch.no_grad():
        found = network((torch.tensor(files["test"]["velocity"]) - x_mean) / x_std) * y_std + y_mean
    tell_turbulence(f"PyTorch network, seed {seed}", found.numpy(), files["test"]["stress"])
    print(f"  {seconds:.0f} s")


def tell_turbulence(name, found, truth):
    each = r2_score(truth, found, multioutput="raw_values")
    print(f"{name}: R2 {each.mean():.4f}, of tau_xx, tau_xy, tau_yy " + ", ".join(f"{value:.4f}" for value in each))


def smagorinsky(files):
    """tau_ij - trace / 2 = -c |S| S_ij, with the c that fits the training data best; R2 of the parts without trace."""
    def parts(file):
        xx, xy = file["strain"].T
        size = np.sqrt(2 * (2 * xx**2 + 2 * xy**2))
        stress = file["stress"]
        return np.stack([size * xx, size * xy], 1), np.stack([(stress[:, 0] - stress[:, 2]) / 2, stress[:, 1]], 1)
    strain, stress = parts(files["train"])
    factor = (strain * stress).sum() / (strain**2).sum()
    strain, stress = parts(files["test"])
    each = r2_score(stress, factor * strain, multioutput="raw_values")
    print(f"Smagorinsky, best constant, without trace: R2 of (xx - yy) / 2, xy: {each[0]:.4f}, {each[1]:.4f}")


def turbulence(seeds):
    files = {split: np.load(f"turbulence/{split}.npz") for split in ("train", "test")}
    smagorinsky(files)
    tell_turbulence("gradient model", files["test"]["gradient_model"], files["test"]["stress"])
    for seed in range(seeds):
        turbulence_network(seed, files)


# Molecules ------------------------------------------------------------------------------------------------------------------

def molecules(test_file, seeds):
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    with open(test_file, newline="") as file:
        test_ids = {row["id"] for row in csv.DictReader(file)}
    with open("molecules.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    solvents = sorted({row["solvent"] for row in rows})
    counts = [name for name in rows[0] if name not in ("molecule", "scaffold", "solvent", "solvation")]

    def matrix(chosen):
        return np.array([[float(row[name]) for name in counts] + [row["solvent"] == name for name in solvents] for row in chosen],
                        dtype=float), np.array([float(row["solvation"]) for row in chosen])

    x, y = matrix([row for row in rows if row["molecule"] not in test_ids])
    test_x, test_y = matrix([row for row in rows if row["molecule"] in test_ids])
    mean, deviation = y.mean(), y.std()

    def tell(name, model):
        found = model.fit(x, (y - mean) / deviation).predict(test_x) * deviation + mean
        print(f"{name}: RMSE {root_mean_squared_error(test_y, found):.3f}, R2 {r2_score(test_y, found):.4f}")

    print(f"{len(y)} rows for training, {len(test_y)} for the test")
    tell("LinearRegression", LinearRegression())
    tell("HistGradientBoostingRegressor", HistGradientBoostingRegressor())
    for seed in range(seeds):
        tell(f"MLPRegressor (64, 64), seed {seed}", make_pipeline(
            StandardScaler(), MLPRegressor(hidden_layer_sizes=(64, 64), learning_rate_init=0.003, batch_size=64, max_iter=60, random_state=seed)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", choices=["plasma", "turbulence", "molecules"])
    parser.add_argument("test", nargs="?")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    if options.data == "molecules":
        molecules(options.test, options.seeds)
    else:
        {"plasma": plasma, "turbulence": turbulence}[options.data](options.seeds)


if __name__ == "__main__":
    main()
