"""Weights, pictures and labels that C and Python make alike, to the last bit, and the text form of the stored numbers.

The C side is tests/unit/train/reference.c. A number is a function of (stream, place): the finaliser of splitmix64 (Steele,
Lea, Flood 2014) over a counter, so any part of a stream can be made alone. Reals come from the upper 53 bits and are exact;
what is done to them afterwards is one multiplication and one addition, each rounded once.
"""

import math
import re

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1

# Streams. Tensor number t of a model (parameters, then running states) draws from TENSORS + t.
PIXELS, LABELS, PLACES, TENSORS = 1, 2, 3, 100
CLASSES = 10
SAMPLES = 64  # elements stored of each tensor


def mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def draw(stream, first, count):
    """count numbers of 64 bits of a stream, from place `first`."""
    start = mix(np.array([stream * GOLDEN & MASK], dtype=np.uint64))
    place = np.arange(first + 1, first + 1 + count, dtype=np.uint64)
    return mix(start + place * np.uint64(GOLDEN))


def uniform(stream, count):
    """count reals of a stream in [-1, 1), multiples of 2^-52."""
    return (draw(stream, 0, count) >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0


def pictures(first, count, shape):
    """u8 pictures number first … first+count-1 (c h w): half of the pixels dark, the others 0 … 255."""
    size = math.prod(shape)
    z = draw(PIXELS, first * size, count * size)
    return np.where(z & np.uint64(1), np.uint64(0), z >> np.uint64(56)).astype(np.uint8).reshape((count, *shape))


def labels(first, count):
    return (draw(LABELS, first, count) % np.uint64(CLASSES)).astype(np.int64)


class Tensor:
    """A parameter or running state by its name in imgrad: base + scale·u, u of the stream of its number."""

    def __init__(self, name, shape, base, scale):
        self.name, self.shape, self.base, self.scale = name, shape, base, scale

    def values(self, number):
        return (self.base + self.scale * uniform(TENSORS + number, math.prod(self.shape))).reshape(self.shape)


def tensor(name, *shape):
    """What a tensor of this name starts from: weights with variance 1/fan_in, the rest near its usual value."""
    kind = name.rpartition(".")[2]
    if kind == "weight":
        return Tensor(name, shape, 0.0, math.sqrt(3.0 / math.prod(shape[1:])))
    base, scale = {"bias": (0.0, 0.125), "gamma": (1.0, 0.25), "beta": (0.0, 0.125), "running_mean": (0.0, 0.125),
                   "running_variance": (1.0, 0.25)}[kind]
    return Tensor(name, shape, base, scale)


# ---- the text form ----


def number(x):
    return "%.17g" % x


def tensor_lines(tensors):
    return ["tensor %s %d %s %s" % (t.name, math.prod(t.shape), number(t.base), number(t.scale)) for t in tensors]


def list_lines(word, values):
    values = np.asarray(values, dtype=np.float64).ravel()
    return ["%s %d" % (word, len(values))] + [" ".join(number(v) for v in values[i:i + 8]) for i in range(0, len(values), 8)]


def result_lines(name, values):
    """Largest magnitude, sum, sum of squares (both exact before rounding), and elements at up to 64 places."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    count = len(flat)
    at = range(count) if count <= SAMPLES else sorted({int(z) % count for z in draw(PLACES, 0, SAMPLES)})
    lines = ["result %s %s %s %s %d" % (name, number(np.abs(flat).max()), number(math.fsum(flat)),
                                        number(math.fsum(flat * flat)), len(at))]
    return lines + ["%d %s" % (i, number(flat[i])) for i in at]


def difference(made, stored):
    """The largest |a-b| / max(|a|, 1e-3) of two texts' numbers, in double and in float, and the first line that differs."""
    worst, part = {"double": 0.0, "float": 0.0}, "double"
    made, stored = ([l for l in text.splitlines() if not l.startswith("#")] for text in (made, stored))
    if len(made) != len(stored):
        return {}, "%d lines made, %d stored" % (len(made), len(stored))
    real = re.compile(r"-?[0-9][0-9.]*(e[-+]?[0-9]+)?$")
    for a, b in zip(made, stored):
        wa, wb = a.split(), b.split()
        if wa[0] in ("model", "tensor", "logits64", "logits32", "run"):
            part = "float" if wa[0] == "logits32" or wa[:2] == ["run", "f32"] else "double"
        if len(wa) != len(wb):
            return {}, a
        for x, y in zip(wa, wb):
            if real.match(x) and real.match(y):
                worst[part] = max(worst[part], abs(float(x) - float(y)) / max(abs(float(x)), 1e-3))
            elif x != y:
                return {}, a
    return worst, ""


def store_or_check(path, lines, check):
    """Writes the lines, or compares their numbers with those in the file: other machines and versions round otherwise, in
    double by some 1e-12 and in float by some 1e-5. Answers the exit code."""
    text = "\n".join(lines) + "\n"
    if not check:
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        print("%s: %d bytes" % (path, len(text)))
        return 0
    with open(path, encoding="ascii") as f:
        worst, line = difference(text, f.read())
    if not worst:
        print("%s: not the same text: %s" % (path, line))
        return 1
    print("%s: largest difference %.3g in double (1e-9 allowed), %.3g in float (1e-3)" % (path, worst["double"], worst["float"]))
    return 0 if worst["double"] <= 1e-9 and worst["float"] <= 1e-3 else 1
