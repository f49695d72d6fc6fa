#!/usr/bin/env python3
"""Writes tests/fixtures/arrays: .npy and .npz files as numpy writes them.

Needs numpy (made with 2.4).
"""
import pathlib

import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "arrays"
OUT.mkdir(parents=True, exist_ok=True)

values = np.array([0, 1, 2, 100])
types = {np.dtype(t).name: values.astype(t) for t in
         ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")}
np.savez_compressed(OUT / "types.npz", **types, bool=values.astype(bool), big_float32=values.astype(">f4"),
                    big_int16=values.astype(">i2"), fortran=np.asfortranarray(np.arange(6.0).reshape(2, 3)),
                    objects=np.array([{}, None], dtype=object), text=np.array(["a", "b"]), complex=values.astype("c8"),
                    number=np.float32(3), empty=np.zeros((0, 3)),
                    records=np.zeros(2, dtype=[("a", "f4"), ("b", "i4")]))
rows = 5
samples = {"x": np.arange(rows * 6, dtype="f4").reshape(rows, 2, 3), "z": -np.arange(rows * 3, dtype="i2").reshape(rows, 1, 3),
           "y": np.linspace(0, 2, rows), "kind": np.array([0, 2, 1, 1, 0]), "marks": np.array([[0, 1]] * rows, dtype="u1"),
           "star": np.array([7, 7, 8, 8, 9])}
np.savez(OUT / "samples.npz", **samples)
(OUT / "folder").mkdir(exist_ok=True)
for name in ("x", "y"):
    np.save(OUT / "folder" / f"{name}.npy", samples[name])
