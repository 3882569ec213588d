"""The protocol of a peer. A peer is a child process of bench/run that holds one job and runs rounds of it when told, so that
rounds of several peers take turns, and imports, compilation and warming up are paid before the first of them.

  python FILE.py JOB     JOB: one object in JSON (model, batch, threads, mode, optimizer, way)

It answers with lines of JSON on standard output: first {"versions": "…"}, and after each line `run SECONDS` on standard input
{"steps": n, "seconds": s}, for about that many seconds of whole steps; {"error": "…"} when it cannot do the job."""
import json
import os
import sys
import time

# Channels, height and width of a picture.
SHAPES = {
    "textbook": (1, 28, 28),
    "resnet18": (3, 32, 32),
    "dncnn": (1, 40, 40),
    "unet": (1, 256, 256),
}


def restrict(threads):
    """The first `threads` of the cores that may be used, for every library that asks the system; and the words that others
    look for. Before any import of a peer."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = str(threads)
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""


def serve(open_job):
    """open_job(job) gives (versions, run); run(n) does n steps or a few more, and returns how many when the last is done. A
    step is one update from a batch in memory, or one inference."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries talk on standard output too

    def say(**words):
        print(json.dumps(words), file=answers, flush=True)

    try:
        job = json.loads(sys.argv[1])
        restrict(job["threads"])
        versions, run = open_job(job)
        run(1)
        run(2)
    except Exception as e:  # whatever a library raises, the reason belongs in the table
        say(error=f"{type(e).__name__}: {str(e).strip().splitlines()[0] if str(e).strip() else ''}")
        return
    say(versions=versions)

    def timed(wanted):
        start = time.perf_counter()
        steps = run(wanted)
        return steps, time.perf_counter() - start

    steps, seconds = timed(3)
    for line in sys.stdin:
        steps, seconds = timed(max(1, round(float(line.split()[1]) * steps / seconds)))
        say(steps=steps, seconds=seconds)
