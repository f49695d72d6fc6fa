#!/usr/bin/env python3
"""Writes tests/fixtures/fits: FITS files by astropy, and what NumPy, Pillow and astropy make of them.

Usage: python3 scripts/make_fits_fixtures.py   (needs numpy, pillow and astropy 6.1 or newer)

In all small images the pixel in column x and row y, from 0 and from the bottom, is 100 y + x.
"""
import gzip
import io
import pathlib

import numpy as np
from astropy.io import fits
from astropy.visualization import make_lupton_rgb
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "fits"
HEIGHT, WIDTH = 6, 9
RAMP = np.add.outer(100.0 * np.arange(HEIGHT), np.arange(WIDTH))


def save(name, hdus):
    stream = io.BytesIO()
    fits.HDUList(hdus).writeto(stream)
    content = stream.getvalue()
    if name.endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    (OUT / name).write_bytes(content)


def bitpix(kind):
    """The ramp as this type, with a scale for integers; the pixels (0, 0) and (8, 5) have no value."""
    values = RAMP.copy()
    floating = np.issubdtype(kind, np.floating)
    if floating:
        values[0, 0] = values[5, 8] = np.nan
        return [fits.PrimaryHDU(values.astype(kind))]
    scale, zero = (4.0, 8.0) if kind is np.uint8 else (0.5, -7.0)
    stored = np.round((values - zero) / scale)  # bytes hold a quarter of the ramp
    stored = np.clip(stored, 0, 200) if kind is np.uint8 else stored
    blank = 255 if kind is np.uint8 else -99
    stored[0, 0] = stored[5, 8] = blank
    hdu = fits.PrimaryHDU(stored.astype(kind))
    hdu.header["BSCALE"], hdu.header["BZERO"], hdu.header["BLANK"] = scale, zero, blank
    return [hdu]


def named(values, name, key="EXTNAME"):
    hdu = fits.ImageHDU(np.asarray(values, np.float32))
    hdu.header[key] = name
    return hdu


def galaxy():
    """Three bands of an object with noise, 48 x 56 pixels, some without a value."""
    random = np.random.default_rng(20190208)
    y, x = np.mgrid[0:48, 0:56]
    radius = np.hypot((x - 28) / 1.3, y - 23.5)
    bands = {}
    for name, flux in (("g", 30), ("r", 70), ("z", 110)):
        bands[name] = (flux * np.exp(-radius / 5) + random.normal(2, 1.5, radius.shape)).astype(np.float32)
    bands["r"][20:23, 30:34] = np.nan
    bands["z"][0, :] = np.nan
    return bands


def resize(values, size):
    """A weighted mean of the known pixels; the weights are those of Pillow's BILINEAR."""
    known = np.isfinite(values)
    shrink = lambda a: np.asarray(Image.fromarray(a.astype(np.float32), "F").resize((size, size), Image.BILINEAR), np.float64)
    weight = shrink(known)
    return np.where(weight > 1e-6, shrink(np.where(known, values, 0)) / np.maximum(weight, 1e-6), np.nan)


def cut_out(values, side):
    top, left = (values.shape[0] - side) // 2, (values.shape[1] - side) // 2
    return values[::-1][top:top + side, left:left + side]  # the highest row first


def darker_half(values):
    known = np.sort(values[np.isfinite(values)])
    background = known[:(known.size + 1) // 2]
    mean, sigma = background.mean(), background.std()
    scaled = (np.where(np.isfinite(values), values, mean) - (mean - sigma)) / (6 * sigma)
    return np.floor(255 * np.clip(scaled, 0, 1) + 0.5).astype(np.uint8)


def write_preparation():
    bands = galaxy()
    save("galaxy.fits.gz", [fits.PrimaryHDU()] + [named(bands[name], name, "FILTER") for name in "grz"])
    side, size = round(4 * 3.07 / 0.396), 24
    small = {name: resize(cut_out(values, side), size) for name, values in bands.items()}
    colour = np.dstack([darker_half(small[name]) for name in "zrg"])
    (OUT / "darker_half.rgb").write_bytes(colour.tobytes())
    (OUT / "grey.rgb").write_bytes(np.repeat(darker_half(small["r"])[..., None], 3, 2).tobytes())
    whole = [np.nan_to_num(bands[name][::-1].astype(np.float64), nan=1.5) for name in "zrg"]
    for q, stretch in ((8, 5), (1, 1)):
        rgb = make_lupton_rgb(*whole, minimum=1.5, stretch=stretch, Q=q)
        (OUT / f"asinh_{q}_{stretch}.rgb").write_bytes(rgb[:, 12:44].tobytes())
    print("half side in pixels:", side / 2)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    save("plain.fits", [fits.PrimaryHDU(RAMP.astype(np.float32))])
    for name, kind in (("8", np.uint8), ("16", np.int16), ("32", np.int32), ("64", np.int64), ("f32", np.float32), ("f64", np.float64)):
        save(f"bitpix_{name}.fits.gz", bitpix(kind))
    cube = fits.PrimaryHDU(np.stack([RAMP, RAMP + 1000, RAMP + 2000]).astype(np.float32))
    cube.header["BANDS"] = "grz"
    save("cube.fits.gz", [cube])
    save("four_axes.fits.gz", [fits.PrimaryHDU(np.stack([np.stack([RAMP, RAMP])] * 2).astype(np.float32))])
    save("trailing_axis.fits.gz", [fits.PrimaryHDU(RAMP.astype(np.int16)[None, None])])
    save("spectrum.fits.gz", [fits.PrimaryHDU(np.arange(5.0))])
    save("no_image.fits.gz", [fits.PrimaryHDU(), fits.BinTableHDU.from_columns([fits.Column("a", "E", array=[1.0])])])
    save("all_nan.fits.gz", [fits.PrimaryHDU(np.full((4, 4), np.nan, np.float32))])
    save("hdus.fits.gz", [fits.PrimaryHDU(), named(RAMP, "g DECam SDSS c0001 4720.0 1520.0", "FILTER"), named(RAMP + 1000, "R"),
                          named(RAMP + 2000, "z"), named(RAMP * 0 + 1, "MASK")])
    save("unequal.fits.gz", [fits.PrimaryHDU(), named(RAMP, "g"), named(RAMP[:4], "r"), named(RAMP, "z")])
    big = np.add.outer(100.0 * np.arange(40), np.arange(30))
    for name, method, kind, more in (("rice_i16", "RICE_1", np.int16, {}), ("gzip2_f32", "GZIP_2", np.float32, {"quantize_level": 0}),
                                     ("rice_f32", "RICE_1", np.float32, {"quantize_level": 16}), ("hcompress", "HCOMPRESS_1", np.int32, {})):
        save(f"{name}.fits.fz", [fits.PrimaryHDU(), fits.CompImageHDU(big.astype(kind), compression_type=method, tile_shape=(20, 30), **more)])
    write_preparation()


if __name__ == "__main__":
    main()
