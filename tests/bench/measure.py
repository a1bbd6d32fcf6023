"""Runs a program and says what it took.

A process counts the memory of the one that started it into its own peak, so programs are started
by a small launcher of their own (this file, run), and not by the bench, which has grown by then.
"""
import json
import os
import signal
import subprocess
import sys
import time


class Taken:
    """What a run took."""

    def __init__(self, code, wall, cpu, peak_kib, out):
        self.code, self.wall, self.cpu, self.peak_kib, self.out = code, wall, cpu, peak_kib, out

    @property
    def peak_mib(self):
        return self.peak_kib / 1024


class Launcher:
    """The small process that starts the others; one at a time."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, "-I", "-S", __file__],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, command, env, out_path, limit=600):
        """Runs it with its output in a file; ends it after `limit` seconds."""
        order = {"command": command, "env": env, "out": out_path, "limit": limit}
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        with open(out_path, encoding="utf-8", errors="replace") as out:
            text = out.read()
        return Taken(told["code"], told["wall"], told["cpu"], told["peak_kib"], text)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def launch(order):
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, out, 1),
               (os.POSIX_SPAWN_DUP2, out, 2)]
    start = time.perf_counter()
    pid = os.posix_spawn(order["command"][0], order["command"], order["env"], file_actions=actions,
                         setsigdef=[signal.SIGPIPE])
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(order["limit"])
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    signal.alarm(0)
    os.close(null)
    os.close(out)
    return {"code": os.waitstatus_to_exitcode(status), "wall": wall,
            "cpu": used.ru_utime + used.ru_stime, "peak_kib": used.ru_maxrss}


def main():
    for line in sys.stdin.buffer:
        print(json.dumps(launch(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
