#!/usr/bin/env python3
"""Writes keras.txt: what Keras makes of

    imgrad train --data random --model textbook --optimizer sgd --lr 0.01 --loss mse --epochs 10 --batch 32 --val 0

with one-hot targets, in float64 and in float32, from the weights of generator.py: each epoch's mean loss as `fit` reports it,
and the weights at the end, in imgrad's layouts.

    make_keras.py            writes keras.txt beside this file
    make_keras.py --check    makes the numbers again and compares them with the stored ones

Pictures, labels and the order of each epoch are imgrad's own, made here a second time from their definition: Philox4x32-10
(Salmon, Moraes, Dror, Shaw, SC 2011) under the keys of src/base/rng.c, src/data/sources/random.c and src/data/order.c.
The backend is TensorFlow: with PyTorch's, Keras reports the loss of a float64 model rounded to float.
"""

import os
import sys

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras

sys.dont_write_bytecode = True
import generator as g

COUNT, EPOCHS, BATCH, SEED, SOURCE_SEED = 1000, 10, 32, 1, 0
FOR_ORDER, FOR_SOURCE = 2, 7  # ig__purpose
ORDER_SALT = 0xD1B54A32D192ED03
LOW = np.uint64(0xFFFFFFFF)
HERE = os.path.dirname(os.path.abspath(__file__))


def philox(key, counter):
    """Four arrays of 32-bit numbers (held in 64) for a key and four counters, arrays or numbers."""
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    c0, c1, c2, c3 = (c.astype(np.uint64) for c in np.broadcast_arrays(*counter))
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0), p1 & LOW, (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1), p0 & LOW
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def key_of(seed, purpose, salt=0):
    return seed ^ (purpose * g.GOLDEN & g.MASK) ^ salt


def random_source():
    """The 1000 pictures (n h w c, multiples of 2^-24) and labels of --data random."""
    key, index = key_of(SOURCE_SEED, FOR_SOURCE), np.arange(COUNT, dtype=np.uint64)
    block = np.arange(784 // 4, dtype=np.uint64)
    words = np.stack(philox(key, (block[None, :], index[:, None], np.uint64(0), np.uint64(0))), axis=-1)
    pictures = (words.reshape(COUNT, 784) >> np.uint64(8)).astype(np.float64) * 2.0**-24
    product = philox(key, (np.uint64(0), index, np.uint64(0), np.uint64(1)))[0] * np.uint64(g.CLASSES)
    assert ((product & LOW) >= (1 << 32) % g.CLASSES).all()  # none of them has to be drawn again
    return pictures.reshape(COUNT, 28, 28, 1), (product >> np.uint64(32)).astype(np.int64)


def order_of(epoch):
    record = g.mix(np.arange(COUNT, dtype=np.uint64))  # the key of record i of the training part
    words = philox(key_of(SEED, FOR_ORDER, ORDER_SALT), (record & LOW, record >> np.uint64(32), np.uint64(epoch), np.uint64(0)))
    return np.argsort(words[0] | words[1] << np.uint64(32), kind="stable")


def textbook():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(32, 3, activation="relu"), keras.layers.MaxPooling2D(2),
        keras.layers.Conv2D(64, 3, activation="relu"), keras.layers.MaxPooling2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(128, activation="relu"), keras.layers.Dense(g.CLASSES, activation="softmax")])


TENSORS = [g.tensor("conv2d1.weight", 32, 1, 3, 3), g.tensor("conv2d1.bias", 32), g.tensor("conv2d2.weight", 64, 32, 3, 3),
           g.tensor("conv2d2.bias", 64), g.tensor("dense1.weight", 128, 1600), g.tensor("dense1.bias", 128),
           g.tensor("dense2.weight", 10, 128), g.tensor("dense2.bias", 10)]


def to_keras(name, w):
    """imgrad's out in kh kw to kh kw in out; out × in to in × out; and dense1 reads h w c where imgrad reads c h w."""
    if name == "dense1.weight":
        return w.reshape(128, 64, 5, 5).transpose(2, 3, 1, 0).reshape(1600, 128)
    return w.transpose(2, 3, 1, 0) if w.ndim == 4 else w.T


def from_keras(name, w):
    if name == "dense1.weight":
        return w.reshape(5, 5, 64, 128).transpose(3, 2, 0, 1).reshape(128, 1600)
    return w.transpose(3, 2, 0, 1) if w.ndim == 4 else w.T


def train(precision):
    real = {"f64": "float64", "f32": "float32"}[precision]
    keras.config.set_floatx(real)
    keras.config.set_dtype_policy(real)
    x, label = random_source()
    x, y = x.astype(real), np.eye(g.CLASSES)[label].astype(real)
    model = textbook()
    model.set_weights([to_keras(t.name, t.values(i)) for i, t in enumerate(TENSORS)])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.01), loss="mse")
    lines = ["run %s %d 0.01 -" % (precision, EPOCHS)]
    for epoch in range(1, EPOCHS + 1):
        order = order_of(epoch)
        history = model.fit(x[order], y[order], batch_size=BATCH, shuffle=False, verbose=0)
        lines.append("loss %d %s" % (epoch, g.number(history.history["loss"][0])))
    for t, w in zip(TENSORS, model.get_weights()):
        assert w.dtype == real, w.dtype
        lines += g.result_lines(t.name, from_keras(t.name, w))
    return lines


def main():
    lines = ["# Made by make_keras.py with Keras %s on %s; read by tests/unit/train/test_keras.c." % (keras.__version__, keras.backend.backend()),
             "# model NAME; tensor NAME COUNT BASE SCALE; run PRECISION EPOCHS LR -; loss EPOCH MEAN;",
             "# result TENSOR LARGEST SUM SQUARES SAMPLES, then PLACE VALUE.", "model textbook"]
    lines += g.tensor_lines(TENSORS)
    for precision in ("f64", "f32"):
        lines += train(precision)
    lines.append("end")
    return g.store_or_check(os.path.join(HERE, "keras.txt"), lines, "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
