"""The rows of the table: what is measured, against whom, what is required and what is aimed at."""
import collections
import gzip
import math
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time

import contest
from setting import BENCH, BUILD, PEERS, ROOT, Missing, onednn, python

PYTORCH = [("pytorch", "eager", "PyTorch"), ("pytorch", "eager,channels_last", "PyTorch channels-last")]
COMPILED = [("pytorch", "compile", "PyTorch compiled"), ("pytorch", "compile,channels_last", "PyTorch compiled channels-last")]
KERAS = [("keras_", "tensorflow", "Keras on TensorFlow"), ("keras_", "tensorflow,jit", "Keras on TensorFlow with XLA"),
         ("keras_", "jax", "Keras on JAX")]
JAX = [("jax_", "nchw", "JAX"), ("jax_", "nhwc", "JAX channels-last")]
KANN = [("kann", "", "KANN")]
ORT = [("onnx_runtime", "", "ONNX Runtime")]
BF16 = [(file, way + ",bf16", name + " bf16") for file, way, name in PYTORCH + COMPILED]

# One job and what it is held against: (words, beginning of the peers' names, required, aim).
Work = collections.namedtuple("Work", "row name model batch threads mode optimizer ways against")


def work(row, name, model, batch, mode, ways, *against, threads=2, optimizer="adam"):
    return Work(row, name, model, batch, threads, mode, optimizer, ways, against)


EVERYONE = PYTORCH + COMPILED + KERAS + JAX + KANN
FOUR = PYTORCH + COMPILED
WORKS = [
    work(1, "`textbook` training, batch 32, Adam", "textbook", 32, "train", EVERYONE,
         ("PyTorch", "PyTorch", 4.5, 6.5), ("Keras", "Keras", 4.5, 6.5), ("JAX", "JAX", 4.5, 6.5), ("KANN (RMSprop)", "KANN", None, None)),
    work(2, "`textbook` training, batch 128, Adam", "textbook", 128, "train", EVERYONE, ("best of PyTorch, Keras, JAX, KANN", "", 3.3, 4.5)),
    work(3, "`textbook` training, batch 1", "textbook", 1, "train", FOUR, ("PyTorch", "PyTorch", 5, 9)),
    work(3, "`textbook` training, batch 8", "textbook", 8, "train", FOUR, ("PyTorch", "PyTorch", 5, 9)),
    work(4, "`resnet18` training, batch 64, SGD with momentum", "resnet18", 64, "train", FOUR + BF16,
         ("PyTorch float32", "PyTorch", 2, 2.8), ("PyTorch bf16", "bf16", 1, 1.3), optimizer="sgd"),
    work(4, "`resnet18` training, batch 128, SGD with momentum", "resnet18", 128, "train", FOUR + BF16,
         ("PyTorch float32", "PyTorch", 2, 2.8), ("PyTorch bf16", "bf16", 1, 1.3), optimizer="sgd"),
    work(5, "`dncnn` training, 40 × 40, batch 64", "dncnn", 64, "train", FOUR, ("PyTorch", "PyTorch", 2, 3)),
    work(6, "`unet` training, 256 × 256, batch 4", "unet", 4, "train", FOUR, ("PyTorch", "PyTorch", 1.8, 2.5)),
    work(7, "`textbook` inference, batch 256", "textbook", 256, "infer", ORT, ("ONNX Runtime", "ONNX", 1.6, 2.1)),
    work(7, "`textbook` inference, batch 1, 1 thread", "textbook", 1, "infer", ORT, ("ONNX Runtime", "ONNX", 1.4, 1.8), threads=1),
    work(7, "`textbook` inference, batch 1, 2 threads", "textbook", 1, "infer", ORT, ("ONNX Runtime", "ONNX", 1.4, 1.8)),
    work(8, "`resnet18` inference, batch 1, 1 thread", "resnet18", 1, "infer", ORT, ("ONNX Runtime", "ONNX", 1.3, 2), threads=1),
    work(8, "`resnet18` inference, batch 1, 2 threads", "resnet18", 1, "infer", ORT, ("ONNX Runtime", "ONNX", 1.3, 2)),
    work(8, "`resnet18` inference, batch 32", "resnet18", 32, "infer", ORT, ("ONNX Runtime", "ONNX", 1.3, 2)),
]
SCALED = [(1, "textbook", 32, "adam"), (4, "resnet18", 64, "sgd"), (5, "dncnn", 64, "adam")]


