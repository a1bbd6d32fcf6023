"""The application: which service a request is for, who asks, and the log."""
import asyncio
import base64
import hashlib
import itertools
import json
import re
import secrets
import signal
import ssl
import sys
import time
import traceback

from . import control, errors, faults, http1, iam, metadata, s3, secretstores, sigv4, store, sts

SCOPE = re.compile(r"/([a-z0-9-]+)/(s3|sts|secretsmanager|ssm)/aws4_request")
ACCESS_KEY = re.compile(r"Credential=([^/, ]+)")
LOG_LIMIT = 200000
HIDDEN = ("x-amz-security-token", "x-aws-ec2-metadata-token")
SKEW = {"s3": 900}                      # seconds; the other services allow 300
# what the verifier says in S3's words: in STS's, and in those of the JSON services
NAMES = {
    "InvalidAccessKeyId": ("InvalidClientTokenId", "UnrecognizedClientException"),
    "InvalidToken": ("InvalidClientTokenId", "UnrecognizedClientException"),
    "ExpiredToken": ("ExpiredToken", "ExpiredTokenException"),
    "RequestTimeTooSkewed": ("SignatureDoesNotMatch", "InvalidSignatureException"),
    "SignatureDoesNotMatch": ("SignatureDoesNotMatch", "InvalidSignatureException"),
}


class Clock:
    """The server's time, which a test may set ahead or back."""
    offset = 0.0

    def now(self):
        return time.time() + self.offset


class Who:
    """The caller of a request whose signature was good."""
    __slots__ = ("claim", "identity", "region")

    def __init__(self, claim, identity):
        self.claim, self.identity, self.region = claim, identity, claim.region if claim else None


def fingerprint(text):
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]


