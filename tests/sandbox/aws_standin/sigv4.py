"""Verifies signature version 4 over what arrived. Nothing here is shared with the signer of the tests or with the program's."""
import calendar
import hashlib
import hmac
import re
import time
import urllib.parse

from .errors import Error

UNRESERVED = "-_.~"
AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 +Credential=([^, ]+) *, *SignedHeaders=([^, ]+) *, *Signature=([^, ]+) *$")
STAMP = re.compile(r"\d{8}T\d{6}Z$")
HEX64 = re.compile(r"[0-9a-f]{64}$")
UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY = hashlib.sha256(b"").hexdigest()


class Claim:
    """What the Authorization header says."""
    __slots__ = ("access_key", "date", "region", "service", "signed", "signature", "stamp", "payload_hash")

    def scope(self):
        return "%s/%s/%s/aws4_request" % (self.date, self.region, self.service)


def sha256(text):
    return hashlib.sha256(text.encode("latin-1")).hexdigest()


def canonical_path(raw_path, service):
    """S3: each segment encoded once, nothing normalised. The others are asked at `/` only; their path is encoded twice."""
    path = urllib.parse.quote(urllib.parse.unquote_to_bytes(raw_path), safe=UNRESERVED + "/") or "/"
    return path if service == "s3" else urllib.parse.quote(path, safe=UNRESERVED + "/")


def canonical_query(raw_query):
    pairs = []
    for part in raw_query.split("&") if raw_query else ():
        name, _, value = part.partition("=")
        pairs.append(tuple(urllib.parse.quote(urllib.parse.unquote_to_bytes(x.replace("+", " ")), safe=UNRESERVED) for x in (name, value)))
    return "&".join("%s=%s" % pair for pair in sorted(pairs))


def canonical_request(request, claim):
    lines = ["%s:%s\n" % (name, " ".join(request.headers.get(name, "").split())) for name in claim.signed]
    return "\n".join([request.method, canonical_path(request.raw_path, claim.service), canonical_query(request.raw_query), "".join(lines),
                      ";".join(claim.signed), claim.payload_hash])


def string_to_sign(claim, canonical):
    return "\n".join(["AWS4-HMAC-SHA256", claim.stamp, claim.scope(), sha256(canonical)])


def chain(key, *parts):
    for part in parts:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


KEYS = {}


def signature(secret, claim, text):
    name = (secret, claim.date, claim.region, claim.service)
    key = KEYS.get(name)
    if key is None:
        if len(KEYS) > 1000:
            KEYS.clear()
        key = KEYS[name] = chain(("AWS4" + secret).encode(), claim.date, claim.region, claim.service, "aws4_request")
    return hmac.new(key, text.encode("latin-1"), hashlib.sha256).hexdigest()


def parse(request):
    """The claim of a request; None when it is not signed."""
    header = request.headers.get("authorization")
    if header is None:
        if "X-Amz-Signature" in request.query or "X-Amz-Algorithm" in request.query:
            raise Error("NotImplemented", "The stand-in takes no presigned requests")
        return None
    if not header.startswith("AWS4-HMAC-SHA256"):
        raise Error("InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
    found = AUTHORIZATION.match(header)
    if not found:
        raise Error("AuthorizationHeaderMalformed", "The authorization header is malformed; the authorization header requires three components: "
                    "Credential, SignedHeaders, and Signature.")
    claim = Claim()
    parts = found.group(1).rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request" or not re.fullmatch(r"\d{8}", parts[1]):
        raise Error("AuthorizationHeaderMalformed", "The authorization header is malformed; the Credential is mal-formed; expecting "
                    "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".")
    claim.access_key, claim.date, claim.region, claim.service = parts[:4]
    claim.signed, claim.signature = found.group(2).split(";"), found.group(3)
    claim.stamp = request.headers.get("x-amz-date", "")
    claim.payload_hash = request.headers.get("x-amz-content-sha256", "")
    return claim


def seconds(stamp):
    return calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))


def check_form(request, claim, now, skew):
    """All but the signature: date, clock, signed headers."""
    if not STAMP.match(claim.stamp):
        raise Error("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
    if claim.stamp[:8] != claim.date:
        raise Error("SignatureDoesNotMatch", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP")
    if abs(seconds(claim.stamp) - now) > skew:
        raise Error("RequestTimeTooSkewed", RequestTime=claim.stamp, ServerTime=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
                    MaxAllowedSkewMilliseconds=skew * 1000)
    must = [n for n in request.headers if n.startswith("x-amz-") and n not in claim.signed]
    must += [n for n in ("host",) if n not in claim.signed]
    if must and claim.service == "s3":
        raise Error("AccessDenied", "There were headers present in the request which were not signed", HeadersNotSigned=", ".join(sorted(must)))
    if claim.signed != sorted(claim.signed) or "host" not in claim.signed:
        raise Error("SignatureDoesNotMatch")


def check_payload(request, claim):
    if claim.service != "s3":
        claim.payload_hash = hashlib.sha256(request.body).hexdigest()
        return
    if not claim.payload_hash:
        raise Error("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    if claim.payload_hash.startswith("STREAMING-"):
        raise Error("NotImplemented", "The stand-in takes no chunk-signed bodies", Header="x-amz-content-sha256")
    if claim.payload_hash != UNSIGNED and not HEX64.match(claim.payload_hash):
        raise Error("InvalidArgument", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD or a valid sha256 value.",
                    ArgumentName="x-amz-content-sha256", ArgumentValue=claim.payload_hash)


def check_body(request, claim):
    if claim.service != "s3" or claim.payload_hash == UNSIGNED:
        return
    real = hashlib.sha256(request.body).hexdigest() if request.body else EMPTY
    if real != claim.payload_hash:
        raise Error("XAmzContentSHA256Mismatch", ClientComputedContentSHA256=claim.payload_hash, S3ComputedContentSHA256=real)


def spaced(text):
    return " ".join("%02x" % b for b in text.encode("latin-1"))


def verify(request, claim, secret, now, skew):
    """Raise unless the request is signed with `secret` and its body is the one that was signed."""
    check_form(request, claim, now, skew)
    check_payload(request, claim)
    canonical = canonical_request(request, claim)
    text = string_to_sign(claim, canonical)
    if not hmac.compare_digest(signature(secret, claim, text), claim.signature):
        raise Error("SignatureDoesNotMatch", AWSAccessKeyId=claim.access_key, StringToSign=text, SignatureProvided=claim.signature,
                    StringToSignBytes=spaced(text), CanonicalRequest=canonical, CanonicalRequestBytes=spaced(canonical))
    check_body(request, claim)