class Settings:
    rounds = 5
    seconds = 1.0
    data = None  # folder of the four MNIST files
    isa = None   # IMGRAD_ISA
    peers_free = False  # only imgrad is kept to it


settings = Settings()


def line(row, what, against, ours, theirs, ratio, required, aim, most=False, peak=None, **more):
    """One line of the table. `most`: the ratio may be at most, not at least, what is required."""
    def reached(bar):
        return ratio is not None and bar is not None and (ratio <= bar if most else ratio >= bar)

    verdict = ("not measured" if ratio is None else "–" if required is None else "aim reached" if reached(aim) else
               "met" if reached(required) else "missed")
    return dict(row=row, work=what, against=against, ours=ours, theirs=theirs, ratio=ratio, required=required, aim=aim, most=most,
                verdict=verdict, peak=peak, date=time.strftime("%Y-%m-%d"), rounds=settings.rounds, **more)


def job_of(w, threads=None):
    return dict(model=w.model, batch=w.batch, threads=threads or w.threads, mode=w.mode, optimizer=w.optimizer)


# What keeps the peers' libraries to AVX2. ONNX Runtime and KANN know nothing of the kind: they use what the machine has.
ONLY_AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2",
             "XLA_FLAGS": "--xla_cpu_max_isa=AVX2"}


def environment():
    if not settings.isa:
        return None
    return {"IMGRAD_ISA": settings.isa, **(ONLY_AVX2 if settings.isa == "avx2" and not settings.peers_free else {})}


def speed(w, seconds):
    return f"{seconds * 1e3:.3g} ms" if w.batch < 32 else f"{w.batch / seconds:,.0f} img/s" if seconds < w.batch / 100 else f"{w.batch / seconds:.1f} img/s"


def run_work(w):
    players, missing, others = contest.contest(job_of(w), w.ways, settings.rounds, settings.seconds, environment())
    detail = [dict(name=p.name, versions=p.versions, best=speed(w, p.best), median=speed(w, p.median)) for p in players if p.seconds]
    ours = next((p for p in players if p.name == "imgrad" and p.seconds), None)
    share = 0.75 if settings.isa == "avx2" else 1
    for against, begin, required, aim in w.against:
        there = [p for p in players if p.seconds and p is not ours and
                 (p.name.endswith(" bf16") if begin == "bf16" else p.name.startswith(begin) and not p.name.endswith(" bf16"))]
        peer = min(there, key=lambda p: p.median, default=None)
        ratio = peer.median / ours.median if ours and peer else None
        yield line(w.row, w.name, f"{against}: {peer.name}" if peer and peer.name != against else against,
                   speed(w, ours.median) if ours else "–", speed(w, peer.median) if peer else "–", ratio,
                   required and required * share, aim and aim * share, peak=max(ours.peaks) if ours else None, others=others,
                   detail=detail, missing=missing, best=peer.best / ours.best if ours and peer else None)


# ---- Layers --------------------------------------------------------------------------------------------------------------


def layer_names(row):
    """Row 9 has the first four of layers.def, the 3 × 3 ones of stride 1, row 10 the others."""
    with open(os.path.join(BENCH, "layers.def")) as f:
        names = re.findall(r'^X\("([^"]+)"', f.read(), re.M)
    return names[:4] if row == 9 else names[4:]


def measured_layers(program, names, seconds):
    """{(layer, form): GF/s on two threads} from the lines of bench_kernels or bench_onednn, and the peak on two."""
    text = subprocess.run([program, "--time", str(seconds), *names], capture_output=True, text=True, check=True).stdout
    peak = re.search(r"peak [\d.]+ GF/s on one thread, ([\d.]+) on two", text)
    found = {}
    for row in text.splitlines():
        name = next((n for n in names if row.startswith(n + " ")), None)
        rates = re.findall(r"(\S+) GF/s", row)
        if name and len(rates) == 2:
            form = re.match(r"\s*(\S.*?)\s{2,}", row[len(name):]).group(1)
            found[name, form] = 0.0 if rates[1] == "-" else float(rates[1])
    return found, float(peak.group(1)) if peak else 0.0


def pass_of(form):
    words = form.split()
    return None if {"pack", "turned", "unpack"} & set(words) else "dx" if "dx" in words else "dw" if "dw" in words else "forward"


def best_by_pass(found, wanted=lambda form: True):
    best = {}
    for (name, form), rate in found.items():
        key = (name, pass_of(form))
        if key[1] and wanted(form):
            best[key] = max(best.get(key, 0.0), rate)
    return best


