#!/usr/bin/env python3
"""Writes pytorch.txt: what PyTorch makes of imgrad's built-in models, and of one more, `resize`, that has every layer which
changes the size of pictures, from the weights and pictures of generator.py.

    make_pytorch.py            writes pytorch.txt beside this file
    make_pytorch.py --check    makes the numbers again and compares them with the stored ones

For each model: logits of the first 8 pictures, in double and in float (running statistics as given); and after steps of
training in double on batches of 16, eight batches in turn, the weights and running statistics. The models are written out
here with PyTorch's functions and not read from models/*.txt: they are the second opinion.
"""

import os
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
import generator as g
from generator import tensor

BATCH, BATCHES, LOGITS = 16, 8, 8
HERE = os.path.dirname(os.path.abspath(__file__))


def dense(x, p, name):
    return F.linear(torch.flatten(x, 1), p[name + ".weight"], p[name + ".bias"])


def softmax(x, p, training):
    return dense(x / 255, p, "dense1")


def mlp(x, p, training):
    return dense(F.relu(dense(x / 255, p, "dense1")), p, "dense2")


def textbook(x, p, training):
    x = F.max_pool2d(F.relu(F.conv2d(x / 255, p["conv2d1.weight"], p["conv2d1.bias"])), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, p["conv2d2.weight"], p["conv2d2.bias"])), 2)
    return dense(F.relu(dense(x, p, "dense1")), p, "dense2")


def lenet5(x, p, training):
    x = F.avg_pool2d(torch.tanh(F.conv2d(x / 255, p["conv2d1.weight"], p["conv2d1.bias"], padding=2)), 2)
    x = F.avg_pool2d(torch.tanh(F.conv2d(x, p["conv2d2.weight"], p["conv2d2.bias"])), 2)
    return dense(torch.tanh(dense(torch.tanh(dense(x, p, "dense1")), p, "dense2")), p, "dense3")


def batchnorm(x, p, name, training):
    return F.batch_norm(x, p[name + ".running_mean"], p[name + ".running_variance"], p[name + ".gamma"], p[name + ".beta"],
                        training=training, momentum=0.1, eps=1e-5)


def block(x, p, stage, stride, training):
    main = F.conv2d(x, p[stage + ".conv2d1.weight"], stride=stride, padding=1)
    main = F.relu(batchnorm(main, p, stage + ".batchnorm1", training))
    main = F.conv2d(main, p[stage + ".conv2d2.weight"], padding=1)
    if stride == 1:
        return F.relu(batchnorm(main, p, stage + ".batchnorm2", training) + x)
    main = batchnorm(main, p, stage + ".main", training)
    short = F.conv2d(x, p[stage + ".conv2d3.weight"], stride=stride)
    return F.relu(batchnorm(short, p, stage + ".batchnorm2", training) + main)


def colour(x):
    mean = torch.tensor([0.4914, 0.4822, 0.4465], dtype=x.dtype).view(1, 3, 1, 1)
    deviation = torch.tensor([0.2470, 0.2435, 0.2616], dtype=x.dtype).view(1, 3, 1, 1)
    return (x / 255 - mean) / deviation


# Names of the stages, channels in and out.
RESNET8 = [("stage1", 16, 16), ("stage2", 16, 32), ("stage3", 32, 64)]
RESNET18 = [("stage1a", 64, 64), ("stage1b", 64, 64), ("stage2a", 64, 128), ("stage2b", 128, 128),
            ("stage3a", 128, 256), ("stage3b", 256, 256), ("stage4a", 256, 512), ("stage4b", 512, 512)]


def resnet(x, p, stages, training):
    x = F.relu(batchnorm(F.conv2d(colour(x), p["conv2d1.weight"], padding=1), p, "batchnorm1", training))
    for stage, inputs, outputs in stages:
        x = block(x, p, stage, 1 if inputs == outputs else 2, training)
    return dense(x.mean((2, 3)), p, "dense1")


