"""S3's operations on buckets and objects."""
import base64
import email.utils
import hashlib
import re
import urllib.parse
import zlib
from xml.etree import ElementTree

from . import listing, store
from .errors import Error, element
from .http1 import Response
from .iam import ACCOUNT

XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
KEPT = ("content-type", "content-encoding", "content-disposition", "content-language", "cache-control", "expires")
SUBRESOURCES = ("versioning", "location", "versions", "delete", "uploads", "acl", "tagging", "policy", "encryption", "lifecycle", "object-lock", "uploadId",
                "attributes", "restore", "retention", "legal-hold", "cors", "website", "replication", "publicAccessBlock", "policyStatus")
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
SERVICE_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?P<region>[a-z]{2}-[a-z0-9-]+-\d))?\.[a-z0-9.-]+$")


def xml(text, root):
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<%s %s>%s</%s>' % (root, XMLNS, text, root)).encode()


def xml_answer(text, root):
    return Response(200, xml(text, root), {"Content-Type": "application/xml"})


def local(tag):
    return tag.rpartition("}")[2]


def parse_xml(body, root):
    try:
        tree = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        raise Error("MalformedXML") from None
    if local(tree.tag) != root:
        raise Error("MalformedXML")
    return tree


class Call:
    """A request to S3: which bucket, which key, by whom."""
    __slots__ = ("request", "bucket_name", "bucket", "key", "identity", "ignore_conditions", "endpoint_region", "action", "sub")

    def condition(self, name):
        return None if self.ignore_conditions else self.request.headers.get(name)

    def context(self):
        headers, query = self.request.headers, self.request.query
        found = {"s3:prefix": query.get("prefix"), "s3:delimiter": query.get("delimiter"), "s3:max-keys": query.get("max-keys"),
                 "s3:if-none-match": headers.get("if-none-match"), "s3:if-match": headers.get("if-match"),
                 "s3:x-amz-server-side-encryption": headers.get("x-amz-server-side-encryption"),
                 "s3:x-amz-server-side-encryption-aws-kms-key-id": headers.get("x-amz-server-side-encryption-aws-kms-key-id"),
                 "aws:securetransport": "true" if self.request.secure else "false"}
        return found


