"""The calls of aws_check.py: what a program that keeps state in S3 may ask, and what AWS answers.

A call: name, method, path, wanted answer "STATUS [Code]", and options:
  query, body, headers   of the request; {b} is the bucket, {p} a prefix of this run, other {names} were captured before
  cap     {name: "etag" | "version" | "tag:NAME"}: kept for later calls
  see     what is compared besides status and code: "body" (of an object), "headers" (see aws_check.py), "xml" (all elements), "json" (all names and values)
  has     {header: regular expression}; text: a regular expression that the body must hold
  client  keyword arguments of aws_signer.Client.call, for requests that are wrong on purpose
"""
import json

from aws_signer import md5_header


def call(name, method, path, want, **options):
    return name, method, path, want, options


VERSIONED = b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>%s</Status></VersioningConfiguration>'
OLD = '"00000000000000000000000000000000"'
JSON = {"content-type": "application/json"}


def delete_body(*keys, quiet=False):
    return ("<Delete>%s%s</Delete>" % ("<Quiet>true</Quiet>" if quiet else "", "".join("<Object><Key>%s</Key></Object>" % k for k in keys))).encode()


PLAIN = [
    call("put", "PUT", "/{b}/{p}/a", "200", body=b"one", headers={**JSON, "x-amz-meta-sha256": "abc"}, cap={"first": "etag"}, see="headers",
         has={"etag": '"f97c5d29941bfb1b2fdab0874906ab82"', "date": ".* GMT"}),
    call("get", "GET", "/{b}/{p}/a", "200", see="body headers", has={"last-modified": ".* GMT", "x-amz-meta-sha256": "abc", "content-type": "application/json"}),
    call("head", "HEAD", "/{b}/{p}/a", "200", see="headers", has={"content-length": "3", "date": ".* GMT"}),
    call("get absent", "GET", "/{b}/{p}/none", "404 NoSuchKey"),
    call("head absent", "HEAD", "/{b}/{p}/none", "404"),
    call("get, part of it", "GET", "/{b}/{p}/a", "206", headers={"range": "bytes=1-1"}, see="body headers", has={"content-range": "bytes 1-1/3"}),
    call("get, part beyond the end", "GET", "/{b}/{p}/a", "416 InvalidRange", headers={"range": "bytes=9-"}),
    call("get if changed", "GET", "/{b}/{p}/a", "304", headers={"if-none-match": "{first}"}),
    call("get if another", "GET", "/{b}/{p}/a", "412 PreconditionFailed", headers={"if-match": OLD}),
    call("put an empty object", "PUT", "/{b}/{p}/empty", "200", see="headers"),
    call("get an empty object", "GET", "/{b}/{p}/empty", "200", see="body", has={"content-length": "0"}),
    call("put AES256", "PUT", "/{b}/{p}/sse", "200", body=b"x", headers={"x-amz-server-side-encryption": "AES256"},
         has={"x-amz-server-side-encryption": "AES256"}),
    call("put with MD5", "PUT", "/{b}/{p}/md5", "200", body=b"x", headers=md5_header(b"x")),
    call("put with another's MD5", "PUT", "/{b}/{p}/md5", "400 BadDigest", body=b"x", headers=md5_header(b"y")),
    call("put, key of 1025 bytes", "PUT", "/{b}/" + "k" * 1025, "400 KeyTooLongError", body=b"x"),
    call("put, 1 MiB", "PUT", "/{b}/{p}/large", "200", body=b"0123456789abcdef" * 65536),
    call("get, 1 MiB", "GET", "/{b}/{p}/large", "200", see="body"),
    call("delete", "DELETE", "/{b}/{p}/large", "204", see="headers"),
    call("delete absent", "DELETE", "/{b}/{p}/large", "204", see="headers"),
]

