"""A stage for tests: one stand-in of LiteLLM with its PostgreSQL, one folder with an environment, the program.

Everything of a stage lies in a folder of its own; ports are free ones. A stage is used by one thread at a time.
"""
import glob
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SANDBOX = os.path.join(ROOT, "tests", "sandbox")
LITEFORM = os.environ.get("LITEFORM", os.path.join(ROOT, "build/debug/liteform"))
ENVIRONMENT = "stage"
HOST = re.compile(r"127\.0\.0\.1:\d+")

sys.path.insert(0, SANDBOX)
from litellm_standin.cipher import Cipher  # pylint: disable=wrong-import-position

#: What differs from run to run and means nothing.
TIMES = {"created_at", "updated_at", "budget_reset_at", "expires", "last_used_at", "last_refreshed_at", "settings_updated_at",
         "last_active", "rotation_interval", "last_rotation_at", "key_rotation_at"}
RANDOM = {"LiteLLM_ModelTable": ("id",), "LiteLLM_CredentialsTable": ("credential_id",)}
TABLES = ("LiteLLM_ProxyModelTable", "LiteLLM_CredentialsTable", "LiteLLM_TeamTable", "LiteLLM_UserTable", "LiteLLM_TeamMembership",
          "LiteLLM_VerificationToken", "LiteLLM_BudgetTable", "LiteLLM_ModelTable", "LiteLLM_OrganizationTable", "LiteLLM_InvitationLink")


def psql():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/psql"))
    return found[-1] if found else shutil.which("psql")