class S3:
    def __init__(self, app):
        self.app, self.store = app, app.store
        self.wrong_region = "AuthorizationHeaderMalformed"      # how a request for another region's bucket is answered
        self.kms_keys = {}

    # ---- which bucket, which key ------------------------------------------------------------------

    def address(self, request):
        """(bucket, key, region of the endpoint): path style on an IP or a bare host, else the bucket is in the host's name."""
        host = request.headers.get("host", "").rsplit(":", 1)[0].lower().strip("[]")
        path = urllib.parse.unquote_to_bytes(request.raw_path).decode("utf-8", "surrogateescape")
        found, bucket, region = SERVICE_HOST.match(host), None, None
        if found:
            bucket, region = found.group("bucket"), found.group("region")
        elif "." in host and not re.fullmatch(r"[0-9.]+", host) and ":" not in host:
            bucket = host[:-len(".localhost")] if host.endswith(".localhost") else self.longest_bucket(host)
        if bucket:
            return bucket, path[1:], region
        bucket, _, key = path[1:].partition("/")
        return bucket, key, region

    def longest_bucket(self, host):
        fitting = [b for b in self.store.buckets if host.startswith(b + ".")]
        return max(fitting, key=len) if fitting else host.partition(".")[0]

    def read_call(self, request, ignore_conditions):
        call = Call()
        call.request, call.ignore_conditions = request, ignore_conditions
        call.bucket_name, call.key, call.endpoint_region = self.address(request)
        call.bucket, call.identity = None, None
        call.sub = next((s for s in SUBRESOURCES if s in request.query), None)
        call.action = self.action(call)
        return call

    @staticmethod
    def action(call):
        """The IAM action that a request is named after in the log, in policies and in faults."""
        method, versioned = call.request.method, "versionId" in call.request.query
        if call.key:
            names = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
            return "s3:" + names.get(method, "Unknown") + ("Version" if versioned and method != "PUT" else "")
        if not call.bucket_name:
            return "s3:ListAllMyBuckets"
        if call.sub:
            names = {("GET", "versioning"): "GetBucketVersioning", ("PUT", "versioning"): "PutBucketVersioning", ("GET", "location"): "GetBucketLocation",
                     ("GET", "versions"): "ListBucketVersions", ("POST", "delete"): "DeleteObject", ("GET", "encryption"): "GetEncryptionConfiguration"}
            return "s3:" + names.get((method, call.sub), "Unknown")
        return "s3:" + {"GET": "ListBucket", "HEAD": "ListBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}.get(method, "Unknown")

    # ---- rights ---------------------------------------------------------------------------------

    def may(self, call, action, key=None):
        resource = "arn:aws:s3:::" + call.bucket_name + ("/" + key if key else "") if call.bucket_name else "*"
        if call.identity is None:
            return "anonymous"
        return call.identity.why_not(action, resource, call.context(), call.bucket.policy if call.bucket else None)

    def need(self, call, action, key=None):
        reason = self.may(call, action, key)
        if reason == "anonymous":
            raise Error("AccessDenied")
        if reason:
            resource = "arn:aws:s3:::" + call.bucket_name + ("/" + key if key else "") if call.bucket_name else "*"
            raise Error("AccessDenied", call.identity.sentence(action, resource, reason))

    def absent(self, call, **headers):
        """A missing key: told as 404 only to those who may list the bucket."""
        self.need(call, "s3:ListBucket")
        raise Error("NoSuchKey", Key=call.key, headers=headers)

    def need_kms(self, call, action, key):
        if key is None:
            return
        reason = call.identity.why_not(action, key, {})
        if reason:
            raise Error("AccessDenied", call.identity.sentence(action, key, reason))

    def check_region(self, call, claim):
        """A bucket is to be asked in its own region."""
        region = call.bucket.region
        header = {"x-amz-bucket-region": region}
        if call.endpoint_region and call.endpoint_region != region:
            endpoint = "%s.s3.%s.amazonaws.com" % (call.bucket_name, region)
            raise Error("PermanentRedirect", Endpoint=endpoint, Bucket=call.bucket_name, headers=header)
        if claim and claim.region != region:
            if self.wrong_region == "AuthorizationHeaderMalformed":
                raise Error("AuthorizationHeaderMalformed", "The authorization header is malformed; the region '%s' is wrong; expecting '%s'"
                            % (claim.region, region), Region=region, headers=header)
            endpoint = "%s.s3.%s.amazonaws.com" % (call.bucket_name, region)
            if self.wrong_region == "TemporaryRedirect":
                header["Location"] = "http://%s%s" % (endpoint, call.request.target)
            raise Error(self.wrong_region, Endpoint=endpoint, Bucket=call.bucket_name, headers=header)

    # ---- the request ----------------------------------------------------------------------------

    def handle(self, call, claim):
        """Carry out a request whose signature is good (`claim`), or that is anonymous (None)."""
        request = call.request
        if request.chunked and request.method == "PUT":
            raise Error("MissingContentLength")
        if not call.bucket_name:
            return self.list_buckets(call)
        if request.method == "PUT" and not call.key and not call.sub:
            return self.create_bucket(call, claim)
        call.bucket = self.store.bucket(call.bucket_name)
        self.check_region(call, claim)
        if call.key:
            return self.object_call(call)
        return self.bucket_call(call)

    def object_call(self, call):
        method = call.request.method
        if call.sub or "x-amz-copy-source" in call.request.headers:
            raise Error("NotImplemented", "The stand-in does not know this operation: " + str(call.sub or "copy"))
        handler = {"GET": self.get, "HEAD": self.get, "PUT": self.put, "DELETE": self.delete}.get(method)
        if not handler:
            raise Error("MethodNotAllowed", Method=method, ResourceType="OBJECT")
        return handler(call)

    def bucket_call(self, call):
        handlers = {("HEAD", None): self.head_bucket, ("GET", None): self.list_objects, ("DELETE", None): self.delete_bucket,
                    ("GET", "versioning"): self.get_versioning, ("PUT", "versioning"): self.put_versioning, ("GET", "location"): self.get_location,
                    ("GET", "versions"): self.list_versions, ("POST", "delete"): self.delete_objects, ("GET", "encryption"): self.get_encryption}
        handler = handlers.get((call.request.method, call.sub))
        if not handler:
            raise Error("NotImplemented", "The stand-in does not know this operation: %s %s" % (call.request.method, call.sub))
        if call.action not in ("s3:DeleteObject",):
            self.need(call, call.action)
        return handler(call)

    # ---- objects --------------------------------------------------------------------------------

    def get(self, call):
        version_id = call.request.query.get("versionId")
        self.need(call, call.action, call.key)
        bucket = call.bucket
        found = bucket.version(call.key, version_id) if version_id else bucket.top(call.key)
        if found is None:
            if version_id:
                raise Error("NoSuchVersion", Key=call.key, VersionId=version_id)
            self.absent(call)
        if found.marker:
            headers = {"x-amz-delete-marker": "true", "x-amz-version-id": found.version_id}
            if version_id:
                raise Error("MethodNotAllowed", Method=call.request.method, ResourceType="DeleteMarker", headers={**headers, "Allow": "DELETE"})
            self.absent(call, **headers)
        if found.sse == "aws:kms":
            self.need_kms(call, "kms:Decrypt", found.kms_key)
        return self.read_answer(call, found)

    def read_answer(self, call, found):
        asked = call.request.headers
        headers = {"Last-Modified": email.utils.formatdate(found.modified, usegmt=True), "ETag": found.etag, **self.seal_headers(call.bucket, found),
                   "Accept-Ranges": "bytes"}
        if "if-match" in asked and asked["if-match"] != "*" and not store.same_etag(asked["if-match"], found.etag):
            raise Error("PreconditionFailed", Condition="If-Match")
        if "if-none-match" in asked and (asked["if-none-match"] == "*" or store.same_etag(asked["if-none-match"], found.etag)):
            return Response(304, b"", {"ETag": found.etag, "Last-Modified": headers["Last-Modified"]})
        headers.update(found.headers)
        headers.setdefault("Content-Type", "binary/octet-stream")
        span = re.fullmatch(r"bytes=(\d*)-(\d*)", asked.get("range", ""))
        if not span or not any(span.groups()):
            return Response(200, found.body, headers)
        size = len(found.body)
        first = int(span.group(1)) if span.group(1) else max(0, size - int(span.group(2)))
        last = min(int(span.group(2)), size - 1) if span.group(1) and span.group(2) else size - 1
        if first >= size:
            raise Error("InvalidRange", RangeRequested=asked["range"], ActualObjectSize=size)
        headers["Content-Range"] = "bytes %d-%d/%d" % (first, last, size)
        return Response(206, found.body[first:last + 1], headers)

    @staticmethod
    def seal_headers(bucket, version):
        headers = {"x-amz-server-side-encryption": version.sse}
        if version.kms_key:
            headers["x-amz-server-side-encryption-aws-kms-key-id"] = version.kms_key
        if bucket.versioning and version.version_id:
            headers["x-amz-version-id"] = version.version_id
        return headers

    def put(self, call):
        request, bucket = call.request, call.bucket
        if_match, if_none_match = call.condition("if-match"), call.condition("if-none-match")
        self.need(call, "s3:PutObject", call.key)
        if if_match is not None:
            self.need(call, "s3:GetObject", call.key)
        self.check_put(call)
        sse, kms_key = self.seal_of(call)
        version = store.Version(call.key, request.body, self.kept_headers(request), self.app.clock.now())
        version.seal(sse, kms_key)
        # from here on nothing waits: check and write are one
        current = bucket.current(call.key)
        if if_match is not None and current is None:
            self.need(call, "s3:ListBucket")
        store.check_put(current, call.key, if_match, if_none_match)
        bucket.add(version)
        return Response(200, b"", {"ETag": version.etag, **self.seal_headers(bucket, version)})

    @staticmethod
    def kept_headers(request):
        found = {name.title(): request.headers[name] for name in KEPT if name in request.headers}
        found.update({n: v for n, v in request.headers.items() if n.startswith("x-amz-meta-")})
        return found

    @staticmethod
    def check_put(call):
        headers, body = call.request.headers, call.request.body
        if len(call.key.encode("utf-8", "surrogateescape")) > 1024:
            raise Error("KeyTooLongError", Size=len(call.key.encode("utf-8", "surrogateescape")), MaxSizeAllowed=1024)
        if "content-length" not in headers:
            raise Error("MissingContentLength")
        meta = sum(len(n) - len("x-amz-meta-") + len(v) for n, v in headers.items() if n.startswith("x-amz-meta-"))
        if meta > 2048:
            raise Error("MetadataTooLarge", Size=meta, MaxSizeAllowed=2048)
        summed = check_sums(headers, body)
        if call.bucket.object_lock and not summed:
            raise Error("InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters")

    def seal_of(self, call):
        headers, bucket = call.request.headers, call.bucket
        sse = headers.get("x-amz-server-side-encryption")
        key = headers.get("x-amz-server-side-encryption-aws-kms-key-id")
        if sse is None:
            if key:
                raise Error("InvalidArgument", "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
                            ArgumentName="x-amz-server-side-encryption", ArgumentValue="null")
            sse, key = bucket.default_sse, bucket.default_kms_key
        if sse not in ("AES256", "aws:kms"):
            raise Error("InvalidArgument", "The encryption method specified is not supported", ArgumentName="x-amz-server-side-encryption", ArgumentValue=sse)
        if sse == "AES256":
            if key:
                raise Error("InvalidArgument", "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
                            ArgumentName="x-amz-server-side-encryption", ArgumentValue="AES256")
            return sse, None
        return sse, self.kms_key(call, key)

    def kms_key(self, call, key):
        """The full name of a key the bucket's region has; AWS's own key for S3 when none is named."""
        region = call.bucket.region
        if not key:
            return "arn:aws:kms:%s:%s:key/00000000-0000-4000-8000-00000000aa53" % (region, ACCOUNT)
        arn = key if key.startswith("arn:") else "arn:aws:kms:%s:%s:%s" % (region, ACCOUNT, key if "/" in key else "key/" + key)
        self.need_kms(call, "kms:GenerateDataKey", arn)
        state = self.kms_keys.get(arn)
        if state is None:
            raise Error("KMS.NotFoundException", "Invalid arn " + arn.split(":")[3] if arn.split(":")[3] != region else "Key '%s' does not exist" % arn)
        if state == "disabled":
            raise Error("KMS.DisabledException", arn + " is disabled.")
        return arn

    def delete(self, call):
        version_id = call.request.query.get("versionId")
        if_match = call.condition("if-match")
        self.need(call, call.action, call.key)
        if if_match is not None:
            self.need(call, "s3:GetObject", call.key)
            if version_id:
                raise Error("NotImplemented", Header="If-Match")
        return Response(204, b"", self.delete_one(call.bucket, call.key, version_id, if_match))

    def delete_one(self, bucket, key, version_id=None, if_match=None):
        """Delete; the headers that tell of it. Nothing waits between check and removal."""
        store.check_match(bucket.current(key), key, if_match)
        if version_id:
            found = bucket.version(key, version_id)
            bucket.remove(key, version_id)
            return {"x-amz-version-id": version_id, **({"x-amz-delete-marker": "true"} if found and found.marker else {})}
        marker = bucket.delete(key, self.app.clock.now())
        return {"x-amz-delete-marker": "true", "x-amz-version-id": marker.version_id} if marker else {}

    # ---- buckets --------------------------------------------------------------------------------

    def create_bucket(self, call, claim):
        self.need(call, "s3:CreateBucket")
        name, body = call.bucket_name, call.request.body
        if not BUCKET_NAME.match(name):
            raise Error("InvalidBucketName", BucketName=name)
        region = claim.region if claim else "us-east-1"
        if body:
            tree = parse_xml(body, "CreateBucketConfiguration")
            region = next((e.text for e in tree.iter() if local(e.tag) == "LocationConstraint"), region)
        if name in self.store.buckets:
            raise Error("BucketAlreadyOwnedByYou", BucketName=name)
        self.store.make(name, region)
        return Response(200, b"", {"Location": "/" + name})

    def delete_bucket(self, call):
        if call.bucket.versions:
            raise Error("BucketNotEmpty", BucketName=call.bucket_name)
        del self.store.buckets[call.bucket_name]
        return Response(204)

    @staticmethod
    def head_bucket(call):
        return Response(200, b"", {"x-amz-bucket-region": call.bucket.region, "x-amz-access-point-alias": "false", "Content-Type": "application/xml"})

    @staticmethod
    def get_location(call):
        region = call.bucket.region
        text = '<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint %s%s' % (XMLNS, "/>" if region == "us-east-1" else ">%s</LocationConstraint>" % region)
        return Response(200, text.encode(), {"Content-Type": "application/xml"})

    @staticmethod
    def get_versioning(call):
        status = call.bucket.versioning
        return xml_answer(element("Status", status) if status else "", "VersioningConfiguration")

    @staticmethod
    def put_versioning(call):
        tree = parse_xml(call.request.body, "VersioningConfiguration")
        status = next((e.text for e in tree.iter() if local(e.tag) == "Status"), None)
        if status not in ("Enabled", "Suspended"):
            raise Error("MalformedXML")
        call.bucket.versioning = status
        return Response(200)

    @staticmethod
    def get_encryption(call):
        inner = element("SSEAlgorithm", call.bucket.default_sse)
        if call.bucket.default_kms_key:
            inner += element("KMSMasterKeyID", call.bucket.default_kms_key)
        text = "<Rule><ApplyServerSideEncryptionByDefault>%s</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>" % inner
        return xml_answer(text, "ServerSideEncryptionConfiguration")

    def list_buckets(self, call):
        if call.request.method != "GET":
            raise Error("MethodNotAllowed", Method=call.request.method, ResourceType="SERVICE")
        self.need(call, "s3:ListAllMyBuckets")
        rows = "".join("<Bucket>%s%s</Bucket>" % (element("Name", b.name), element("CreationDate", "2026-01-01T00:00:00.000Z"))
                       for b in sorted(self.store.buckets.values(), key=lambda b: b.name))
        return xml_answer("<Owner><ID>%s</ID></Owner><Buckets>%s</Buckets>" % (ACCOUNT, rows), "ListAllMyBucketsResult")

    @staticmethod
    def list_objects(call):
        response = xml_answer(listing.objects(call.bucket, call.request.query), "ListBucketResult")
        response.headers["x-amz-bucket-region"] = call.bucket.region
        return response

    @staticmethod
    def list_versions(call):
        return xml_answer(listing.versions(call.bucket, call.request.query), "ListVersionsResult")

    def delete_objects(self, call):
        if not check_sums(call.request.headers, call.request.body):
            raise Error("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
        tree, done = parse_xml(call.request.body, "Delete"), []
        items = [{local(f.tag): f.text or "" for f in e} for e in tree if local(e.tag) == "Object"]
        quiet = any(local(e.tag) == "Quiet" and e.text == "true" for e in tree)
        if not items or len(items) > 1000:
            raise Error("MalformedXML")
        for item in items:
            try:
                self.need(call, "s3:DeleteObjectVersion" if "VersionId" in item else "s3:DeleteObject", item["Key"])
                headers = self.delete_one(call.bucket, item["Key"], item.get("VersionId"), item.get("ETag"))
            except Error as problem:
                done.append("<Error>%s%s%s</Error>" % (element("Key", item["Key"]), element("Code", problem.code), element("Message", problem.message or problem.code)))
                continue
            if not quiet:
                more = element("VersionId", item["VersionId"]) if "VersionId" in item else ""
                if "x-amz-delete-marker" in headers:
                    more += element("DeleteMarker", "true") + element("DeleteMarkerVersionId", headers["x-amz-version-id"])
                done.append("<Deleted>%s%s</Deleted>" % (element("Key", item["Key"]), more))
        return xml_answer("".join(done), "DeleteResult")


SUMS = {"x-amz-checksum-sha256": lambda b: hashlib.sha256(b).digest(), "x-amz-checksum-sha1": lambda b: hashlib.sha1(b).digest(),
        "x-amz-checksum-crc32": lambda b: zlib.crc32(b).to_bytes(4, "big")}


def check_sums(headers, body):
    """Judge Content-MD5 and the x-amz-checksum headers; True when there was one."""
    seen = False
    if "content-md5" in headers:
        seen = True
        try:
            wanted = base64.b64decode(headers["content-md5"], validate=True)
        except ValueError:
            wanted = b""
        if len(wanted) != 16:
            raise Error("InvalidDigest", Content_MD5=headers["content-md5"])
        real = hashlib.md5(body).digest()
        if wanted != real:
            raise Error("BadDigest", ExpectedDigest=wanted.hex(), CalculatedDigest=base64.b64encode(real).decode())
    for name in headers:
        if name.startswith("x-amz-checksum-") and name not in ("x-amz-checksum-mode", "x-amz-checksum-type"):
            if name not in SUMS:
                raise Error("NotImplemented", "The stand-in does not know this checksum", Header=name)
            if base64.b64encode(SUMS[name](body)).decode() != headers[name]:
                raise Error("BadDigest", "The %s you specified did not match the calculated checksum." % name[15:].upper())
            seen = True
    return seen