CONDITIONS = [
    call("create, key there", "PUT", "/{b}/{p}/a", "412 PreconditionFailed", body=b"two", headers={"if-none-match": "*"}, text="<Condition>If-None-Match</Condition>"),
    call("create, key absent", "PUT", "/{b}/{p}/c", "200", body=b"two", headers={"if-none-match": "*"}, cap={"c": "etag"}),
    call("create again", "PUT", "/{b}/{p}/c", "412 PreconditionFailed", body=b"two", headers={"if-none-match": "*"}),
    call("create by an ETag", "PUT", "/{b}/{p}/c", "501 NotImplemented", body=b"two", headers={"if-none-match": OLD}),
    call("replace", "PUT", "/{b}/{p}/a", "200", body=b"two", headers={"if-match": "{first}"}, cap={"second": "etag"}, see="headers"),
    call("replace, old ETag", "PUT", "/{b}/{p}/a", "412 PreconditionFailed", body=b"three", headers={"if-match": "{first}"}, text="<Condition>If-Match</Condition>"),
    call("replace, no key", "PUT", "/{b}/{p}/none", "404 NoSuchKey", body=b"x", headers={"if-match": "{first}"}),
    call("replace, ETag without quotes", "PUT", "/{b}/{p}/c", "200", body=b"two", headers={"if-match": "b8a9f715dbb64fd5c56e7783c6820a61"}),
    call("replace, any", "PUT", "/{b}/{p}/a", "412 PreconditionFailed", body=b"x", headers={"if-match": "*"}),
    call("both conditions", "PUT", "/{b}/{p}/a", "501 NotImplemented", body=b"x", headers={"if-match": "{second}", "if-none-match": "*"}),
    call("nothing of it was written", "GET", "/{b}/{p}/a", "200", see="body", text="^two$"),
    call("nor there", "GET", "/{b}/{p}/none", "404 NoSuchKey"),
    call("delete, old ETag", "DELETE", "/{b}/{p}/a", "412 PreconditionFailed", headers={"if-match": "{first}"}),
    call("it is still there", "HEAD", "/{b}/{p}/a", "200"),
    call("delete by ETag", "DELETE", "/{b}/{p}/a", "204", headers={"if-match": "{second}"}),
    call("delete by ETag, absent", "DELETE", "/{b}/{p}/a", "404 NoSuchKey", headers={"if-match": "{second}"}),
    call("create after the delete", "PUT", "/{b}/{p}/a", "200", body=b"new", headers={"if-none-match": "*"}),
]

ODD = ("dir with space/x", "plus+and=equals", "env:/prod/a%2fb", "ümlaut/€uro", "a//b", "dot/./s", "tilde~(paren)!*'", "amp&<angle>\"quote\"", "percent%41",
       "semi;colon,comma", "question?mark#hash", "@$at", "\U0001f511")
KEYS = [c for number, key in enumerate(ODD) for c in (
    call("put odd key %d" % number, "PUT", "/{b}/{p}/odd/" + key, "200", body=b"odd %d" % number),
    call("get odd key %d" % number, "GET", "/{b}/{p}/odd/" + key, "200", see="body", text="^odd %d$" % number))]
KEYS += [
    call("list odd keys", "GET", "/{b}", "200", query=[("list-type", "2"), ("prefix", "{p}/odd/"), ("encoding-type", "url")], see="xml"),
    call("list odd keys, plain", "GET", "/{b}", "200", query=[("list-type", "2"), ("prefix", "{p}/odd/")], see="xml"),
    call("list by an odd prefix", "GET", "/{b}", "200", query=[("list-type", "2"), ("prefix", "{p}/odd/plus+and=e")], see="xml"),
]

LISTS = [call("put to be listed %d" % n, "PUT", "/{b}/{p}/list/" + key, "200", body=b"x" * n)
         for n, key in enumerate(("a", "b/1", "b/2", "c", "d/1", "Z", "ä"))]
