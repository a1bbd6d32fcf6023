"""Lists of a bucket: objects (version 2 of the operation) and versions, page by page."""
import base64
import time
import urllib.parse

from .errors import Error, element
from .iam import ACCOUNT

OWNER = "<Owner><ID>%s</ID></Owner>" % ACCOUNT


def order(key):
    return key.encode("utf-8", "surrogateescape")


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def limit(query):
    try:
        number = int(query.get("max-keys", "1000"))
    except ValueError:
        number = -1
    if number < 0:
        raise Error("InvalidArgument", "Provided max-keys not an integer or within integer range", ArgumentName="max-keys", ArgumentValue=query["max-keys"])
    return min(number, 1000)


def namer(query):
    """How names are written: as they are, or percent-encoded when encoding-type=url is asked for."""
    kind = query.get("encoding-type")
    if kind not in (None, "url"):
        raise Error("InvalidArgument", "Invalid Encoding Method specified in Request", ArgumentName="encoding-type", ArgumentValue=kind)
    if kind:
        return lambda name: urllib.parse.quote_plus(name.encode("utf-8", "surrogateescape"), safe="-_.*/")
    return lambda name: name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def start_of(query):
    """The key after which the page begins."""
    token = query.get("continuation-token")
    if token is None:
        return query.get("start-after", "")
    try:
        return base64.urlsafe_b64decode(token.encode()).decode("utf-8", "surrogateescape")
    except ValueError:
        raise Error("InvalidArgument", "The continuation token provided is incorrect", ArgumentName="continuation-token") from None


def page(names, query, after):
    """(keys, common prefixes, last) of one page; `last` is None at the end of the list."""
    prefix, delimiter, count = query.get("prefix", ""), query.get("delimiter", ""), limit(query)
    keys, prefixes, last = [], [], None
    for name in names:
        if not name.startswith(prefix) or order(name) <= order(after):
            continue
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        common = name[:cut + len(delimiter)] if cut >= 0 else None
        if common is not None and (common in prefixes or (after and after == common)):
            continue
        if len(keys) + len(prefixes) >= count:
            return keys, prefixes, last or after
        if common is None:
            keys.append(name)
        else:
            prefixes.append(common)
        last = common or name
    return keys, prefixes, None


def objects(bucket, query):
    if query.get("list-type") != "2":
        raise Error("NotImplemented", "The stand-in lists objects by version 2 only")
    write, after = namer(query), start_of(query)
    names = [k for k in bucket.keys if bucket.current(k)]
    if after.endswith(query.get("delimiter") or "\0"):
        names = [n for n in names if not n.startswith(after)]
    keys, prefixes, last = page(names, query, after)
    text = [element("Name", bucket.name), element("Prefix", write(query.get("prefix", "")))]
    for name, tag in (("delimiter", "Delimiter"), ("start-after", "StartAfter")):
        if query.get(name):
            text.append(element(tag, write(query[name])))
    if "continuation-token" in query:
        text.append(element("ContinuationToken", query["continuation-token"]))
    if "encoding-type" in query:
        text.append(element("EncodingType", query["encoding-type"]))
    text += [element("KeyCount", len(keys) + len(prefixes)), element("MaxKeys", limit(query)), element("IsTruncated", "false" if last is None else "true")]
    if last is not None:
        text.append(element("NextContinuationToken", base64.urlsafe_b64encode(order(last)).decode()))
    owner = OWNER if query.get("fetch-owner") == "true" else ""
    for key in keys:
        found = bucket.current(key)
        text.append("<Contents>%s%s%s%s%s%s</Contents>" % (
            element("Key", write(key)), element("LastModified", moment(found.modified)), element("ETag", found.etag).replace('"', "&quot;"),
            element("Size", len(found.body)), owner, element("StorageClass", "STANDARD")))
    text += ["<CommonPrefixes>%s</CommonPrefixes>" % element("Prefix", write(p)) for p in prefixes]
    return "".join(text)


def rows_after(bucket, query):
    """The versions of a bucket in the order of the list: keys upwards, the newest first; from the markers on."""
    key_marker, version_marker = query.get("key-marker", ""), query.get("version-id-marker", "")
    for key in bucket.keys:
        if not key.startswith(query.get("prefix", "")) or order(key) < order(key_marker) or (key == key_marker and not version_marker):
            continue
        rows = list(reversed(bucket.versions[key]))
        latest = rows[0]
        if key == key_marker:
            ids = [r.version_id for r in rows]
            rows = rows[ids.index(version_marker) + 1:] if version_marker in ids else rows
        for row in rows:
            yield row, row is latest


def versions(bucket, query):
    write, count = namer(query), limit(query)
    rows, last = [], None
    for row in rows_after(bucket, query):
        if len(rows) == count:
            last = rows[-1][0] if rows else None
            break
        rows.append(row)
    text = [element("Name", bucket.name), element("Prefix", write(query.get("prefix", ""))), element("KeyMarker", write(query.get("key-marker", ""))),
            element("VersionIdMarker", query.get("version-id-marker", "")), element("MaxKeys", count), element("IsTruncated", "true" if last else "false")]
    if last:
        text += [element("NextKeyMarker", write(last.key)), element("NextVersionIdMarker", last.version_id)]
    if "encoding-type" in query:
        text.append(element("EncodingType", query["encoding-type"]))
    for row, latest in rows:
        head = element("Key", write(row.key)) + element("VersionId", row.version_id) + element("IsLatest", "true" if latest else "false") + \
            element("LastModified", moment(row.modified))
        if row.marker:
            text.append("<DeleteMarker>%s%s</DeleteMarker>" % (head, OWNER))
        else:
            text.append("<Version>%s%s%s%s%s</Version>" % (head, element("ETag", row.etag).replace('"', "&quot;"), element("Size", len(row.body)),
                                                           element("StorageClass", "STANDARD"), OWNER))
    return "".join(text)
