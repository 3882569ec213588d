#!/usr/bin/env python3
"""Writes sklearn.txt: what scikit-learn makes of probabilities and labels, for tests/unit/train/test_scores.c.

    make_sklearn.py            writes sklearn.txt beside this file
    make_sklearn.py --check    makes the numbers again and compares them with the stored ones

The probabilities are multiples of 1/64 (exact in float), different within a picture and often equal between pictures.
scikit-learn has no calibration error; it is written out here by numpy.
"""

import os
import sys

import numpy as np
from sklearn import __version__, metrics

sys.dont_write_bytecode = True
import generator as g

HERE = os.path.dirname(os.path.abspath(__file__))
# name, pictures, classes, k of top-k
CASES = [("four", 120, 4, 2), ("two", 60, 2, 1), ("seven", 40, 7, 3)]


def probabilities(rng, classes):
    while True:
        cuts = np.sort(rng.choice(np.arange(1, 64), classes - 1, replace=False))
        parts = np.diff(np.concatenate([[0], cuts, [64]]))
        if len(set(parts)) == classes:
            return parts / 64


def calibration(p, y):
    confidence, right = p.max(1), p.argmax(1) == y
    edges = np.linspace(0, 1, 16)
    error = 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


def main():
    rng = np.random.default_rng(5)
    lines = ["# Made by make_sklearn.py with scikit-learn %s; read by tests/unit/train/test_scores.c." % __version__,
             "# case NAME PICTURES CLASSES K, then a line a picture: LABEL and 64 times its probabilities; then the figures."]
    for name, count, classes, k in CASES:
        p = np.array([probabilities(rng, classes) for _ in range(count)])
        y = np.array([rng.choice(classes, p=row ** 2 / (row ** 2).sum()) for row in p])
        y[:classes] = np.arange(classes)
        lines.append("case %s %d %d %d" % (name, count, classes, k))
        lines += [" ".join([str(label)] + [str(int(v * 64)) for v in row]) for label, row in zip(y, p)]
        each = [metrics.roc_auc_score(y == c, p[:, c]) for c in range(classes)]
        mean = metrics.roc_auc_score(y, p, multi_class="ovr", average="macro") if classes > 2 else np.mean(each)
        top = metrics.top_k_accuracy_score(y, p, k=k) if classes > 2 else metrics.accuracy_score(y, p.argmax(1))
        brier = metrics.brier_score_loss(y, p, scale_by_half=False)
        lines.append(" ".join(g.number(v) for v in [top, mean, brier, calibration(p, y)] + each))
    lines.append("end")
    return g.store_or_check(os.path.join(HERE, "sklearn.txt"), lines, "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