LISTS += [
    call("list", "GET", "/{b}", "200", query=[("list-type", "2"), ("prefix", "{p}/list/")], see="xml", text="<KeyCount>7</KeyCount>"),
    call("list, first page", "GET", "/{b}", "200", query=[("list-type", "2"), ("prefix", "{p}/list/"), ("max-keys", "3")], see="xml",
         cap={"token": "tag:NextContinuationToken"}, text="<IsTruncated>true</IsTruncated>"),
    call("list, second page", "GET", "/{b}", "200", query=[("list-type", "2"), ("prefix", "{p}/list/"), ("max-keys", "3"), ("continuation-token", "{token}")],
         see="xml", cap={"token": "tag:NextContinuationToken"}, text="<IsTruncated>true</IsTruncated>"),
    call("list, last page", "GET", "/{b}", "200", query=[("list-type", "2"), ("prefix", "{p}/list/"), ("max-keys", "3"), ("continuation-token", "{token}")],
         see="xml", text="<IsTruncated>false</IsTruncated>"),
    call("list by folder", "GET", "/{b}", "200", query=[("list-type", "2"), ("prefix", "{p}/list/"), ("delimiter", "/")], see="xml"),
    call("list after a key", "GET", "/{b}", "200", query=[("list-type", "2"), ("prefix", "{p}/list/"), ("start-after", "{p}/list/b/1")], see="xml"),
    call("list nothing", "GET", "/{b}", "200", query=[("list-type", "2"), ("prefix", "{p}/nothing/")], see="xml"),
    call("list, bad number", "GET", "/{b}", "400 InvalidArgument", query=[("list-type", "2"), ("max-keys", "x")]),
    call("delete several", "POST", "/{b}", "200", query=[("delete", "")], body=b"{delete}", see="xml"),
    call("delete several, no sum", "POST", "/{b}", "400 InvalidRequest", query=[("delete", "")], body=delete_body("x")),
    call("delete several, no XML", "POST", "/{b}", "400 MalformedXML", query=[("delete", "")], body=b"hello", headers=md5_header(b"hello")),
    call("list after the deletes", "GET", "/{b}", "200", query=[("list-type", "2"), ("prefix", "{p}/list/")], see="xml", text="<KeyCount>5</KeyCount>"),
]

BUCKETS = [
    call("head bucket", "HEAD", "/{b}", "200", has={"x-amz-bucket-region": "us-east-1"}),
    call("location", "GET", "/{b}", "200", query=[("location", "")], see="xml"),
    call("versioning, never set", "GET", "/{b}", "200", query=[("versioning", "")], see="xml"),
    call("head bucket absent", "HEAD", "/{p}-none", "404"),
    call("list bucket absent", "GET", "/{p}-none", "404 NoSuchBucket", query=[("list-type", "2")]),
    call("get from a bucket absent", "GET", "/{p}-none/k", "404 NoSuchBucket"),
    call("put to a bucket absent", "PUT", "/{p}-none/k", "404 NoSuchBucket", body=b"x"),
    call("make a bucket", "PUT", "/{p}-new", "200"),
    call("delete a bucket with something in it", "DELETE", "/{b}", "409 BucketNotEmpty"),
    call("delete a bucket", "DELETE", "/{p}-new", "204"),
    call("make a bucket, bad name", "PUT", "/No_Bucket", "400 InvalidBucketName"),
]

SIGNING = [
    call("wrong secret", "GET", "/{b}/{p}/a", "403 SignatureDoesNotMatch", client={"wrong_secret": True}),
    call("unknown key of access", "GET", "/{b}/{p}/a", "403 InvalidAccessKeyId", client={"keys": ("AKIAXXXXXXXXXXXXXXXX", "x")}),
    call("no signature", "GET", "/{b}/{p}/a", "403 AccessDenied", client={"signed": False}),
    call("a token of nobody", "GET", "/{b}/{p}/a", "400 InvalidToken", client={"token": "nobody"}),
    call("another region", "GET", "/{b}/{p}/a", "400 AuthorizationHeaderMalformed", client={"region": "eu-west-1"}, text="<Region>us-east-1</Region>"),
    call("clock an hour behind", "GET", "/{b}/{p}/a", "403 RequestTimeTooSkewed", client={"skew": -3600}),
    call("clock an hour ahead", "GET", "/{b}/{p}/a", "403 RequestTimeTooSkewed", client={"skew": 3600}),
    call("clock ten minutes behind", "GET", "/{b}/{p}/a", "200", client={"skew": -600}),
    call("another body than was signed", "PUT", "/{b}/{p}/evil", "400 XAmzContentSHA256Mismatch", body=b"evil", client={"sign_body": b"good"}),
    call("it was not written", "GET", "/{b}/{p}/evil", "404 NoSuchKey"),
    call("payload not signed", "PUT", "/{b}/{p}/unsigned", "200", body=b"x", client={"payload_hash": "UNSIGNED-PAYLOAD"}),
    call("a header that is not signed", "GET", "/{b}/{p}/a", "403 AccessDenied", client={"unsigned_headers": {"x-amz-meta-x": "y"}}),
    call("virtual host", "GET", "/{p}/a", "200", see="body", client={"virtual_host": True}),
]

