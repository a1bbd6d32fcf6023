"""Starts tests/bench/server.py and talks to it; and curl, to see what the server itself takes."""
import http.client
import json
import os
import subprocess
import sys
import urllib.parse

import api

HERE = os.path.dirname(os.path.abspath(__file__))
WINDOW = 10  # requests in flight: what the program does by default, and what curl is told to do


class Standin:
    def __init__(self, full_size=False):
        command = [sys.executable, os.path.join(HERE, "server.py")]
        self.process = subprocess.Popen(command + (["--full-size"] if full_size else []),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = self.process.stdout.readline().decode().strip()
        host = urllib.parse.urlsplit(self.url)
        self.connection = http.client.HTTPConnection(host.hostname, host.port, timeout=60)

    def ask(self, method, what):
        self.connection.request(method, "/_bench/" + what)
        return json.loads(self.connection.getresponse().read())

    def stats(self):
        return self.ask("GET", "stats")

    def reset(self):
        self.ask("POST", "reset")

    def wipe(self):
        self.ask("POST", "wipe")

    def latency(self, ms):
        self.ask("POST", "latency?ms=%g" % ms)

    def record(self, on):
        self.ask("POST", "record?on=%d" % on)

    def recorded(self):
        return self.ask("GET", "recorded")

    def close(self):
        self.connection.close()
        self.process.stdin.close()
        self.process.wait()


def expected_pages(stats):
    """The requests that the lists need: one for every page, and one for the version.

    A list that does not tell how many there are (models, with `search`) ends with a page that is
    not full: one more where the last page is full.
    """
    per_list = {}
    objects = dict(stats["objects"])
    for path, (_, size) in stats["lists"].items():
        kind = {"/v2/model/info": "models", "/v2/team/list": "teams", "/user/list": "users",
                "/key/list": "keys"}.get(path.partition("?")[0])
        if size == 0 or kind is None:
            per_list[path] = 1
        elif "search=" in path:
            per_list[path] = objects[kind] // size + 1
        else:
            per_list[path] = max(1, -(-objects[kind] // size))
    return per_list


def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def curl_config(path, url, requests, key):
    """The requests as a configuration for `curl --parallel`; each prints its status."""
    lines = []
    for i, (method, target, body) in enumerate(requests):
        lines += ["next"] if i else []
        lines += ["url = " + quoted(url + target), "silent", "output = /dev/null",
                  'write-out = "%{http_code}\\n"', "header = " + quoted("Authorization: Bearer " + key)]
        if method != "GET":
            lines.append("request = " + method)
        if body:
            lines += ['header = "Content-Type: application/json"', 'header = "Expect:"',
                      "data-binary = " + quoted(body)]
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
              encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


def curl_command(config):
    return ["/usr/bin/curl", "-q", "--no-progress-meter", "--http1.1", "--noproxy", "*", "--parallel",
            "--parallel-immediate", "--parallel-max", str(WINDOW), "--config", config]


def curl_replay(launcher, work, url, requests, key=api.MASTER_KEY):
    """Sends the requests with curl. What it took, and how many were answered by 2xx."""
    config = os.path.join(work, "curl.conf")
    curl_config(config, url, requests, key)
    try:
        taken = launcher.run(curl_command(config), {"HOME": work}, os.path.join(work, "curl.out"))
    finally:
        os.unlink(config)
    return taken, sum(line in ("200", "201", "204") for line in taken.out.splitlines())