def resnet8(x, p, training):
    return resnet(x, p, RESNET8, training)


def resnet18(x, p, training):
    return resnet(x, p, RESNET18, training)


def resnet_tensors(stages):
    first, last = stages[0][1], stages[-1][2]
    shapes = [("conv2d1", first, 3, 3), ("batchnorm1", first)]
    for stage, inputs, outputs in stages:
        stage += "."
        shapes += [(stage + "conv2d1", outputs, inputs, 3), (stage + "batchnorm1", outputs),
                   (stage + "conv2d2", outputs, outputs, 3)]
        if inputs == outputs:
            shapes += [(stage + "batchnorm2", outputs)]
        else:
            shapes += [(stage + "main", outputs), (stage + "conv2d3", outputs, inputs, 1), (stage + "batchnorm2", outputs)]
    params, states = [], []
    for name, *s in shapes:
        if len(s) == 3:
            params += [tensor(name + ".weight", s[0], s[1], s[2], s[2])]
        else:
            params += [tensor(name + ".gamma", *s), tensor(name + ".beta", *s)]
            states += [tensor(name + ".running_mean", *s), tensor(name + ".running_variance", *s)]
    return params + [tensor("dense1.weight", 10, last), tensor("dense1.bias", 10)] + states


def resize(x, p, training):
    x = torch.tanh(F.conv2d(x / 255, p["conv2d1.weight"], p["conv2d1.bias"], stride=2, padding=1))
    x = F.pad(x, (2, 2, 1, 3), mode="reflect")
    x = torch.tanh(F.conv_transpose2d(x, p["up.weight"], p["up.bias"], stride=2, padding=1, output_padding=1))
    x = x[:, :, 2:, 1:-3]
    x = F.pad(x, (2, 2, 2, 2), mode="replicate")
    x = F.avg_pool2d(F.interpolate(x, scale_factor=3, mode="bilinear", align_corners=False), 12)
    x = F.interpolate(x, scale_factor=(2, 3), mode="nearest")
    x = F.pad(x, (0, 2, 1, 0))
    x = F.conv_transpose2d(x, p["grouped.weight"], p["grouped.bias"], stride=(2, 1), padding=(0, 1), groups=2, dilation=(1, 2))
    return dense(F.avg_pool2d(torch.tanh(x), 5), p, "dense1")


def layers(*named):
    return [t for name, *shape in named for t in (tensor(name + ".weight", *shape), tensor(name + ".bias", shape[0]))]


GREY, COLOUR = (1, 28, 28), (3, 32, 32)
SGD, ADAM = ("sgd", "momentum=0.9", 0.01), ("adam", "epsilon=1e-7", 0.001)
OTHERS = [("adam", "amsgrad=yes", 0.001), ("adamw", "weight_decay=0.1", 0.001), ("rmsprop", "rho=0.9", 0.001),
          ("rmsprop", "momentum=0.5", 0.001), ("adagrad", "epsilon=1e-7", 0.01)]
# name, forward, picture, tensors, (steps, optimiser) …
MODELS = [
    ("softmax", softmax, GREY, layers(("dense1", 10, 784)), [(100, SGD), (100, ADAM)]),
    ("mlp", mlp, GREY, layers(("dense1", 128, 784), ("dense2", 10, 128)), [(100, o) for o in [SGD, ADAM] + OTHERS]),
    ("textbook", textbook, GREY,
     layers(("conv2d1", 32, 1, 3, 3), ("conv2d2", 64, 32, 3, 3), ("dense1", 128, 1600), ("dense2", 10, 128)),
     [(100, SGD), (100, ADAM)]),
    ("lenet5", lenet5, GREY,
     layers(("conv2d1", 6, 1, 5, 5), ("conv2d2", 16, 6, 5, 5), ("dense1", 120, 400), ("dense2", 84, 120), ("dense3", 10, 84)),
     [(100, SGD), (100, ADAM)]),
    ("resnet8", resnet8, COLOUR, resnet_tensors(RESNET8), [(20, SGD)]),
    ("resnet18", resnet18, COLOUR, resnet_tensors(RESNET18), []),
    ("resize", resize, GREY,
     [tensor("conv2d1.weight", 4, 1, 3, 3), tensor("conv2d1.bias", 4), tensor("up.weight", 4, 6, 3, 3), tensor("up.bias", 6),
      tensor("grouped.weight", 6, 2, 2, 3), tensor("grouped.bias", 4), tensor("dense1.weight", 10, 168), tensor("dense1.bias", 10)],
     [(100, SGD)]),
]