class Program:
    """The end of one run of the program."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.text = out + err

    def __str__(self):
        return "exit %s\n%s%s" % (self.code, self.out, self.err)


class Stage:
    """`version`: of LiteLLM. `variables`: of the program's environment, besides the usual ones."""

    def __init__(self, version="1.106.2", variables=None, master="sk-stage-master-key", salt="sk-stage-salt-key", liteform=LITEFORM):
        self.version, self.master, self.salt, self.liteform = version, master, salt, liteform
        self.folder = tempfile.mkdtemp(prefix="stage-")
        os.chmod(self.folder, 0o711)  # the stand-in's PostgreSQL may run as another user
        self.sandbox = os.path.join(self.folder, "sandbox")
        self.work = os.path.join(self.folder, "work")
        self.home = os.path.join(self.folder, "home")
        self.cipher = Cipher(salt)
        self.variables = dict(variables or {})
        self.base = self.database = None
        self.server, self.children = 0, []

    # ------------------------------------------------------------ the stand-in

    def __enter__(self):
        settings = dict(os.environ, SANDBOX_DIR=self.sandbox, LITELLM_MASTER_KEY=self.master, LITELLM_SALT_KEY=self.salt)
        done = subprocess.run([os.path.join(SANDBOX, "up"), "--version", self.version], env=settings, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, check=False)
        if done.returncode != 0:
            raise RuntimeError("the stand-in does not start:\n" + done.stderr.decode())
        said = dict(re.findall(r"^export (\w+)=(.*)$", done.stdout.decode(), re.M))
        said = {name: shlex.split(value)[0] for name, value in said.items()}
        self.base, self.database, self.server = said["LITELLM_BASE_URL"], said["LITELLM_DATABASE_URL"], int(said["SANDBOX_PID"])
        self.clear()
        return self

    def __exit__(self, *_):
        subprocess.run([os.path.join(SANDBOX, "down"), self.sandbox], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=60, check=False)
        for child in self.children:
            child.kill()
            child.wait()
        if os.environ.get("KEEP"):
            print("# kept: %s" % self.folder, flush=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method, path, body=None, key=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, data=data, method=method, headers={
            "Authorization": "Bearer " + (key or self.master), "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                return error.code, json.loads(text)
            except ValueError:
                return error.code, text

    def must(self, method, path, body=None):
        """A call of the test's own that has to succeed."""
        status, answer = self.call(method, path, body)
        if status not in (200, 201):
            raise RuntimeError("%s %s: %s %s" % (method, path, status, answer))
        return answer

    def control(self, name, body=None):
        return self.must("GET" if body is None else "POST", "/_sandbox/" + name, body)

    def faults(self, *rules):
        self.control("faults", list(rules))

    def log(self):
        return self.control("log")

    def writes(self):
        return [entry for entry in self.log() if entry["method"] != "GET"]

    def requests(self, match):
        """The requests of the log that fit "METHOD /path"."""
        method, _, path = match.partition(" ")
        return [e for e in self.log() if e["method"] == method and re.match(path, e["path"])]

    def restart(self):
        """Ends the stand-in's server at once, and starts it again on the same port, as a pod that dies."""
        port = urllib.parse.urlsplit(self.base).port
        os.kill(self.server, signal.SIGKILL)
        wait_for(lambda: is_gone(self.server), "the server ends")
        run = os.path.join(self.sandbox, "run")
        settings = dict(os.environ, LITELLM_DATABASE_URL=self.database, LITELLM_MASTER_KEY=self.master, LITELLM_SALT_KEY=self.salt)
        with open(os.path.join(run, "litellm.out"), "wb") as out, open(os.path.join(run, "litellm.err"), "ab") as err:
            child = subprocess.Popen([os.path.join(SANDBOX, "litellm.py"), "--version", self.version, "--port", str(port)], env=settings,
                                     stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
        self.server = child.pid
        with open(os.path.join(run, "litellm.pid"), "w", encoding="utf-8") as file:
            file.write("%d %s\n" % (child.pid, of_process(child.pid)[19]))
        self.children.append(child)

    # ------------------------------------------------------------ rows

    def sql(self, text):
        done = subprocess.run([psql(), "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", self.database], input=text.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError("psql: %s" % done.stderr.decode())
        return done.stdout.decode()

    def keep_rows(self, name):
        """Remembers all rows under a name."""
        parts = ['DROP SCHEMA IF EXISTS "%s" CASCADE; CREATE SCHEMA "%s";' % (name, name)]
        parts += ['CREATE TABLE "%s"."%s" AS TABLE public."%s";' % (name, table, table) for table in self.tables()]
        self.sql("\n".join(parts))

    def rows_back(self, name):
        """All rows are again as they were remembered; the pods have read them."""
        parts = ["SET session_replication_role = replica;", "TRUNCATE %s;" % ", ".join('public."%s"' % t for t in self.tables())]
        parts += ['INSERT INTO public."%s" SELECT * FROM "%s"."%s";' % (t, name, t) for t in self.tables()]
        self.sql("\n".join(parts))
        self.control("reload", {})
        self.control("reset", {})

    def tables(self):
        if not hasattr(self, "all_tables"):
            text = self.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name LIKE 'LiteLLM\\_%' "
                            "AND table_type = 'BASE TABLE'")
            self.all_tables = text.split()
        return self.all_tables

    def rows(self):
        parts = ["'%s', (SELECT coalesce(json_agg(to_jsonb(t)), '[]') FROM public.\"%s\" t)" % (t, t) for t in TABLES if t in self.tables()]
        return json.loads(self.sql("SELECT json_build_object(%s)" % ", ".join(parts)))

    def snapshot(self):
        """What the server holds: every row, without times; random ids by what they stand for; sealed texts opened."""
        rows = self.rows()
        budgets = {row["budget_id"]: without(row, "budget_id") for row in rows["LiteLLM_BudgetTable"]}
        tables = {row["id"]: without(row, "id") for row in rows.get("LiteLLM_ModelTable", [])}
        made = {hashlib.sha256(value.encode()).hexdigest(): "value of " + name for name, value in self.stores().items()}
        out = {}
        for table, found in rows.items():
            kept = []
            for row in found:
                row = without(row, *RANDOM.get(table, ()))
                if "budget_id" in row:
                    row["budget_id"] = budgets.get(row["budget_id"], row["budget_id"]) if table != "LiteLLM_BudgetTable" else None
                if table == "LiteLLM_TeamTable":
                    row["model_id"] = tables.get(row.get("model_id"), row.get("model_id"))
                    of_team = row["metadata"].pop("team_member_budget_id", None) if isinstance(row.get("metadata"), dict) else None
                    row["member budget"] = budgets.get(of_team, of_team)
                for column in ("members", "admins", "members_with_roles"):
                    if isinstance(row.get(column), list):  # sets: who was first says nothing
                        row[column] = sorted(row[column], key=lambda m: json.dumps(m, sort_keys=True))
                if table == "LiteLLM_VerificationToken":
                    row["has an end"] = next(r for r in found if r["token"] == row["token"])["expires"] is not None
                    row["token"] = made.get(row["token"], row["token"])
                    if row["token"].startswith("value of "):
                        row["key_name"] = None
                for column in ("litellm_params", "credential_values"):
                    if isinstance(row.get(column), dict):
                        row[column] = self.cipher.open_values(row[column])
                kept.append(row)
            # Each stage's state has a lineage of its own, and our marks name it.
            kept = json.loads(re.sub(r'((?:created|adopted|retired)/stage)/[0-9a-f]{8}"', r'\1"', json.dumps(kept)))
            out[table] = sorted(kept, key=lambda r: json.dumps(r, sort_keys=True))
        return out

    # ------------------------------------------------------------ the environment

    def clear(self):
        """An empty server, an empty folder, an empty home."""
        for folder in (self.work, self.home):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
        self.control("wipe", {})
        self.control("reset", {})
        self.control("latency", {"ms": 0})

    def keep(self, name):
        """Remembers server, folder and home."""
        self.keep_rows(name)
        for folder in (self.work, self.home):
            shutil.rmtree(folder + "." + name, ignore_errors=True)
            shutil.copytree(folder, folder + "." + name)

    def back(self, name):
        self.rows_back(name)
        for folder in (self.work, self.home):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(folder + "." + name, folder)

    def base_spec(self):
        return {"environment": ENVIRONMENT, "backend": "local",
                "targets": {"litellm": {"url": self.base, "master_key": {"env": "STAGE_MASTER_KEY"}},
                            "database": {"url": {"env": "STAGE_DATABASE_URL"}}},
                "policy": {"max_update": "100%", "max_delete": "100%",
                           "ownership": {"users": "full", "keys": "full", "members": "full"}}}

    def write(self, *parts, name=ENVIRONMENT):
        """environments/NAME/environment.yaml: the base and the parts over it (JSON is YAML)."""
        document = self.base_spec()
        document["environment"] = name
        for part in parts:
            merge(document, part)
        folder = os.path.join(self.work, "environments", name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "environment.yaml"), "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)

    def state_path(self, *parts):
        return os.path.join(self.work, "state", ENVIRONMENT, *parts)

    def state(self):
        with open(self.state_path("state.json"), encoding="utf-8") as file:
            return json.load(file)

    def objects(self):
        """The state's objects, without times; a value made here by the name of its store."""
        made = {hashlib.sha256(value.encode()).hexdigest(): "value of " + name for name, value in self.stores().items()}
        out = {}
        for address, entry in self.state()["objects"].items():
            entry = {k: v for k, v in entry.items() if k not in ("changed_at", "server_time")}
            entry["id"] = made.get(entry.get("id"), entry.get("id"))
            out[address] = entry
        text = json.dumps(out, sort_keys=True)
        return json.loads(re.sub(r'"hmac": "[^"]*"', '"hmac": "..."', text))

    def locked(self):
        """Whether lock.json says that somebody has the lock."""
        try:
            with open(self.state_path("lock.json"), encoding="utf-8") as file:
                return json.load(file)["held"]
        except FileNotFoundError:
            return False

    def stores(self):
        out, folder = {}, os.path.join(self.home, "stores")
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                out[name] = file.read().strip()
        return out

    # ------------------------------------------------------------ the program

    def environ(self):
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "TMPDIR", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}
        return dict(kept, HOME=self.home, XDG_DATA_HOME=self.home + "/data", NO_COLOR="1", STAGE_MASTER_KEY=self.master,
                    STAGE_DATABASE_URL=self.database, LC_ALL="C.UTF-8", **self.variables)

    def run(self, *args, timeout=120):
        done = subprocess.run([self.liteform, "-C", self.work] + list(args), env=self.environ(), timeout=timeout, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return Program(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def apply(self, *more):
        return self.run("apply", ENVIRONMENT, "--yes", *more)

    def plan(self, *more):
        """The plan and its exit code (2: changes)."""
        ended = self.run("plan", ENVIRONMENT, "--json", "--detailed-exitcode", *more)
        try:
            plan = json.loads(ended.out)
        except ValueError:
            plan = {"changes": None, "findings": [], "unread": []}
        if "changes" not in plan:
            plan = {"changes": None, "findings": plan if isinstance(plan, list) else [], "unread": []}
        return plan, ended

    def start(self, *args, prepare=None):
        """Starts the program; `prepare(pid)` is done before its first instruction."""
        arguments = [self.liteform, "-C", self.work] + list(args)
        out = tempfile.TemporaryFile()
        child = subprocess.Popen(["/bin/sh", "-c", 'read go && exec "$@" < /dev/null', "sh"] + arguments, env=self.environ(),
                                 stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT)
        child.out = out
        if prepare is not None:
            prepare(child.pid)
        child.stdin.write(b"go\n")
        child.stdin.close()
        return child

    def wait(self, child, timeout=120):
        child.wait(timeout=timeout)
        child.out.seek(0)
        text = child.out.read().decode(errors="replace")
        child.out.close()
        return Program(child.returncode, text, "")

    def killed(self, number, when, *args):
        """A run that gets SIGKILL around its request `number`; "before": the request is not carried out."""
        self.control("reset", {})

        def prepare(pid):
            self.control("kill_at", {"n": number, "pid": pid, "when": when})
            if when == "before":
                self.faults({"match": "* /", "nth": number, "times": 1, "do": {"before": "drop"}})
        return self.wait(self.start(*args, prepare=prepare))


def without(row, *names):
    return {k: v for k, v in row.items() if k not in TIMES and k not in names}


def merge(into, part):
    for key, value in part.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = json.loads(json.dumps(value))


def of_process(pid):
    """What /proc/PID/stat says behind the name: the state, ... , the start time (number 19)."""
    with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()


def is_gone(pid):
    try:
        return of_process(pid)[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_for(condition, what, seconds=30):
    """Polls a condition; what it gives when it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise RuntimeError("waited %d s in vain: %s" % (seconds, what))


def difference(wanted, got, path=""):
    """The first few differences of two values, for people."""
    if wanted == got:
        return []
    if isinstance(wanted, dict) and isinstance(got, dict):
        out = []
        for key in sorted(set(wanted) | set(got)):
            out += difference(wanted.get(key, "(absent)"), got.get(key, "(absent)"), "%s.%s" % (path, key))
        return out
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return sum((difference(w, g, "%s[%d]" % (path, i)) for i, (w, g) in enumerate(zip(wanted, got))), [])
    return ["%s: wanted %s, got %s" % (path, json.dumps(wanted)[:600], json.dumps(got)[:600])]
