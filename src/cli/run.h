/*
 * What plan, apply, drift and the verbs of the state have in common: from an environment's name to
 * its plan. Each step answers EXIT_DONE, or the exit code the verb ends with; why is in call->diags.
 */
#ifndef LITEFORM_CLI_RUN_H
#define LITEFORM_CLI_RUN_H

#include "apply/apply.h"
#include "cli/cli.h"
#include "client/aws_secrets.h"
#include "client/git.h"
#include "client/http.h"
#include "client/secret.h"
#include "live/collect.h"
#include "plan/plan.h"
#include "spec/spec.h"
#include "state/state.h"

struct run {
    struct call *call;
    struct arena *arena;
    const char *name; /* ENV as given */
    const struct kind_set *kinds;
    struct spec *spec;
    struct backend *backend;
    const struct state *state; /* read without the lock, or the session's */
    const char *status_before; /* of the state when its lock was taken */
    struct node *target;
    struct aws *aws; /* the backend's where it lies in a bucket; else made by run_connect() */
    struct aws_secrets *aws_secrets;
    struct secrets *secrets;
    struct client *client;
    struct live *live;
    int64_t collecting; /* clock_ms() of its start */
    struct secret_facts facts;
    const char *no_key_reason; /* with facts.no_key */
    struct strings only, skip; /* from the options, or from a plan file */
    const struct allowances *allowances;
    bool rewrite_secrets, trusted;
    bool keep_raw; /* of the spec: see spec_options */
    bool waited;   /* for the lock, and said so */
    struct plan *plan;
};

/** For ENV `name`, with the options of the call. */
struct run run_start(struct call *call, const char *name);
/** Wipes the secrets and closes what is open. */
void run_end(struct run *run);
#define CLEANUP_RUN __attribute__((cleanup(run_end)))

/** Reads the spec; EXIT_USAGE when it has mistakes. */
enum exit_code run_spec(struct run *run);
/** Opens where the state lives. */
enum exit_code run_backend(struct run *run);
/** The state without its lock. */
enum exit_code run_state(struct run *run);
/** run_spec, run_backend, run_state. */
enum exit_code run_load(struct run *run);
/** What must hold before a credential is sent: target identity, trust in CI. */
enum exit_code run_target(struct run *run);
/** Secrets and client: after run_target(). */
enum exit_code run_connect(struct run *run);
/** Reads what is live. EXIT_INTERRUPTED when stopped; kinds may be unread. */
enum exit_code run_collect(struct run *run);
/** The plan of spec, live and run->state. */
enum exit_code run_plan(struct run *run);
/** run_target, run_connect, run_collect, run_plan. */
enum exit_code run_all(struct run *run);

/** "applies just this plan", and "makes it", as they would be typed. */
const char *run_apply_command(struct run *run);
const char *run_plan_command(struct run *run);
/** Names of kinds that could not be read. */
struct strings run_unread(const struct run *run);

/** Whether the target is on this machine. */
bool target_is_loopback(const char *url);
/** Compares the spec's target with the state's; a diagnostic for each difference. */
bool target_same(struct run *run);
/** What a protected environment wants of the git tree; EXIT_REFUSED otherwise. */
enum exit_code target_protected(struct run *run);

/** Gives the secrets their hash key: by reference, or this machine's file. */
void hashkey_load(struct run *run);
/** Says so where its absence left fields of the plan uncompared. */
void hashkey_warn(struct run *run);
/** Where the key of a lineage lies on this machine. */
const char *hashkey_path(struct arena *arena, const char *lineage);
/** Makes it; true when it is there afterwards. */
bool hashkey_make(struct run *run, const char *lineage, bool *ret_made);

#endif
