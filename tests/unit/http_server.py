#!/usr/bin/env python3
"""A server that misbehaves on demand, for tests/unit/client_*.c.

Listens on a free port of 127.0.0.1, prints it as its first line, and ends when its stdin does.
What it does with a request is said by the request's path; GET /stats says what it has seen.
Counters that a test looks at are per path, the query string included.
"""
import json
import socket
import sys
import threading
import time

lock = threading.RLock()
changed = threading.Condition(lock)
hits = {}
active = max_active = connections = open_connections = max_connections = 0
bodies = []
authorizations = []
headers_seen = []


def read_request(stream):
    line = stream.readline()
    if not line:
        return None
    method, path, _ = line.decode().split(" ", 2)
    headers = {}
    while True:
        line = stream.readline()
        if not line:
            return None
        if line in (b"\r\n", b"\n"):
            break
        name, value = line.decode().split(":", 1)
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    return method, path, headers, stream.read(length) if length else b""


def query(path):
    _, _, text = path.partition("?")
    return dict(part.split("=", 1) for part in text.split("&") if "=" in part)


class Connection(threading.Thread):
    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock = sock
        self.requests = 0
        self.counted = False

    def leave(self):
        """Counted out before the first byte goes: with it the other side may send its next."""
        global active
        with lock:
            if self.counted:
                active -= 1
            self.counted = False

    def send(self, data):
        self.leave()
        self.sock.sendall(data)

    def answer(self, status, body, kind="application/json", extra="", close=False):
        if not isinstance(body, bytes):
            body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        head += extra + ("Connection: close\r\n" if close else "") + "\r\n"
        self.send(head.encode() + body)
        return not close

    def run(self):
        global open_connections
        stream = self.sock.makefile("rb")
        try:
            if stream.peek(1)[:1] == b"\x16":  # a TLS handshake: answered as plain servers do
                self.answer(400, "speak plainly", "text/plain", close=True)
                return
            while True:
                request = read_request(stream)
                if request is None:
                    break
                self.requests += 1
                if not self.handle(*request):
                    break
        except (OSError, ValueError):
            pass
        finally:
            stream.close()
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.sock.close()
            with lock:
                open_connections -= 1
                changed.notify_all()

    def handle(self, method, path, headers, body):
        global active, max_active
        base = path.partition("?")[0]
        with lock:
            if base != "/stats":
                hits[path] = hits.get(path, 0) + 1
                bodies.append(body.decode("latin-1"))
                authorizations.append(headers.get("authorization", ""))
                headers_seen.append(headers)
            count = hits.get(path, 0)
            active += 1
            self.counted = True
            max_active = max(max_active, active)
            changed.notify_all()
        try:
            return self.act(method, path, base, headers, body, count)
        finally:
            self.leave()

    def act(self, method, path, base, headers, body, count):
        want = query(path)
        if base == "/stats":
            with lock:
                return self.answer(200, {
                    "hits": hits, "max_active": max_active, "connections": connections,
                    "max_connections": max_connections, "open": open_connections, "bodies": bodies[-50:],
                    "authorizations": authorizations[-50:], "headers": headers_seen[-5:]})
        if base == "/ok":
            return self.answer(200, {"ok": True, "method": method, "n": want.get("n", "")})
        if base == "/gate":  # answers once n requests are here together, or after a while
            n, until = int(want["n"]), time.monotonic() + 5
            with lock:
                while max_active < n and time.monotonic() < until:
                    changed.wait(0.05)
            return self.answer(200, {"together": max_active})
        if base == "/echo":
            return self.answer(200, b'{"got":' + body + b"}")
        if base == "/echo-text":
            return self.answer(400, b"you sent " + body, "text/plain")
        if base == "/status":
            extra = f"Retry-After: {want['after']}\r\n" if "after" in want else ""
            if count > int(want.get("times", "1000000")):
                return self.answer(200, {"ok": True, "count": count})
            return self.answer(int(want["code"]), {"error": {"message": "not now"}}, extra=extra)
        if base == "/token":
            if headers.get("authorization") == "Bearer " + want["good"]:
                return self.answer(200, {"ok": True})
            return self.answer(401, {"error": {"message": "Authentication Error"}})
        if base == "/federation/credentials":  # the portal of AWS SSO
            if headers.get("x-amz-sso_bearer_token") != "hidden" or want["role_name"] == "Refused":
                return self.answer(403, {"__type": "ForbiddenException", "message": "No access"})
            return self.answer(200, {"roleCredentials": {
                "accessKeyId": "ASIASSO", "secretAccessKey": f"hidden-sso-{want['account_id']}-{want['role_name']}",
                "sessionToken": "hidden-sso-token", "expiration": 32188752000000}})
        if base == "/drop-after":  # reads it all, answers nothing
            return count > int(want.get("times", "1000000")) and self.answer(200, {"ok": True})
        if base == "/drop-reused":  # only on a connection that has already served a request
            return self.requests == 1 and self.answer(200, {"ok": True})
        if base == "/truncated":
            self.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                      b"Content-Length: 100\r\n\r\n{\"half\":")
            return False
        if base == "/truncated-secret":  # ends in the middle of a value
            self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nkey "
                      + want["start"].encode())
            return False
        if base == "/chunk-garbage":
            self.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzzz\r\n")
            return False
        if base == "/garbage":
            self.send(b"this is no HTTP at all\r\n\r\n")
            return False
        if base == "/huge":
            self.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            for _ in range(int(want["kib"])):
                self.send(b"x" * 1024)
            return False
        if base == "/html":
            return self.answer(int(want.get("code", "200")), "<!DOCTYPE html><html><head><title>Sign in"
                               "</title></head><body>hi</body></html>", "text/html; charset=utf-8")
        if base == "/redirect":
            return self.answer(302, "", "text/html",
                               f"Location: http://user:pw@127.0.0.1:{port}/ok?stolen\r\n")
        if base == "/empty":
            self.send(b"HTTP/1.1 204 No Content\r\n\r\n")
            return True
        if base == "/bad-json":
            return self.answer(200, '{"a":1,"a":2}')
        if base == "/close":
            return self.answer(200, {"ok": True}, close=True)
        if base == "/late-close":  # keep-alive by its words, closed without a word afterwards
            self.answer(200, {"ok": True})
            return False
        if base == "/never":  # until the other side goes away
            self.sock.settimeout(20)
            try:
                self.sock.recv(1)
            except OSError:
                pass
            return False
        if base == "/drip":  # the head, then a byte that starts a body, then nothing
            self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[")
            self.sock.settimeout(20)
            try:
                self.sock.recv(1)
            except OSError:
                pass
            return False
        return self.answer(404, {"detail": "Not Found"})


def accept(server):
    global connections, open_connections, max_connections
    while True:
        sock, _ = server.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with lock:
            connections += 1
            open_connections += 1
            max_connections = max(max_connections, open_connections)
        Connection(sock).start()


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(512)
port = listener.getsockname()[1]
threading.Thread(target=accept, args=(listener,), daemon=True).start()
print(port, flush=True)
sys.stdin.read()
