#!/usr/bin/python3
"""The stand-in of LiteLLM's management API: see README.md.

Prints LITELLM_BASE_URL=... (and one line more for each further pod) once it listens, then serves until SIGTERM.
"""
import argparse
import asyncio
import os

from litellm_standin import server


def arguments():
    parser = argparse.ArgumentParser(description="A stand-in of LiteLLM's management API on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 = a free one; with --pods the following ones too")
    parser.add_argument("--database-url", default=os.environ.get("LITELLM_DATABASE_URL"), help="an empty PostgreSQL database, or one made by the stand-in")
    parser.add_argument("--version", default="1.106.2", help="behave as this version: 1.106.2 or 1.81.15")
    parser.add_argument("--master-key", default=os.environ.get("LITELLM_MASTER_KEY", "sk-1234"))
    parser.add_argument("--salt-key", default=os.environ.get("LITELLM_SALT_KEY"))
    parser.add_argument("--config", help="JSON file with model_list: models of the configuration file")
    parser.add_argument("--pods", type=int, default=1)
    parser.add_argument("--reload-interval", type=float, default=30, help="seconds between the polls of the pods")
    parser.add_argument("--latency-ms", type=float, default=0)
    options = parser.parse_args()
    if not options.database_url:
        parser.error("--database-url or LITELLM_DATABASE_URL is needed")
    return options


def ready(ports):
    for number, port in enumerate(ports):
        print("LITELLM_BASE_URL%s=http://127.0.0.1:%d" % ("_%d" % number if number else "", port), flush=True)


def main():
    options = arguments()
    try:
        asyncio.run(server.run(options, ready))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
