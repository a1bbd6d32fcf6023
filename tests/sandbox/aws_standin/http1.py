"""A small HTTP/1.1 server that keeps what arrived as it arrived: the signature is judged over it."""
import asyncio
import http
import urllib.parse

REASONS = {status.value: status.phrase for status in http.HTTPStatus}
REASONS[503] = "Slow Down"      # as S3 writes it; clients must not read the phrase
MAX_HEAD = 65536
MAX_BODY = 512 << 20


class Request:
    """`raw_path` and `raw_query` are undecoded; `headers` have lower-case names, repeated ones are joined by a comma."""
    __slots__ = ("method", "target", "raw_path", "raw_query", "query", "headers", "body", "chunked", "connection", "secure", "port")

    def __init__(self, method, target, headers, body, chunked):
        self.method, self.target, self.headers, self.body, self.chunked = method, target, headers, body, chunked
        self.raw_path, _, self.raw_query = target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(self.raw_query, keep_blank_values=True)) if self.raw_query else {}
        self.connection, self.secure, self.port = 0, False, 0


class Response:
    """What goes out. `drop` closes without an answer, `truncate` sends that many bytes of the body and closes, `trickle` sends it
    in pieces: (bytes, seconds between them). `code` is the error code, for the log."""
    __slots__ = ("status", "body", "headers", "code", "drop", "truncate", "trickle", "length")

    def __init__(self, status, body=b"", headers=(), code=None):
        self.status, self.body, self.headers, self.code = status, body, dict(headers), code
        self.drop, self.truncate, self.trickle, self.length = False, None, None, None

    def head(self):
        lines = ["HTTP/1.1 %d %s" % (self.status, REASONS.get(self.status, "Status"))]
        lines += ["%s: %s" % pair for pair in self.headers.items() if pair[1] is not None]
        if self.status not in (204, 304):
            lines.append("Content-Length: %d" % (len(self.body) if self.length is None else self.length))
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


class BadRequest(Exception):
    pass


def parse_headers(lines):
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            name, value = name.strip().lower(), value.strip()
            headers[name] = headers[name] + "," + value if name in headers else value
    return headers


async def read_chunks(reader):
    out = bytearray()
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        if size:
            out += await reader.readexactly(size)
        await reader.readline()
        if not size:
            return bytes(out)
        if len(out) > MAX_BODY:
            raise BadRequest


async def read_request(reader, writer):
    """The next request of a connection; None at its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3:
        raise BadRequest
    headers = parse_headers(lines[1:])
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    chunked = "chunked" in headers.get("transfer-encoding", "").lower()
    if chunked:
        body = await read_chunks(reader)
    else:
        size = int(headers.get("content-length") or 0)
        if size > MAX_BODY:
            raise BadRequest
        body = await reader.readexactly(size) if size else b""
    return Request(parts[0], parts[1], headers, body, chunked)


async def write_response(writer, request, response):
    """Send the answer; False when the connection must end."""
    if response.drop:
        writer.transport.abort()
        return False
    if request.method == "HEAD":
        if response.length is None:
            response.length = len(response.body)
        writer.write(response.head())
    elif response.truncate is not None:
        writer.write(response.head() + response.body[:response.truncate])
        await writer.drain()
        return False
    elif response.trickle:
        size, pause = response.trickle
        writer.write(response.head())
        for start in range(0, len(response.body), size):
            writer.write(response.body[start:start + size])
            await writer.drain()
            await asyncio.sleep(pause)
    else:
        writer.write(response.head() + response.body)
    await writer.drain()
    return request.headers.get("connection", "").lower() != "close"


async def listen(port, handler, counter, tls=None):
    """Serve on 127.0.0.1:port (0 = a free one)."""
    async def accept(reader, writer):
        number = next(counter)
        local = writer.get_extra_info("sockname")[1]
        try:
            while True:
                request = await read_request(reader, writer)
                if request is None:
                    break
                request.connection, request.secure, request.port = number, tls is not None, local
                if not await write_response(writer, request, await handler(request)):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, BadRequest, ValueError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
    return await asyncio.start_server(accept, "127.0.0.1", port, limit=MAX_HEAD, backlog=1024, ssl=tls)
