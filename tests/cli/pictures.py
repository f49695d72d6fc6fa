"""Small images, catalogues and checkpoints for tests of data."""
import hashlib
import json
import struct
import zlib

SIDE = 32


def png(red, green, blue, side=SIDE):
    """A PNG image of one colour."""
    return png_of([bytes((red, green, blue)) * side] * side)


def png_of(rows):
    """A PNG image of rows of red, green, blue."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    side = len(rows)
    rows = b"".join(b"\0" + row for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def make_images(folder, count=8):
    """Images g0.png, g1.png, ...: even ones red, odd ones blue."""
    folder.mkdir(exist_ok=True)
    for i in range(count):
        (folder / f"g{i}.png").write_bytes(png(200 + i, 20, 20) if i % 2 == 0 else png(20, 20, 200 + i))


def catalogue(labels, splits=None):
    lines = ["file,label" + (",split" if splits else "")]
    for i, label in enumerate(labels):
        lines.append(f"g{i}.png,{label}" + (f",{splits[i]}" if splits else ""))
    return "\n".join(lines) + "\n"


GALAXY_CONFIG = """
name: f
data: {type: image_folder, folder: im, image_size: 32, validation_fraction: 0, split_column: ""}
model: {type: xception, width_factor: 0.0625, middle_blocks: 0, head_units: 8}
loss: {type: cross_entropy}
training: {epochs: 1, global_batch: 4, threads: 1}
loader: {threads: 1}
schedule: {type: constant}
"""

WAVEFORM_CONFIG = """
name: w
data: {type: waveform_hdf5, train: d.h5, t_min: -100, t_max: 28, t_step: 2}
model: {type: wavenet, residual_channels: 4, gate_channels: 4, dilations: [1], tail_channels: 4, keep_steps: 20, dense_units: 4}
loss: {type: waveform_mse}
training: {epochs: 3, max_steps: 6, global_batch: 4, threads: 1}
loader: {threads: 1}
schedule: {type: constant}
"""


def rewrite_state(checkpoint, change):
    """Changes state.json of a checkpoint as if the program had written it so."""
    path = checkpoint / "state.json"
    old = path.read_bytes()
    state = json.loads(old)
    change(state)
    new = json.dumps(state, indent=1).encode()
    path.write_bytes(new)
    manifest = checkpoint / "manifest.json"
    body, seal, _ = manifest.read_text().partition(',\n "manifest_sha256": "')
    body = body.replace(hashlib.sha256(old).hexdigest(), hashlib.sha256(new).hexdigest()).replace(f'"size": {len(old)}', f'"size": {len(new)}')
    manifest.write_text(body + seal + hashlib.sha256(body.encode()).hexdigest() + '"\n}\n')
