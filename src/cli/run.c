#include "cli/run.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/out.h"
#include "client/library.h"
#include "kinds/registry.h"

#include <string.h>

/* The way from an environment's name to its plan, in steps that verbs share. */

/* Where may be written is asked of the command line at apply, and is no part of a plan. */
static const struct allowances *planning_allowances(const struct call *call)
{
    struct allowances *allowances = ARENA_NEW(call->arena, struct allowances);
    VEC_EACH(given, &call->args.allowances.list) {
        if (strcmp(given->name, "dirty") != 0 && strcmp(given->name, "local-state") != 0)
            *VEC_ADD(call->arena, &allowances->list) = *given;
    }
    return allowances;
}

struct run run_start(struct call *call, const char *name)
{
    struct run run = {.call = call, .arena = call->arena, .name = name, .kinds = kinds_all()};
    args_values(call->arena, &call->args, "only", &run.only);
    args_values(call->arena, &call->args, "skip", &run.skip);
    run.allowances = planning_allowances(call);
    run.rewrite_secrets = args_has(&call->args, "rewrite-secrets");
    run.trusted = args_has(&call->args, "trust-spec");
    return run;
}

void run_end(struct run *run)
{
    if (run->client != NULL)
        run->client = client_free(run->client);
    if (run->secrets != NULL)
        run->secrets = secrets_free(run->secrets);
    if (run->backend != NULL && run->backend->ops->close != NULL)
        run->backend->ops->close(run->backend);
    run->backend = NULL;
    run->aws_secrets = aws_secrets_free(run->aws_secrets);
    run->aws = aws_free(run->aws);
}

enum exit_code run_spec(struct run *run)
{
    struct spec_options options = {.root = ".", .name = run->name, .keep_raw = run->keep_raw};
    size_t before = diags_errors(&run->call->diags);
    run->spec = spec_load(run->arena, &options, run->kinds, &run->call->diags);
    bool fine = run->spec != NULL && diags_errors(&run->call->diags) == before;
    return fine ? EXIT_DONE : EXIT_USAGE;
}

enum exit_code run_state(struct run *run)
{
    run->state = state_read(run->arena, run->backend, run->spec->environment, &run->call->diags);
    return run->state == NULL ? EXIT_ERROR : EXIT_DONE;
}

enum exit_code run_load(struct run *run)
{
    enum exit_code code = run_spec(run);
    if (code == EXIT_DONE)
        code = run_backend(run);
    if (code == EXIT_DONE)
        code = run_state(run);
    return code;
}

enum exit_code run_target(struct run *run)
{
    struct diags *diags = &run->call->diags;
    run->target = live_target(run->arena, run->spec);
    if (!target_same(run))
        return EXIT_REFUSED;
    if (!out_ci() || run->trusted)
        return EXIT_DONE;
    const char *why = NULL;
    if (run->spec->litellm_insecure)
        why = "the spec switches the verification of TLS off";
    else if (run->state->target == NULL)
        why = "the state does not know this target yet";
    if (why == NULL)
        return EXIT_DONE;
    struct diag *diag = diag_add(diags, "LF620", "%s, and CI is set", why);
    diag->fix = "--trust-spec, where the spec was reviewed";
    return EXIT_REFUSED;
}

enum exit_code run_connect(struct run *run)
{
    bool guarded = out_ci() && !run->trusted;
    struct secrets_options options = {.guarded = guarded};
    if (guarded) {
        struct git_facts git = git_facts(run->arena, run->spec->folder);
        if (git.unknown != NULL) { /* then no file could be told from one of the repository */
            library_fault(&run->call->diags, git.unknown);
            return EXIT_REFUSED;
        }
        options.repository = git.top;
    }
    if (!client_loads(&run->call->diags))
        return EXIT_UNREAD;
    if (run->spec->litellm_insecure)
        diag_add(&run->call->diags, "LF621", "TLS of %s is not verified", run->spec->litellm_url);
    signals_handle();
    run->secrets = secrets_new(&options);
    /* Nobody is asked for anything before a reference leads to AWS. */
    if (run->aws == NULL)
        run->aws = aws_new(&(struct aws_options){.guarded = guarded});
    run->aws_secrets =
        aws_secrets_new(run->aws, node_get_text(node_get(run->spec->backend, "s3"), "region"));
    aws_secrets_attach(run->aws_secrets, run->secrets);
    run->client = client_new(run->secrets);
    live_endpoint(run->client, run->spec);
    hashkey_load(run);
    return EXIT_DONE;
}

