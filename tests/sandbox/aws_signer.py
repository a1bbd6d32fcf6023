"""The tests' own client of AWS: a signer (signature version 4) and one keep-alive connection. Shares nothing with the stand-in's verifier."""
import base64
import datetime
import hashlib
import hmac
import http.client
import json
import ssl
import urllib.parse
import xml.etree.ElementTree as ET


def quote(text, safe=""):
    return urllib.parse.quote(text, safe="-_.~" + safe)


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(method, host, path, query, headers, payload_hash, keys, stamp, region, service):
    """The Authorization header; `path` is encoded, `query` are pairs, `headers` have lower-case names and are all signed."""
    day = stamp[:8]
    signed = {"host": host, **headers}
    names = sorted(signed)
    pairs = sorted((quote(k), quote(v)) for k, v in query)
    canonical = "\n".join([method, path, "&".join("%s=%s" % p for p in pairs), "".join("%s:%s\n" % (n, " ".join(signed[n].split())) for n in names),
                           ";".join(names), payload_hash])
    scope = "%s/%s/%s/aws4_request" % (day, region, service)
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = mac(mac(mac(mac(b"AWS4" + keys[1].encode(), day), region), service), "aws4_request")
    return "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        keys[0], scope, ";".join(names), hmac.new(key, text.encode(), hashlib.sha256).hexdigest())


def local(tag):
    return tag.rpartition("}")[2]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def xml(self):
        """The elements that hold text: (path, text) in order; empty when the body is no XML."""
        try:
            root = ET.fromstring(self.body)
        except ET.ParseError:
            return []
        out = []

        def walk(node, path):
            path = path + "/" + local(node.tag)
            if len(node) == 0:
                out.append((path, node.text or ""))
            for child in node:
                walk(child, path)
        walk(root, "")
        return out

    def tag(self, name):
        """The text of the first element of that name."""
        return next((text for path, text in self.xml() if path.rsplit("/", 1)[1] == name), None)

    @property
    def code(self):
        """The error code, as XML or as JSON has it."""
        if self.status < 300:
            return None
        if self.body[:1] == b"{":
            return str(self.json().get("__type", "")).rpartition("#")[2] or None
        return self.tag("Code")

    def json(self):
        return json.loads(self.body)


class Client:
    """`keys`: (access key, secret[, session token]). Keyword arguments of call() make requests that are wrong on purpose."""

    def __init__(self, url, keys, region="us-east-1", ca=None):
        self.parts, self.keys, self.region, self.ca = urllib.parse.urlsplit(url), keys, region, ca
        self.conn = None

    def connect(self):
        if self.parts.scheme == "https":
            return http.client.HTTPSConnection(self.parts.hostname, self.parts.port, timeout=60, context=ssl.create_default_context(cafile=self.ca))
        return http.client.HTTPConnection(self.parts.hostname, self.parts.port, timeout=60)

    def call(self, method, path="/", query=(), body=b"", headers=None, *, raw_path=None, signed=True, keys=None, region=None, service="s3", host=None,
             skew=0, sign_body=None, payload_hash=None, unsigned_headers=None, offset=None):
        """One request; `path` is not encoded. A connection that the other side had ended is opened again once."""
        keys, host = keys or self.keys, host or self.parts.netloc
        encoded = raw_path or quote(path, "/")
        sent = {k.lower(): v for k, v in (headers or {}).items()}
        if signed:
            stamp = (offset or datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=skew)).strftime("%Y%m%dT%H%M%SZ")
            digest = payload_hash or hashlib.sha256(body if sign_body is None else sign_body).hexdigest()
            sent["x-amz-date"] = stamp
            if service == "s3":
                sent["x-amz-content-sha256"] = digest
            if len(keys) > 2 and keys[2]:
                sent["x-amz-security-token"] = keys[2]
            sent["authorization"] = sign(method, host, quote(urllib.parse.unquote(encoded), "/"), query, sent, digest, keys, stamp, region or self.region, service)
        sent.update(unsigned_headers or {})
        target = encoded + ("?" + "&".join("%s=%s" % (quote(k), quote(v)) for k, v in query) if query else "")
        if self.conn is not None:
            try:
                return self.exchange(method, target, host, sent, body)
            except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError):
                self.close()
        self.conn = self.connect()
        try:
            return self.exchange(method, target, host, sent, body)
        except Exception:
            self.close()
            raise

    def exchange(self, method, target, host, headers, body):
        self.conn.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        self.conn.putheader("host", host)
        for name, value in headers.items():
            self.conn.putheader(name, value.encode("utf-8"))
        if method in ("PUT", "POST") or body:
            self.conn.putheader("content-length", str(len(body)))
        self.conn.endheaders(body or None)
        answer = self.conn.getresponse()
        data = answer.read()
        found = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, data)
        if answer.will_close:
            self.close()
        return found

    def close(self):
        if self.conn is not None:
            self.conn.close()
            self.conn = None

    def ask(self, target, values, **more):
        """A call of the JSON protocol."""
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
        return self.call("POST", "/", (), json.dumps(values).encode(), headers, service="ssm" if target.startswith("AmazonSSM") else "secretsmanager", **more)

    def form(self, service="sts", **values):
        """A call of the query protocol."""
        body = urllib.parse.urlencode(values).encode()
        signed = values.get("Action") != "AssumeRoleWithWebIdentity"
        return self.call("POST", "/", (), body, {"content-type": "application/x-www-form-urlencoded"}, service=service, signed=signed)


def md5_header(body):
    return {"content-md5": base64.b64encode(hashlib.md5(body).digest()).decode()}