VERSIONS = [
    call("switch versioning on", "PUT", "/{b}", "200", query=[("versioning", "")], body=VERSIONED % b"Enabled", headers=md5_header(VERSIONED % b"Enabled")),
    call("versioning is on", "GET", "/{b}", "200", query=[("versioning", "")], see="xml"),
    call("put version 1", "PUT", "/{b}/{p}/v", "200", body=b"v1", cap={"v1": "version"}, see="headers", has={"x-amz-version-id": ".{3,}"}),
    call("put version 2", "PUT", "/{b}/{p}/v", "200", body=b"v2", cap={"v2": "version", "etag2": "etag"}, see="headers"),
    call("get version 1", "GET", "/{b}/{p}/v", "200", query=[("versionId", "{v1}")], see="body headers", text="^v1$"),
    call("get the newest", "GET", "/{b}/{p}/v", "200", see="body headers", text="^v2$"),
    call("delete makes a marker", "DELETE", "/{b}/{p}/v", "204", see="headers", has={"x-amz-delete-marker": "true"}, cap={"marker": "version"}),
    call("get behind a marker", "GET", "/{b}/{p}/v", "404 NoSuchKey", has={"x-amz-delete-marker": "true"}),
    call("head behind a marker", "HEAD", "/{b}/{p}/v", "404"),
    call("replace behind a marker", "PUT", "/{b}/{p}/v", "404 NoSuchKey", body=b"x", headers={"if-match": "{etag2}"}),
    call("versions behind a marker", "GET", "/{b}", "200", query=[("versions", ""), ("prefix", "{p}/v")], see="xml"),
    call("list behind a marker", "GET", "/{b}", "200", query=[("list-type", "2"), ("prefix", "{p}/v")], see="xml", text="<KeyCount>0</KeyCount>"),
    call("create behind a marker", "PUT", "/{b}/{p}/v", "200", body=b"v3", headers={"if-none-match": "*"}),
    call("delete a marker", "DELETE", "/{b}/{p}/v", "204", query=[("versionId", "{marker}")], see="headers"),
    call("delete version 1", "DELETE", "/{b}/{p}/v", "204", query=[("versionId", "{v1}")], see="headers"),
    call("get version 1 that is gone", "GET", "/{b}/{p}/v", "404 NoSuchVersion", query=[("versionId", "{v1}")]),
    call("versions that are left", "GET", "/{b}", "200", query=[("versions", ""), ("prefix", "{p}/v")], see="xml"),
    call("suspend versioning", "PUT", "/{b}", "200", query=[("versioning", "")], body=VERSIONED % b"Suspended", headers=md5_header(VERSIONED % b"Suspended")),
    call("put while suspended", "PUT", "/{b}/{p}/v", "200", body=b"null", has={"x-amz-version-id": "null"}),
    call("get what was put while suspended", "GET", "/{b}/{p}/v", "200", see="body", text="^null$"),
]

FORM = {"content-type": "application/x-www-form-urlencoded"}


def ask(name, target, want, values, **options):
    """A call of Secrets Manager or of the parameter store."""
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
    service = "ssm" if target.startswith("AmazonSSM") else "secretsmanager"
    given = {"service": service, **options.pop("client", {})}
    return call(name, "POST", "/", want, body=json.dumps(values).encode(), fill=True, headers=headers, client=given, **options)


