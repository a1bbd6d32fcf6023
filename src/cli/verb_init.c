#include "cli/backend.h"
#include "cli/migrate.h"
#include "cli/out.h"
#include "cli/scope.h"
#include "cli/session.h"
#include "cli/takeover.h"

#include "base/text.h"
#include "client/pg.h"

#include <stdarg.h>
#include <string.h>

/* `init [ENV]`: makes the state and the hash key, looks whether everything can be reached. */

static const struct option_spec options[] = {
    {"retarget", 0, false, NULL, "the spec's target is meant, though the state knows another"},
    {"migrate", 0, false, NULL, "move the state here from where it was, and mark the old place"},
    {"from", 0, false, "PLACE", "with --migrate: local, or s3://BUCKET/PREFIX?region=REGION"},
    {"lock-timeout", 0, false, "DURATION", "wait so long for the lock (30s, 5m); default: not"},
    {"take-over", 0, false, NULL, "objects made by a state that is lost or given up are ours"},
    TRUST_OPTION,
    {.name = NULL},
};

#define SQL_MS 10000

static void say(struct run *run, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One line of the list, and its member in JSON. */
static void say(struct run *run, const char *what, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = text_printable(run->arena, arena_vprintf(run->arena, format, args), false);
    va_end(args);
    buf_printf(&run->call->text, "  %-9s %s\n", what, text);
    char *key = text_lower(run->arena, what);
    for (char *at = key; *at != '\0'; at++) {
        if (*at == ' ')
            *at = '_';
    }
    node_set_string(run->arena, call_result(run->call), key, text);
}

/* Under the lock: what is missing is made, a new target is taken, and what was seen of the place. */
static enum exit_code make_state(
    struct run *run, struct session *session, const struct node *store, bool *ret_made)
{
    struct state *state = session_state(session);
    bool exists = state->known.exists;
    if (!exists && !hashkey_make(run, state->known.lineage, ret_made)) {
        run_close(run, session, NULL);
        return EXIT_ERROR;
    }
    bool retarget = args_has(&run->call->args, "retarget");
    bool new_target = state->target == NULL || retarget;
    if (exists && !new_target && node_equal(store, state->store))
        return run_close(run, session, NULL);
    enum exit_code code = run_claim(run, session, "init");
    if (new_target)
        state->target = run->target;
    state->store = store;
    enum exit_code closed = run_close(run, session, code == EXIT_DONE ? status_kept(run) : NULL);
    return code == EXIT_DONE ? closed : code;
}

/* Makes the state, or takes the new target into it. */
static enum exit_code write_state(struct run *run)
{
    struct session *session = NULL;
    /* Before anything is written there: whether it is fit for a state. */
    struct state looked = *run->state;
    enum exit_code code = backend_look(run, run->backend, &looked);
    if (code == EXIT_DONE && looked.store != NULL && looked.store != run->state->store)
        say(run, "backend", "%s: honours conditional writes", node_get_text(looked.store, "place"));
    if (code == EXIT_DONE)
        code = run_lock(run, "init", &session);
    if (code != EXIT_DONE)
        return code;
    bool exists = run->state->known.exists, made = false;
    if (session_resume(session)->list.count > 0) {
        /* A run that died is settled by the next apply; its journal must outlive us. */
        say(run, "state", "%s: an apply did not end, the next one settles it first",
            run->backend->ops->show(run->backend));
        return run_close(run, session, NULL);
    }
    code = make_state(run, session, looked.store, &made);
    if (code == EXIT_DONE)
        code = run_state(run);
    if (code != EXIT_DONE)
        return code;
    bool retarget = args_has(&run->call->args, "retarget");
    say(run, "state", "%s: %s, lineage %s, serial %lld", run->backend->ops->show(run->backend),
        exists ? (retarget ? "retargeted" : "there") : "made", run->state->known.lineage,
        (long long)run->state->known.serial);
    if (made)
        say(run, "hash key", "made: %s (without it on other machines, secrets are not compared)",
            hashkey_path(run->arena, run->state->known.lineage));
    return EXIT_DONE;
}

/* Readiness needs no credential, so none is sent. */
static bool probe_ready(struct run *run)
{
    struct endpoint endpoint = {.name = "probe",
        .url = run->spec->litellm_url,
        .ca_file = run->spec->litellm_ca_file,
        .insecure = run->spec->litellm_insecure};
    client_endpoint(run->client, &endpoint);
    struct request request = {.endpoint = "probe", .method = "GET", .path = "/health/readiness"};
    struct reply reply = client_send(run->client, run->arena, &request);
    if (!reply_ok(&reply)) {
        client_fault(&run->call->diags, &reply, "the readiness of LiteLLM");
        say(run, "LiteLLM", "%s: not ready", run->spec->litellm_url);
        return false;
    }
    const char *version = node_get_text(reply.body, "litellm_version");
    const char *database = node_get_text(reply.body, "db");
    say(run, "LiteLLM", "%s: ready%s%s%s%s", run->spec->litellm_url,
        version == NULL ? "" : ", version ", version == NULL ? "" : version,
        database == NULL ? "" : ", database ", database == NULL ? "" : database);
    if (database == NULL || strcmp(database, "connected") == 0)
        return true;
    struct diag *diag = diag_add(
        &run->call->diags, "LF622", "the proxy says that its database is \"%s\"", database);
    diag->fix = "teams, users, keys and models need one: DATABASE_URL of the proxy";
    return false;
}

static bool probe_key(struct run *run)
{
    struct request request = {.endpoint = "litellm", .method = "GET", .path = "/v1/models"};
    struct reply reply = client_send(run->client, run->arena, &request);
    if (reply_ok(&reply)) {
        say(run, "key", "accepted");
        return true;
    }
    if (reply.outcome == OUTCOME_ANSWERED && (reply.status == 401 || reply.status == 403)) {
        struct diag *diag = diag_add(&run->call->diags, "LF625", "%s answers %d: %s",
            run->spec->litellm_url, reply.status, reply_message(run->arena, &reply));
        diag->fix = "targets.litellm.master_key: is it the key of this proxy?";
        say(run, "key", "refused");
        return false;
    }
    client_fault(&run->call->diags, &reply, "the list of models");
    say(run, "key", "not tried to the end");
    return false;
}

static bool probe_database(struct run *run)
{
    if (run->spec->database_url == NULL) {
        say(run, "database", "not declared: orphans, encrypted rows and log sizes are not seen");
        return true;
    }
    const char *reason = NULL;
    const char *url = secrets_value(run->secrets, run->spec->database_url, &reason);
    struct sql *sql = url == NULL ? NULL : sql_open(run->arena, url, SQL_MS, &reason);
    if (sql == NULL) {
        say(run, "database", "cannot be read: %s", reason == NULL ? "unknown" : reason);
        struct diag *diag = diag_add(&run->call->diags, "LF623", "the database cannot be read: %s",
            reason == NULL ? "unknown" : reason);
        if (!run->spec->database_required)
            diag_set_severity(&run->call->diags, diag, SEVERITY_WARNING);
        return !run->spec->database_required;
    }
    say(run, "database", "read: %s", sql_identity(sql, run->arena));
    sql_close(sql);
    return true;
}

static enum exit_code probe(struct run *run)
{
    enum exit_code code = run_connect(run);
    if (code != EXIT_DONE)
        return code;
    bool fine = probe_ready(run);
    if (fine)
        fine = probe_key(run);
    fine = probe_database(run) && fine;
    /* A backend in a bucket has said it before. */
    if (run->call->verbose && run->spec->backend_local && aws_source(run->aws) != NULL)
        say(run, "credentials", "%s", aws_source(run->aws));
    if (client_interrupted() > 0)
        return EXIT_INTERRUPTED;
    return fine ? EXIT_DONE : EXIT_UNREAD;
}

/* ENV, or the only one there is. */
static const char *environment(struct call *call)
{
    const char *word = call_word(call, 0);
    if (word != NULL)
        return word;
    struct strings names = {0};
    spec_environments(call->arena, ".", &names);
    if (names.count == 1)
        return names.at[0];
    struct diag *diag = diag_add(&call->diags, "LF618",
        names.count == 0 ? "there is no environment below environments/"
                         : "there is more than one environment");
    diag->fix = names.count == 0 ? "liteform new dev"
                                 : arena_printf(call->arena, "liteform init %s", names.at[0]);
    return NULL;
}

/* The spec, and the state, which is brought here first where that is wanted. */
static enum exit_code load(struct run *run)
{
    const char *said = NULL;
    bool move = args_has(&run->call->args, "migrate");
    if (!move && args_has(&run->call->args, "from")) {
        diag_add(&run->call->diags, "LF604", "--from stands without --migrate")->fix =
            "--migrate moves the state from there";
        return EXIT_USAGE;
    }
    enum exit_code code = run_spec(run);
    if (code == EXIT_DONE)
        code = run_backend(run);
    if (code == EXIT_DONE && move)
        code = migrate(run, &said);
    if (code == EXIT_DONE)
        code = run_state(run);
    if (code != EXIT_DONE)
        return code;
    buf_printf(&run->call->text, "%s\n", run->spec->environment);
    node_set_string(run->arena, call_result(run->call), "environment", run->spec->environment);
    say(run, "spec", "valid: %zu objects in %zu files", run->spec->desired.list.count,
        run->spec->files.count);
    if (run->aws != NULL && run->call->verbose)
        say(run, "credentials", "%s", aws_source(run->aws));
    if (said != NULL)
        say(run, "moved", "%s", said);
    return EXIT_DONE;
}

static enum exit_code run(struct call *call)
{
    const char *name = environment(call);
    if (name == NULL)
        return EXIT_USAGE;
    CLEANUP_RUN struct run run = run_start(call, name);
    enum exit_code code = load(&run);
    if (code != EXIT_DONE)
        return code;
    run.target = live_target(call->arena, run.spec);
    if (!args_has(&call->args, "retarget") && !target_same(&run))
        return EXIT_REFUSED;
    code = write_state(&run);
    if (code == EXIT_DONE)
        code = run_target(&run);
    if (code == EXIT_DONE)
        code = probe(&run);
    if (code == EXIT_DONE && args_has(&call->args, "take-over")) {
        const char *text = NULL;
        code = take_over(&run, &text);
        if (code == EXIT_DONE)
            say(&run, "taken over", "%s", text);
    }
    if (code == EXIT_DONE)
        buf_printf(&call->text, "Next: %s\n", command_text(call, "plan", name));
    return code;
}

const struct verb verb_init = {
    .name = "init",
    .synopsis = "init [ENV] [--retarget] [--take-over] [--migrate [--from PLACE]]",
    .summary = "make the state, and look whether everything can be reached",
    .help =
        "Examples:\n"
        "  liteform init dev\n"
        "  liteform init prod --retarget     the spec's target is meant\n"
        "  liteform init prod --take-over    the state that made what is live is lost\n"
        "  liteform init prod --migrate      the spec names a bucket now: the state goes there\n"
        "  liteform init prod --migrate --from 's3://acme/litellm/prod?region=eu-central-1'\n"
        "\n"
        "Makes the state where the spec's backend says, once it has seen that a bucket there\n"
        "honours conditional writes; a key for keyed hashes of secrets\n"
        "(unless backend.hash_key names one), and asks LiteLLM and the database. May be run\n"
        "again at any time. Exit code 4 when something cannot be reached.\n",
    .options = options,
    .words = WORDS_ENVIRONMENT,
    .max_words = 1,
    .run = run,
};
