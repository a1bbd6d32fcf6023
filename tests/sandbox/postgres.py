#!/usr/bin/python3
"""A private, throw-away PostgreSQL on 127.0.0.1: prints DATABASE_URL=..., stops and is removed with this process.

  postgres.py [--dir FOLDER] [--port N] [--database NAME]
Debian's server binaries are used as they are; started by root, the server runs as the user postgres.
"""
import argparse
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=100",
            "shared_buffers=64MB", "logging_collector=off", "autovacuum_naptime=10s")


def binaries():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda p: int(p.split("/")[4]) if p.split("/")[4].isdigit() else 0)
    if found:
        return os.path.dirname(found[-1])
    path = shutil.which("initdb")
    if not path:
        sys.exit("postgres.py: no PostgreSQL server here (Debian: apt-get install postgresql)")
    return os.path.dirname(os.path.realpath(path))


def owner():
    """Arguments that make a child run as the right user: never root."""
    if os.getuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, folder, port, database):
        self.folder, self.wanted, self.database = folder, port, database
        self.data, self.bin, self.child, self.port = os.path.join(folder, "data"), binaries(), None, 0
        self.log = os.path.join(folder, "postgres.log")

    def initialise(self):
        os.makedirs(self.data, mode=0o700, exist_ok=True)
        if os.getuid() == 0:
            entry = pwd.getpwnam("postgres")
            for path in (self.folder, self.data):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        command = [self.bin + "/initdb", "-D", self.data, "-U", "sandbox", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        done = subprocess.run(command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **owner())
        if done.returncode:
            sys.exit("postgres.py: initdb failed:\n" + done.stdout)

    def start(self):
        for _ in range(5):
            self.port = self.wanted or free_port()
            command = [self.bin + "/postgres", "-D", self.data, "-p", str(self.port)]
            for setting in SETTINGS:
                command += ["-c", setting]
            with open(self.log, "ab") as log:
                self.child = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **owner())
            if self.answers():
                return
            self.stop()
            if self.wanted:
                break
        sys.exit("postgres.py: the server did not start, see " + self.log)

    def answers(self):
        """Wait until the server takes connections and the database is made."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.child.poll() is None:
            done = subprocess.run([self.bin + "/createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "sandbox", "-w", self.database],
                                  cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            if done.returncode == 0:
                return True
            time.sleep(0.05)
        return False

    def stop(self):
        """Immediate shutdown: the data is thrown away anyway."""
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGQUIT)
            self.child.wait()

    def url(self):
        return "postgresql://sandbox@127.0.0.1:%d/%s" % (self.port, self.database)


def main():
    parser = argparse.ArgumentParser(description="A private, throw-away PostgreSQL on 127.0.0.1.")
    parser.add_argument("--dir", help="an empty or new folder; default: a temporary one")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--database", default="litellm")
    args = parser.parse_args()
    folder = args.dir or tempfile.mkdtemp(prefix="sandbox-postgres-")
    os.makedirs(folder, mode=0o711, exist_ok=True)
    if os.listdir(folder):
        sys.exit("postgres.py: %s is not empty" % folder)
    server = Server(folder, args.port, args.database)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(0))
    try:
        server.initialise()
        server.start()
        print("DATABASE_URL=" + server.url(), flush=True)
        server.child.wait()
    except KeyboardInterrupt:
        pass
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
