#!/usr/bin/python3
"""Calls of S3 against the stand-in, and against a real server.

  aws_check.py                          the stand-in that AWS_ENDPOINT_URL_S3 names, against what AWS answers (aws_calls.py)
  aws_check.py --real [--services] [--known FILE]
                                        the server that LAB_S3_ENDPOINT names as well: where it differs from AWS and from the stand-in
Known differences: lines `call | start of the difference | reason`; one that is seen no more is told. Prints TAP, then "N passed, N failed".
The stand-in is emptied before. Environment: SANDBOX_AWS_URL, AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, SANDBOX_AWS_BUCKET; LAB_S3_ENDPOINT, LAB_S3_ACCESS_KEY,
LAB_S3_SECRET_KEY, LAB_S3_BUCKET, LAB_S3_CA.
"""
import argparse
import os
import re
import sys
import threading

from aws_calls import CALLS, SERVICES, delete_body
from aws_signer import Client, md5_header
from conform import Tap, differences, short

SEEN_HEADERS = ("etag", "content-type", "content-range", "accept-ranges", "x-amz-version-id", "x-amz-delete-marker", "x-amz-meta-sha256")
LEFT_OUT = re.compile(r"/(Owner|Initiator|ChecksumAlgorithm|ChecksumType|RequestId|HostId|RequestCharged)\b")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class Side:
    """A server, and what the calls to it have captured."""

    def __init__(self, url, access_key, secret_key, bucket, ca=None):
        self.client, self.keys = Client(url, (access_key, secret_key), ca=ca), (access_key, secret_key)
        self.names = {"b": bucket, "p": "r" + os.urandom(6).hex()}
        self.names["delete"] = delete_body(self.names["p"] + "/list/c", self.names["p"] + "/list/Z", self.names["p"] + "/list/none").decode()

    def fill(self, text):
        return re.sub(r"\{([a-z0-9]+)\}", lambda m: self.names.get(m.group(1), m.group(0)), text)

    def run(self, call):
        """Make a call; its answer."""
        _, method, path, _, options = call
        body, given = options.get("body", b""), dict(options.get("client", {}))
        headers = {n: self.fill(v) for n, v in options.get("headers", {}).items()}
        if body == b"{delete}":
            body = self.names["delete"].encode()
            headers.update(md5_header(body))
        if options.get("fill"):
            body = self.fill(body.decode()).encode()
        if given.pop("wrong_secret", False):
            given["keys"] = (self.keys[0], self.keys[1] + "x")
        if "token" in given:
            given["keys"] = self.keys + (given.pop("token"),)
        if given.pop("virtual_host", False):
            given["host"] = "%s.localhost:%d" % (self.names["b"], self.client.parts.port)
        query = [(n, self.fill(v)) for n, v in options.get("query", ())]
        answer = self.client.call(method, self.fill(path), query, body, headers, **given)
        for name, where in options.get("cap", {}).items():
            found = {"etag": answer.headers.get("etag"), "version": answer.headers.get("x-amz-version-id")}.get(where) or answer.tag(where[4:])
            self.names[name] = found or "missing-" + name
        return answer

    def text(self, value):
        """Make names of this run and of this server comparable."""
        for name in ("p", "b"):
            value = value.replace(self.names[name], "{%s}" % name)
        return TIME.sub("<time>", value)

    def comparable(self, answer, call):
        """What is compared of an answer."""
        see, out, method = call[4].get("see", "").split(), {}, call[1]
        if "body" in see:
            out["body"] = answer.body.decode("utf-8", "replace")
        if "headers" in see:
            seen = {n: answer.headers[n] for n in SEEN_HEADERS if n in answer.headers and (n != "content-type" or method in ("GET", "HEAD"))}
            if seen.get("x-amz-version-id", "null") != "null":
                seen["x-amz-version-id"] = "<id>"
            out["headers"] = seen
        if "xml" in see:
            out["xml"] = self.elements(answer)
        if "json" in see:
            out["json"] = self.plain(answer.json())
        return out

    def plain(self, value, name=""):
        """A JSON answer without what each server chooses."""
        if isinstance(value, dict):
            return {n: self.plain(v, n) for n, v in value.items()}
        if isinstance(value, list):
            return sorted((self.plain(v, name) for v in value), key=str)
        if name.endswith("Date"):
            return "<time>"
        return re.sub(r"(:secret:.*)-[A-Za-z0-9]{6}$", r"\1-<id>", self.text(value)) if isinstance(value, str) else value

    def elements(self, answer):
        """The elements that hold text as {path: [text...]}; empty ones count as absent."""
        found = {}
        for path, text in answer.xml():
            if text and not LEFT_OUT.search(path):
                if path.endswith(("VersionId", "ContinuationToken", "VersionIdMarker")) and text != "null":
                    text = "<id>"
                found.setdefault(path, []).append(self.text(text))
        return {path: texts for path, texts in sorted(found.items())}