def run_layers(row):
    names = layer_names(row)
    kernels = os.path.join(BUILD, "bench_kernels")
    rounds = collections.defaultdict(list)
    peak = 0.0
    short = max(0.02, settings.seconds / 30)
    for _ in range(settings.rounds):
        found, peak_now = measured_layers(kernels, names, short)
        peak = max(peak, peak_now)
        others, _ = measured_layers(onednn(), names, short)
        for who, best in (("imgrad", best_by_pass(found)), ("direct", best_by_pass(others, lambda f: "winograd" not in f)),
                          ("winograd", best_by_pass(others, lambda f: "winograd" in f))):
            for key, rate in best.items():
                rounds[who, key].append(rate)
    medians = {key: statistics.median(rates) for key, rates in rounds.items()}
    bars = [("direct", 2.2, None, None), ("winograd", 1.1, None, 0.9)] if row == 9 else [("direct", 1.0, None, 0.8)]
    rivals = {"direct": "oneDNN direct", "winograd": "oneDNN Winograd"}
    what = "per layer, " + ("3 × 3, stride 1, three passes" if row == 9 else "stride 2, 1 × 1, 5 × 5, first, depthwise, odd channels")
    for rival, required, aim, least in bars:
        pairs = {key: (medians["imgrad", key], medians[rival, key]) for who, key in medians
                 if who == "imgrad" and medians.get((rival, key), 0) > 0}
        if not pairs:
            yield line(row, what, rivals[rival], "–", "–", None, required, aim, peak=peak)
            continue
        ratios = {key: a / b for key, (a, b) in pairs.items()}
        mean = math.exp(statistics.fmean(math.log(r) for r in ratios.values()))
        worst = min(ratios, key=ratios.get)
        one = line(row, what, rivals[rival], "geometric mean", f"of {len(pairs)} passes", mean, required, aim, peak=peak,
                   detail=[dict(name=f"{layer}, {way}", versions=rivals[rival], best=f"imgrad {a:.0f} GF/s", median=f"{b:.0f} GF/s, ratio {a / b:.2f}")
                           for (layer, way), (a, b) in pairs.items()],
                   missing=[f"least ratio {ratios[worst]:.2f}: {worst[0]}, {worst[1]}" + (f"; at least {least} is required" if least else "")])
        if least and ratios[worst] < least:
            one["verdict"] = "missed"
        yield one


# ---- Whole programs ------------------------------------------------------------------------------------------------------


def data_folder():
    folder = settings.data or os.path.join(os.environ.get("IMGRAD_TEST_DATA", os.path.join(ROOT, "..", "shared", "data")), "mnist")
    if not os.path.exists(os.path.join(folder, "train-images-idx3-ubyte.gz")):
        raise Missing(f"the four .gz files of MNIST are not in {folder} (--data FOLDER)")
    return folder


