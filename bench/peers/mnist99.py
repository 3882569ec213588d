"""MNIST to 99 % with PyTorch: the counterpart of imgrad's recipe mnist-99, from the four .gz files.

  python mnist99.py FOLDER SEED        prints {"accuracy": …} of the test set

The same network (models/swift.txt), optimiser, schedule and number of pictures as models/mnist-99.yaml; channels-last."""
import gzip
import json
import math
import os
import sys

BATCH, RATE, WARM = 64, 0.015, 0.1


def main():
    folder, seed = sys.argv[1], int(sys.argv[2])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    import numpy as np
    import torch
    from torch import nn
    torch.set_num_threads(2)
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)

    def read(name, header):
        with gzip.open(os.path.join(folder, name + ".gz")) as f:
            return np.frombuffer(f.read(), np.uint8, offset=header)

    def part(name):
        x = torch.from_numpy(read(name + "-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28).astype(np.float32))
        x = (x / 255 - 0.1307) / 0.3081
        return x.contiguous(memory_format=torch.channels_last), torch.from_numpy(read(name + "-labels-idx1-ubyte", 8).astype(np.int64))

    x, target = part("train")
    model = nn.Sequential(nn.Conv2d(1, 16, 5, 2), nn.ReLU(True),
                          nn.Conv2d(16, 16, 3, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(16), nn.ReLU(True),
                          nn.Conv2d(16, 64, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(True),
                          nn.Flatten(), nn.Linear(576, 10)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, betas=(0.9, 0.99), eps=1e-7, fused=True)
    steps = (len(x) + BATCH - 1) // BATCH
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: min(1, (i + 1) / (WARM * steps)) * (1 + math.cos(math.pi * i / steps)) / 2)
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    for take in torch.randperm(len(x)).split(BATCH):
        optimizer.zero_grad(set_to_none=True)
        loss(model(x[take]), target[take]).backward()
        optimizer.step()
        schedule.step()
    model.eval()
    x, target = part("t10k")
    with torch.inference_mode():
        right = sum((model(a).argmax(1) == b).sum().item() for a, b in zip(x.split(1000), target.split(1000)))
    print(json.dumps({"accuracy": right / len(x)}))


main()
