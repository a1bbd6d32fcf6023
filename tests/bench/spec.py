#!/usr/bin/env python3
"""Writes an environment of any size.

    spec.py FOLDER --url URL [--objects N] [--mix usual|keys] [--models N] [--teams N] [--users N]
                   [--keys N] [--members N] [--window N] [--database]

FOLDER is the environment's folder, its last part the environment's name; one file per section.
`usual` is 50% models, 10% teams, 40% users; `keys` 40% models, 10% teams, 30% users, 20% keys.
--members N puts N users into each team. The values of keys and the master key are named by
environment variables: see secrets_of().
"""
import argparse
import hashlib
import os

MIXES = {"usual": {"models": 50, "teams": 10, "users": 40, "keys": 0},
         "keys": {"models": 40, "teams": 10, "users": 30, "keys": 20}}
PROFILES = ("au.anthropic.claude-opus-4-6-v1", "au.anthropic.claude-sonnet-4-6",
            "au.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "au.anthropic.claude-haiku-4-5-20251001-v1:0")


def counts_of(objects, mix):
    counts = {kind: objects * share // 100 for kind, share in MIXES[mix].items()}
    counts["models"] += objects - sum(counts.values())
    return counts


def key_variable(i):
    return "BENCH_KEY_%05d" % i


def secrets_of(counts, master_key):
    """The variables that the environment refers to."""
    out = {"BENCH_MASTER_KEY": master_key, "BENCH_BEDROCK_KEY": "bedrock-api-key-of-the-bench-0000"}
    for i in range(counts.get("keys", 0)):
        name = key_variable(i)
        out[name] = "sk-" + hashlib.sha256(name.encode()).hexdigest()[:32]
    return out


def settings(name, url, window=0, database=False):
    lines = ["environment: %s" % name, "backend: local", "targets:", "  litellm:",
             "    url: %s" % url, "    master_key: { env: BENCH_MASTER_KEY }"]
    if window:
        lines.append("    window: %d" % window)
    if database:
        lines += ["  database:", "    url: { env: LITELLM_DATABASE_URL }"]
    lines += ["bedrock:", "  profile_prefix: au",
              "  endpoint: https://bedrock-runtime.ap-southeast-2.amazonaws.com",
              "  region: ap-southeast-2", "  api_key: { env: BENCH_BEDROCK_KEY }"]
    return lines


def models(count):
    for i in range(count):
        yield "  model-%05d:" % i
        yield "    bedrock: %s" % PROFILES[i % len(PROFILES)]
        yield "    rpm: %d" % (60 + i % 10)
        yield "    tpm: 100000"
        yield "    timeout: 60"
        yield "    info: { mode: chat, access_groups: [all] }"


def teams(count, model_count, user_count, members, domain):
    for i in range(count):
        allowed = ["model-%05d" % ((2 * i + k) % model_count) for k in range(min(2, model_count))]
        yield "  team-%05d:" % i
        yield "    models: %s" % ("[%s]" % ", ".join(allowed) if allowed else "none")
        yield "    max_budget: 100"
        yield "    budget_duration: 30d"
        yield "    tpm_limit: 50000"
        yield "    rpm_limit: %d" % (100 + i % 10)
        yield "    metadata: { owner: bench, cost_centre: \"%04d\" }" % (i % 100)
        if members and user_count:
            yield "    members:"
            for k in range(min(members, user_count)):
                yield "      user-%05d@%s: user" % ((i * members + k) % user_count, domain)


def users(count, model_count, domain):
    for i in range(count):
        yield "  user-%05d@%s:" % (i, domain)
        yield "    role: internal_user"
        yield "    alias: User %05d" % i
        if model_count:
            yield "    models: [model-%05d]" % (i % model_count)
        yield "    max_budget: %d" % (20 + i % 5)
        yield "    budget_duration: 30d"
        yield "    metadata: { owner: bench }"


def keys(count, team_count, model_count):
    for i in range(count):
        yield "  key-%05d:" % i
        if team_count:
            team = i % team_count
            yield "    team: team-%05d" % team
            if model_count:
                yield "    models: [model-%05d]" % ((2 * team) % model_count)
        yield "    max_budget: %d" % (10 + i % 5)
        yield "    metadata: { owner: bench }"
        yield "    value: { env: %s }" % key_variable(i)


def write(folder, url, counts, members=0, window=0, database=False):
    """Writes the environment; returns its name."""
    name = os.path.basename(os.path.normpath(folder))
    many = {kind: counts.get(kind, 0) for kind in ("models", "teams", "users", "keys")}
    domain = name + ".example.com"  # an e-mail is taken once on a server
    files = {"environment": settings(name, url, window, database)}
    if many["models"]:
        files["models"] = ["models:", *models(many["models"])]
    if many["teams"]:
        files["teams"] = ["teams:", *teams(many["teams"], many["models"], many["users"], members,
                                           domain)]
    if many["users"]:
        files["users"] = ["users:", *users(many["users"], many["models"], domain)]
    if many["keys"]:
        files["keys"] = ["keys:", *keys(many["keys"], many["teams"], many["models"])]
    os.makedirs(folder, exist_ok=True)
    for section, lines in files.items():
        with open(os.path.join(folder, section + ".yaml"), "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
    return name


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder")
    parser.add_argument("--url", required=True)
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--mix", choices=sorted(MIXES), default="usual")
    for kind in ("models", "teams", "users", "keys"):
        parser.add_argument("--" + kind, type=int)
    parser.add_argument("--members", type=int, default=0)
    parser.add_argument("--window", type=int, default=0)
    parser.add_argument("--database", action="store_true")
    args = parser.parse_args()
    counts = counts_of(args.objects, args.mix)
    given = {kind: getattr(args, kind) for kind in counts if getattr(args, kind) is not None}
    counts = dict.fromkeys(counts, 0) | given if given else counts
    write(args.folder, args.url, counts, args.members, args.window, args.database)
    print("%s: %s" % (args.folder, ", ".join("%d %s" % (n, kind) for kind, n in counts.items())))


if __name__ == "__main__":
    main()
