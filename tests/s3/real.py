"""The same cases with the state on a real S3 server (moto, versitygw), which has no faults of its own: what passes
between the program and the server goes through a relay here, and that one loses answers and kills."""
import fnmatch
import http.client
import http.server
import json
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import bucket
import life
import turns
from bucket import BUCKET, PREFIX, REGION, Bucket, expect, teams
from stage import ENVIRONMENT, ROOT, SANDBOX
from tap import Case

sys.path.insert(0, SANDBOX)
import aws_signer  # pylint: disable=wrong-import-position

LAB = os.path.join(ROOT, "tests", "lab")
ODD = "lite+llm/größe%2f~(x)&=;@,'!*$/ü/" + ENVIRONMENT
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Rule:
    """As the stand-in of AWS has them, each for one request; actions: {"before" or "after": "drop" or "kill", "pid"}."""

    def __init__(self, match, nth, action):
        if not set(action) <= {"before", "after", "pid"}:
            raise ValueError("the relay knows no %s" % action)
        method, _, path = match.partition(" ") if isinstance(match, str) else ("*", "", "*")
        self.method, self.path, self.nth, self.action = method, path, nth, action

    def hits(self, method, path):
        if not fnmatch.fnmatchcase(method, self.method) or not fnmatch.fnmatchcase(path, self.path):
            return False
        self.nth -= 1
        return self.nth == 0


class Relay(http.server.ThreadingHTTPServer):
    """Passes requests on as they are (the host is signed), one log entry each; the rules say whom they hit."""
    daemon_threads = True

    def __init__(self, upstream):
        super().__init__(("127.0.0.1", 0), Passing)
        self.upstream = urllib.parse.urlsplit(upstream).netloc
        self.lock, self.log, self.rules = threading.Lock(), [], []
        self.url = "http://127.0.0.1:%d" % self.server_port

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # a client that is gone is what is wanted
            super().handle_error(request, client_address)

    def note(self, method, target):
        """What is to happen to this request, besides being passed on."""
        path, _, query = target.partition("?")
        name, _, key = urllib.parse.unquote(path)[1:].partition("/")
        entry = {"service": "s3", "method": method, "bucket": name, "key": key, "query": query, "status": None}
        with self.lock:
            self.log.append(entry)
            due = [rule for rule in self.rules if rule.hits(method, "%s/%s" % (name, key))]
        return entry, due[0].action if due else {}


class Passing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def cut(self, action, when):
        """Whether the request ends here."""
        what = action.get(when)
        if what == "kill":
            os.kill(action["pid"], signal.SIGKILL)
        elif what == "drop":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = self.close_connection or what is not None
        return what is not None

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        entry, action = self.server.note(self.command, self.path)
        if self.cut(action, "before"):
            return
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "expect"):
                upstream.putheader(name, value)
        upstream.endheaders(body or None)
        answer = upstream.getresponse()
        data, entry["status"] = answer.read(), answer.status
        upstream.close()
        if self.cut(action, "after"):
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = pass_on


