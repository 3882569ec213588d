"""Rounds of one job in turns: imgrad and its peers, each in a process of its own that is stopped while others run."""
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import time

from setting import LOG, PEERS, ROOT, Missing, kann, python


def busy_ticks():
    """Ticks in which the cores worked, and all ticks, since the machine started."""
    with open("/proc/stat") as f:
        ticks = [int(word) for word in f.readline().split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def others_share():
    """The share of the cores that other programs take now, while all children are stopped."""
    busy, total = busy_ticks()
    time.sleep(0.1)
    busy_after, total_after = busy_ticks()
    return (busy_after - busy) / max(1, total_after - total)


def bind(threads):
    """For a child before it begins: the first `threads` of the cores that this process may use."""
    return lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


class Figures:
    """Seconds a step of each round, and the most memory of the process, in bytes."""

    def __init__(self):
        self.seconds = []
        self.memory = 0

    best = property(lambda self: min(self.seconds))
    median = property(lambda self: statistics.median(self.seconds))


class Peer(Figures):
    """A child in the protocol of peers/common.py."""

    def __init__(self, job, way, environment=None):
        super().__init__()
        file, way, self.name = way
        job = dict(job, way=way)
        if file == "kann":
            command = [kann(), str(job["batch"]), str(job["threads"])]
        else:
            command = [python(), os.path.join(PEERS, file + ".py"), json.dumps(job)]
        environment = dict(os.environ, TORCHINDUCTOR_CACHE_DIR=os.path.join(ROOT, "build", "peers", "compiled"), **(environment or {}))
        self.log = open(LOG, "a")
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                      start_new_session=True, env=environment, preexec_fn=bind(job["threads"]))
        try:
            self.versions = self.answer()["versions"]
        except Missing:
            self.close()
            raise
        os.killpg(self.child.pid, signal.SIGSTOP)

    def answer(self):
        line = self.child.stdout.readline()
        words = json.loads(line) if line else {"error": f"ended with code {self.child.wait()}; see {LOG}"}
        if "error" in words:
            raise Missing(f"{self.name}: {words['error']}")
        return words

    def round(self, seconds):
        os.killpg(self.child.pid, signal.SIGCONT)
        self.child.stdin.write(f"run {seconds}\n")
        self.child.stdin.flush()
        words = self.answer()
        self.seconds.append(words["seconds"] / words["steps"])
        with open(f"/proc/{self.child.pid}/status") as f:
            self.memory = 1024 * int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1))
        os.killpg(self.child.pid, signal.SIGSTOP)

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        self.log.close()


class Imgrad(Figures):
    """`imgrad bench`, started anew each round: it measures itself, and the peak beside it."""
    name = "imgrad"

    def __init__(self, job, environment=None):
        super().__init__()
        self.command = [os.path.join(ROOT, "build", "imgrad"), "bench", job["model"], "--" + job["mode"], "--batch",
                        str(job["batch"]), "--threads", str(job["threads"]), "--json"]
        if job["mode"] == "train":
            self.command += ["--optimizer", "sgd momentum=0.9" if job["optimizer"] == "sgd" else "adam"]
        self.environment = dict(os.environ, **(environment or {}))
        self.bind = bind(job["threads"])
        self.peaks = []
        self.versions = subprocess.run([self.command[0], "version"], capture_output=True, text=True).stdout.split("\n")[0]

    def round(self, seconds):
        with open(LOG, "a+") as log:
            start = log.tell()
            child = subprocess.Popen(self.command + ["--seconds", str(seconds)], stdout=subprocess.PIPE, stderr=log, env=self.environment,
                                     preexec_fn=self.bind)
            out = child.stdout.read()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            log.seek(start)
            said = log.read().strip().splitlines()
        if child.returncode != 0:
            raise Missing(f"imgrad: {said[0] if said else f'ended with code {child.returncode}'}")
        self.memory = max(self.memory, 1024 * usage.ru_maxrss)
        words = json.loads(out)
        self.seconds.append(words["ms_per_step"] / 1000)
        self.peaks.append(words["peak_gflops"])

    def close(self):
        pass


def contest(job, ways, rounds, seconds, environment=None):
    """`environment`: for everybody. Figures by name, imgrad's first; what could not take part and why; the share of the cores that others took at most."""
    players, missing, others = [], [], 0.0
    try:
        for way in ways:
            try:
                players.append(Peer(job, way, environment))
            except Missing as e:
                missing.append(str(e))
        players.insert(0, Imgrad(job, environment))
        for _ in range(rounds):
            for player in list(players):
                others = max(others, others_share())
                try:
                    player.round(seconds)
                except Missing as e:
                    missing.append(str(e))
                    players.remove(player)
                    player.close()
    finally:
        for player in players:
            player.close()
    return players, missing, others
