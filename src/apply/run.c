/* The run: who is ready, what is in flight, what is written before it starts. */
#include "apply/apply.h"

#include "apply/internal.h"
#include "base/clock.h"
#include "base/text.h"

#include <string.h>

void run_report(struct run *run, enum apply_event event, const struct step *step, const char *note)
{
    if (run->options->report == NULL) {
        return;
    }
    int64_t since = step != NULL && step->started > 0 ? step->started : run->started;
    struct apply_report report = {.event = event,
        .change = step != NULL ? step->change : NULL,
        .note = note,
        .done = run->result.done,
        .failed = run->result.failed,
        .total = (unsigned)run->steps.count,
        .elapsed_ms = (uint32_t)(clock_ms() - since)};
    run->options->report(run->options->context, &report);
}

void step_arm(struct run *run, struct step *step)
{
    step->armed = true;
    *VEC_ADD(run->arena, &run->outbox) = step;
}

static void free_lane(struct run *run, struct step *step)
{
    if (step->change->lane != NULL && map_get(&run->lanes, step->change->lane) == step) {
        map_set(&run->lanes, step->change->lane, NULL);
    }
}

static void step_ended(struct run *run, struct step *step, enum step_status status)
{
    if (step->status == STEP_RUNNING) {
        run->running--;
    }
    step->status = status;
    run->left--;
    free_lane(run, step);
}

static bool is_checked(const struct step *step)
{
    return step->change->kind->force != NULL && !(step->change->action == ACTION_DELETE) &&
           step->change->action != ACTION_FORGET;
}

static void finish_done(struct run *run, struct step *step)
{
    step_ended(run, step, STEP_DONE);
    run->result.done++;
    ahead_outcome(run, step, "done");
    learn_done(run, step);
    run_report(run, APPLY_DONE, step, NULL);
    VEC_EACH(user, &step->users) {
        if (--(*user)->open_needs == 0 && (*user)->status == STEP_WAITING) {
            ahead_ready(run, *user);
        }
    }
}

void step_done(struct run *run, struct step *step)
{
    if (is_checked(step) && step->status == STEP_RUNNING) {
        step->status = STEP_CHECKING;
        run->running--;
        free_lane(run, step);
        return;
    }
    if (step->status == STEP_CHECKING) {
        run->running++;
        step->status = STEP_RUNNING;
    }
    finish_done(run, step);
}

static void skip(struct run *run, struct step *step, const char *why)
{
    step->status = STEP_SKIPPED;
    run->left--;
    run->result.skipped++;
    run->ahead -= step->intent != INTENT_NONE ? 1 : 0;
    run_report(run, APPLY_SKIPPED, step, why);
}

static void skip_users(struct run *run, struct step *step)
{
    VEC_EACH(user, &step->users) {
        if ((*user)->status == STEP_WAITING || (*user)->status == STEP_READY) {
            skip(run, *user, arena_printf(run->arena, "needs %s", step->change->address));
            skip_users(run, *user);
        }
    }
}

void step_failed(struct run *run, struct step *step, const char *fallback)
{
    bool told = false;

    if (step->status == STEP_CHECKING) {
        run->running++;
        step->status = STEP_RUNNING;
    }
    step_ended(run, step, STEP_FAILED);
    run->result.failed++;
    ahead_outcome(run, step, "failed");
    VEC_EACH(diag, &run->diags->list) {
        told = told || text_equal(diag->address, step->change->address);
    }
    if (!told) {
        struct diag *diag = diag_add(run->diags, "LF521", "%s: %s failed: %s",
            step->change->address, action_name(step->change->action),
            fallback != NULL ? fallback : "no answer that could be used");
        diag->address = step->change->address;
    }
    run_report(run, APPLY_FAILED, step, fallback);
    skip_users(run, step);
    if (!run->options->keep_going) {
        run->stop = true;
    }
}

/* ------------------------------------------------------------------ setting up */

