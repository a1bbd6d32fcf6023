"""Buckets and the versions of their objects. Knows nothing of HTTP.

The server is one thread: nothing comes between the check of a condition and the write, as no `await` stands between them.
"""
import bisect
import hashlib
import secrets

from .errors import Error


class Version:
    __slots__ = ("key", "version_id", "etag", "body", "headers", "sse", "kms_key", "modified", "marker")

    def __init__(self, key, body=b"", headers=None, modified=0, marker=False):
        self.key, self.body, self.headers, self.modified, self.marker = key, body, headers or {}, modified, marker
        self.version_id, self.sse, self.kms_key = "null", "AES256", None
        self.etag = None if marker else '"%s"' % hashlib.md5(body).hexdigest()

    def seal(self, sse, kms_key):
        """With a KMS key the ETag is no MD5 of the body: opaque, another one each time."""
        self.sse, self.kms_key = sse, kms_key
        if sse != "AES256":
            self.etag = '"%s"' % secrets.token_hex(16)


class Bucket:
    def __init__(self, name, region, spec=None):
        spec = spec or {}
        self.name, self.region, self.versioning = name, region, spec.get("versioning")
        self.policy, self.object_lock = spec.get("policy"), spec.get("object_lock", False)
        self.default_sse, self.default_kms_key = spec.get("sse", "AES256"), spec.get("kms_key")
        self.keys = []                  # sorted by their UTF-8
        self.versions = {}              # key: versions, the newest last

    def current(self, key):
        """The object that a plain GET sees; None when there is none or a delete marker is on top."""
        versions = self.versions.get(key)
        return versions[-1] if versions and not versions[-1].marker else None

    def top(self, key):
        versions = self.versions.get(key)
        return versions[-1] if versions else None

    def version(self, key, version_id):
        return next((v for v in self.versions.get(key, ()) if v.version_id == version_id), None)

    def add(self, version):
        """Put a version, or a delete marker, on top; as the bucket's versioning says."""
        key = version.key
        versions = self.versions.get(key)
        if versions is None:
            versions = self.versions[key] = []
            bisect.insort(self.keys, key, key=lambda k: k.encode("utf-8", "surrogateescape"))
        if self.versioning == "Enabled":
            version.version_id = secrets.token_urlsafe(24).replace("-", "a").replace("_", "b")
        else:
            versions[:] = [v for v in versions if v.version_id != "null"]
        versions.append(version)

    def remove(self, key, version_id="null"):
        versions = self.versions.get(key, [])
        versions[:] = [v for v in versions if v.version_id != version_id]
        if not versions and key in self.versions:
            del self.versions[key]
            self.keys.remove(key)

    def delete(self, key, modified):
        """A plain DELETE: the marker it made, or None."""
        if self.versioning is None:
            self.remove(key)
            return None
        marker = Version(key, modified=modified, marker=True)
        self.add(marker)
        return marker


def same_etag(wanted, etag):
    return wanted.strip().strip('"') == etag.strip('"')


def check_put(current, key, if_match, if_none_match):
    """The conditions of a PUT; a delete marker on top counts as absent."""
    if if_match is not None and if_none_match is not None:
        raise Error("NotImplemented", Header="If-Match,If-None-Match", additionalMessage="Multiple conditional request headers present in the request")
    if if_none_match not in (None, "*"):
        raise Error("NotImplemented", Header="If-None-Match", additionalMessage="We don't accept the provided value of If-None-Match header for this API")
    if if_none_match is not None and current is not None:
        raise Error("PreconditionFailed", Condition="If-None-Match")
    check_match(current, key, if_match)


def check_match(current, key, if_match):
    if if_match is None:
        return
    if current is None:
        raise Error("NoSuchKey", Key=key)
    if not same_etag(if_match, current.etag):
        raise Error("PreconditionFailed", Condition="If-Match")


class Store:
    def __init__(self):
        self.buckets = {}

    def make(self, name, region, spec=None):
        self.buckets[name] = Bucket(name, region, spec)
        return self.buckets[name]

    def bucket(self, name):
        bucket = self.buckets.get(name)
        if bucket is None:
            raise Error("NoSuchBucket", BucketName=name)
        return bucket
