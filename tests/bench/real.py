"""A real proxy: what a plan with nothing to do takes, against curl for the same pages."""
import http.client
import http.server
import json
import os
import shutil
import statistics
import threading
import urllib.parse
import uuid
from concurrent.futures import ThreadPoolExecutor

import spec
import standin

RATIO = 1.2


class Missing(Exception):
    """Something that is needed for it is not here."""


class Proxy:
    """Calls of the bench itself: to look, and to clean up."""

    def __init__(self, url, key):
        self.url, self.key = urllib.parse.urlsplit(url), key

    def call(self, method, target, body=None):
        kind = http.client.HTTPSConnection if self.url.scheme == "https" \
            else http.client.HTTPConnection
        connection = kind(self.url.netloc, timeout=120)
        try:
            connection.request(method, self.url.path.rstrip("/") + target,
                               json.dumps(body) if body is not None else None,
                               {"Authorization": "Bearer " + self.key,
                                "Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, None

    def listed(self, path, items, ident, size_name, size):
        """All ids of a list."""
        found, page = [], 1
        while True:
            status, body = self.call("GET", "%s%spage=%d&%s=%d" % (
                path, "&" if "?" in path else "?", page, size_name, size))
            if status != 200:
                raise Missing("%s: answer %d" % (path, status))
            for item in body[items]:
                for part in ident:
                    item = item[part]
                found.append(item)
            if len(body[items]) < size:
                return found
            page += 1

    def clean(self, name):
        """Deletes what the environment made: its ids begin with its name."""
        def ours(ids):
            return [i for i in ids if i.startswith(name + "-")]
        models = ours(self.listed("/v2/model/info?search=%25", "data", ["model_info", "id"],
                                  "size", 500))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: self.call("POST", "/model/delete", {"id": i}), models))
        for path, items, ident, key in (
                ("/v2/team/list?sort_by=team_id&sort_order=asc", "teams", "team_id", "team_ids"),
                ("/user/list?sort_by=user_id&sort_order=asc", "users", "user_id", "user_ids")):
            ids = ours(self.listed(path, items, [ident], "page_size", 100))
            for at in range(0, len(ids), 50):
                self.call("POST", "/%s/delete" % items[:-1], {key: ids[at:at + 50]})


class Recorder:
    """Passes everything on and keeps what was asked."""

    def __init__(self, url):
        asked, target = [], urllib.parse.urlsplit(url)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                asked.append(["GET", self.path, ""])
                kind = http.client.HTTPSConnection if target.scheme == "https" \
                    else http.client.HTTPConnection
                connection = kind(target.netloc, timeout=120)
                connection.request("GET", target.path.rstrip("/") + self.path, headers={
                    name: value for name, value in self.headers.items()
                    if name.lower() not in ("host", "connection")})
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.getheader("Content-Type", ""))
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.asked = asked
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def learn_reads(bench, name, counts, url, database):
    """What a plan asks, by one plan through a recorder. Its state knows nothing yet."""
    recorder = Recorder(url)
    work = os.path.join(bench.work, "learn")
    try:
        spec.write(os.path.join(work, "environments", name), recorder.url, counts,
                   database=database)
        # Refused, as its state is not the one that made them; what it asks is the same.
        bench.liteform("plan", os.path.join(work, "environments", name), expect=5)
    finally:
        recorder.close()
        shutil.rmtree(work, ignore_errors=True)
    return recorder.asked


def learn_writes(bench, name, counts):
    """What an apply writes, by one on the stand-in: ids are made of the environment's name."""
    stand = standin.Standin()
    try:
        bench.environment(name, counts, stand.url)
        return bench.fill(stand, name)
    finally:
        stand.close()
        bench.forget(name)


def compare_apply(bench, proxy, name, counts, url, key):
    """The same writes by curl, away with them, then by the program."""
    writes = learn_writes(bench, name, counts)
    standin.curl_replay(bench.launcher, bench.work, url, writes[:20], key)  # a cold proxy is slower
    proxy.clean(name)
    taken, good = standin.curl_replay(bench.launcher, bench.work, url, writes, key)
    proxy.clean(name)
    if good != len(writes):
        raise Missing("curl: %d of %d writes were taken" % (good, len(writes)))
    return taken.wall


def compare(bench):
    key, url = os.environ.get("LITELLM_MASTER_KEY"), bench.args.real.rstrip("/")
    if not key:
        raise Missing("--real needs LITELLM_MASTER_KEY")
    database = os.environ.get("LITELLM_DATABASE_URL", "")
    counts = spec.counts_of(bench.args.real_objects, "usual")
    proxy, name = Proxy(url, key), "bench-" + uuid.uuid4().hex[:8]
    status, ready = proxy.call("GET", "/health/readiness")
    if status != 200:
        raise Missing("%s/health/readiness: answer %d" % (url, status))
    version = (proxy.call("GET", "/health/readiness/details")[1] or ready).get(
        "litellm_version", "of an unknown version")
    itself = None
    try:
        if bench.args.real_apply:
            itself = compare_apply(bench, proxy, name, counts, url, key)
        bench.environment(name, counts, url, database=bool(database))
        bench.secrets |= {"BENCH_MASTER_KEY": key}
        if database:
            bench.secrets["LITELLM_DATABASE_URL"] = database
        bench.init(name)
        applied = bench.apply(name)
        reads = learn_reads(bench, name, counts, url, bool(database))
        plans, curls, good = [], [], 0
        for _ in range(bench.repeat()):
            plans.append(bench.plan(name))
            taken, good = standin.curl_replay(bench.launcher, bench.work, url, reads, key)
            curls.append(taken.wall)
    finally:
        proxy.clean(name)
    show(bench, counts, version, applied, itself, plans, curls, (good, len(reads)))


def show(bench, counts, version, applied, itself, plans, curls, reads):
    report = bench.report
    wall, curl = statistics.median([p.wall for p in plans]), statistics.median(curls)
    rows = [["plan with nothing to do", "%.3f s" % wall, "%.3f s" % curl, "%.2f" % (wall / curl),
             "%d" % reads[1], "%.0f MB" % max(p.peak_kib * 1024 / 1e6 for p in plans),
             "%.1f" % RATIO,
             report.budget("plan against a real proxy", wall / curl, RATIO, " times curl")]]
    if itself is not None:
        rows.append(["apply from nothing", "%.1f s" % applied.wall, "%.1f s" % itself,
                     "%.2f" % (applied.wall / itself), "", "%.0f MB" % (applied.peak_kib * 1024 / 1e6),
                     "%.1f" % RATIO,
                     report.budget("apply against a real proxy", applied.wall / itself, RATIO,
                                   " times curl")])
    report.table("a real proxy %s: %s; curl for the same requests, %d at a time" % (
        version,
        ", ".join("%d %s" % (n, kind) for kind, n in counts.items() if n), standin.WINDOW),
                 ["", "liteform", "curl", "ratio", "requests", "memory", "budget", "of budget"], rows)
    if itself is None:
        report.say("the fill: apply from nothing in %.1f s" % applied.wall)
    if reads[0] != reads[1]:
        report.say("%d of %d of curl's requests were answered with 2xx" % reads)
