"""Credentials that a machine or a container gets from beside it: instance metadata (version 2), and the container endpoint."""
import json
import secrets

from .http1 import Response
from .iam import ACCOUNT
from .sts import moment

ROLES = "/latest/meta-data/iam/security-credentials/"
CONTAINER = "/v2/credentials/sandbox"
NOT_FOUND = (b'<?xml version="1.0" encoding="iso-8859-1"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
             b'"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">\n'
             b' <head>\n  <title>%d - %s</title>\n </head>\n <body>\n  <h1>%d - %s</h1>\n </body>\n</html>\n')


def page(status, title):
    return Response(status, NOT_FOUND % (status, title, status, title), {"Content-Type": "text/html", "Server": "EC2ws"})


def plain(text, **headers):
    return Response(200, text.encode(), {"Content-Type": "text/plain", "Server": "EC2ws", **headers})


class Metadata:
    def __init__(self, app):
        self.app = app
        self.clear()

    def clear(self):
        self.tokens, self.given, self.made = {}, {"role": None, "region": "us-east-1", "duration_s": 21600, "version1": False}, {}
        self.container = {"role": None, "token": "sandbox-container-token", "duration_s": 21600}

    def change(self, given):
        if set(given) - set(self.given):
            raise ValueError("unknown: " + ", ".join(set(given) - set(self.given)))
        self.given.update(given)
        self.made.clear()

    def change_container(self, given):
        if set(given) - set(self.container):
            raise ValueError("unknown: " + ", ".join(set(given) - set(self.container)))
        self.container.update(given)
        self.made.clear()

    def key_of(self, settings, session):
        """Credentials of a role, the same until they are about to expire."""
        role = self.app.iam.roles["arn:aws:iam::%s:role/%s" % (ACCOUNT, settings["role"])]
        name, now = (role.arn, session), self.app.clock.now()
        key, since = self.made.get(name, (None, 0))
        if key is None or key.expires <= now + min(300, settings["duration_s"] / 2):
            key, since = self.app.iam.session(role, session, settings["duration_s"]), now
            self.made[name] = key, since
        return role, key, since

    def instance(self, request):
        """IMDSv2: a token first, then role and credentials."""
        path = request.raw_path
        if path == "/latest/api/token":
            return self.make_token(request)
        token = request.headers.get("x-aws-ec2-metadata-token")
        if self.tokens.get(token, 0) <= self.app.clock.now() and not (token is None and self.given["version1"]):
            return page(401, b"Unauthorized")
        if request.method != "GET":
            return page(405, b"Method Not Allowed")
        role, region = self.given["role"], self.given["region"]
        if path == "/latest/meta-data/placement/region":
            return plain(region)
        if path == "/latest/meta-data/placement/availability-zone":
            return plain(region + "a")
        if path == "/latest/dynamic/instance-identity/document":
            return plain(json.dumps({"accountId": ACCOUNT, "region": region, "availabilityZone": region + "a", "instanceId": "i-00000000000000000"}, indent=2))
        if role and path in (ROLES, ROLES[:-1]):
            return plain(role)
        if role and path == ROLES + role:
            _, key, since = self.key_of(self.given, "i-00000000000000000")
            return plain(json.dumps({"Code": "Success", "LastUpdated": moment(since), "Type": "AWS-HMAC", "AccessKeyId": key.access_key,
                                     "SecretAccessKey": key.secret, "Token": key.token, "Expiration": moment(key.expires)}, indent=2))
        return page(404, b"Not Found")

    def make_token(self, request):
        if request.method != "PUT":
            return page(405, b"Method Not Allowed")
        if "x-forwarded-for" in request.headers:
            return page(403, b"Forbidden")
        ttl = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if not ttl.isdigit() or not 1 <= int(ttl) <= 21600:
            return page(400, b"Bad Request")
        token = "AQAEA" + secrets.token_urlsafe(36) + "=="
        self.tokens[token] = self.app.clock.now() + int(ttl)
        return plain(token, **{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": ttl})

    def container_answer(self, request):
        """What the agents of ECS and of EKS Pod Identity answer."""
        if request.headers.get("authorization", "") != self.container["token"]:
            return Response(401, b'{"code":"AccessDenied","message":"the authorization token is not valid"}\n', {"Content-Type": "application/json"})
        if request.raw_path != CONTAINER or not self.container["role"]:
            return Response(404, b'{"code":"InvalidIdInRequest","message":"CredentialsV2Request: Credentials not found","HTTPErrorCode":400}\n',
                            {"Content-Type": "application/json"})
        role, key, _ = self.key_of(self.container, "container")
        body = {"RoleArn": role.arn, "AccessKeyId": key.access_key, "SecretAccessKey": key.secret, "Token": key.token, "Expiration": moment(key.expires)}
        return Response(200, json.dumps(body).encode(), {"Content-Type": "application/json"})
