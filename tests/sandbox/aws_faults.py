#!/usr/bin/python3
"""The stand-in of AWS, judged by what AWS documents: signatures, policies, temporary credentials, metadata, secret stores; and its faults.

Environment: as `aws-up` prints it. Prints TAP, then "N passed, N failed".
"""
import datetime
import hashlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
import urllib.parse

from aws_signer import Answer, Client, md5_header
from aws_standin import http1, sigv4
from aws_standin.errors import Error
from conform import Tap

URL = os.environ["SANDBOX_AWS_URL"]
ADMIN = (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
BUCKET = os.environ["SANDBOX_AWS_BUCKET"]
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Wrong(AssertionError):
    pass


def expect(answer, status, code=None, text=None):
    """An answer's status, code and a regular expression of its body."""
    body = answer.body.decode("utf-8", "replace")
    if answer.status != status or (code and answer.code != code) or (text and not re.search(text, body)):
        raise Wrong("wanted %s %s %s, got %d %s" % (status, code or "", text or "", answer.status, body[:500]))
    return answer


def same(got, wanted, what="value"):
    if got != wanted:
        raise Wrong("%s: wanted %r, got %r" % (what, wanted, got))


def client(keys=ADMIN, region="us-east-1"):
    return Client(URL, keys, region)


def control(name, given=None, method="POST", query=()):
    answer = Client(URL, ("", "")).call(method, "/_sandbox/" + name, query, json.dumps(given).encode() if given is not None else b"", signed=False)
    same(answer.status, 200, "control %s: %s" % (name, answer.body[:300]))
    return json.loads(answer.body)


def look(route, **query):
    return control(route, None, "GET", [(n, str(v)) for n, v in query.items()])


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def principal(name, *statements):
    made = control("principals", {"name": name, "policy": policy(*statements)})
    return client((made["access_key"], made["secret_key"]))


# ---- signatures ------------------------------------------------------------------------------------

EXAMPLE = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
EXAMPLES = [    # docs.aws.amazon.com "Examples: Signature calculations in AWS Signature Version 4"
    ("GET", "/test.txt", {"range": "bytes=0-9"}, b"", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
    ("PUT", "/test%24file.text", {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}, b"Welcome to Amazon S3.",
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
    ("GET", "/?lifecycle", {}, b"", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    ("GET", "/?prefix=J&max-keys=2", {}, b"", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
]


def example(method, target, headers, body, signature):
    """The request of the documentation as it would arrive."""
    headers = {"host": "examplebucket.s3.amazonaws.com", "x-amz-content-sha256": hashlib.sha256(body).hexdigest(), "x-amz-date": "20130524T000000Z", **headers}
    headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/20130524/us-east-1/s3/aws4_request,SignedHeaders=%s,Signature=%s" % (
        EXAMPLE[0], ";".join(sorted(headers)), signature)
    return http1.Request(method, target, headers, body, False)


@test
def signatures_of_the_documentation():
    now = sigv4.seconds("20130524T000000Z")
    for method, target, headers, body, signature in EXAMPLES:
        request = example(method, target, headers, body, signature)
        sigv4.verify(request, sigv4.parse(request), EXAMPLE[1], now, 900)
        for spoil in ("secret", "path", "header", "body"):
            request = example(method, target + ("x" if spoil == "path" else ""), headers, body, signature)
            if spoil == "header":
                request.headers["host"] += "x"
            if spoil == "body":
                request.body += b"x"
            try:
                sigv4.verify(request, sigv4.parse(request), EXAMPLE[1] + ("x" if spoil == "secret" else ""), now, 900)
            except Error as problem:
                same(problem.code, "XAmzContentSHA256Mismatch" if spoil == "body" else "SignatureDoesNotMatch", spoil)
            else:
                raise Wrong("%s %s: accepted with another %s" % (method, target, spoil))


@test
def a_bad_signature_is_explained():
    answer = client((ADMIN[0], "wrong")).call("GET", "/%s/a b" % BUCKET, [("x", "y z")])
    expect(answer, 403, "SignatureDoesNotMatch")
    lines = answer.tag("CanonicalRequest").split("\n")
    same(lines[:3], ["GET", "/%s/a%%20b" % BUCKET, "x=y%20z"], "canonical request")
    same(hashlib.sha256(answer.tag("CanonicalRequest").encode()).hexdigest(), answer.tag("StringToSign").split("\n")[3], "its hash")
    if b"wrong" in answer.body:
        raise Wrong("the secret is in the answer")


@test
def the_clock_can_be_set():
    control("clock", {"offset_s": 3600})
    answer = expect(client().call("GET", "/" + BUCKET, [("list-type", "2")]), 403, "RequestTimeTooSkewed", "<MaxAllowedSkewMilliseconds>900000<")
    theirs = datetime.datetime.strptime(answer.headers["date"], "%a, %d %b %Y %H:%M:%S GMT")
    away = (theirs - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)).total_seconds()
    if not 3590 < away < 3610:
        raise Wrong("Date is %s s away" % away)
    expect(client().call("GET", "/" + BUCKET, [("list-type", "2")], skew=3600), 200)
    expect(client().form(Action="GetCallerIdentity", Version="2011-06-15"), 403, "SignatureDoesNotMatch", "expired")


@test
def headers_of_amazon_are_to_be_signed():
    for headers in ({"x-amz-meta-a": "b"}, {"x-amz-security-token": "x"}):
        answer = client().call("PUT", "/%s/k" % BUCKET, (), b"x", unsigned_headers=headers)
        if answer.status not in (400, 403):
            raise Wrong("%s: %d" % (headers, answer.status))
    answer = client().call("GET", "/%s/k" % BUCKET, payload_hash="abc")
    expect(answer, 400, "InvalidArgument")


# ---- regions, styles -------------------------------------------------------------------------------

@test
def a_bucket_is_asked_in_its_region():
    control("buckets", {"name": "eu-bucket", "region": "eu-central-1"})
    answer = expect(client().call("GET", "/eu-bucket", [("list-type", "2")]), 400, "AuthorizationHeaderMalformed", "expecting 'eu-central-1'")
    same((answer.tag("Region"), answer.headers["x-amz-bucket-region"]), ("eu-central-1", "eu-central-1"))
    same(expect(client().call("HEAD", "/eu-bucket"), 400).headers["x-amz-bucket-region"], "eu-central-1")
    expect(client(region="eu-central-1").call("PUT", "/eu-bucket/k", (), b"x"), 200)
    control("wrong_region", {"answer": "PermanentRedirect"})
    answer = expect(client().call("GET", "/eu-bucket/k"), 301, "PermanentRedirect", "<Endpoint>eu-bucket.s3.eu-central-1.amazonaws.com<")
    same(answer.headers["x-amz-bucket-region"], "eu-central-1")
    control("wrong_region", {"answer": "TemporaryRedirect"})
    same(expect(client().call("GET", "/eu-bucket/k"), 307).headers["location"], "http://eu-bucket.s3.eu-central-1.amazonaws.com/eu-bucket/k")
    control("wrong_region", {"answer": "AuthorizationHeaderMalformed"})
    expect(client().call("GET", "/k", host="eu-bucket.s3.us-west-2.amazonaws.com", region="us-west-2"), 301, "PermanentRedirect")
    nobody = principal("nobody", allow("sts:GetCallerIdentity"))
    same(expect(nobody.call("HEAD", "/eu-bucket", region="eu-central-1"), 403).headers["x-amz-bucket-region"], "eu-central-1")


@test
def buckets_in_the_host_name():
    control("buckets", {"name": "with.dots", "region": "us-east-1"})
    for host, bucket in (("%s.localhost:1" % BUCKET, BUCKET), ("%s.s3.us-east-1.amazonaws.com" % BUCKET, BUCKET), ("with.dots.s3.localhost", "with.dots"),
                         ("%s.example.org" % BUCKET, BUCKET), ("with.dots.example.org", "with.dots")):
        expect(client().call("PUT", "/host/" + host, (), host.encode(), host=host), 200)
        expect(client().call("GET", "/%s/host/%s" % (bucket, host)), 200, text=re.escape(host))
    expect(client().call("GET", "/%s/host/x" % BUCKET, host="s3.us-east-1.amazonaws.com"), 404, "NoSuchKey")


# ---- rights ----------------------------------------------------------------------------------------

ARN = "arn:aws:s3:::" + BUCKET


@test
def each_right_by_itself():
    all_rights = {"s3:GetObject": ARN + "/env/*", "s3:PutObject": ARN + "/env/*", "s3:DeleteObject": ARN + "/env/*", "s3:ListBucket": ARN}
    etag = client().call("PUT", "/%s/env/there" % BUCKET, (), b"x").headers["etag"]
    table = [
        ("GET", "env/there", {}, b"", 200, ["s3:GetObject"]), ("HEAD", "env/there", {}, b"", 200, ["s3:GetObject"]),
        ("GET", "env/missing", {}, b"", 404, ["s3:GetObject", "s3:ListBucket"]), ("PUT", "env/new", {}, b"x", 200, ["s3:PutObject"]),
        ("PUT", "env/there", {"if-none-match": "*"}, b"x", 412, ["s3:PutObject"]),
        ("PUT", "env/there", {"if-match": etag}, b"x", 200, ["s3:PutObject", "s3:GetObject"]),
        ("DELETE", "env/there", {"if-match": '"x"'}, b"", 412, ["s3:DeleteObject", "s3:GetObject"]), ("DELETE", "env/gone", {}, b"", 204, ["s3:DeleteObject"]),
    ]
    for method, key, headers, body, status, needed in table:
        enough = principal("enough", *(allow(a, r) for a, r in all_rights.items() if a in needed))
        expect(enough.call(method, "/%s/%s" % (BUCKET, key), (), body, headers), status)
        for left_out in needed:
            some = principal("some", *(allow(a, r) for a, r in all_rights.items() if a != left_out))
            resource = ARN if left_out == "s3:ListBucket" else ARN + "/" + key
            sentence = 'User: arn:aws:iam::123456789012:user/some is not authorized to perform: %s on resource: "%s" because no identity-based policy allows ' \
                'the %s action' % (left_out, resource, left_out)
            answer = expect(some.call(method, "/%s/%s" % (BUCKET, key), (), body, headers), 403, "AccessDenied" if method != "HEAD" else None)
            if method != "HEAD":
                same(answer.tag("Message"), sentence)
    outside = principal("outside", *(allow(a, r) for a, r in all_rights.items()))
    expect(outside.call("PUT", "/%s/other/x" % BUCKET, (), b"x"), 403, "AccessDenied")


@test
def conditions_and_denials():
    some = principal("prefix", allow("s3:ListBucket", ARN, Condition={"StringLike": {"s3:prefix": ["env/a/*", "env/b"]}}))
    expect(some.call("GET", "/" + BUCKET, [("list-type", "2"), ("prefix", "env/a/x")]), 200)
    expect(some.call("GET", "/" + BUCKET, [("list-type", "2"), ("prefix", "env/c/x")]), 403, "AccessDenied")
    expect(some.call("GET", "/" + BUCKET, [("list-type", "2")]), 403, "AccessDenied")
    denied = principal("denied", allow("s3:*"), {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"})
    expect(denied.call("DELETE", "/%s/x" % BUCKET), 403, "AccessDenied", "with an explicit deny in an identity-based policy")
    only = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": ARN + "/*",
            "Condition": {"Null": {"s3:if-none-match": "true", "s3:if-match": "true"}}}
    control("buckets", {"name": BUCKET, "policy": policy(only)})
    try:
        expect(client().call("PUT", "/%s/free" % BUCKET, (), b"x"), 403, "AccessDenied", "explicit deny in a resource-based policy")
        expect(client().call("PUT", "/%s/bound" % BUCKET, (), b"x", {"if-none-match": "*"}), 200)
    finally:
        control("buckets", {"name": BUCKET, "policy": None})
    body = b"<Delete><Object><Key>bound</Key></Object></Delete>"
    answer = denied.call("POST", "/" + BUCKET, [("delete", "")], body, md5_header(body))
    expect(answer, 200, text="<Error><Key>bound</Key><Code>AccessDenied</Code>")
    expect(client().call("HEAD", "/%s/bound" % BUCKET), 200)


@test
def a_policy_that_is_not_understood_is_refused():
    for bad in ({"Effect": "allow", "Action": "*", "Resource": "*"}, allow("*", Condition={"IpAddress": {"aws:SourceIp": "1.2.3.4"}}),
                {"Effect": "Allow", "Resource": "*"}):
        answer = Client(URL, ("", "")).call("POST", "/_sandbox/principals", (), json.dumps({"name": "bad", "policy": policy(bad)}).encode(), signed=False)
        same(answer.status, 400, str(bad))


@test
def encryption_with_a_key():
    key = "arn:aws:kms:us-east-1:123456789012:key/1234"
    headers = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": key}
    path = "/%s/kms" % BUCKET
    expect(client().call("PUT", path, (), b"x", headers), 400, "KMS.NotFoundException")
    control("kms_keys", {"arn": key})
    first = expect(client().call("PUT", path, (), b"x", headers), 200)
    second = expect(client().call("PUT", path, (), b"x", headers), 200)
    same((second.headers["x-amz-server-side-encryption"], second.headers["x-amz-server-side-encryption-aws-kms-key-id"]), ("aws:kms", key))
    if first.headers["etag"] == second.headers["etag"] or first.headers["etag"] == '"%s"' % hashlib.md5(b"x").hexdigest():
        raise Wrong("the ETag of an object under a KMS key is no MD5")
    without = principal("without-kms", allow("s3:*"))
    expect(without.call("PUT", path, (), b"x", headers), 403, "AccessDenied", "kms:GenerateDataKey on resource: " + key)
    expect(without.call("GET", path), 403, "AccessDenied", "kms:Decrypt on resource: " + key)
    expect(principal("with-kms", allow("s3:*"), allow(["kms:Decrypt", "kms:GenerateDataKey"], key)).call("GET", path), 200)
    control("kms_keys", {"arn": key, "state": "disabled"})
    expect(client().call("PUT", path, (), b"x", headers), 400, "KMS.DisabledException")


@test
def object_lock_wants_a_sum():
    control("buckets", {"name": "locked-bucket", "object_lock": True})
    expect(client().call("PUT", "/locked-bucket/k", (), b"x"), 400, "InvalidRequest", "Content-MD5 OR x-amz-checksum-")
    expect(client().call("PUT", "/locked-bucket/k", (), b"x", md5_header(b"x")), 200)


# ---- temporary credentials ---------------------------------------------------------------------------

def keys_of(answer):
    return answer.tag("AccessKeyId"), answer.tag("SecretAccessKey"), answer.tag("SessionToken")


@test
def assume_role():
    arn = control("roles", {"name": "deployer", "policy": policy(allow("s3:GetObject", ARN + "/*"), allow("s3:ListBucket", ARN)), "external_id": "e-1"})["arn"]
    values = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": arn, "RoleSessionName": "test", "DurationSeconds": "900"}
    expect(client().form(**values), 403, "AccessDenied", "sts:AssumeRole on resource: " + arn)
    answer = expect(client().form(ExternalId="e-1", **values), 200)
    same(answer.tag("Arn"), "arn:aws:sts::123456789012:assumed-role/deployer/test")
    keys = keys_of(answer)
    expect(client(keys).call("GET", "/%s/missing" % BUCKET), 404, "NoSuchKey")
    expect(client(keys).call("PUT", "/%s/x" % BUCKET, (), b"x"), 403, "AccessDenied", "assumed-role/deployer/test is not authorized to perform: s3:PutObject")
    expect(client(keys[:2]).call("GET", "/%s/x" % BUCKET), 403, "InvalidAccessKeyId")
    expect(client(keys[:2] + ("spoilt",)).call("GET", "/%s/x" % BUCKET), 400, "InvalidToken")
    same(client(keys).form(Action="GetCallerIdentity", Version="2011-06-15").tag("Arn"), "arn:aws:sts::123456789012:assumed-role/deployer/test")
    control("expire", {"access_key": keys[0]})
    expect(client(keys).call("GET", "/%s/missing" % BUCKET), 400, "ExpiredToken")
    expect(client(keys).form(Action="GetCallerIdentity", Version="2011-06-15"), 403, "ExpiredToken")
    expect(principal("no-sts", allow("s3:*")).form(ExternalId="e-1", **values), 403, "AccessDenied")
    expect(client((ADMIN[0], "wrong")).form(ExternalId="e-1", **values), 403, "SignatureDoesNotMatch")
    expect(client(("AKIAXXXXXXXXXXXXXXXX", "x")).form(ExternalId="e-1", **values), 403, "InvalidClientTokenId")
    expect(client().form(ExternalId="e-1", **{**values, "DurationSeconds": "60"}), 400, "ValidationError")
    expect(client().call("POST", "/", (), b"Action=GetCallerIdentity&Version=2011-06-15", {"content-type": "application/x-www-form-urlencoded"}, signed=False),
           403, "MissingAuthenticationToken")


@test
def web_identity():
    arn = control("roles", {"name": "irsa", "web_identity_tokens": ["a.b.c"], "expired_web_identity_tokens": ["o.l.d"]})["arn"]
    values = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": arn, "RoleSessionName": "pod"}
    keys = keys_of(expect(client().form(WebIdentityToken="a.b.c", **values), 200))
    expect(client(keys).call("GET", "/" + BUCKET, [("list-type", "2")]), 200)
    expect(client().form(WebIdentityToken="o.l.d", **values), 400, "ExpiredTokenException")
    expect(client().form(WebIdentityToken="x.y.z", **values), 403, "AccessDenied")
    expect(client().form(WebIdentityToken="nonsense", **values), 400, "InvalidIdentityToken")
    expect(client().form(WebIdentityToken="a.b.c", **{**values, "RoleArn": arn + "x"}), 403, "AccessDenied")


@test
def instance_metadata():
    plain = client()
    base = "/latest/meta-data/iam/security-credentials/"
    same(plain.call("GET", base, signed=False).status, 401, "without a token")
    same(plain.call("PUT", "/latest/api/token", signed=False).status, 400, "token without a time")
    token = plain.call("PUT", "/latest/api/token", headers={"x-aws-ec2-metadata-token-ttl-seconds": "21600"}, signed=False)
    same(token.status, 200, "token")
    headers = {"x-aws-ec2-metadata-token": token.body.decode()}
    same(plain.call("GET", base, headers=headers, signed=False).status, 404, "no role")
    control("roles", {"name": "node", "max_duration_s": 21600})
    control("metadata", {"role": "node", "region": "eu-west-3"})
    same(plain.call("GET", base, headers=headers, signed=False).body, b"node", "role")
    same(plain.call("GET", "/latest/meta-data/placement/region", headers=headers, signed=False).body, b"eu-west-3", "region")
    found = json.loads(plain.call("GET", base + "node", headers=headers, signed=False).body)
    same(found["Code"], "Success")
    expect(client((found["AccessKeyId"], found["SecretAccessKey"], found["Token"])).call("GET", "/" + BUCKET, [("list-type", "2")]), 200)
    same(json.loads(plain.call("GET", base + "node", headers=headers, signed=False).body)["AccessKeyId"], found["AccessKeyId"], "the same until it ends")
    same(plain.call("PUT", "/latest/api/token", headers={"x-aws-ec2-metadata-token-ttl-seconds": "60", "x-forwarded-for": "1.2.3.4"}, signed=False).status, 403)
    control("clock", {"offset_s": 22000})
    same(plain.call("GET", base, headers=headers, signed=False).status, 401, "an old token")
    control("metadata", {"version1": True})
    same(plain.call("GET", base, signed=False).status, 200, "version 1 where it is allowed")


@test
def container_credentials():
    control("roles", {"name": "task"})
    control("container", {"role": "task", "token": "let me in"})
    path = urllib.parse.urlsplit(os.environ["SANDBOX_AWS_CONTAINER_URI"]).path
    same(client().call("GET", path, signed=False).status, 401, "without a token")
    same(client().call("GET", path, headers={"authorization": "other"}, signed=False).status, 401, "wrong token")
    found = json.loads(client().call("GET", path, headers={"authorization": "let me in"}, signed=False).body)
    expect(client((found["AccessKeyId"], found["SecretAccessKey"], found["Token"])).call("GET", "/" + BUCKET, [("list-type", "2")]), 200)


# ---- secret stores -----------------------------------------------------------------------------------

def ask(target, values, by=None, region="us-east-1"):
    return (by or client()).ask(target, values, region=region)


@test
def secrets_manager():
    get, batch = "secretsmanager.GetSecretValue", "secretsmanager.BatchGetSecretValue"
    arn = control("secrets", {"name": "app/db", "value": '{"password":"p1"}'})["arn"]
    for ident in ("app/db", arn, arn[:-7]):
        same(json.loads(expect(ask(get, {"SecretId": ident}), 200).body)["SecretString"], '{"password":"p1"}', ident)
    expect(ask(get, {"SecretId": "app/none"}), 400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    expect(ask(get, {"SecretId": "app/db"}, region="eu-west-1"), 400, "ResourceNotFoundException")
    some = principal("some-secrets", allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/*"),
                     allow("secretsmanager:BatchGetSecretValue"))
    control("secrets", {"name": "other", "value": "x"})
    expect(ask(get, {"SecretId": "other"}, some), 400, "AccessDeniedException", "is not authorized to perform: secretsmanager:GetSecretValue on resource: ")
    found = json.loads(expect(ask(batch, {"SecretIdList": ["app/db", "other", "app/none"]}, some), 200).body)
    same([v["Name"] for v in found["SecretValues"]], ["app/db"])
    same([(e["SecretId"], e["ErrorCode"]) for e in found["Errors"]], [("other", "AccessDeniedException"), ("app/none", "ResourceNotFoundException")])
    expect(ask(batch, {"SecretIdList": ["x"] * 21}), 400, "ValidationException")
    put = {"SecretId": "app/db", "SecretString": "p2", "ClientRequestToken": "t" * 32}
    version = json.loads(expect(ask("secretsmanager.PutSecretValue", put), 200).body)["VersionId"]
    same(json.loads(expect(ask("secretsmanager.PutSecretValue", put), 200).body)["VersionId"], version, "the same again")
    expect(ask("secretsmanager.PutSecretValue", {**put, "SecretString": "p3"}), 400, "ResourceExistsException")
    same(json.loads(ask(get, {"SecretId": "app/db"}).body)["SecretString"], "p2")
    same(json.loads(ask(get, {"SecretId": "app/db", "VersionStage": "AWSPREVIOUS"}).body)["SecretString"], '{"password":"p1"}')
    expect(ask("secretsmanager.CreateSecret", {"Name": "made", "SecretString": "m"}), 200)
    expect(ask("secretsmanager.CreateSecret", {"Name": "made", "SecretString": "n"}), 400, "ResourceExistsException")
    control("secrets", {"name": "other", "kms_broken": True})
    expect(ask(get, {"SecretId": "other"}), 400, "DecryptionFailure")
    control("secrets", {"name": "made", "deleted": True})
    expect(ask(get, {"SecretId": "made"}), 400, "InvalidRequestException")
    expect(ask(get, {"SecretId": "app/db"}, client((ADMIN[0], "wrong"))), 400, "InvalidSignatureException")
    expect(ask(get, {"SecretId": "app/db"}, client(("AKIAXXXXXXXXXXXXXXXX", "x"))), 400, "UnrecognizedClientException")
    expect(ask("secretsmanager.Nonsense", {}), 400, "UnknownOperationException")


@test
def parameter_store():
    get = "AmazonSSM.GetParameters"
    for name, kind in (("/app/a", "SecureString"), ("/app/b", "String")):
        control("parameters", {"name": name, "value": "value of " + name, "type": kind})
    found = json.loads(expect(ask(get, {"Names": ["/app/a", "/app/b", "/app/none"], "WithDecryption": True}), 200).body)
    same({p["Name"]: p["Value"] for p in found["Parameters"]}, {"/app/a": "value of /app/a", "/app/b": "value of /app/b"})
    same(found["InvalidParameters"], ["/app/none"])
    sealed = json.loads(ask(get, {"Names": ["/app/a"]}).body)["Parameters"][0]["Value"]
    if "value of" in sealed:
        raise Wrong("a SecureString came in clear without WithDecryption")
    expect(ask(get, {"Names": ["/x%d" % n for n in range(11)]}), 400, "ValidationException")
    some = principal("some-parameters", allow("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/app/*"))
    expect(ask(get, {"Names": ["/app/a", "/else"]}, some), 400, "AccessDeniedException", "ssm:GetParameters on resource: arn:aws:ssm:us-east-1:123456789012:parameter/else")
    expect(ask(get, {"Names": ["/app/a"]}, some), 200)
    control("faults", [{"match": {"action": "ssm:*"}, "do": {"error": "ThrottlingException"}}])
    expect(ask(get, {"Names": ["/app/a"]}), 400, "ThrottlingException", "Rate exceeded")


# ---- faults ------------------------------------------------------------------------------------------

def lost(function):
    try:
        answer = function()
    except (OSError, http.client.HTTPException):
        return
    raise Wrong("an answer came: %d" % answer.status)


@test
def answers_that_get_lost():
    path = "/%s/lost" % BUCKET
    control("faults", [{"match": "PUT *lost", "nth": 2, "do": {"after": "drop"}}, {"match": "PUT *lost", "nth": 2, "do": {"before": "drop"}}])
    expect(client().call("PUT", path, (), b"1"), 200)
    lost(lambda: client().call("PUT", path, (), b"2"))
    expect(client().call("GET", path), 200, text="^2$")
    lost(lambda: client().call("PUT", path, (), b"3"))
    expect(client().call("GET", path), 200, text="^2$")
    expect(client().call("PUT", path, (), b"4"), 200)
    same([e["status"] for e in look("log") if e["method"] == "PUT"], [200, None, None, 200], "the log")


@test
def errors_on_demand():
    path = "/%s/errors" % BUCKET
    client().call("PUT", path, (), b"0123456789")
    for do, status, code in (({"error": "SlowDown", "retry_after": 1}, 503, "SlowDown"), ({"error": "InternalError"}, 500, "InternalError"),
                             ({"error": "ConditionalRequestConflict"}, 409, "ConditionalRequestConflict"), ({"error": "ExpiredToken"}, 400, "ExpiredToken"),
                             ({"status": 502}, 502, None), ({"after": "status 500"}, 500, "InternalError"), ({"after": "error SlowDown"}, 503, "SlowDown"),
                             ({"garbage": "html"}, 200, None), ({"status": 200, "body": "<x>"}, 200, None)):
        control("faults", [{"match": {"bucket": BUCKET, "key": "err*", "method": "PUT"}, "nth": 1, "do": do}])
        answer = expect(client().call("PUT", path, (), json.dumps(do).encode()), status, code)
        same(answer.headers.get("retry-after"), "1" if "retry_after" in do else None)
        body = client().call("GET", path).body
        same(body == json.dumps(do).encode(), "after" in do, "carried out: %s" % do)
        expect(client().call("PUT", path, (), b"0123456789"), 200)
    control("faults", {"match": "GET *", "do": {"truncate": 4}})
    lost(lambda: client().call("GET", path))
    control("faults", {"match": "GET *", "do": {"flip": 2}})
    same(client().call("GET", path).body, b"0133456789")
    control("faults", {"match": "GET *", "do": {"trickle": {"bytes": 3, "every_ms": 1}}})
    same(client().call("GET", path).body, b"0123456789")
    for bad in ({"match": "GET *", "do": {"explode": True}}, {"match": {"colour": "red"}, "do": {}}):
        answer = Client(URL, ("", "")).call("POST", "/_sandbox/faults", (), json.dumps(bad).encode(), signed=False)
        same(answer.status, 400, str(bad))


@test
def faults_for_one_of_several():
    other = principal("other", allow("s3:*"))
    control("faults", [{"match": {"principal": "*:user/other", "method": "PUT"}, "do": {"error": "SlowDown"}},
                       {"match": {"header": "if-match"}, "do": {"error": "InternalError"}},
                       {"match": {"action": "imds:Token"}, "do": {"before": "drop"}},
                       {"match": "GET *", "do": {"headers": {"Date": None, "ETag": '"other"'}}}])
    path = "/%s/several" % BUCKET
    expect(other.call("PUT", path, (), b"x"), 503, "SlowDown")
    expect(client().call("PUT", path, (), b"x"), 200)
    expect(client().call("PUT", path, (), b"x", {"if-match": '"x"'}), 500, "InternalError")
    headers = client().call("GET", path).headers
    same((headers.get("date"), headers["etag"]), (None, '"other"'))
    lost(lambda: client().call("PUT", "/latest/api/token", headers={"x-aws-ec2-metadata-token-ttl-seconds": "60"}, signed=False))


@test
def conditions_that_are_ignored():
    path = "/%s/ignored" % BUCKET
    client().call("PUT", path, (), b"1")
    control("faults", {"match": "PUT *", "do": {"ignore_conditions": True}})
    expect(client().call("PUT", path, (), b"2", {"if-none-match": "*"}), 200)
    expect(client().call("PUT", path, (), b"3", {"if-match": '"x"'}), 200)
    control("faults", [])
    expect(client().call("PUT", path, (), b"4", {"if-none-match": "*"}), 412)
    expect(client().call("GET", path), 200, text="^3$")


@test
def requests_that_are_held():
    path, answers = "/%s/held" % BUCKET, []
    control("faults", [{"match": "PUT *held", "nth": 1, "do": {"hold": "gate"}}, {"match": "PUT *held", "nth": 1, "do": {"hold_after": "later"}}])
    first = threading.Thread(target=lambda: answers.append(client().call("PUT", path, (), b"first", {"if-none-match": "*"})))
    first.start()
    same(len(look("held", name="gate", wait_s=20).get("gate", [])), 1, "held before")
    expect(client().call("GET", path), 404)
    second = threading.Thread(target=lambda: answers.append(client().call("PUT", path, (), b"second")))
    second.start()
    same(len(look("held", name="later", wait_s=20).get("later", [])), 1, "held after")
    expect(client().call("GET", path), 200, text="^second$")
    same(answers, [], "no answer yet")
    same(control("release", {"name": "gate"})["released"], 1)
    first.join(20)
    same([a.status for a in answers], [412], "the one that was late")
    same(control("release", {})["released"], 1)
    second.join(20)
    same([a.status for a in answers], [412, 200])
    same(look("held"), {})


@test
def a_token_that_ends_on_the_way():
    control("roles", {"name": "short"})
    made = control("sessions", {"role": "short"})
    keys = made["access_key"], made["secret_key"], made["token"]
    control("faults", [{"match": "PUT *", "nth": 2, "do": {"expire_token": True}}])
    expect(client(keys).call("PUT", "/%s/token" % BUCKET, (), b"1"), 200)
    expect(client(keys).call("PUT", "/%s/token" % BUCKET, (), b"2"), 400, "ExpiredToken")
    expect(client(keys).call("GET", "/%s/token" % BUCKET), 400, "ExpiredToken")
    expect(client().call("GET", "/%s/token" % BUCKET), 200, text="^1$")


@test
def a_process_that_is_killed():
    for when, written in (("before", False), ("after", True)):
        with subprocess.Popen(["sleep", "60"]) as victim:
            control("kill_at", {"n": 2, "pid": victim.pid, "when": when})
            client().call("GET", "/%s/x" % BUCKET)
            same(victim.poll(), None, "killed too early")
            try:
                client().call("PUT", "/%s/kill-%s" % (BUCKET, when), (), b"x")
            except (ConnectionError, http.client.HTTPException):
                same(written, False, "no answer")
            same(victim.wait(20), -signal.SIGKILL)
        same(client().call("HEAD", "/%s/kill-%s" % (BUCKET, when)).status, 200 if written else 404)
    with subprocess.Popen(["sleep", "60"]) as victim:
        control("faults", {"match": "PUT *by-rule", "nth": 1, "do": {"after": "kill", "pid": victim.pid}})
        client().call("PUT", "/%s/by-rule" % BUCKET, (), b"x")
        same(victim.wait(20), -signal.SIGKILL)
    expect(client().call("GET", "/%s/by-rule" % BUCKET), 200)


@test
def the_log_holds_no_secret():
    control("roles", {"name": "logged"})
    made = control("sessions", {"role": "logged"})
    mark = look("mark")["mark"]
    client((made["access_key"], made["secret_key"], made["token"])).call("PUT", "/%s/l%%2f" % BUCKET, [("x", "y")], b"body", {"if-none-match": "*"})
    entries = look("log", since=mark)
    same(len(entries), 1)
    entry = entries[0]
    same([entry[n] for n in ("service", "action", "method", "bucket", "key", "query", "status", "bytes", "access_key", "principal")],
         ["s3", "s3:PutObject", "PUT", BUCKET, "l%2f", "x=y", 200, 4, made["access_key"], "arn:aws:sts::123456789012:assumed-role/logged/sandbox"])
    same(entry["headers"]["if-none-match"], "*")
    text = json.dumps(entries)
    if made["token"] in text or re.search(r"Signature=[0-9a-f]", text):
        raise Wrong("a token or a signature is in the log")


@test
def objects_by_hand():
    plain = Client(URL, ("", ""))
    query = [("bucket", BUCKET), ("key", "hand/ü")]
    mark = look("mark")["mark"]
    same(plain.call("PUT", "/_sandbox/object", query, b"edited", signed=False).status, 200)
    same(plain.call("GET", "/_sandbox/object", query, signed=False).body, b"edited")
    same(look("mark")["mark"], mark, "requests counted")
    expect(client().call("GET", "/%s/hand/ü" % BUCKET), 200, text="^edited$")
    plain.call("DELETE", "/_sandbox/object", query, signed=False)
    expect(client().call("GET", "/%s/hand/ü" % BUCKET), 404)


@test
def large_and_chunked_bodies():
    body = os.urandom(1 << 20) * 50
    expect(client().call("PUT", "/%s/large" % BUCKET, (), body), 200)
    same(hashlib.sha256(client().call("GET", "/%s/large" % BUCKET).body).digest(), hashlib.sha256(body).digest())
    connection = client().connect()
    connection.request("PUT", "/%s/chunked" % BUCKET, iter([b"a", b"b"]), {"Authorization": "x"}, encode_chunked=True)
    got = connection.getresponse()
    same(Answer(got.status, {}, got.read()).status // 100, 4, "chunked")
    connection.close()


@test
def latency_and_speed():
    control("latency", {"ms": 30})
    start = time.monotonic()
    client().call("GET", "/%s/x" % BUCKET)
    if time.monotonic() - start < 0.03:
        raise Wrong("the latency is not there")
    control("latency", {"ms": 0})
    one, start = client(), time.process_time()
    for _ in range(200):
        one.call("PUT", "/%s/speed" % BUCKET, (), b"x")
    same(look("stats")["by_action"]["s3:PutObject"], 200)
    print("# 200 PUTs took this client %.2f s" % (time.process_time() - start))


def main():
    tap = Tap()
    for function in TESTS:
        control("wipe", {})
        problems = []
        try:
            function()
        except Exception as problem:  # pylint: disable=broad-except
            problems = str(problem).splitlines() if isinstance(problem, Wrong) else traceback.format_exc().splitlines()
        tap.report(function.__name__.replace("_", " "), problems)
    control("wipe", {})
    return tap.close()


if __name__ == "__main__":
    sys.exit(main())
