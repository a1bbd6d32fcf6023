/* Looking again: whether models are loaded on every pod, and whether all that was written arrived. */
#include "apply/internal.h"
#include "base/clock.h"
#include "base/text.h"
#include "live/collect.h"

#include <errno.h>
#include <time.h>

#define LISTS_PER_ROUND 2
#define ASKED_SINGLY 16  /* up to so many one by one, more by the lists: fewer requests */
#define ASKS_PER_ROUND 3 /* fresh connections: behind a service they reach different pods */
#define POLL_MS 1000

/** The round of questions: every checked step, ASKS_PER_ROUND times. */
struct round {
    struct run *run;
    VEC(struct step *) steps;
    size_t next;
};

static bool round_next(void *context, struct request *ret_request, void **ret_tag)
{
    struct round *round = context;

    while (round->next < round->steps.count * ASKS_PER_ROUND) {
        struct step *step = round->steps.at[round->next++ % round->steps.count];
        struct request request = {0};
        if (step->change->kind->force(&step->context, &request)) {
            request.fresh = true;
            *ret_request = request;
            *ret_tag = step;
            return true;
        }
    }
    return false;
}

static void round_answered(
    void *context, const struct request *request, const struct reply *reply, void *tag)
{
    struct round *round = context;
    (void)request;
    calls_answer(round->run, tag, reply);
}

static bool round_tick(void *context)
{
    struct round *round = context;
    run_report(round->run, APPLY_TICK, NULL, NULL);
    return true;
}

/** What a list of all models shows of each step; a list is one pod's answer. */
static void ask_by_list(struct round *round)
{
    struct run *run = round->run;
    struct arena *arena = arena_new();
    struct collect_options options = {
        .no_database = true, .fresh = true, .server = &run->plan->live->server};
    struct diags quiet = diags_init(arena);

    VEC_EACH(step, &round->steps) {
        const char *kind = (*step)->change->kind->name;
        if (!strings_has(&options.kinds, kind)) {
            strings_add(arena, &options.kinds, kind);
        }
    }
    const struct live *live = live_collect(
        arena, run->plan->spec, run->kinds, run->client, run->secrets, &options, &quiet);
    VEC_EACH(step, &round->steps) {
        const struct live_kind *in = live_kind(live, (*step)->change->kind);
        const struct object *object =
            in != NULL && in->status == LIVE_READ ? live_object(in, (*step)->change->id) : NULL;
        (*step)->force_asked++;
        (*step)->force_yes += object != NULL && object->loaded == LOADED_YES ? 1 : 0;
    }
    arena_free(arena);
}

static void ask_singly(struct round *round)
{
    round->next = 0;
    client_run(round->run->client,
        &(struct client_calls){
            .context = round, .next = round_next, .done = round_answered, .tick = round_tick});
}

static void ask_round(struct round *round)
{
    VEC_EACH(step, &round->steps) {
        (*step)->phase = PHASE_FORCE;
        (*step)->force_asked = 0;
        (*step)->force_yes = 0;
    }
    if (round->steps.count > ASKED_SINGLY) {
        for (int i = 0; i < LISTS_PER_ROUND; i++) {
            ask_by_list(round);
        }
    } else if (round->steps.count > 0) {
        ask_singly(round);
    }
}

/** Those that every answer showed in force are done; the others stay. */
static void settle_round(struct round *round)
{
    size_t kept = 0;

    for (size_t i = 0; i < round->steps.count; i++) {
        struct step *step = round->steps.at[i];
        if (step->force_asked > 0 && step->force_yes == step->force_asked) {
            step_done(round->run, step);
        } else {
            round->steps.at[kept++] = step;
        }
    }
    round->steps.count = kept;
}

/** Waits by polling an empty set of descriptors: woken early by an interrupt. */
static void wait_poll(struct run *run)
{
    struct timespec pause = {.tv_sec = POLL_MS / 1000, .tv_nsec = (POLL_MS % 1000) * 1000000L};
    run_report(run, APPLY_WAITING, NULL, "for models to load on every pod");
    ahead_write(run);
    while (client_interrupted() == 0 && nanosleep(&pause, &pause) != 0 && errno == EINTR) {
    }
}

/** In force nowhere or not everywhere after the wait: the other spelling, or a failure. */
static bool respell(struct run *run, struct step *step)
{
    const struct kind *kind = step->change->kind;

    if (step->force_yes == 0 && step->respelled == 0 && kind->retry != NULL) {
        step->respelled++;
        step->phase = PHASE_RETRY;
        step->call = 0;
        step->trouble = diags_init(run->arena);
        if (kind->retry(&step->context, 0, NULL, &step->request, &step->trouble) == CALL_SEND) {
            step->status = STEP_RUNNING;
            run->running++;
            step_arm(run, step);
            return true;
        }
    }
    struct diag *diag = diag_add(run->diags, "LF522",
        step->force_yes == 0 ? "%s is stored, but no pod has loaded it"
                             : "%s is stored, but only some pods have loaded it",
        step->change->address);
    diag->address = step->change->address;
    diag->fix = "look into the proxy's log for the model's name; `liteform plan` shows the row";
    step_failed(run, step, NULL);
    return false;
}

