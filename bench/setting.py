"""What the comparison needs and where it is: the built command, the peers' Python with its libraries, oneDNN, KANN."""
import functools
import glob
import os
import platform
import shutil
import subprocess
import sys
import tarfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BENCH = os.path.join(ROOT, "bench")
PEERS = os.path.join(BENCH, "peers")
BUILD = os.path.join(ROOT, "build")
MADE = os.path.join(BUILD, "peers")
LOG = os.path.join(BUILD, "bench.log")


class Missing(Exception):
    """Something is not there or cannot do the job; the reason goes into the table."""


def say(words):
    print(words, file=sys.stderr, flush=True)


def do(command, what):
    """Runs it with its words in the log."""
    with open(LOG, "a") as log:
        if subprocess.run(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=ROOT).returncode:
            raise Missing(f"{what} failed; see {os.path.relpath(LOG, ROOT)}")


def build():
    """imgrad and bench_kernels, in build/."""
    os.makedirs(MADE, exist_ok=True)
    do(["bash", "-c", ". tests/structure/packages.sh && need_build_packages"], "installing what a build needs")
    do(["cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"], "cmake")
    do(["cmake", "--build", "build", "--target", "imgrad", "bench_kernels"], "the build")


@functools.cache
def python():
    """The Python with the peers: $IMGRAD_PEERS, or an environment made in build/peers the first time (some gigabytes)."""
    given = os.environ.get("IMGRAD_PEERS")
    if given:
        if not shutil.which(given):
            raise Missing(f"IMGRAD_PEERS names '{given}', which cannot be run; it should be a Python")
        return given
    made = os.path.join(MADE, "bin", "python")
    done = os.path.join(MADE, "complete")
    if not os.path.exists(done):
        say("installing the peers into build/peers: this takes some minutes and some gigabytes")
        do([sys.executable, "-m", "venv", MADE], "making build/peers (Debian: python3-venv)")
        do([made, "-m", "pip", "install", "-q", "-r", os.path.join(PEERS, "requirements.txt")], "installing the peers")
        open(done, "w").close()
    return made


def compiled(name, sources, words):
    """A program in build/peers, made when it is older than its sources."""
    program = os.path.join(MADE, name)
    newest = max(os.path.getmtime(s) for s in sources)
    if not os.path.exists(program) or os.path.getmtime(program) < newest:
        do(["cc", "-O3", "-march=native", *(s for s in sources if s.endswith(".c")), *words, "-o", program], f"compiling {name}")
    return program


@functools.cache
def onednn():
    if not glob.glob("/usr/include/**/dnnl_version.h", recursive=True):
        do(["bash", "-c", ". tests/structure/packages.sh && packages_install libdnnl-dev"], "installing libdnnl-dev")
    sources = [os.path.join(BENCH, "onednn.c"), os.path.join(BENCH, "layers.def")]
    return compiled("bench_onednn", sources, ["-fopenmp", "-ldnnl"])


@functools.cache
def kann():
    """Compiled from $KANN, or from the source package of cynn, a binding that carries KANN's two files unchanged."""
    folder = os.environ.get("KANN")
    if not folder:
        found = glob.glob(os.path.join(MADE, "cynn-*", "thirdparty", "kann"))
        if not found:
            do([python(), "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "cynn", "-d", MADE, "cynn"], "getting KANN")
            with tarfile.open(glob.glob(os.path.join(MADE, "cynn-*.tar.gz"))[0]) as archive:
                archive.extractall(MADE, filter="data")
            found = glob.glob(os.path.join(MADE, "cynn-*", "thirdparty", "kann"))
        folder = found[0]
    sources = [os.path.join(PEERS, "kann.c"), os.path.join(folder, "kann.c"), os.path.join(folder, "kautodiff.c")]
    return compiled("bench_kann", sources, ["-DHAVE_PTHREAD", f"-I{folder}", "-lpthread", "-lm"])


def machine():
    with open("/proc/cpuinfo") as f:
        names = [line.split(":")[1].strip() for line in f if line.startswith("model name")]
    name = names[0] if names else platform.machine()
    return f"{name}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}"


def compiler():
    words = subprocess.run(["cc", "--version"], capture_output=True, text=True).stdout.splitlines()
    return words[0] if words else "no compiler"