static void on_progress(void *context, const char *what)
{
    struct run *run = context;
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    buf_printf(&text, "%s ...", text_printable(run->arena, what, false));
    int64_t seconds = (clock_ms() - run->collecting) / 1000;
    if (seconds > 0)
        buf_printf(&text, " %lld s", (long long)seconds);
    out_live(run->call, buf_text(&text));
}

static enum exit_code interrupted(struct run *run)
{
    if (client_interrupted() == 0)
        return EXIT_DONE;
    diag_add(&run->call->diags, "LF624", "interrupted before anything was changed");
    return EXIT_INTERRUPTED;
}

enum exit_code run_collect(struct run *run)
{
    struct collect_options options = {.progress = on_progress, .context = run};
    run->collecting = clock_ms();
    out_live(run->call, "reading what is live ...");
    run->live = live_collect(
        run->arena, run->spec, run->kinds, run->client, run->secrets, &options, &run->call->diags);
    out_live_end();
    if (run->spec->database_required && run->spec->database_url != NULL && !run->live->database)
        return EXIT_UNREAD; /* LF254 says why */
    return interrupted(run);
}

static void collect_facts(struct run *run)
{
    struct strings references = {0};
    plan_references(run->arena, run->spec, &references);
    secrets_prefetch(run->secrets, references.at, references.count);
    bool no_key = run->facts.no_key;
    run->facts = (struct secret_facts){.no_key = no_key};
    for (size_t i = 0; i < references.count; i++)
        *VEC_ADD(run->arena, &run->facts.list) =
            secrets_fact(run->secrets, run->arena, references.at[i]);
}

enum exit_code run_plan(struct run *run)
{
    collect_facts(run);
    struct plan_options options = {.only = run->only,
        .skip = run->skip,
        .allowances = run->allowances,
        .today = arena_strndup(run->arena, clock_format(run->arena, clock_now()), 10),
        .rewrite_secrets = run->rewrite_secrets,
        .target = run->target};
    run->plan = plan_make(
        run->arena, run->spec, run->kinds, run->live, &run->state->known, &run->facts, &options);
    /* Findings may point into the files of the spec; only the reader of those knows their names. */
    if (run->plan->findings.sources.count <= 1)
        run->plan->findings.sources = run->call->diags.sources;
    hashkey_warn(run);
    return interrupted(run);
}

enum exit_code run_all(struct run *run)
{
    enum exit_code code = run_target(run);
    if (code == EXIT_DONE)
        code = run_connect(run);
    if (code == EXIT_DONE)
        code = run_collect(run);
    if (code == EXIT_DONE)
        code = run_plan(run);
    return code;
}

const char *run_apply_command(struct run *run)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    command_start(run->call, &text, "apply", run->name);
    buf_printf(&text, " --plan %s", run->plan->fingerprint);
    command_scope(run->call, &text);
    return arena_strdup(run->arena, buf_text(&text));
}

const char *run_plan_command(struct run *run)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    command_start(run->call, &text, "plan", run->name);
    command_scope(run->call, &text);
    return arena_strdup(run->arena, buf_text(&text));
}

struct strings run_unread(const struct run *run)
{
    struct strings names = {0};
    VEC_EACH(unread, &run->plan->unread)
        strings_add(run->arena, &names, unread->kind->title);
    return names;
}
