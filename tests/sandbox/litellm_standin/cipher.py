"""Strings of litellm_params and credential_values in the table: unreadable without the salt key, never twice the same.

LiteLLM encrypts each string with a random nonce (litellm.md 2.2), so that two rows with one secret do not look alike and a
reader of the table learns nothing. Only the stand-in reads back what it wrote, so a key stream from SHA-256 will do.
"""
import base64
import hashlib
import hmac
import os


class Cipher:
    def __init__(self, salt):
        self.key = hashlib.sha256(salt.encode()).digest()

    def stream(self, nonce, size):
        out, block = b"", 0
        while len(out) < size:
            out += hashlib.sha256(self.key + nonce + block.to_bytes(4, "big")).digest()
            block += 1
        return out[:size]

    def seal(self, text):
        data, nonce = text.encode(), os.urandom(24)
        body = bytes(a ^ b for a, b in zip(data, self.stream(nonce, len(data))))
        tag = hmac.new(self.key, nonce + body, "sha256").digest()[:16]
        return base64.urlsafe_b64encode(nonce + tag + body).decode()

    def open(self, text):
        """The clear text; a value that cannot be read is handed on as it is, as LiteLLM does after a change of the salt."""
        try:
            raw = base64.urlsafe_b64decode(text.encode())
        except ValueError:
            return text
        nonce, tag, body = raw[:24], raw[24:40], raw[40:]
        if len(raw) < 40 or not hmac.compare_digest(tag, hmac.new(self.key, nonce + body, "sha256").digest()[:16]):
            return text
        return bytes(a ^ b for a, b in zip(body, self.stream(nonce, len(body)))).decode()

    def seal_values(self, values):
        return {k: self.seal(v) if isinstance(v, str) else v for k, v in values.items()}

    def open_values(self, values):
        return {k: self.open(v) if isinstance(v, str) else v for k, v in (values or {}).items()}
