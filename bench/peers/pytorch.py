"""PyTorch. Ways: `eager` or `compile`, with `,channels_last`, with `,bf16` (autocast)."""
import contextlib

from common import SHAPES, serve


PICTURES = ("dncnn", "unet")  # models that end in pictures learn by their mean squared error, the others by cross-entropy


def modules():
    import torch
    from torch import nn

    class Basic(nn.Module):
        def __init__(self, c_in, c_out, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
            self.norm1 = nn.BatchNorm2d(c_out)
            self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
            self.norm2 = nn.BatchNorm2d(c_out)
            self.short = nn.Sequential()
            if stride != 1 or c_in != c_out:
                self.short = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x):
            y = self.relu(self.norm1(self.conv1(x)))
            return self.relu(self.norm2(self.conv2(y)) + self.short(x))

    class UNet(nn.Module):
        def __init__(self, widths=(16, 32, 64, 128)):
            super().__init__()

            def twice(c_in, c_out):
                return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(True),
                                     nn.Conv2d(c_out, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(True))

            self.down = nn.ModuleList(twice(a, b) for a, b in zip((1,) + widths, widths))
            self.up = nn.ModuleList(twice(2 * a, a) for a in widths[:-1])
            self.grow = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in zip(widths, widths[1:]))
            self.pool = nn.MaxPool2d(2)
            self.last = nn.Conv2d(widths[0], 1, 1)

        def forward(self, x):
            seen = []
            for i, part in enumerate(self.down):
                x = part(x if i == 0 else self.pool(x))
                seen.append(x)
            for part, grow, old in zip(reversed(self.up), reversed(self.grow), reversed(seen[:-1])):
                x = part(torch.cat([grow(x), old], 1))
            return self.last(x)

    class DnCNN(nn.Sequential):
        def forward(self, x):
            return x - super().forward(x)

    def textbook():
        return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                             nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10))

    def resnet18():
        widths = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)]
        return nn.Sequential(nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(True),
                             *(Basic(*w) for w in widths), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))

    def dncnn():
        layers = [nn.Conv2d(1, 64, 3, padding=1), nn.ReLU(True)]
        for _ in range(15):
            layers += [nn.Conv2d(64, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(True)]
        return DnCNN(*layers, nn.Conv2d(64, 1, 3, padding=1))

    return {"textbook": textbook, "resnet18": resnet18, "dncnn": dncnn, "unet": UNet}


def example(name, batch):
    """A batch in memory: pictures and targets."""
    import torch
    c, h, w = SHAPES[name]
    x = torch.rand(batch, c, h, w)
    return x, torch.rand(batch, c, h, w) if name in PICTURES else torch.randint(0, 10, (batch,))


def open_job(job):
    import torch
    torch.set_num_threads(job["threads"])
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    way = job["way"].split(",")
    model = modules()[job["model"]]()
    x, target = example(job["model"], job["batch"])
    if "channels_last" in way:
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    bf16 = "bf16" in way
    cast = (lambda: torch.autocast("cpu", torch.bfloat16)) if bf16 else contextlib.nullcontext
    compiled = torch.compile if "compile" in way else (lambda f: f)

    if job["mode"] == "infer":
        model.eval()

        @compiled
        def forward():
            with cast():
                return model(x)

        def run(steps):
            with torch.inference_mode():
                for _ in range(steps):
                    forward()
            return steps
    else:
        loss_of = torch.nn.functional.mse_loss if job["model"] in PICTURES else torch.nn.functional.cross_entropy
        if job["optimizer"] == "sgd":
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=True)
        else:
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused=True)

        @compiled
        def loss():
            with cast():
                return loss_of(model(x), target)

        def run(steps):
            for _ in range(steps):
                optimizer.zero_grad(set_to_none=True)
                loss().backward()
                optimizer.step()
            return steps

    return f"PyTorch {torch.__version__}", run


if __name__ == "__main__":
    serve(open_job)