class App:
    def __init__(self, options):
        self.options, self.clock, self.store = options, Clock(), store.Store()
        self.iam = iam.Iam(self.clock)
        self.s3, self.sts = s3.S3(self), sts.Sts(self)
        self.metadata = metadata.Metadata(self)
        self.secrets, self.parameters = secretstores.Secrets(self), secretstores.Parameters(self)
        self.faults, self.control = faults.Faults(self, options.latency_ms), control.Control(self)
        self.in_flight = 0
        self.wipe()

    def reset(self):
        self.log, self.count, self.max_in_flight = [], 0, 0
        self.actions, self.connections = {}, set()
        self.clock.offset, self.faults.latency = 0.0, self.options.latency_ms / 1000
        self.s3.wrong_region = "AuthorizationHeaderMalformed"
        self.faults.reset()

    def wipe(self):
        self.reset()
        self.store.buckets.clear()
        self.iam.clear()
        self.s3.kms_keys.clear()
        self.metadata.clear()
        self.secrets.items.clear()
        self.parameters.items.clear()
        self.store.make(self.options.bucket, self.options.region)
        self.iam.add_principal({"name": "admin", "access_key": self.options.access_key, "secret_key": self.options.secret_key})

    # ---- a request -------------------------------------------------------------------------------

    @staticmethod
    def service_of(request):
        found = SCOPE.search(request.headers.get("authorization", ""))
        if found:
            return found.group(2)
        target = request.headers.get("x-amz-target", "")
        if target:
            return "ssm" if target.startswith("AmazonSSM") else "secretsmanager"
        local = re.match(r"(localhost|[0-9.]+|\[::1\])(:\d+)?$", request.headers.get("host", ""))
        if local and request.raw_path.startswith("/latest/"):
            return "imds"
        if local and request.raw_path.startswith("/v2/credentials/"):
            return "container"
        if request.method == "POST" and request.raw_path == "/" and "form-urlencoded" in request.headers.get("content-type", ""):
            return "sts"
        return "s3"

    async def handle(self, request):
        if request.raw_path.startswith("/_sandbox/"):
            return await self.control.handle(request)
        service = self.service_of(request)
        entry, call = self.note(request, service)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            response = await self.faults.around(request, entry, lambda ignore: self.carry_out(request, service, entry, call, ignore))
        finally:
            self.in_flight -= 1
        return self.finish(request, service, entry, response)

    def carry_out(self, request, service, entry, call, ignore_conditions):
        """Authenticate and carry out. Does not wait: what is checked still holds when it is written."""
        try:
            if service == "imds":
                return self.metadata.instance(request)
            if service == "container":
                return self.metadata.container_answer(request)
            who = self.authenticate(request, service)
            if service == "s3":
                call.identity, call.ignore_conditions = who.identity, ignore_conditions
                return self.s3.handle(call, who.claim)
            if service == "sts":
                return self.sts.handle(request, who.identity)
            return (self.secrets if service == "secretsmanager" else self.parameters).handle(request, who.identity, who.region)
        except errors.Error as problem:
            if service == "s3" and call.bucket_name in self.store.buckets and not call.key and request.method == "HEAD":
                problem.headers.setdefault("x-amz-bucket-region", self.store.buckets[call.bucket_name].region)
            return self.error_answer(service, problem)
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
            return self.error_answer(service, errors.Error("InternalError", "the stand-in failed, see its log"))

    def authenticate(self, request, service):
        claim = sigv4.parse(request)
        if claim is None:
            return Who(None, None)
        if claim.service != service:
            raise errors.Error("AuthorizationHeaderMalformed", "The authorization header is malformed; incorrect service \"%s\". This endpoint belongs to \"%s\"."
                               % (claim.service, service))
        key = self.iam.find(claim.access_key, request.headers.get("x-amz-security-token"))
        sigv4.verify(request, claim, key.secret, self.clock.now(), SKEW.get(service, 300))
        return Who(claim, key.identity)

    @staticmethod
    def request_id():
        return "%s-%s-4%s-8%s-%s" % tuple(secrets.token_hex(16)[a:b] for a, b in ((0, 8), (8, 12), (12, 15), (15, 18), (18, 30)))

    def error_answer(self, service, problem):
        if service == "s3":
            return errors.s3(problem, secrets.token_hex(8).upper(), base64.b64encode(secrets.token_bytes(48)).decode())
        if problem.code in NAMES:
            message = None
            if problem.code == "RequestTimeTooSkewed":
                message = "Signature expired or not yet current: %s, it is now %s (+/- 5 min.)" % (problem.extra["RequestTime"], problem.extra["ServerTime"])
            problem = errors.Error(NAMES[problem.code][service != "sts"], message)
        elif problem.code == "InternalError":
            problem = errors.Error({"sts": "InternalFailure", "ssm": "InternalServerError"}.get(service, "InternalServiceError"), problem.message, problem.status)
        return errors.sts(problem, self.request_id()) if service == "sts" else errors.json_service(problem, service)

    # ---- the log ---------------------------------------------------------------------------------

    def note(self, request, service):
        """The entry of a request, and what S3 makes of its address."""
        self.count += 1
        call = self.s3.read_call(request, False) if service == "s3" else None
        headers = {n: fingerprint(v) if n in HIDDEN else v for n, v in request.headers.items()}
        authorization = headers.get("authorization")
        if authorization:
            cut = authorization.find("Signature=")
            headers["authorization"] = authorization[:cut] + "Signature=..." if cut >= 0 else fingerprint(authorization)
        found = ACCESS_KEY.search(authorization or "")
        action = call.action if call else self.action_of(request, service)
        entry = {"n": self.count, "service": service, "action": action, "method": request.method, "path": request.raw_path, "query": request.raw_query,
                 "bucket": call.bucket_name if call else None, "key": call.key if call else None, "headers": headers, "bytes": len(request.body),
                 "access_key": found.group(1) if found else None, "principal": self.claimed(found), "connection": request.connection, "status": None, "error": None}
        entry["object"] = call.bucket_name + "/" + call.key if call else request.raw_path
        if len(self.log) < LOG_LIMIT:
            self.log.append(entry)
        self.actions[action] = self.actions.get(action, 0) + 1
        self.connections.add(request.connection)
        return entry, call

    def claimed(self, found):
        """Whose access key a request names; whether it is signed with it is seen later."""
        key = self.iam.keys.get(found.group(1)) if found else None
        return key.identity.arn if key else None

    def action_of(self, request, service):
        if service == "sts":
            return self.sts.action(request)
        if service in ("imds", "container"):
            return "%s:%s" % (service, "Token" if request.raw_path == "/latest/api/token" else "Get")
        return (self.secrets if service == "secretsmanager" else self.parameters).action(request)

    def finish(self, request, service, entry, response):
        """The headers that every answer of a service has; and the log is told."""
        if not response.drop:
            entry["status"], entry["error"] = response.status, response.code
        if service == "s3":
            headers = {"x-amz-id-2": base64.b64encode(secrets.token_bytes(48)).decode(), "x-amz-request-id": secrets.token_hex(8).upper(),
                       "Date": http_date(self.clock.now()), "Server": "AmazonS3"}
            if request.method == "HEAD" and response.status >= 300:
                response.body, response.headers["Content-Type"] = b"", "application/xml"
        else:
            headers = {"Date": http_date(self.clock.now())}
            if service not in ("imds", "container"):
                headers["x-amzn-RequestId"] = self.request_id()
        response.headers = {**headers, **response.headers}
        return response


DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(seconds):
    t = time.gmtime(seconds)
    return "%s, %02d %s %d %02d:%02d:%02d GMT" % (DAYS[t.tm_wday], t.tm_mday, MONTHS[t.tm_mon - 1], t.tm_year, t.tm_hour, t.tm_min, t.tm_sec)


async def run(options, ready):
    """Serve until SIGTERM; `ready(port, tls_port)` is told where."""
    app, counter = App(options), itertools.count(1)
    plain = await http1.listen(options.port, app.handle, counter)
    servers = [plain]
    if options.tls_cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls_cert, options.tls_key)
        servers.append(await http1.listen(0, app.handle, counter, context))
    ready(*(s.sockets[0].getsockname()[1] for s in servers))
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    if options.seed:
        seed(app, options.seed)
    await done.wait()
    for server in servers:
        server.close()


def seed(app, path):
    """A JSON file {"buckets": [...], "principals": [...], ...}: each item as the control route of that name takes it."""
    with open(path, encoding="utf-8") as file:
        for name, items in json.load(file).items():
            for item in items:
                getattr(app.control, "post_" + name)(item)
    print("seeded from " + path, file=sys.stderr)
