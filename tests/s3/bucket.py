"""A stage whose state lies in a bucket: the stage of tests/fault, and the stand-in of AWS beside it."""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fault"))
# pylint: disable=wrong-import-position
import tap
from stage import ENVIRONMENT, SANDBOX, Stage, merge

BUCKET, REGION, PREFIX = "liteform-state", "us-east-1", "litellm/" + ENVIRONMENT


class Bucket(Stage):
    """`aws`: the variables of the program's environment that lead to the stand-in; a case may change them."""

    def __enter__(self):
        super().__enter__()
        self.start_aws()
        self.fresh()
        return self

    def __exit__(self, *arguments):
        self.stop_aws()
        super().__exit__(*arguments)

    def start_aws(self):
        self.aws_folder = tempfile.mkdtemp(prefix="aws-", dir=self.folder)
        done = subprocess.run([os.path.join(SANDBOX, "aws-up"), "--tls"], env=dict(os.environ, SANDBOX_AWS_DIR=self.aws_folder),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        if done.returncode != 0:
            raise RuntimeError("the stand-in of AWS does not start:\n" + done.stderr.decode())
        said = {n: shlex.split(v)[0] for n, v in re.findall(r"^export (\w+)=(.*)$", done.stdout.decode(), re.M)}
        self.url = said["SANDBOX_AWS_URL"]
        self.tls_url, self.ca_file = said["AWS_ENDPOINT_URL_S3"], said["AWS_CA_BUNDLE"]
        self.admin = {"AWS_ACCESS_KEY_ID": said["AWS_ACCESS_KEY_ID"], "AWS_SECRET_ACCESS_KEY": said["AWS_SECRET_ACCESS_KEY"]}

    def stop_aws(self):
        subprocess.run([os.path.join(SANDBOX, "aws-down"), self.aws_folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=60, check=False)

    def aws(self, name, body=None):
        """A control call of the stand-in of AWS."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + "/_sandbox/" + name, data=data, method="GET" if body is None else "POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise RuntimeError("%s: %s" % (name, error.read().decode())) from error

    def object(self, name, data=None, method=None, prefix=PREFIX):
        """The bytes of an object, or None; `data` writes it."""
        where = "%s/_sandbox/object?%s" % (self.url, urllib.parse.urlencode({"bucket": BUCKET, "key": "%s/%s" % (prefix, name)}))
        request = urllib.request.Request(where, data=data, method=method or ("GET" if data is None else "PUT"))
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def must_delete(self, name):
        """Removes an object as somebody with a key of access would: in a versioned bucket a marker stays."""
        done = subprocess.run([os.path.join(SANDBOX, "s3"), "DELETE", "/%s/%s/%s" % (BUCKET, PREFIX, name)],
                              env=dict(os.environ, AWS_REGION=REGION, AWS_ENDPOINT_URL_S3=self.url, **self.admin), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, check=False)
        if done.returncode != 0 or self.object(name) is not None:
            raise RuntimeError("%s was not removed: %s" % (name, done.stdout.decode()))

    def names(self, prefix=PREFIX):
        """The names of all objects below the prefix."""
        keys = next(b["keys"] for b in self.aws("buckets") if b["name"] == BUCKET)
        return sorted(k[len(prefix) + 1:] for k in keys if k.startswith(prefix + "/"))

    def s3_log(self):
        return [e for e in self.aws("log") if e["service"] == "s3"]

    def calls(self):
        """What S3 was asked, in order: "PUT state.json", "LIST history/"."""
        out = []
        for e in self.s3_log():
            query = dict(urllib.parse.parse_qsl(e["query"] or ""))
            if "list-type" in query:
                out.append("LIST " + query["prefix"][len(PREFIX) + 1:])
            elif e["method"] == "POST":
                out.append("DELETE many")
            else:
                out.append("%s %s" % (e["method"], (e["key"] or "")[len(PREFIX) + 1:]))
        return out

    def fresh(self):
        """Everything empty, and the program led to the stand-in as its administrator."""
        self.clear()
        self.aws("wipe", {})
        self.variables = {k: v for k, v in self.variables.items() if not k.startswith("AWS_")}
        self.variables.update(self.admin, AWS_ENDPOINT_URL_S3=self.url, AWS_EC2_METADATA_DISABLED="true")

    def s3_spec(self, **more):
        section = {"bucket": BUCKET, "prefix": PREFIX, "region": REGION}
        section.update(more)
        return {"s3": {k: v for k, v in section.items() if v is not None}}

    def base_spec(self):
        return dict(super().base_spec(), backend=getattr(self, "backend", None) or self.s3_spec())

    def set_up(self, *parts, **more):
        """An empty world with an environment whose state init has made."""
        self.fresh()
        self.backend = self.s3_spec(**more)
        self.write(*parts)
        made = self.run("init", ENVIRONMENT)
        if made.code != 0:
            raise RuntimeError("init: %s" % made)
        self.aws("reset", {})

    def state(self):
        if "local" in json.dumps(getattr(self, "backend", None)):
            return super().state()
        return json.loads(self.object("state.json") or b"null")

    def locked(self):
        text = self.object("lock.json")
        return text is not None and json.loads(text)["held"]

    def as_user(self, statements, name="reader"):
        """The program as somebody who may do only so much."""
        made = self.aws("principals", {"name": name, "policy": {"Version": "2012-10-17", "Statement": statements}})
        self.variables.update(AWS_ACCESS_KEY_ID=made["access_key"], AWS_SECRET_ACCESS_KEY=made["secret_key"])


class Tap(tap.Tap):
    def stage(self, version):
        stage = Bucket(version, self.variables)
        self.open.append(stage)
        return stage.__enter__()


def teams(count, budget=10):
    return {"teams": {"team-%03d" % n: {"models": "all", "max_budget": budget} for n in range(count)}}


def overlay(*parts):
    out = {}
    for part in parts:
        merge(out, part)
    return out


def expect(wrong, ended, code, *words):
    """Notes what is not as wanted of one run."""
    if ended.code != code:
        wrong.append("wanted exit %d:\n%s" % (code, ended))
    for word in words:
        if word not in ended.text:
            wrong.append("not said: %r\n%s" % (word, ended))
    for secret in ("AddressSanitizer", "runtime error"):
        if secret in ended.text:
            wrong.append("%s" % ended)
