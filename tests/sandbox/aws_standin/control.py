"""The routes under /_sandbox/: what is there, what time it is, what goes wrong, and what was asked."""
import json
import re

from . import faults, iam, store
from .http1 import Response


class Control:
    def __init__(self, app):
        self.app = app

    async def handle(self, request):
        name = request.raw_path[len("/_sandbox/"):]
        handler = getattr(self, "%s_%s" % (request.method.lower(), name), None)
        if not handler or not re.fullmatch(r"[a-z_]+", name):
            return Response(404, b'{"detail":"Not Found"}')
        try:
            given = json.loads(request.body) if request.method == "POST" and request.body and name != "object" else request.query
            answer = handler(request if name == "object" else given)
            if hasattr(answer, "__await__"):
                answer = await answer
        except (ValueError, KeyError, TypeError, AttributeError, re.error) as problem:
            return Response(400, json.dumps({"detail": "%s: %s" % (type(problem).__name__, problem)}).encode() + b"\n")
        if isinstance(answer, Response):
            return answer
        return Response(200, json.dumps(answer if answer is not None else {"ok": True}).encode() + b"\n", {"Content-Type": "application/json"})

    # ---- what was asked ---------------------------------------------------------------------------

    def get_mark(self, _given):
        return {"mark": self.app.count}

    def get_log(self, given):
        """Requests since a mark, oldest first."""
        since = int(given.get("since", 0))
        return [entry for entry in self.app.log if entry["n"] > since]

    def get_stats(self, _given):
        return {"requests": self.app.count, "connections": len(self.app.connections), "by_action": self.app.actions, "in_flight": self.app.in_flight,
                "max_in_flight": self.app.max_in_flight}

    # ---- what goes wrong ---------------------------------------------------------------------------

    def post_reset(self, _given):
        """Faults, holds, log, clock and latency as at the start; what is stored stays."""
        self.app.reset()

    def post_wipe(self, _given):
        """Everything as at the start: only the first bucket and the first principal are there."""
        self.app.wipe()

    def post_latency(self, given):
        self.app.faults.latency = float(given["ms"]) / 1000

    def post_clock(self, given):
        """The server's clock is that many seconds ahead (negative: behind)."""
        self.app.clock.offset = float(given["offset_s"])

    def post_faults(self, given):
        rules = given if isinstance(given, list) else [given] if given else []
        self.app.faults.rules = [faults.Rule(r) for r in rules]
        return {"rules": len(self.app.faults.rules)}

    def post_kill_at(self, given):
        if given.get("when", "before") not in ("before", "after"):
            raise ValueError("when: before or after")
        self.app.faults.kills.append({"at": self.app.count + int(given["n"]), "pid": int(given["pid"]), "when": given.get("when", "before")})

    def get_held(self, given):
        """{name: [n, ...]}; with name and wait_s it answers as soon as `count` (1) requests are held there."""
        if "name" in given:
            return self.app.faults.holds.until_held(given["name"], int(given.get("count", 1)), float(given.get("wait_s", 0)))
        return self.app.faults.holds.names()

    def post_release(self, given):
        return {"released": self.app.faults.holds.release(given.get("name"), given.get("count"))}

    def post_expire(self, given):
        return {"expired": self.app.iam.expire(given.get("access_key"))}

    def post_wrong_region(self, given):
        if given["answer"] not in ("AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"):
            raise ValueError("answer: AuthorizationHeaderMalformed, PermanentRedirect or TemporaryRedirect")
        self.app.s3.wrong_region = given["answer"]

    # ---- what is there ----------------------------------------------------------------------------

    def post_buckets(self, given):
        """Make a bucket or change it: name, region, versioning, policy, sse, kms_key, object_lock."""
        unknown = set(given) - {"name", "region", "versioning", "policy", "sse", "kms_key", "object_lock"}
        if unknown or given.get("versioning") not in (None, "Enabled", "Suspended"):
            raise ValueError("unknown: %s" % (", ".join(unknown) or given.get("versioning")))
        if given.get("policy"):
            iam.validate(given["policy"])
        bucket = self.app.store.buckets.get(given["name"])
        if bucket is None:
            self.app.store.make(given["name"], given.get("region", "us-east-1"), given)
            return
        for name, field in (("region", "region"), ("versioning", "versioning"), ("policy", "policy"), ("sse", "default_sse"), ("kms_key", "default_kms_key"),
                            ("object_lock", "object_lock")):
            if name in given:
                setattr(bucket, field, given[name])

    def get_buckets(self, _given):
        return [{"name": b.name, "region": b.region, "versioning": b.versioning, "keys": b.keys} for b in self.app.store.buckets.values()]

    def get_object(self, request):
        """The bytes of ?bucket=&key=, without a key of access and outside of the log; 404 when there is none."""
        found = self.app.store.buckets[request.query["bucket"]].current(request.query["key"])
        return Response(200, found.body, {"ETag": found.etag}) if found else Response(404)

    def put_object(self, request):
        """Write ?bucket=&key= by hand."""
        bucket = self.app.store.buckets[request.query["bucket"]]
        version = store.Version(request.query["key"], request.body, {}, self.app.clock.now())
        bucket.add(version)
        return {"etag": version.etag}

    def delete_object(self, request):
        """Remove all versions of ?bucket=&key=."""
        bucket = self.app.store.buckets[request.query["bucket"]]
        for version in list(bucket.versions.get(request.query["key"], ())):
            bucket.remove(version.key, version.version_id)

    def post_principals(self, given):
        key = self.app.iam.add_principal(given)
        return {"name": given["name"], "arn": key.identity.arn, "access_key": key.access_key, "secret_key": key.secret}

    def post_roles(self, given):
        return {"arn": self.app.iam.add_role(given).arn}

    def post_sessions(self, given):
        """Temporary credentials of a role, without asking STS."""
        role = self.app.iam.roles[given["role"] if given["role"].startswith("arn:") else "arn:aws:iam::%s:role/%s" % (iam.ACCOUNT, given["role"])]
        key = self.app.iam.session(role, given.get("session", "sandbox"), float(given.get("duration_s", 3600)))
        return {"access_key": key.access_key, "secret_key": key.secret, "token": key.token}

    def post_kms_keys(self, given):
        """{"arn": ..., "state": "enabled" | "disabled" | null}"""
        if given.get("state", "enabled") is None:
            self.app.s3.kms_keys.pop(given["arn"], None)
        else:
            self.app.s3.kms_keys[given["arn"]] = given.get("state", "enabled")

    def post_metadata(self, given):
        """Instance metadata: role (null: none), region, duration_s, version1 (answers without a token)."""
        self.app.metadata.change(given)

    def post_container(self, given):
        """Container credentials: role (null: none), token, duration_s."""
        self.app.metadata.change_container(given)

    def post_secrets(self, given):
        """name, region, and value (a string), binary (base64) or value null: gone; kms_broken: cannot be decrypted; deleted: marked for deletion."""
        return self.app.secrets.put(given)

    def post_parameters(self, given):
        """name, region, value (null: gone), type: String, SecureString, StringList."""
        return self.app.parameters.put(given)
