#!/usr/bin/env python3
"""Writes tests/fixtures/embedding/tsne.json: t-SNE and principal components of scikit-learn, and the divergence in NumPy.

Points are 500 of scikit-learn's handwritten digits (of the UCI repository), each the 20 pixels that vary most, whole numbers from 0 to
16. Needs scikit-learn and numpy (made with 1.9 and 2.4).
Run:  scripts/export_embedding_fixtures.py
"""
import json
import pathlib

import numpy as np
import sklearn
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.manifold._t_sne import _joint_probabilities_nn
from sklearn.neighbors import NearestNeighbors

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "embedding" / "tsne.json"
POINTS, PIXELS, PERPLEXITY = 500, 20, 30.0
FEW, FEW_PERPLEXITY = 40, 5.0


def affinities(points, perplexity):
    """Of scikit-learn, in float32: a sparse matrix."""
    count = min(len(points) - 1, int(3 * perplexity + 1))
    distances = NearestNeighbors(n_neighbors=count).fit(points).kneighbors_graph(mode="distance")
    distances.data **= 2
    return _joint_probabilities_nn(distances, perplexity, 0)


def divergence(p, y):
    """Kullback-Leibler divergence of dense p from the Student weights of y, as scikit-learn's exact method defines it."""
    weights = 1 / (1 + np.sum((y[:, None] - y[None]) ** 2, axis=2))
    np.fill_diagonal(weights, 0)
    q = weights / weights.sum()
    known = p > 0
    return float(np.sum(p[known] * np.log(p[known] / q[known])))


def main():
    digits = load_digits()
    images = digits.data[:POINTS]
    pixels = np.sort(np.argsort(-images.var(axis=0), kind="stable")[:PIXELS])
    points = images[:, pixels]

    few = affinities(points[:FEW], FEW_PERPLEXITY).toarray().astype(np.float64)
    places = {d: np.round(np.random.default_rng(d).normal(size=(FEW, d)), 6) for d in (2, 3)}
    dense = affinities(points, PERPLEXITY).toarray()
    network = TSNE(perplexity=PERPLEXITY, init="pca", learning_rate="auto", random_state=0, max_iter=1000).fit(points)
    components = PCA(3, svd_solver="full").fit(points)
    nearest, _ = NearestNeighbors(n_neighbors=5).fit(points).kneighbors()
    fixture = {
        "made_with": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
        "values": PIXELS,
        "points": points.astype(int).ravel().tolist(),
        "labels": digits.target[:POINTS].tolist(),
        "perplexity": PERPLEXITY,
        "divergence": float(network.kl_divergence_),
        "affinities_of_point_7": {str(j): float(dense[7, j]) for j in np.flatnonzero(dense[7])},
        "share_of_variance": components.explained_variance_ratio_.tolist(),
        "component_sizes": np.abs(components.transform(points[:10])).round(10).tolist(),
        "nearest_squared": np.round(nearest[:20] ** 2).astype(int).tolist(),
        "few": {
            "points": FEW,
            "affinities": [[int(i), int(j), float(few[i, j])] for i, j in zip(*np.nonzero(few))],
            "places": {str(d): y.ravel().tolist() for d, y in places.items()},
            "divergence": {str(d): divergence(few, y) for d, y in places.items()},
        },
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
    print(f"{OUT}: {OUT.stat().st_size} bytes, divergence {network.kl_divergence_:.4f}")


if __name__ == "__main__":
    main()
