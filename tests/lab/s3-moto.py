"""Serve moto with one request at a time: it judges a condition and writes in two steps, and with threads two writers can both win.

Run by moto's Python: s3-moto.py PORT [CERTIFICATE KEY]
"""
import signal
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

APPLICATION, ONE = DomainDispatcherApplication(create_backend_app), threading.Lock()


def serve(environ, start_response):
    with ONE:
        return list(APPLICATION(environ, start_response))


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
run_simple("127.0.0.1", int(sys.argv[1]), serve, threaded=True, ssl_context=tuple(sys.argv[2:4]) or None, request_handler=MotoRequestHandler)
