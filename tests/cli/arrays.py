"""Arrays in the formats of numpy, written without numpy."""
import struct


def npy(values, shape, kind="<f4"):
    """The bytes of a .npy file: floats, integers with kind "<i8", texts with kind "<U12"."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({', '.join(map(str, shape))},), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    if "U" in kind:
        width = int(kind[2:])
        data = b"".join(value.ljust(width, "\0").encode("utf-32-le") for value in values)
    else:
        data = struct.pack(f"<{len(values)}{'f' if kind == '<f4' else 'q'}", *values)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data
