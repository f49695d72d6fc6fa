#!/usr/bin/env python3
"""Copies an HDF5 file into a form that hpcai-train reads: in the format of HDF5 1.10, with gzip in place of other compression, and with
the values themselves in place of soft and external links, virtual data sets and values in external files.

Groups, attributes, types and fill values stay the same. Chunks that were never written stay unwritten. The script needs about 64 MB.

usage: python3 scripts/rewrite_hdf5.py OLD NEW [--plain]
  --plain  without chunks and compression: a larger file that is read fastest

Needs Python with h5py (at least as new as the HDF5 that wrote OLD); for filters such as blosc or zstd also hdf5plugin."""
import argparse
import os
import sys

try:
    import h5py
except ImportError:
    sys.exit("rewrite_hdf5: needs h5py: pip install h5py, or the Debian package python3-h5py")
try:
    import hdf5plugin  # noqa: F401  registers its filters
except ImportError:
    pass

BLOCK_BYTES = 64 << 20


def written_chunks(old):
    """Offsets of the chunks of `old` that were written; None if all chunks were written."""
    places = 1
    for extent, chunk in zip(old.shape, old.chunks):
        places *= -(-extent // chunk)
    count = old.id.get_num_chunks()
    if count >= places:
        return None
    return {old.id.get_chunk_info(i).chunk_offset for i in range(count)}


def copy_values(old, new):
    """Copies block by block, or chunk by chunk without the chunks that were never written."""
    step = old.chunks[0] if old.chunks else 1
    row_bytes = max(1, old.dtype.itemsize * (old.size // old.shape[0]))
    step *= max(1, BLOCK_BYTES // (row_bytes * step))
    written = written_chunks(old) if old.chunks else None
    if written is None:
        for first in range(0, old.shape[0], step):
            new[first:first + step] = old[first:first + step]
        return
    for place in written:
        part = tuple(slice(first, first + chunk) for first, chunk in zip(place, old.chunks))
        new[part] = old[part]


def copy_data_set(old, parent, name, plain):
    if old.shape is None or old.shape == () or old.size == 0:
        return parent.create_dataset(name, data=old[()] if old.shape is not None else h5py.Empty(old.dtype))
    options = {}
    if old.chunks and not plain:
        options = {"chunks": old.chunks, "maxshape": old.maxshape}
        if old.id.get_create_plist().get_nfilters() > 0:
            options.update(compression="gzip", compression_opts=4, shuffle=True)
    if h5py.check_vlen_dtype(old.dtype) is None and h5py.check_string_dtype(old.dtype) is None:
        options["fillvalue"] = old.fillvalue
    new = parent.create_dataset(name, shape=old.shape, dtype=old.dtype, **options)
    copy_values(old, new)
    return new


def copy_group(old, new, plain, above):
    for name, value in old.attrs.items():
        new.attrs[name] = value
    for name in old:
        try:
            item = old[name]  # follows links
        except (KeyError, OSError) as error:
            sys.exit(f"rewrite_hdf5: {old.name.rstrip('/')}/{name} cannot be opened: {error}")
        if isinstance(item, h5py.Group):
            if item in above:
                sys.exit(f"rewrite_hdf5: {item.name} contains itself")
            copy_group(item, new.create_group(name), plain, above + [item])
        elif isinstance(item, h5py.Dataset):
            copied = copy_data_set(item, new, name, plain)
            for key, value in item.attrs.items():
                copied.attrs[key] = value


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--plain", action="store_true", help="without chunks and compression")
    options = parser.parse_args()
    if os.path.exists(options.new):
        sys.exit(f"rewrite_hdf5: {options.new} exists already")
    temporary = f"{options.new}.tmp-{os.getpid()}"
    try:
        with h5py.File(options.old, "r") as old, h5py.File(temporary, "w", libver=("earliest", "v110")) as new:
            copy_group(old, new, options.plain, [old["/"]])
        os.rename(temporary, options.new)
    except OSError as error:
        sys.exit(f"rewrite_hdf5: {error}")
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


if __name__ == "__main__":
    main()
