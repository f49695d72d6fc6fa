#!/usr/bin/env python3
"""Writes tests/fixtures/checkpoint/python.safetensors and its expected content with the Python package safetensors.

`export_safetensors_fixtures.py --describe FILE` prints what the package reads in FILE, as JSON; a unit test compares it
with what the program wrote. Needs numpy and safetensors; the fixture also torch, for BF16.
"""
import hashlib
import json
import pathlib
import sys

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "checkpoint"


def describe(path):
    """name -> [dtype, shape, SHA-256 of the bytes], by the format's own header and the package's numpy reader."""
    from safetensors import safe_open
    from safetensors.numpy import load_file
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = data[8 + length + begin:8 + length + end]
        tensors[name] = [entry["dtype"], entry["shape"], hashlib.sha256(raw).hexdigest()]
    with safe_open(path, framework="np") as file:  # the package's own checks
        assert sorted(file.keys()) == sorted(tensors), "names differ"
    if not any(t[0] == "BF16" for t in tensors.values()):  # numpy has no such type
        for name, array in load_file(path).items():
            assert hashlib.sha256(array.tobytes()).hexdigest() == tensors[name][2], name
    return {"metadata": metadata, "tensors": tensors}


def export():
    import torch
    from safetensors.torch import save_file
    generator = torch.Generator().manual_seed(1)
    normal = torch.randn(3, 4, generator=generator)
    whole = torch.randint(-100, 100, (5,), generator=generator)
    tensors = {
        "a.f64": normal.double(), "a.f32": normal, "a.f16": normal.half(), "a.bf16": normal.bfloat16(),
        "b.i64": whole, "b.i32": whole.int(), "b.i16": whole.short(), "b.i8": whole.to(torch.int8),
        "b.u8": whole.abs().to(torch.uint8), "b.bool": whole > 0,
        "c.scalar": torch.tensor(2.5), "c.empty": torch.zeros(0, 3), "c.umlaut \u00e4\"": torch.ones(2),
    }
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / "python.safetensors"
    save_file(tensors, path, metadata={"made by": "safetensors"})
    expected = describe(path)
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(tensors[name].contiguous().view(-1).view(torch.uint8).numpy().tobytes() if tensors[name].numel() else b"")
    expected["weights_sha256"] = digest.hexdigest()
    expected["values"] = {n: t.double().flatten().tolist() for n, t in tensors.items()}
    (OUT / "python.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--describe":
        print(json.dumps(describe(sys.argv[2])))
    else:
        export()