def timed(command, first_line=False):
    """Wall seconds of a program, start of the process included, to its end or its first line; and what it printed."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    first = child.stdout.readline() if first_line else ""
    seconds = time.perf_counter() - start
    rest = child.stdout.read()
    if child.wait():
        raise Missing(f"`{' '.join(command[:4])} …` ended with code {child.returncode}")
    return seconds if first_line else time.perf_counter() - start, first + rest


def imgrad_train(data, out, *words):
    return [os.path.join(BUILD, "imgrad"), "train", data, "--threads", "2", "--quiet", "--json", "--report", "no", "--out", out, *words]


def run_recipe():
    """MNIST to 99 %: each round both programs, with a seed of its own."""
    data, times, right, missing = data_folder(), collections.defaultdict(list), collections.defaultdict(list), []
    programs = {
        "imgrad": lambda seed, out: imgrad_train(data, out, "--config", "mnist-99", "--seed", seed),
        "PyTorch": lambda seed, out: [python(), os.path.join(PEERS, "mnist99.py"), data, seed],
    }
    for seed in range(1, settings.rounds + 1):
        for name, command in programs.items():
            with tempfile.TemporaryDirectory() as folder:
                try:
                    seconds, text = timed(command(str(seed), os.path.join(folder, "run")))
                except Missing as e:
                    missing.append(f"{name}: {e}")
                    continue
                times[name].append(seconds)
                # The last accuracy that is said is the one of the test set.
                right[name].append(float(re.findall(r'"accuracy": ?([\d.]+)', text)[-1]))
    detail = [dict(name=name, versions=f"mean accuracy {statistics.fmean(right[name]):.4f}", best=f"{min(t):.2f} s",
                   median=f"{statistics.median(t):.2f} s") for name, t in times.items()]
    median = {name: statistics.median(t) for name, t in times.items()}
    one = line(11, "`mnist-99`: MNIST to 99 %, wall time in s", "PyTorch", f"{median['imgrad']:.2f} s" if "imgrad" in median else "–",
               f"{median['PyTorch']:.2f} s" if "PyTorch" in median else "–", median.get("imgrad"), 3, 1.5, most=True, detail=detail,
               missing=missing)
    if "imgrad" in right and statistics.fmean(right["imgrad"]) < 0.99:
        one["verdict"] = "missed"
        missing.append("imgrad's mean accuracy is below 99 %")
    yield one


def run_scaling():
    for row, model, batch, optimizer in SCALED:
        w = work(12, "", model, batch, "train", [], optimizer=optimizer)
        players = {threads: contest.Imgrad(job_of(w, threads), environment()) for threads in (1, 2)}
        what = f"from 1 thread to 2, row {row} (`{model}`, batch {batch})"
        try:
            for _ in range(settings.rounds):
                for player in players.values():
                    player.round(settings.seconds)
        except Missing as e:
            yield line(12, what, "rise of the peak", "–", "–", None, 0.93, None, missing=[str(e)])
            continue
        one, two = players[1], players[2]
        rise, peak_rise = one.median / two.median, statistics.median(two.peaks) / statistics.median(one.peaks)
        yield line(12, what, "rise of the peak", f"{rise:.2f}×", f"{peak_rise:.2f}×", rise / peak_rise, 0.93, None, peak=max(two.peaks))


def run_memory():
    w = work(13, "peak memory, `resnet18` training, batch 128", "resnet18", 128, "train", FOUR, optimizer="sgd")
    players, missing, _ = contest.contest(job_of(w), w.ways, 1, settings.seconds, environment())
    detail = [dict(name=p.name, versions=p.versions, best=f"{p.memory / 1e6:.0f} MB", median="") for p in players if p.memory]
    ours = next((p for p in players if p.name == "imgrad" and p.memory), None)
    peer = min((p for p in players if p is not ours and p.memory), key=lambda p: p.memory, default=None)
    yield line(13, w.name, f"PyTorch: {peer.name}" if peer else "PyTorch", f"{ours.memory / 1e6:.0f} MB" if ours else "–",
               f"{peer.memory / 1e6:.0f} MB" if peer else "–", ours.memory / peer.memory if ours and peer else None, 0.5, None, most=True,
               detail=detail, missing=missing)


def run_starts():
    data = data_folder()
    with tempfile.TemporaryDirectory() as folder:
        raw = os.path.join(folder, "raw")
        os.mkdir(raw)
        for name in os.listdir(data):
            if name.endswith("-ubyte.gz"):
                with gzip.open(os.path.join(data, name)) as a, open(os.path.join(raw, name[:-3]), "wb") as b:
                    shutil.copyfileobj(a, b)
        out = os.path.join(folder, "run")
        # An epoch of one batch: its line is the first that is printed, after the step and the files that it leaves.
        step = ["--model", "textbook", "--batch", "32", "--limit", "32", "--epochs", "1", "--val", "0"]
        for what, command, first_line, required in (
                ("`imgrad version`", [os.path.join(BUILD, "imgrad"), "version"], False, 5),
                ("first step of `textbook`, raw IDX", imgrad_train(raw, out, *step), True, 150),
                ("first step of `textbook`, .gz", imgrad_train(data, out, *step), True, 400)):
            times = []
            for _ in range(max(5, settings.rounds)):
                shutil.rmtree(out, ignore_errors=True)
                times.append(timed(command, first_line)[0] * 1e3)
            yield line(14, what + ", ms", "–", f"{statistics.median(times):.1f} ms", "–", statistics.median(times), required, None,
                       most=True, detail=[dict(name=what, versions="", best=f"{min(times):.1f} ms", median=f"{statistics.median(times):.1f} ms")])


def run_row(row):
    if row in (9, 10):
        yield from run_layers(row)
    elif row >= 11:
        yield from {11: run_recipe, 12: run_scaling, 13: run_memory, 14: run_starts}[row]()
    for w in WORKS:
        if w.row == row:
            yield from run_work(w)
