"""Small pictures of every kind that is read, and what Pillow makes of them: images/NAME, images/index.txt, images/pixels.bin.

    python3 tests/reference/make_images.py          needs Pillow and numpy

A line of the index: file, wanted channels, height, width (0: as it is), fit; the result's channels, height, width; the place
of its first byte in pixels.bin; the largest difference allowed. Pillow decodes, turns, converts and resizes, except where it
cannot or does what nobody wants: 16 bits are rounded to 8 here, and kinds of PNG that it does not write are written here."""
import io
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "images")
os.makedirs(here, exist_ok=True)
index, pixels = [], bytearray()


def synthetic(h, w, seed):
    """Smooth shapes with some edges, in colour: what a camera could have seen."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    rng = np.random.default_rng(seed)
    out = np.empty((h, w, 3))
    for c in range(3):
        a, b, p = rng.uniform(1, 4, 3)
        out[..., c] = 127 + 80 * np.sin(a * x / w + p) * np.cos(b * y / h) + 40 * ((x - w * 0.6) ** 2 + (y - h * 0.4) ** 2 < (h / 4) ** 2)
    return np.clip(out + rng.normal(0, 2, out.shape), 0, 255).astype(np.uint8)


def grey(a):
    return np.asarray(Image.fromarray(a).convert("L"))


def expect(name, picture, want=(0, 0, 0, "stretch"), tolerance=0):
    a = np.asarray(picture)
    c = 1 if a.ndim == 2 else a.shape[2]
    index.append(f"{name} {want[0]} {want[1]} {want[2]} {want[3]} {c} {a.shape[0]} {a.shape[1]} {len(pixels)} {tolerance}")
    pixels.extend(np.ascontiguousarray(a, dtype=np.uint8).tobytes())


def keep(name, data):
    with open(os.path.join(here, name), "wb") as f:
        f.write(data)


def save(name, picture, form, **how):
    buffer = io.BytesIO()
    picture.save(buffer, form, **how)
    keep(name, buffer.getvalue())


def opened(name):
    p = ImageOps.exif_transpose(Image.open(os.path.join(here, name)))
    return p.convert("L" if p.mode in ("1", "L", "LA", "I;16") else "RGB")


def fitted(p, h, w, fit):
    if fit == "stretch":
        return p.resize((w, h), Image.BILINEAR)
    if fit == "crop":
        s = min(p.height / h, p.width / w)
        bh, bw = (p.height, w * s) if p.height / h < p.width / w else (h * s, p.width)
        top, left = (p.height - bh) / 2, (p.width - bw) / 2
        return p.resize((w, h), Image.BILINEAR, box=(left, top, left + bw, top + bh))
    s = max(p.height / h, p.width / w)
    th = h if p.height / h >= p.width / w else max(1, int(p.height / s + 0.5))
    tw = max(1, int(p.width / s + 0.5)) if p.height / h >= p.width / w else w
    out = Image.new(p.mode, (w, h))
    out.paste(p.resize((tw, th), Image.BILINEAR), ((w - tw) // 2, (h - th) // 2))
    return out


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed_rows(a, depth):
    """Rows of samples [h, w·channels] as PNG has them, each with filter 0."""
    out = b""
    for row in a:
        bits = "".join(format(int(v), f"0{depth}b") for v in row)
        bits += "0" * (-len(bits) % 8)
        out += b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    return out


def png(a, depth, kind, extra=b"", interlaced=False):
    h, w, c = a.shape
    if interlaced:
        body = b""
        for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
            part = a[y0::dy, x0::dx]
            if part.size:
                body += packed_rows(part.reshape(part.shape[0], -1), depth)
    else:
        body = packed_rows(a.reshape(h, -1), depth)
    head = struct.pack(">IIBBBBB", w, h, depth, kind, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(body, 9)) + chunk(b"IEND", b"")


def round8(a):
    return ((a.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


rgb = synthetic(19, 23, 1)
wide = rgb.astype(np.uint16) * 256 + synthetic(19, 23, 2)
alpha = np.dstack([rgb, grey(synthetic(19, 23, 3))])

# PNG
save("rgb.png", Image.fromarray(rgb), "PNG")
save("grey.png", Image.fromarray(grey(rgb)), "PNG")
save("rgba.png", Image.fromarray(alpha), "PNG")
save("palette.png", Image.fromarray(rgb).quantize(11), "PNG")
save("bits.png", Image.fromarray(grey(rgb)).convert("1"), "PNG")
save("grey_alpha.png", Image.fromarray(alpha).convert("LA"), "PNG")
keep("grey2.png", png((grey(rgb) >> 6)[..., None], 2, 0))
keep("grey4_interlaced.png", png((grey(rgb) >> 4)[..., None], 4, 0, interlaced=True))
keep("rgb_interlaced.png", png(rgb, 8, 2, interlaced=True))
palette = bytes(range(0, 48)) * 1
keep("palette4_clear.png", png((grey(rgb) >> 4)[..., None], 4, 3, chunk(b"PLTE", palette) + chunk(b"tRNS", bytes(range(0, 160, 10))), True))
exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
keep("turned.png", png(rgb, 8, 2, chunk(b"eXIf", exif)))
for name in ("rgb", "grey", "rgba", "palette", "bits", "grey_alpha", "grey2", "grey4_interlaced", "rgb_interlaced", "palette4_clear", "turned"):
    expect(name + ".png", opened(name + ".png"))
keep("rgb16.png", png(wide, 16, 2))
expect("rgb16.png", round8(wide))
keep("grey16.png", png(wide[..., :1], 16, 0))
expect("grey16.png", round8(wide[..., 0]))

# PNM
keep("p6.ppm", b"P6\n# a comment\n23 19\n255\n" + rgb.tobytes())
keep("p5.pgm", b"P5 23 19 255\n" + grey(rgb).tobytes())
keep("p3.ppm", b"P3\n23 19 # here too\n255\n" + "\n".join(" ".join(map(str, r)) for r in rgb.reshape(19, -1)).encode() + b"\n")
keep("p2_15.pgm", b"P2\n23 19\n15\n" + "\n".join(" ".join(map(str, r)) for r in grey(rgb) >> 4).encode())
for name in ("p6.ppm", "p5.pgm", "p3.ppm", "p2_15.pgm"):
    expect(name, opened(name))
keep("p6_16.ppm", b"P6 23 19 65535\n" + wide.astype(">u2").tobytes())
expect("p6_16.ppm", round8(wide))
keep("p5_1000.pgm", b"P5 23 19 1000\n" + (wide[..., 0].astype(np.uint32) * 1000 // 65535).astype(">u2").tobytes())
expect("p5_1000.pgm", ((wide[..., 0].astype(np.uint32) * 1000 // 65535 * 255 + 500) // 1000).astype(np.uint8))

# JPEG: within a level
photo = Image.fromarray(synthetic(37, 45, 4))
save("444.jpg", photo, "JPEG", quality=90, subsampling=0)
save("420.jpg", photo, "JPEG", quality=85, subsampling=2)
save("422_restart.jpg", photo, "JPEG", quality=85, subsampling=1, restart_marker_blocks=2)
save("progressive.jpg", photo, "JPEG", quality=85, progressive=True)
save("grey.jpg", photo.convert("L"), "JPEG", quality=85)
save("cmyk.jpg", photo.convert("CMYK"), "JPEG", quality=92)
for name in ("444", "420", "422_restart", "progressive", "grey", "cmyk"):
    expect(name + ".jpg", opened(name + ".jpg"), tolerance=1)
small = Image.fromarray(synthetic(16, 24, 5))
for turn in range(1, 9):
    e = Image.Exif()
    e[0x0112] = turn
    save(f"turn{turn}.jpg", small, "JPEG", quality=90, subsampling=0, exif=e)
    expect(f"turn{turn}.jpg", opened(f"turn{turn}.jpg"), tolerance=1)

# Resizing
for h, w, fit in ((8, 8, "stretch"), (31, 7, "stretch"), (8, 8, "crop"), (8, 8, "letterbox"), (40, 30, "crop"), (19, 23, "crop"), (9, 30, "letterbox")):
    expect("rgb.png", fitted(opened("rgb.png"), h, w, fit), (0, h, w, fit))
    expect("grey.png", fitted(opened("grey.png"), h, w, fit), (0, h, w, fit))
    expect("rgb.png", fitted(opened("rgb.png").convert("L"), h, w, fit), (1, h, w, fit))
    expect("turned.png", fitted(opened("turned.png"), h, w, fit), (3, h, w, fit), 1)
expect("grey.png", opened("grey.png").convert("RGB"), (3, 0, 0, "stretch"))
expect("420.jpg", fitted(opened("420.jpg"), 16, 16, "stretch"), (3, 16, 16, "stretch"), 2)
# Decoded at a fraction of its size, which Pillow does not do here: near, not equal.
save("large.jpg", Image.fromarray(synthetic(240, 333, 6)), "JPEG", quality=80)
for h, w, fit in ((24, 24, "crop"), (15, 20, "stretch"), (32, 32, "letterbox")):
    expect("large.jpg", fitted(opened("large.jpg"), h, w, fit), (3, h, w, fit), 8)

keep("pixels.bin", bytes(pixels))
keep("index.txt", ("\n".join(index) + "\n").encode())