class RealBucket(Bucket):
    """A stage whose S3 is a server of `kind`, with a relay before it."""
    kind = "moto"

    def start_aws(self):
        self.aws_folder = tempfile.mkdtemp(prefix="s3-", dir=self.folder)
        cache = os.environ.get("LAB_CACHE", os.path.join(tempfile.gettempdir(), "liteform-lab"))
        self.lab = dict(os.environ, LAB=self.aws_folder, LAB_CACHE=cache, S3_BUCKET=BUCKET)
        done = subprocess.run([os.path.join(LAB, "s3-up"), self.kind], env=self.lab, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=1800, check=False)
        if done.returncode != 0:
            raise RuntimeError("%s does not start:\n%s" % (self.kind, done.stderr.decode()))
        said = {n: shlex.split(v)[0] for n, v in re.findall(r"^export (\w+)=(.*)$", done.stdout.decode(), re.M)}
        self.admin = {"AWS_ACCESS_KEY_ID": said["LAB_S3_ACCESS_KEY"], "AWS_SECRET_ACCESS_KEY": said["LAB_S3_SECRET_KEY"]}
        self.direct = said["LAB_S3_ENDPOINT"]
        self.client = aws_signer.Client(self.direct, tuple(self.admin.values()), REGION)
        self.relay = Relay(self.direct)
        self.url = self.relay.url
        threading.Thread(target=self.relay.serve_forever, daemon=True).start()

    def stop_aws(self):
        self.relay.shutdown()
        self.relay.server_close()
        subprocess.run([os.path.join(LAB, "s3-down"), self.kind], env=self.lab, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
                       check=False)

    def aws(self, name, body=None):
        """The control calls of the stand-in that a relay can carry out."""
        if name == "log":
            return list(self.relay.log)
        if name == "wipe":
            for key in self.keys():
                self.must_s3("DELETE", key)
        if name in ("wipe", "reset"):
            self.relay.log, self.relay.rules = [], []
        elif name == "faults":
            self.relay.rules = [Rule(r["match"], r["nth"], r["do"]) for r in body]
        elif name == "kill_at":
            self.relay.rules = [Rule("* *", body["n"], {body["when"]: "kill", "pid": body["pid"]})]
        else:
            raise ValueError("the relay has no %s" % name)
        return None

    def must_s3(self, method, key, query=(), body=b""):
        answer = self.client.call(method, "/%s/%s" % (BUCKET, key) if key else "/" + BUCKET, query, body)
        if answer.status // 100 != 2:
            raise RuntimeError("%s %s: %d %s" % (method, key, answer.status, answer.code))
        return answer

    def keys(self):
        answer = self.must_s3("GET", "", [("list-type", "2")])
        return [text for path, text in answer.xml() if path.endswith("/Contents/Key")]

    def names(self, prefix=PREFIX):
        return sorted(k[len(prefix) + 1:] for k in self.keys() if k.startswith(prefix + "/"))

    def object(self, name, data=None, method=None, prefix=PREFIX):
        answer = self.client.call(method or ("GET" if data is None else "PUT"), "/%s/%s/%s" % (BUCKET, prefix, name), (), data or b"")
        if answer.status == 404:
            return None
        if answer.status // 100 != 2:
            raise RuntimeError("%s: %d %s" % (name, answer.status, answer.code))
        return answer.body


def odd_prefix(stage):
    """Bytes that paths and signatures encode in ways of their own, in the names of all objects."""
    wrong = []
    stage.fresh()
    stage.backend = stage.s3_spec(prefix=ODD)
    stage.write(teams(2))
    expect(wrong, stage.run("init", ENVIRONMENT), 0, ODD)
    expect(wrong, stage.apply(), 0)
    stage.write(teams(3, budget=20))
    expect(wrong, stage.apply(), 0)
    expect(wrong, stage.run("plan", ENVIRONMENT, "--detailed-exitcode"), 0)
    expect(wrong, stage.run("state", "restore", ENVIRONMENT, "latest", "--yes"), 0)
    names = stage.names(ODD)
    if not {"lock.json", "state.json"} < set(names) or len([n for n in names if n.startswith("history/")]) < 3:
        wrong.append("below the prefix: %s" % names)
    others = [k for k in stage.keys() if not k.startswith(ODD + "/")]
    if others:
        wrong.append("elsewhere: %s" % others)
    return wrong


def race(stage):
    """A short run of tests/bench/lock, on the server itself."""
    done = subprocess.run([os.path.join(ROOT, "tests", "bench", "lock"), "--writers", "8", "--rounds", "100"],
                          env=dict(os.environ, LITEFORM=stage.liteform, AWS_ENDPOINT_URL_S3=stage.direct, **stage.admin),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
    text = done.stdout.decode()
    if done.returncode == 0:
        print("\n".join("# " + line for line in text.splitlines()), flush=True)
    return [] if done.returncode == 0 else ["exit %d\n%s" % (done.returncode, text)]


class Tap(bucket.Tap):
    def __init__(self, variables, kind):
        super().__init__(variables)
        self.kind = kind

    def stage(self, version):
        stage = RealBucket(version, self.variables)
        stage.kind = self.kind
        self.open.append(stage)
        return stage.__enter__()


def cases():
    """What needs nothing of the stand-in's, the long ones first."""
    names = ["killed: after every call", "lost: every call, carried out and the connection is cut", "two: stopped past its lease",
             "life: init, plan, apply, the verbs of the state, freeze", "life: a plan file", "life: calls that plan and apply make",
             "life: history keeps so many", "migrate: to the bucket and back", "migrate: what is refused", "migrate: killed half-way",
             "two: the second says who holds the lock, or waits", "two: a lock that is ended by hand", "two: four that want to write"]
    known = {c.name: c for part in (life, turns) for c in part.cases()}
    out = [known[name] for name in names]
    return out[:1] + [Case("two: 100 rounds of 8 writers", race), Case("life: odd bytes in the prefix", odd_prefix)] + out[1:]
