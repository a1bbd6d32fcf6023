"""The four shapes of an error body (litellm.md 1.1)."""
import json

LICENCE = ("You must be a LiteLLM Enterprise user to use this feature. If you have a license please set `LITELLM_LICENSE` in your env. "
           "Get a 7 day trial key here: https://www.litellm.ai/enterprise#trial. \nPricing: https://www.litellm.ai/#pricing")
OLD_LICENCE = LICENCE.replace("/enterprise#trial. \n", "/#trial. ")
BY_VERSION = object()


class Answer(Exception):
    """An answer other than 200, raised from anywhere in a handler."""

    def __init__(self, status, body, close=False):
        super().__init__(status)
        self.status, self.body, self.close = status, body, close


class Errors:
    """Builds error answers as the given version words them."""

    def __init__(self, new):
        self.new = new

    def proxy(self, status, message, kind="internal_server_error", param=BY_VERSION):
        """Shape 1. `param` is null on 1.106 where 1.81 has the text "None"; some older handlers have the text on both."""
        if param is BY_VERSION:
            param = None if self.new else "None"
        return Answer(status, {"error": {"message": message, "type": kind, "param": param, "code": str(status)}})

    def named(self, status, text, kind="internal_server_error", param=BY_VERSION, name="error"):
        """Shape 1 whose message is the Python text of a dict."""
        return self.proxy(status, repr({name: text}), kind, param)

    def detail(self, status, text):
        """Shape 2."""
        return Answer(status, {"detail": {"error": text}})

    def plain(self, status, text):
        return Answer(status, {"detail": text})

    def invalid(self, kind, where, message, value, context=None):
        """Shape 3, one entry; 1.106 leaves out input and ctx."""
        entry = {"type": kind, "loc": list(where), "msg": message}
        if not self.new:
            entry["input"] = value
            if context is not None:
                entry["ctx"] = context
        return Answer(422, {"detail": [entry]})

    def uncaught(self):
        """Shape 4: what nobody caught; the connection is dropped after it."""
        if self.new:
            return Answer(500, {"error": {"message": "Internal server error", "type": "internal_server_error"}}, close=True)
        return Answer(500, "Internal Server Error", close=True)

    def inner(self, text):
        """500 of handle_exception_on_proxy, which 1.81 prefixes."""
        return self.proxy(500, text if self.new else "Internal Server Error, " + text)

    def licence(self, field=None, kind="internal_server_error", param=BY_VERSION):
        text = "This feature is only available for LiteLLM Enterprise users%s. %s" % (": " + field if field else "", LICENCE)
        return self.named(403, text, kind, param)


def to_bytes(body):
    """(bytes, content type) of an answer."""
    if isinstance(body, bytes):
        return body, "application/json"
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(), "application/json"
