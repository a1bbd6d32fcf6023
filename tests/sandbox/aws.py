#!/usr/bin/python3
"""The stand-in of AWS (S3, STS, instance metadata, container credentials, Secrets Manager, SSM): see README.md.

Prints AWS_STANDIN_URL=... (and AWS_STANDIN_TLS_URL=...) once it listens, then serves until SIGTERM.
"""
import argparse
import asyncio
import os

from aws_standin import server


def arguments():
    parser = argparse.ArgumentParser(description="A stand-in of AWS on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 = a free one")
    parser.add_argument("--bucket", default="liteform-state", help="a bucket that is there from the start")
    parser.add_argument("--region", default="us-east-1", help="of that bucket")
    parser.add_argument("--access-key", default=os.environ.get("SANDBOX_AWS_ACCESS_KEY", "AKIASANDBOXADMIN2345"), help="of a principal that may do all")
    parser.add_argument("--secret-key", default=os.environ.get("SANDBOX_AWS_SECRET_KEY", "sandbox/secret+key/of/the/administrator00"))
    parser.add_argument("--seed", help="JSON file of what is there from the start")
    parser.add_argument("--tls-cert", help="PEM; serves TLS on a second port")
    parser.add_argument("--tls-key")
    parser.add_argument("--latency-ms", type=float, default=0)
    return parser.parse_args()


def ready(port, tls_port=None):
    print("AWS_STANDIN_URL=http://127.0.0.1:%d" % port, flush=True)
    if tls_port:
        print("AWS_STANDIN_TLS_URL=https://localhost:%d" % tls_port, flush=True)
    print("READY=1", flush=True)


def main():
    asyncio.run(server.run(arguments(), ready))


if __name__ == "__main__":
    main()
