"""A small HTTP/1.1 server: keep-alive, Content-Length and chunked bodies, one request at a time on a connection."""
import asyncio
import urllib.parse

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
           413: "Payload Too Large", 422: "Unprocessable Entity", 429: "Too Many Requests", 500: "Internal Server Error",
           502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
MAX_HEAD = 65536
MAX_BODY = 64 << 20


class Request:
    __slots__ = ("method", "target", "path", "query", "headers", "body", "connection", "pod")

    def __init__(self, method, target, headers, body, connection, pod):
        self.method, self.target, self.headers, self.body, self.connection, self.pod = method, target, headers, body, connection, pod
        path, _, query = target.partition("?")
        self.path = urllib.parse.unquote(path)
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))


class Response:
    """What goes out. `drop` closes without an answer, `truncate` sends that many bytes and closes, `endless` never ends."""
    __slots__ = ("status", "body", "content_type", "headers", "close", "drop", "truncate", "endless")

    def __init__(self, status, body=b"", content_type="application/json", headers=(), close=False):
        self.status, self.body, self.content_type, self.headers, self.close = status, body, content_type, list(headers), close
        self.drop, self.truncate, self.endless = False, None, 0

    def head(self):
        lines = ["HTTP/1.1 %d %s" % (self.status, REASONS.get(self.status, "Status")), "content-type: " + self.content_type]
        lines += ["%s: %s" % pair for pair in self.headers]
        lines.append("transfer-encoding: chunked" if self.endless else "content-length: %d" % len(self.body))
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class BadRequest(Exception):
    pass


class Connection:
    """Reads requests from one socket and writes the answers."""

    def __init__(self, reader, writer, number, pod, handler):
        self.reader, self.writer, self.number, self.pod, self.handler = reader, writer, number, pod, handler

    async def serve(self):
        try:
            while True:
                request = await self.read_request()
                if request is None:
                    break
                response = await self.handler(request)
                keep = await self.write(response) and request.headers.get("connection", "").lower() != "close"
                if not keep:
                    break
        except (ConnectionError, asyncio.IncompleteReadError, BadRequest, asyncio.LimitOverrunError):
            pass
        finally:
            self.writer.close()

    async def read_request(self):
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3:
            raise BadRequest
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await self.read_body(headers)
        return Request(parts[0], parts[1], headers, body, self.number, self.pod)

    async def read_body(self, headers):
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return await self.read_chunks()
        size = int(headers.get("content-length") or 0)
        if size > MAX_BODY:
            raise BadRequest
        return await self.reader.readexactly(size) if size else b""

    async def read_chunks(self):
        out = b""
        while True:
            size = int((await self.reader.readline()).split(b";")[0], 16)
            if size:
                out += await self.reader.readexactly(size)
            await self.reader.readline()
            if not size:
                return out
            if len(out) > MAX_BODY:
                raise BadRequest

    async def write(self, response):
        """Send the answer; False when the connection must end."""
        if response.drop:
            self.writer.transport.abort()
            return False
        self.writer.write(response.head())
        if response.endless:
            await self.write_endless(response.endless)
            return False
        if response.truncate is not None:
            self.writer.write(response.body[:response.truncate])
            await self.writer.drain()
            return False
        self.writer.write(response.body)
        await self.writer.drain()
        return not response.close

    async def write_endless(self, size):
        chunk = b'{"data":[' + b"0," * 32000
        sent = 0
        while sent < size:
            self.writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            await self.writer.drain()
            sent += len(chunk)


async def listen(port, pod, handler, counter, opened):
    """Serve a pod on 127.0.0.1:port (0 = a free one); `opened(number)` is told of each connection."""
    async def accept(reader, writer):
        number = next(counter)
        opened(number)
        await Connection(reader, writer, number, pod, handler).serve()
    return await asyncio.start_server(accept, "127.0.0.1", port, limit=MAX_HEAD, backlog=1024)
