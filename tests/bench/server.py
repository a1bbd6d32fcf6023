#!/usr/bin/env python3
"""A stand-in for LiteLLM's management API that costs next to nothing, to measure a client by.

    server.py [--port N] [--latency-ms N] [--full-size]

In memory, one process, asyncio, HTTP/1.1 with keep-alive, on 127.0.0.1 only. It speaks what
liteform and Terraform's provider ask of LiteLLM 1.106.2, in answers of the real size: a model is
about 1.5 kB, with --full-size 7.8 kB. An object is written out as JSON when it changes, a page of a
list when it is first asked for after a change. It prints its URL and ends with its standard input.

Beside LiteLLM's routes, without a key and without latency:
    GET  /_bench/stats           counters: requests, connections, most in flight, lists, objects
    POST /_bench/reset           counters and record to nothing
    POST /_bench/wipe            objects, counters and record to nothing
    POST /_bench/latency?ms=N    how long every answer is held back
    POST /_bench/record?on=1     keep what is asked, from now on
    GET  /_bench/recorded        what was kept: [[method, target, body], ...]
"""
import sys

sys.dont_write_bytecode = True

import argparse
import asyncio
import gc
import signal
import urllib.parse

from api import MASTER_KEY, Api, dumps

TEXTS = {200: b"OK", 400: b"Bad Request", 401: b"Unauthorized", 404: b"Not Found",
         409: b"Conflict", 422: b"Unprocessable Entity", 500: b"Internal Server Error"}
PAGE_NAMES = ("page", "size", "page_size")
ONE_OBJECT = ("litellm_model_id", "modelId", "team_id", "user_id", "key", "key_alias", "key_hash")


class Bench:
    """Counters, the record, and the latency."""

    def __init__(self, api, latency_ms):
        self.api, self.latency, self.recording = api, latency_ms / 1000, False
        self.reset()

    def reset(self):
        self.requests = self.connections = self.in_flight = self.most_in_flight = 0
        self.sent_bytes = 0
        self.lists, self.writes, self.recorded = {}, {}, []

    def count(self, method, target):
        """Lists by their path and fixed query, with the page size; writes by their path."""
        path, _, query = target.partition("?")
        if method != "GET":
            parts = path.split("/")
            if len(parts) == 4 and parts[1] == "model":
                path = "/model/ID/update"
            key = "%s %s" % (method, path)
            self.writes[key] = self.writes.get(key, 0) + 1
            return
        size, kept = 0, []
        for part in query.split("&") if query else []:
            name, _, value = part.partition("=")
            if name in ("size", "page_size"):
                size = int(value)
            elif name in ONE_OBJECT:
                kept.append(name + "=...")
            elif name not in PAGE_NAMES:
                kept.append(part)
        key = path + ("?" + "&".join(kept) if kept else "")
        entry = self.lists.setdefault(key, [0, size])
        entry[0] += 1

    def control(self, method, target):
        path, _, query = target.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        if path == "/_bench/stats":
            return {"requests": self.requests, "connections": self.connections,
                    "most_in_flight": self.most_in_flight, "bytes": self.sent_bytes,
                    "lists": self.lists, "writes": self.writes, "objects": self.api.objects()}
        if path == "/_bench/recorded":
            return self.recorded
        if path == "/_bench/reset":
            self.reset()
        elif path == "/_bench/wipe":
            self.reset()
            self.api.wipe()
        elif path == "/_bench/latency":
            self.latency = float(asked["ms"]) / 1000
        elif path == "/_bench/record":
            self.recording = asked["on"] == "1"
        return {}


class Connection(asyncio.Protocol):
    """One connection; its requests are answered one after another."""

    def __init__(self, bench, loop):
        self.bench, self.loop, self.counted = bench, loop, False
        self.waiting, self.transport, self.busy = b"", None, False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.waiting = self.waiting + data if self.waiting else data
        if not self.busy:
            self.next()

    def next(self):
        end = self.waiting.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.waiting[:end]
        low = head.lower()
        at = low.find(b"\r\ncontent-length:")
        length = 0 if at < 0 else int(low[at + 17:].split(b"\r\n", 1)[0])
        if len(self.waiting) < end + 4 + length:
            return
        raw = self.waiting[end + 4:end + 4 + length]
        self.waiting = self.waiting[end + 4 + length:]
        method, target, _ = head[:low.find(b"\r\n")].decode("latin-1").split(" ", 2)
        close = b"\r\nconnection: close" in low
        if target.startswith("/_bench/"):
            self.send(200, dumps(self.bench.control(method, target)), close, False)
            return
        self.asked(method, target, raw, head, close)

    def asked(self, method, target, raw, head, close):
        bench = self.bench
        if not self.counted:
            self.counted = True
            bench.connections += 1
        bench.requests += 1
        bench.in_flight += 1
        if bench.in_flight > bench.most_in_flight:
            bench.most_in_flight = bench.in_flight
        bench.count(method, target)
        if bench.recording:
            bench.recorded.append([method, target, raw.decode()])
        if MASTER_KEY.encode() in head or target in ("/health/readiness", "/health/liveliness"):
            status, body = bench.api.answer(method, target, raw)
        else:
            status, body = 401, dumps(Api.refused(401, "Authentication Error", "auth_error")[1])
        if bench.latency:
            self.busy = True
            self.loop.call_later(bench.latency, self.send, status, body, close, True)
        else:
            self.send(status, body, close, True)

    def send(self, status, body, close, counted):
        if counted:
            self.bench.in_flight -= 1
            self.bench.sent_bytes += len(body)
        self.busy = False
        if self.transport.is_closing():
            return
        self.transport.write(b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\n"
                             b"content-length: %d\r\n\r\n" % (status, TEXTS.get(status, b"-"),
                                                              len(body)) + body)
        if close:
            self.transport.close()
        elif self.waiting:
            self.next()


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--full-size", action="store_true")
    args = parser.parse_args()
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    bench = Bench(Api(args.full_size), args.latency_ms)
    gc.disable()  # what is stored stays; no pauses in the middle of a measurement
    server = await loop.create_server(lambda: Connection(bench, loop), "127.0.0.1", args.port,
                                      backlog=1024)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        loop.add_reader(sys.stdin, lambda: sys.stdin.buffer.read1(1) or stop.set())
    except OSError:
        pass  # a file or /dev/null: only a signal ends it
    print("http://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