def start(tensors, dtype):
    p = {t.name: torch.from_numpy(t.values(i)).to(dtype) for i, t in enumerate(tensors)}
    trained = [v.requires_grad_() for k, v in p.items() if k.rpartition(".")[2] not in ("running_mean", "running_variance")]
    return p, trained


def logits(forward, picture, tensors, dtype):
    p, _ = start(tensors, dtype)
    with torch.no_grad():
        return forward(torch.from_numpy(g.pictures(0, LOGITS, picture)).to(dtype), p, False)


def make_optimiser(name, option, lr, p, trained):
    if name == "sgd":
        return torch.optim.SGD(trained, lr=lr, momentum=0.9)
    if name == "adamw":  # imgrad's decay acts on weights alone
        groups = [{"params": [v for k, v in p.items() if k.endswith(".weight") == weights], "weight_decay": 0.1 * weights}
                  for weights in (True, False)]
        return torch.optim.AdamW(groups, lr=lr, eps=1e-7)
    if name == "rmsprop":
        return torch.optim.RMSprop(trained, lr=lr, alpha=0.9, eps=1e-7, momentum=0.5 if option == "momentum=0.5" else 0)
    if name == "adagrad":
        return torch.optim.Adagrad(trained, lr=lr, eps=1e-7)
    return torch.optim.Adam(trained, lr=lr, eps=1e-7, amsgrad=option == "amsgrad=yes")


def train(forward, picture, tensors, steps, optimiser):
    name, option, lr = optimiser
    p, trained = start(tensors, torch.float64)
    update = make_optimiser(name, option, lr, p, trained)
    lines = ["run %s %d %s %s" % (name, steps, g.number(lr), option)]
    for step in range(steps):
        first = step % BATCHES * BATCH
        x = torch.from_numpy(g.pictures(first, BATCH, picture)).to(torch.float64)
        loss = F.cross_entropy(forward(x, p, True), torch.from_numpy(g.labels(first, BATCH)))
        update.zero_grad()
        loss.backward()
        update.step()
        if step < 5 or (step + 1) % 10 == 0:
            lines.append("loss %d %s" % (step + 1, g.number(loss.item())))
    for t in tensors:
        lines += g.result_lines(t.name, p[t.name].detach().numpy())
    return lines


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    lines = ["# Made by make_pytorch.py with PyTorch %s; read by tests/unit/train/test_parity.c." % torch.__version__.split("+")[0],
             "# model NAME; tensor NAME COUNT BASE SCALE; run OPTIMISER STEPS LR OPTION; loss STEP VALUE;",
             "# result TENSOR LARGEST SUM SQUARES SAMPLES, then PLACE VALUE."]
    for name, forward, picture, tensors, runs in MODELS:
        lines += ["model " + name] + g.tensor_lines(tensors)
        lines += g.list_lines("logits64", logits(forward, picture, tensors, torch.float64))
        lines += g.list_lines("logits32", logits(forward, picture, tensors, torch.float32))
        for steps, optimiser in runs:
            lines += train(forward, picture, tensors, steps, optimiser)
    lines.append("end")
    return g.store_or_check(os.path.join(HERE, "pytorch.txt"), lines, "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
