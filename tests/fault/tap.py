"""Cases that run side by side, each on the stage of its worker; printed as TAP."""
import contextlib
import queue
import signal
import sys
import threading
import time
import traceback

from stage import Stage


class Case:
    """`run(stage)` gives what is wrong: a list of texts, or None when all is well. `version`: of LiteLLM."""

    def __init__(self, name, run, version="1.106.2"):
        self.name, self.run, self.version = name, run, version


class Tap:
    def __init__(self, variables):
        self.variables, self.lock, self.open = variables, threading.Lock(), []
        self.count = self.failed = 0

    def report(self, name, wrong, seconds):
        with self.lock:
            self.count += 1
            self.failed += 1 if wrong else 0
            print("%s %d - %s%s" % ("not ok" if wrong else "ok", self.count, name, " # %.1f s" % seconds if seconds > 5 else ""), flush=True)
            for text in wrong or ():
                print("\n".join("# " + line for line in str(text)[:6000].splitlines()), flush=True)

    def stage(self, version):
        stage = Stage(version, self.variables)
        self.open.append(stage)
        return stage.__enter__()

    def worker(self, cases):
        stages = {}
        try:
            while True:
                case = cases.get_nowait()
                start = time.monotonic()
                try:
                    if case.version not in stages:
                        stages[case.version] = self.stage(case.version)
                    wrong = case.run(stages[case.version])
                except Exception:  # pylint: disable=broad-except
                    wrong = [traceback.format_exc()]
                    broken = stages.pop(case.version, None)
                    if broken is not None:
                        broken.__exit__()
                self.report(case.name, wrong, time.monotonic() - start)
        except queue.Empty:
            pass
        finally:
            for stage in stages.values():
                stage.__exit__()

    def run(self, cases, jobs):
        """All cases; the number of those that failed."""
        start, waiting = time.monotonic(), queue.Queue()
        for case in cases:
            waiting.put(case)
        threads = [threading.Thread(target=self.worker, args=(waiting,)) for _ in range(min(jobs, len(cases)))]
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except BaseException:  # we are to end: no stand-in stays behind
            with contextlib.suppress(queue.Empty):
                while True:
                    waiting.get_nowait()
            for stage in self.open:
                stage.__exit__()
            raise
        print("# %.0f s" % (time.monotonic() - start))
        print("1..%d" % self.count)
        print("%d passed, %d failed" % (self.count - self.failed, self.failed))
        return self.failed + (self.count != len(cases))
