"""Terraform with its LiteLLM provider on the same stand-in: 500 models, 100 teams, 400 users."""
import os
import shutil
import statistics
import subprocess
import time

import api
import spec
import standin

COUNTS = {"models": 500, "teams": 100, "users": 400, "keys": 0}
FASTER = 100  # how many times faster a plan with nothing to do must be
SOURCE = "bench/bench/litellm"
PARALLELISM = 10  # Terraform's default


class Missing(Exception):
    """Something that is needed for it is not here."""


def block(kind, name, **values):
    lines = ["  %s = %s" % item for item in values.items()]
    return 'resource "litellm_%s" "%s" {\n%s\n}\n' % (kind, name, "\n".join(lines))


def text(value):
    return '"%s"' % value


def configuration():
    """As one would write it: one block an object, every optional list said."""
    yield ("terraform {\n  required_providers {\n    litellm = { source = %s }\n  }\n}\n"
           "provider \"litellm\" {}\n" % text(SOURCE))
    for i in range(COUNTS["models"]):
        yield block("model", "model_%05d" % i, model_name=text("model-%05d" % i),
                    custom_llm_provider=text("bedrock"), base_model=text(spec.PROFILES[1]),
                    aws_region_name=text("ap-southeast-2"), mode=text("chat"),
                    rpm=60 + i % 10, tpm=100000, access_groups='["all"]',
                    additional_litellm_params='{ timeout = "60" }')
    for i in range(COUNTS["teams"]):
        yield block("team", "team_%05d" % i, team_alias=text("team-%05d" % i),
                    models='["model-%05d"]' % i, max_budget=100, budget_duration=text("30d"),
                    tpm_limit=50000, rpm_limit=100, blocked="false", tags="[]", guardrails="[]",
                    prompts="[]", team_member_permissions="[]", metadata='{ owner = "bench" }')
    for i in range(COUNTS["users"]):
        yield block("user", "user_%05d" % i, user_id=text("user-%05d" % i),
                    user_email=text("user-%05d@example.com" % i),
                    user_alias=text("User %05d" % i), user_role=text("internal_user"),
                    max_budget=20, budget_duration=text("30d"), auto_create_key="false",
                    teams="[]", models='["model-%05d"]' % i, metadata='{ owner = "bench" }')


def children(pid):
    """The process and all that it started."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        try:
            for task in os.listdir("/proc/%d/task" % one):
                with open("/proc/%d/task/%s/children" % (one, task), encoding="ascii") as told:
                    todo += [int(child) for child in told.read().split()]
        except OSError:
            pass
    return found


def peak_mb(pid):
    """Of the process and its children together, as far as they are alive."""
    total = 0
    for one in children(pid):
        try:
            with open("/proc/%d/status" % one, encoding="ascii", errors="replace") as told:
                total += next((int(line.split()[1]) for line in told
                               if line.startswith("VmHWM")), 0)
        except OSError:
            pass
    return total * 1024 / 1e6


class Terraform:
    def __init__(self, bench, stand):
        provider = os.environ.get("PROVIDER_DIR", "")
        self.program = shutil.which("terraform")
        if self.program is None:
            raise Missing("--peer needs terraform on PATH")
        if not os.access(os.path.join(provider, "terraform-provider-litellm"), os.X_OK):
            raise Missing("--peer needs PROVIDER_DIR: the folder of terraform-provider-litellm")
        self.folder = os.path.join(bench.work, "terraform")
        os.makedirs(self.folder)
        with open(os.path.join(self.folder, "main.tf"), "w", encoding="utf-8") as out:
            out.write("\n".join(configuration()))
        settings = os.path.join(bench.work, "terraformrc")
        with open(settings, "w", encoding="utf-8") as out:
            out.write('provider_installation {\n  dev_overrides { "%s" = "%s" }\n  direct {}\n}\n'
                      % (SOURCE, os.path.abspath(provider)))
        self.env = {"PATH": os.environ["PATH"], "HOME": bench.work, "TF_CLI_CONFIG_FILE": settings,
                    "LITELLM_API_BASE": stand.url, "LITELLM_API_KEY": api.MASTER_KEY,
                    "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}

    def run(self, verb, *options):
        """Wall seconds and memory of one run; it must end with 0."""
        command = [self.program, verb, "-no-color", "-parallelism=%d" % PARALLELISM, *options]
        log, peak = os.path.join(self.folder, "log"), 0.0
        with open(log, "wb") as out:
            start = time.perf_counter()
            with subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=out, stderr=out,
                                  stdin=subprocess.DEVNULL) as process:
                while True:
                    peak = max(peak, peak_mb(process.pid))
                    try:
                        process.wait(0.1)
                        break
                    except subprocess.TimeoutExpired:
                        if time.perf_counter() - start > 300:
                            process.kill()
            wall = time.perf_counter() - start
        if process.returncode != 0:
            with open(log, encoding="utf-8", errors="replace") as told:
                raise Missing("terraform %s: exit code %d\n%s" % (
                    verb, process.returncode, told.read()[-2000:]))
        return wall, peak


def measured(stand, once, times):
    """Median wall seconds, most memory, and requests of one."""
    walls, peaks, requests = [], [], 0
    for _ in range(times):
        stand.reset()
        wall, peak = once()
        walls.append(wall)
        peaks.append(peak)
        requests = stand.stats()["requests"]
    return statistics.median(walls), max(peaks), requests


def compare(bench):
    stand = standin.Standin(bench.args.full_size)
    try:
        terraform = Terraform(bench, stand)
        made = measured(stand, lambda: terraform.run("apply", "-auto-approve"), 1)
        theirs = measured(stand, lambda: terraform.run("plan", "-detailed-exitcode"), 3)
        stand.wipe()

        def ours(*args):
            taken = bench.liteform(*args)
            return taken.wall, taken.peak_kib * 1024 / 1e6

        bench.environment("peer", COUNTS, stand.url)
        bench.init("peer")
        applied = measured(stand, lambda: ours("apply", "peer", "--yes"), 1)
        planned = measured(stand, lambda: ours("plan", "peer", "--detailed-exitcode"), 5)
    finally:
        stand.close()
    report, rows = bench.report, []
    for what, their, our in (("apply from nothing", made, applied),
                             ("plan with nothing to do", theirs, planned)):
        times = their[0] / our[0]
        budget = report.budget("plan against Terraform, times slower than 1/%d" % FASTER,
                               FASTER / times, 1) if our is planned else ""
        rows.append([what, "%.2f s" % their[0], "%.3f s" % our[0], "%.0f times" % times,
                     "%d / %d" % (their[2], our[2]), "%.0f / %.0f MB" % (their[1], our[1]),
                     "%d times" % FASTER if our is planned else "", budget])
    report.table("Terraform with its LiteLLM provider, the same stand-in: 500 models, 100 teams, "
                 "400 users", ["", "Terraform", "liteform", "faster", "requests", "memory",
                               "budget", "of budget"], rows)
