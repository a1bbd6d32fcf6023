#!/usr/bin/python3
"""A server that holds nothing: ready, and every list is empty. For plans that only create.

  server.py FOLDER    listens on a free port of 127.0.0.1, writes its URL to FOLDER/url and each
                      request (method, path) to FOLDER/requests, serves until it is killed
"""
import http.server
import json
import os
import sys
import urllib.parse

FOLDER = sys.argv[1]
ANSWERS = {
    "/health/readiness": {"status": "connected", "db": "connected"},
    "/health/readiness/details": {"status": "healthy", "litellm_version": "1.106.2"},
    "/v1/models": {"data": [], "object": "list"},
    "/v2/model/info": {"data": [], "total_count": 0, "total_pages": 1},
    "/model/info": {"data": []},
    "/v2/team/list": {"teams": [], "total": 0, "total_pages": 1},
    "/team/list": [],
    "/user/list": {"users": [], "total": 0, "total_pages": 1},
    "/key/list": {"keys": [], "total_count": 0, "total_pages": 1},
    "/credentials": {"success": True, "credentials": []},
}


class Empty(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        with open(os.path.join(FOLDER, "requests"), "a", encoding="utf-8") as log:
            log.write("%s %s %s\n" % (self.command, path, self.headers.get("Authorization", "-")))
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        wrong = path != "/health/readiness" and self.headers.get("Authorization") != "Bearer sk-right"
        status, body = 200, ANSWERS.get(path)
        if wrong:
            status, body = 401, {"error": {"message": "Authentication Error", "code": "401"}}
        elif body is None or self.command != "GET":
            status, body = 404, {"detail": "Not Found"}
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_PATCH = do_DELETE = do_GET


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty)
server.daemon_threads = True
with open(os.path.join(FOLDER, "url.new"), "w", encoding="utf-8") as file:
    file.write("http://127.0.0.1:%d" % server.server_port)
os.rename(os.path.join(FOLDER, "url.new"), os.path.join(FOLDER, "url"))
server.serve_forever()