bool verify_force(struct run *run)
{
    struct round round = {.run = run};
    uint32_t wait = run->options->load_wait_ms > 0 ? run->options->load_wait_ms : 40000;
    int64_t deadline = clock_ms() + wait;

    VEC_EACH(step, &run->steps) {
        if ((*step)->status == STEP_CHECKING) {
            *VEC_ADD(run->arena, &round.steps) = *step;
        }
    }
    if (round.steps.count == 0) {
        return false;
    }
    for (;;) {
        ask_round(&round);
        settle_round(&round);
        bool over = run->fenced || client_interrupted() > 0 || clock_ms() >= deadline;
        if (round.steps.count == 0 || over) {
            break;
        }
        wait_poll(run);
    }
    VEC_EACH(step, &round.steps) {
        respell(run, *step);
    }
    return true;
}

/* ------------------------------------------------------------------ what arrived */

static void kinds_written(struct run *run, struct strings *ret_names)
{
    VEC_EACH(step, &run->steps) {
        bool tried = (*step)->status == STEP_DONE || (*step)->status == STEP_FAILED;
        if (tried && (*step)->change->action != ACTION_FORGET &&
            !strings_has(ret_names, (*step)->change->kind->name)) {
            strings_add(run->arena, ret_names, (*step)->change->kind->name);
        }
    }
}

static bool was_written(const struct change *change, const char *path)
{
    VEC_EACH(field, &change->fields) {
        if (text_equal(field->path, path)) {
            return true;
        }
    }
    return false;
}

/** The paths that were written and that a fresh comparison still finds different, in one text. */
static const char *missing_paths(
    struct run *run, const struct change *written, const struct change *again)
{
    struct buf out = BUF_INIT(1024);
    VEC_EACH(field, &again->fields) {
        if (!field->sensitive && was_written(written, field->path)) {
            buf_printf(&out, "%s%s", out.len > 0 ? ", " : "", field->path);
        }
    }
    char *text = out.len > 0 ? arena_strdup(run->arena, buf_text(&out)) : NULL;
    buf_release(&out);
    return text;
}

static void report_missing(struct run *run, const struct step *step, const char *what)
{
    struct diag *diag = diag_add(
        run->diags, "LF523", "%s: accepted by the server, but %s", step->change->address, what);
    diag->address = step->change->address;
    strings_add(run->arena, &run->result.not_arrived, step->change->address);
}

static void note_server_time(struct run *run, const struct step *step, const struct object *object)
{
    struct state *state = session_state(run->session);
    const struct known_object *known = known_object(&state->known, step->change->address);

    if (known != NULL && object->updated_at != NULL) {
        struct known_object again = *known;
        again.server_time = object->updated_at;
        state_put(run->arena, state, &again);
    }
}

static void check_step(struct run *run, struct step *step, const struct live *live)
{
    const struct change *change = step->change;
    const struct live_kind *in = live_kind(live, change->kind);
    const struct known_object *known =
        known_object(&session_state(run->session)->known, change->address);

    if (in == NULL || in->status == LIVE_UNREAD) {
        return;
    }
    const char *id = known != NULL && known->id != NULL ? known->id : change->id;
    const struct object *object = id != NULL ? live_object(in, id) : NULL;
    if (change->action == ACTION_DELETE) {
        if (object != NULL) {
            report_missing(run, step, "it is still there");
        }
        return;
    }
    if (object == NULL) {
        if (id != NULL) {
            report_missing(run, step, "it is not to be seen");
        }
        return;
    }
    struct change again = {.address = change->address,
        .kind = change->kind,
        .action = ACTION_UPDATE,
        .resource = change->resource,
        .object = object};
    struct guards guards = {0};
    struct diags findings = diags_init(run->arena);
    struct secret_facts none = {.no_key = true};
    struct plan_context context = {.arena = run->arena,
        .desired = &run->plan->spec->desired,
        .live = live,
        .server = &live->server,
        .known = known,
        .secrets = &none,
        .guards = &guards,
        .findings = &findings};
    plan_compare(&context, change->resource, object, &again);
    const char *missing = missing_paths(run, change, &again);
    if (missing != NULL) {
        report_missing(run, step, arena_printf(run->arena, "%s did not arrive", missing));
    }
    note_server_time(run, step, object);
}

struct live *verify_arrived(struct run *run, const struct spec *spec)
{
    struct collect_options options = {.server = &run->plan->live->server};
    struct diags quiet = diags_init(run->arena);

    kinds_written(run, &options.kinds);
    if (options.kinds.count == 0 || client_interrupted() > 0) {
        return NULL;
    }
    run_report(run, APPLY_WAITING, NULL, "reading again what was written");
    struct live *live =
        live_collect(run->arena, spec, run->kinds, run->client, run->secrets, &options, &quiet);
    VEC_EACH(step, &run->steps) {
        if ((*step)->status == STEP_DONE && (*step)->change->action != ACTION_FORGET) {
            check_step(run, *step, live);
        }
    }
    return live;
}
