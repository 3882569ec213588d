#!/usr/bin/env python3
"""Training speed of the textbook network: imgrad beside PyTorch, on the same cores in the same run, turn by turn.

  python3 -m venv build/peers && build/peers/bin/pip install torch --index-url https://download.pytorch.org/whl/cpu
  build/peers/bin/python bench/textbook.py MNIST_FOLDER [--batch 32] [--threads 2] [--rounds 5]

Both train on the same 20,000 MNIST pictures with Adam, decoded beforehand for PyTorch; imgrad's figure is the one of its
results.csv, reading and shuffling included. Prints best and median pictures a second, the ratio, and the FMA peak that
build/bench_kernels measures between the rounds (cmake --build build --target bench_kernels).
"""
import argparse, csv, gzip, os, re, shutil, statistics, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser()
parser.add_argument("data")
parser.add_argument("--imgrad", default="build/imgrad")
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=5)
args = parser.parse_args()

import numpy as np
import torch
from torch import nn

COUNT = 20000
torch.set_num_threads(args.threads)


def read(name, header):
    path = os.path.join(args.data, name)
    with (gzip.open(path + ".gz") if os.path.exists(path + ".gz") else open(path, "rb")) as f:
        return np.frombuffer(f.read(), np.uint8, offset=header)


pictures = torch.from_numpy(read("train-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)[:COUNT].astype(np.float32) / 255)
labels = torch.from_numpy(read("train-labels-idx1-ubyte", 8)[:COUNT].astype(np.int64))


def make(channels_last):
    model = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10))
    return model.to(memory_format=torch.channels_last) if channels_last else model


def torch_epoch(channels_last):
    model = make(channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)
    x = pictures.to(memory_format=torch.channels_last) if channels_last else pictures
    order = torch.randperm(COUNT)

    def steps(first, last):
        for i in range(first, last, args.batch):
            take = order[i:i + args.batch]
            optimizer.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(model(x[take]), labels[take]).backward()
            optimizer.step()

    steps(0, 20 * args.batch)
    start = time.perf_counter()
    steps(0, COUNT)
    return COUNT / (time.perf_counter() - start)


def imgrad_epochs(folder):
    out = os.path.join(folder, "run")
    subprocess.run([args.imgrad, "train", "--data", args.data, "--model", "textbook", "--optimizer", "adam", "--lr", "0.001",
                    "--batch", str(args.batch), "--threads", str(args.threads), "--epochs", "2", "--val", "0", "--limit", str(COUNT),
                    "--out", out], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(os.path.join(out, "results.csv")) as f:
        speed = max(float(row["img_per_s"]) for row in csv.DictReader(f))
    shutil.rmtree(out)
    return speed


def peak():
    tool = os.path.join(os.path.dirname(args.imgrad), "bench_kernels")
    if not os.path.exists(tool):
        return float("nan")
    text = subprocess.run([tool, "--threads", str(args.threads), "no such line"], capture_output=True, text=True).stdout
    found = re.search(r"peak ([0-9.]+) GF/s on one thread, ([0-9.]+) on two", text)
    return float(found.group(min(args.threads, 2))) if found else float("nan")


speeds = {"imgrad": [], "PyTorch": [], "PyTorch channels-last": []}
peaks = []
with tempfile.TemporaryDirectory() as folder:
    for _ in range(args.rounds):
        peaks.append(peak())
        speeds["imgrad"].append(imgrad_epochs(folder))
        speeds["PyTorch"].append(torch_epoch(False))
        speeds["PyTorch channels-last"].append(torch_epoch(True))

best_peer = max(statistics.median(v) for k, v in speeds.items() if k != "imgrad")
print(f"textbook, batch {args.batch}, {args.threads} threads, Adam, float32; torch {torch.__version__}; FMA peak {max(peaks):.0f} GF/s")
for name, v in speeds.items():
    print(f"{name:24} best {max(v):8.0f} img/s  median {statistics.median(v):8.0f}")
print(f"ratio of medians to the best peer: {statistics.median(speeds['imgrad']) / best_peer:.2f}")