GET, BATCH, PUT = "secretsmanager.GetSecretValue", "secretsmanager.BatchGetSecretValue", "secretsmanager.PutSecretValue"
PARAMETERS = "AmazonSSM.GetParameters"

# the other services: for servers that have them
SERVICES = [
    ask("create a secret", "secretsmanager.CreateSecret", "200", {"Name": "{p}/db", "SecretString": "s1", "ClientRequestToken": "1" * 32}, see="json"),
    ask("create it again", "secretsmanager.CreateSecret", "400 ResourceExistsException", {"Name": "{p}/db", "SecretString": "s2"}),
    ask("get a secret", GET, "200", {"SecretId": "{p}/db"}, see="json"),
    ask("get a secret absent", GET, "400 ResourceNotFoundException", {"SecretId": "{p}/none"}, text="Secrets Manager can't find the specified secret"),
    ask("get a secret in another region", GET, "400 ResourceNotFoundException", {"SecretId": "{p}/db"}, client={"region": "eu-west-1"}),
    ask("put a secret", PUT, "200", {"SecretId": "{p}/db", "SecretString": "s2", "ClientRequestToken": "2" * 32}, see="json"),
    ask("get the new secret", GET, "200", {"SecretId": "{p}/db"}, see="json", text='"SecretString": ?"s2"'),
    ask("get the old secret", GET, "200", {"SecretId": "{p}/db", "VersionStage": "AWSPREVIOUS"}, see="json", text='"SecretString": ?"s1"'),
    ask("get a stage absent", GET, "400 ResourceNotFoundException", {"SecretId": "{p}/db", "VersionStage": "NONE"}),
    ask("get several secrets", BATCH, "200", {"SecretIdList": ["{p}/db"]}, see="json"),
    ask("get several, one absent", BATCH, "200", {"SecretIdList": ["{p}/db", "{p}/none"]}, see="json"),
    ask("put a parameter", "AmazonSSM.PutParameter", "200", {"Name": "/{p}/a", "Value": "p1", "Type": "SecureString"}),
    ask("put a plain parameter", "AmazonSSM.PutParameter", "200", {"Name": "/{p}/b", "Value": "p2", "Type": "String"}),
    ask("put a parameter again", "AmazonSSM.PutParameter", "400 ParameterAlreadyExists", {"Name": "/{p}/a", "Value": "p3", "Type": "SecureString"}),
    ask("get parameters", PARAMETERS, "200", {"Names": ["/{p}/a", "/{p}/b", "/{p}/none"], "WithDecryption": True}, see="json"),
    ask("get eleven parameters", PARAMETERS, "400 ValidationException", {"Names": ["/{p}/%d" % n for n in range(11)], "WithDecryption": True}),
    ask("a secret, wrong key", GET, "400 InvalidSignatureException", {"SecretId": "{p}/db"}, client={"wrong_secret": True}),
    ask("a secret, unknown key of access", GET, "400 UnrecognizedClientException", {"SecretId": "{p}/db"}, client={"keys": ("AKIAXXXXXXXXXXXXXXXX", "x")}),
    call("who am I", "POST", "/", "200", body=b"Action=GetCallerIdentity&Version=2011-06-15", headers=FORM, client={"service": "sts"},
         text="<Arn>arn:aws:iam::123456789012:user/"),
    call("who am I, wrong key", "POST", "/", "403 SignatureDoesNotMatch", body=b"Action=GetCallerIdentity&Version=2011-06-15", headers=FORM,
         client={"service": "sts", "wrong_secret": True}),
    call("who am I, unknown key of access", "POST", "/", "403 InvalidClientTokenId", body=b"Action=GetCallerIdentity&Version=2011-06-15", headers=FORM,
         client={"service": "sts", "keys": ("AKIAXXXXXXXXXXXXXXXX", "x")}),
]

CALLS = PLAIN + CONDITIONS + KEYS + LISTS + BUCKETS + SIGNING + VERSIONS