static void link_needs(struct run *run, struct step *step)
{
    const struct strings *needs = &step->change->needs;

    for (size_t i = 0; i < needs->count; i++) {
        struct step *other = map_get(&run->by_address, needs->at[i]);
        if (other != NULL && other != step) {
            *VEC_ADD(run->arena, &other->users) = step;
            step->open_needs++;
        }
    }
}

static void make_steps(struct run *run)
{
    VEC_EACH(change, &run->plan->changes) {
        struct step *step = ARENA_NEW(run->arena, struct step);
        step->change = *change;
        step->context = calls_context(run, *change);
        step->trouble = diags_init(run->arena);
        *VEC_ADD(run->arena, &run->steps) = step;
        map_set(&run->by_address, step->change->address, step);
    }
    run->left = (unsigned)run->steps.count;
    VEC_EACH(step, &run->steps) {
        link_needs(run, *step);
    }
}

/** Creates, updates and the like come first; deletes wait for release_deletes(). */
static void start_first(struct run *run)
{
    VEC_EACH(step, &run->steps) {
        if ((*step)->change->action != ACTION_DELETE && (*step)->open_needs == 0) {
            ahead_ready(run, *step);
        }
    }
}

static bool any_open(const struct run *run, bool deletes)
{
    VEC_EACH(step, &run->steps) {
        bool is_delete = (*step)->change->action == ACTION_DELETE;
        if (is_delete == deletes && (*step)->status < STEP_DONE) {
            return true;
        }
    }
    return false;
}

/** Whether something of this or a later step failed or was left out: its old form may be needed. */
static bool blocks_delete(const struct run *run, const struct step *delete)
{
    VEC_EACH(step, &run->steps) {
        if ((*step)->status > STEP_DONE && (*step)->change->step >= delete->change->step) {
            return true;
        }
    }
    return false;
}

/**
 * Deletes start when all else is done, kind by kind in reverse, so that nothing is taken away
 * before what replaces it is there. True when some were made ready.
 */
static bool release_deletes(struct run *run)
{
    unsigned last = 0;

    if (any_open(run, false)) {
        return false;
    }
    VEC_EACH(step, &run->steps) {
        if ((*step)->status == STEP_WAITING && (*step)->change->step > last) {
            last = (*step)->change->step;
        }
    }
    bool released = false;
    VEC_EACH(step, &run->steps) {
        if ((*step)->status != STEP_WAITING || (*step)->change->step != last) {
            continue;
        }
        if (blocks_delete(run, *step)) {
            skip(run, *step, "something that came before did not work");
            continue;
        }
        ahead_ready(run, *step);
        released = true;
    }
    return released || last > 0;
}

/* ------------------------------------------------------------------ starting steps */

void step_begin(struct run *run, struct step *step)
{
    step->status = STEP_RUNNING;
    step->started = clock_ms();
    run->running++;
    run->ahead -= step->intent != INTENT_NONE ? 1 : 0;
    run_report(run, APPLY_STARTED, step, NULL);
}

/** Begins steps whose intents are written, up to the window. False: there is none, or no room. */
static bool begin_steps(struct run *run)
{
    bool any = false;

    while (run->running < WINDOW && !run->stop) {
        struct step *step = ahead_next(run);
        if (step == NULL) {
            return any;
        }
        any = true;
        step_begin(run, step);
        if (step->change->action == ACTION_FORGET) {
            finish_done(run, step);
        } else {
            calls_begin(run, step);
        }
    }
    return any;
}

/** Also for what is begun already: after the lock is lost nothing more is sent. */
static bool may_send(struct run *run)
{
    if (!run->fenced && !session_alive(run->session)) {
        run->fenced = true;
        run->stop = true;
    }
    return !run->fenced;
}

static bool run_next(void *context, struct request *ret_request, void **ret_tag)
{
    struct run *run = context;

    while (may_send(run)) {
        while (run->outbox_at < run->outbox.count) {
            struct step *step = run->outbox.at[run->outbox_at++];
            if (step->armed) {
                step->armed = false;
                *ret_request = step->request;
                *ret_tag = step;
                return true;
            }
        }
        if (run->stop || client_interrupted() > 0) {
            return false;
        }
        if (!begin_steps(run) && !ahead_work(run)) {
            return false;
        }
    }
    return false;
}

