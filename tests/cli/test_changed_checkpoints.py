"""Checkpoints whose content was changed under a good seal: resuming is refused with 78 and a reason, and is never a bug."""
import copy
import hashlib
import json
import shutil
import struct
import subprocess

from harness import PROGRAM, WAVEFORM, Case, environment, main

SHORT = ("--set", "training.max_steps=8", "--set", "checkpoint.every_steps=4", "--set", "checkpoint.keep=1", "--set",
         "evaluation.target_metric=loss", "--set", "evaluation.target_value=1000")
WRONG = (None, "text", -1, 7.5, 1e300, [], {}, True, 10**18)
REMOVED = object()


def leaves(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))


def changed(state, path, value):
    state = copy.deepcopy(state)
    if not path:
        return value
    holder = state
    for key in path[:-1]:
        holder = holder[key]
    if value is REMOVED:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return state


class ChangedCheckpoints(Case):
    def setUp(self):
        super().setUp()
        self.train(WAVEFORM, "run", *SHORT, "--set", "training.max_steps=4")
        config = self.folder / "run" / "config.yaml"
        config.write_text(config.read_text().replace("max_steps: 4", "max_steps: 8"))
        (self.checkpoint,) = (self.folder / "run" / "checkpoints").glob("step-*")
        shutil.copytree(self.folder / "run", self.folder / "kept", symlinks=True)

    def forge(self, name, content):
        """Changes a file and seals the manifest anew, as its own SHA-256 and that of each file ask for."""
        (self.checkpoint / name).write_bytes(content)
        path = self.checkpoint / "manifest.json"
        body = path.read_text().rsplit(',\n "manifest_sha256"', 1)[0]
        manifest = json.loads(body + "}")
        manifest["files"][name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        body = json.dumps(manifest, indent=1)[:-2]
        path.write_text(f'{body},\n "manifest_sha256": "{hashlib.sha256(body.encode()).hexdigest()}"\n}}\n')

    def resume(self, *arguments):
        done = subprocess.run([PROGRAM, "--config", WAVEFORM, "--run-dir", "run", *SHORT, "--resume", "auto", *arguments], cwd=self.folder,
                              env=environment(), text=True, capture_output=True, timeout=60)
        shutil.rmtree(self.folder / "run")
        shutil.copytree(self.folder / "kept", self.folder / "run", symlinks=True)
        return done.returncode, done.stderr

    def test_every_field_of_the_state(self):
        state = json.loads((self.checkpoint / "state.json").read_text())
        paths = [path for path in leaves(state) if path[:1] != ("card",)]  # the card has tests of its own
        self.assertGreater(len(paths), 15)
        for i, path in enumerate(paths):
            for value in (WRONG[i % len(WRONG)], *([REMOVED] if path else [])):
                with self.subTest(path=path, value="removed" if value is REMOVED else value):
                    self.forge("state.json", json.dumps(changed(state, path, value)).encode())
                    status, err = self.resume()
                    # Numbers that a training may have had cannot be told from its own; the position can.
                    harmless = path[:1] in (("elapsed_s",), ("target",), ("skipped",), ("early_stop",), ("best",), ("plateau",))
                    self.assertIn(status, (0, 78) if harmless else (78,), err)
                    if status == 78:
                        self.assertRegex(err, "step-00000004|the checkpoint")
                        self.assertNotIn("internal", err)
        self.assertEqual(self.resume()[0], 0)

    def test_two_ranks_say_the_same_once(self):
        state = json.loads((self.checkpoint / "state.json").read_text())
        state["position"]["step"] = "four"
        self.forge("state.json", json.dumps(state).encode())
        status, err = self.resume("--nproc", "2")
        self.assertEqual(status, 78, err)
        self.assertEqual(err.count("step-00000004"), 1, err)

    def test_tensors_of_another_name_shape_or_type(self):
        for name in ("model.safetensors", "optimizer.safetensors"):
            whole = (self.checkpoint / name).read_bytes()
            size = struct.unpack("<Q", whole[:8])[0]
            header = json.loads(whole[8:8 + size])
            first = next(key for key, entry in header.items() if len(entry["shape"]) > 1)
            for change in ("name", "shape", "type", "missing"):
                with self.subTest(file=name, change=change):
                    other, data = copy.deepcopy(header), whole[8 + size:]
                    if change == "name":
                        other["other"] = other.pop(first)
                    elif change == "shape":
                        other[first]["shape"] = [*other[first]["shape"][::-1], 1]
                    elif change == "type":
                        other[first]["dtype"] = {"F32": "I32", "F64": "I64"}[other[first]["dtype"]]
                    else:
                        other, data = {}, b""
                    text = json.dumps(other).encode()
                    self.forge(name, struct.pack("<Q", len(text)) + text + data)
                    status, err = self.resume()
                    self.assertEqual(status, 78, err)


if __name__ == "__main__":
    main()