def against_aws(answer, want, options):
    """Where an answer is not AWS's."""
    status, _, code = want.partition(" ")
    got = "%d %s" % (answer.status, answer.code or "")
    problems = []
    if str(answer.status) != status or (code and answer.code != code):
        return ["answer: %s, AWS: %s" % (got.strip(), want)]
    for name, pattern in options.get("has", {}).items():
        if not re.fullmatch(pattern, answer.headers.get(name, "")):
            problems.append("header %s: %r, AWS: %s" % (name, answer.headers.get(name), pattern))
    if "text" in options and not re.search(options["text"], answer.body.decode("utf-8", "replace")):
        problems.append("body: without %s: %s" % (options["text"], short(answer.body.decode("utf-8", "replace"))))
    return problems


class Known:
    """Differences that are known; which of them were met."""

    def __init__(self, path):
        self.lines = []
        if path:
            with open(path, encoding="utf-8") as file:
                rows = [[p.strip() for p in line.split(" | ", 2)] for line in file if line.strip() and not line.startswith("#")]
            self.lines = [[*row, False] for row in rows]

    def unknown(self, name, problems):
        left = []
        for problem in problems:
            hits = [line for line in self.lines if re.fullmatch(line[0], name) and re.match(line[1], problem)]
            for line in hits:
                line[3] = True
            if not hits:
                left.append(problem)
        return left

    def not_met(self):
        return ["%s | %s: seen no more" % (line[0], line[1]) for line in self.lines if not line[3]]


def race(side, absent, writers, rounds):
    """`writers` at once write one key under a condition; rounds that had other than one winner."""
    gate, answers, bad = threading.Barrier(writers), [None] * writers, []
    clients = [Client(side.client.parts.geturl(), side.keys, ca=side.client.ca) for _ in range(writers)]
    path = "/%s/%s/race" % (side.names["b"], side.names["p"])
    etag = [side.client.call("PUT", path + "-replace", body=b"start").headers.get("etag")]

    def write(number):
        for turn in range(rounds):
            gate.wait(60)
            key, headers = (path + str(turn), {"if-none-match": "*"}) if absent else (path + "-replace", {"if-match": etag[0]})
            answers[number] = clients[number].call("PUT", key, body=b"writer %d turn %d" % (number, turn), headers=headers)
            gate.wait(60)
            if number == 0:
                won = [a for a in answers if a.status == 200]
                if len(won) != 1 or any(a.status not in (200, 409, 412) for a in answers):
                    bad.append("round %d: %s" % (turn, sorted(a.status for a in answers)))
                etag[0] = won[0].headers["etag"] if won else side.client.call("HEAD", path + "-replace").headers.get("etag")
            gate.wait(60)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--services", action="store_true", help="the real server has STS, Secrets Manager and the parameter store too")
    parser.add_argument("--known")
    parser.add_argument("--rounds", type=int, default=50)
    args = parser.parse_args()
    env, tap, known = os.environ, Tap(), Known(args.known)
    ours = Side(env["AWS_ENDPOINT_URL_S3"], env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env["SANDBOX_AWS_BUCKET"], env.get("AWS_CA_BUNDLE") or None)
    Client(env["SANDBOX_AWS_URL"], ("", "")).call("POST", "/_sandbox/wipe", signed=False)
    real = None
    if args.real:
        real = Side(env["LAB_S3_ENDPOINT"], env["LAB_S3_ACCESS_KEY"], env["LAB_S3_SECRET_KEY"], env["LAB_S3_BUCKET"], env.get("LAB_S3_CA") or None)
    for call in CALLS + (SERVICES if args.services or not real else []):
        name, options = call[0], call[4]
        answer = ours.run(call)
        problems = ["stand-in: " + p for p in against_aws(answer, call[3], options)]
        if real:
            theirs = real.run(call)
            found = against_aws(theirs, call[3], options)
            if not found:
                found = differences(ours.comparable(answer, call), real.comparable(theirs, call))
            problems += known.unknown(name, found)
        tap.report(name, problems)
    for absent in (True, False):
        name = "race to %s" % ("create" if absent else "replace")
        tap.report(name, race(real or ours, absent, 8, args.rounds))
    for line in known.not_met():
        tap.report("known difference: " + line, [line])
    return tap.close()


if __name__ == "__main__":
    sys.exit(main())