static void run_answered(
    void *context, const struct request *request, const struct reply *reply, void *tag)
{
    (void)request;
    calls_answer(context, tag, reply);
}

static bool run_tick(void *context)
{
    struct run *run = context;
    run_report(run, APPLY_TICK, NULL, NULL);
    may_send(run);
    return !run->stop;
}

/* ------------------------------------------------------------------ the whole */

/**
 * After an interrupt the client starts nothing by itself: a change that is between two calls is
 * brought to its end here, call by call. A second interrupt leaves it to the journal.
 */
static void finish_begun(struct run *run)
{
    VEC_EACH(item, &run->steps) {
        struct step *step = *item;
        while (step->status == STEP_RUNNING && step->armed && client_interrupted() < 2 &&
               session_alive(run->session)) {
            struct arena *scratch = arena_new();
            struct request request = step->request;
            step->armed = false;
            struct reply reply = client_send(run->client, scratch, &request);
            calls_answer(run, step, &reply);
            arena_free(scratch);
        }
        if (step->status == STEP_CHECKING) {
            step_done(run, step); /* written; the next plan says if it is not loaded */
        }
        run->result.cut_off = run->result.cut_off || step->status == STEP_RUNNING;
    }
}

static void skip_rest(struct run *run)
{
    VEC_EACH(step, &run->steps) {
        if ((*step)->status < STEP_DONE) {
            skip(run, *step, "not attempted");
        }
    }
}

static enum apply_end end_of(const struct run *run)
{
    if (run->fenced) {
        return APPLY_FENCED;
    }
    if (client_interrupted() > 0) {
        return APPLY_INTERRUPTED;
    }
    return run->result.failed + run->result.skipped > 0 || run->result.not_arrived.count > 0
               ? APPLY_PARTLY
               : APPLY_ALL;
}

static void relearn(struct run *run)
{
    VEC_EACH(one, &run->plan->relearn) {
        struct step step = {.change = one->change, .context = calls_context(run, one->change)};
        struct known_object object = learn_object(run, &step);
        object.adopted = one->adopted;
        state_put(run->arena, session_state(run->session), &object);
    }
}

static bool goes_on(struct run *run)
{
    if (run->stop || client_interrupted() > 0) {
        return false;
    }
    return ahead_wait(run) || (!run->stop && (verify_force(run) || release_deletes(run)));
}

/** The last results are written while the kinds are read again. */
static void see_results(struct run *run)
{
    ahead_write(run);
    if (!run->fenced && run->result.done + run->result.failed > 0) {
        const struct live *live = verify_arrived(run, run->plan->spec);
        if (live != NULL && run->result.failed > 0) {
            learn_failed(run, live);
        }
    }
    run->fenced = session_flush_end(run->session, run->diags) == SESSION_FENCED || run->fenced;
}

struct apply_result apply_run(struct arena *arena, const struct plan *plan,
    const struct kind_set *kinds, struct client *client, struct secrets *secrets,
    struct session *session, const struct apply_options *options, struct diags *diags)
{
    struct run run = {.arena = arena,
        .plan = plan,
        .kinds = kinds,
        .client = client,
        .secrets = secrets,
        .session = session,
        .options = options,
        .diags = diags,
        .by_address = map_init(arena),
        .lanes = map_init(arena),
        .started = clock_ms()};
    struct client_calls calls = {
        .context = &run, .next = run_next, .done = run_answered, .tick = run_tick};

    relearn(&run);
    make_steps(&run);
    start_first(&run);
    do {
        client_run(client, &calls);
    } while (goes_on(&run));
    ahead_end(&run);
    if (run.stop && !run.fenced) {
        verify_force(&run);
    }
    finish_begun(&run);
    skip_rest(&run);
    see_results(&run);
    run.result.end = end_of(&run);
    run.result.elapsed_ms = (uint32_t)(clock_ms() - run.started);
    return run.result;
}
