/* The calls of one change: ask the kind, send, hand the answer back. */
#include "apply/internal.h"
#include "base/text.h"
#include "base/vec.h"
#include "model/mark.h"

#include <string.h>

static const char *mark_of(struct run *run, const struct change *change)
{
    return mark_make(run->arena, learn_adopted(run, change) ? "adopted" : "created",
        run->plan->spec->environment, run->plan->known);
}

struct call_context calls_context(struct run *run, const struct change *change)
{
    return (struct call_context){.arena = run->arena,
        .change = change,
        .server = &run->plan->live->server,
        .environment = run->plan->spec->environment,
        .mark = mark_of(run, change),
        .memory = arena_alloc(run->arena, change->kind->memory > 0 ? change->kind->memory : 1)};
}

/** Adds what the kind said of an answer to the run's diagnostics, with the change's address. */
static void keep_trouble(struct run *run, struct step *step)
{
    VEC_EACH(diag, &step->trouble.list) {
        struct diag *kept = diag_add(run->diags, diag->id, "%s", diag->message);
        kept->fix = diag->fix;
        kept->address = step->change->address;
    }
}

/** Asks the kind for the next call; `previous` is the answer to the last one. */
static void advance(struct run *run, struct step *step, const struct reply *previous)
{
    const struct kind *kind = step->change->kind;
    bool retry = step->phase == PHASE_RETRY;
    step->trouble = diags_init(run->arena);
    enum call_result result = (retry ? kind->retry : kind->call)(
        &step->context, step->call, previous, &step->request, &step->trouble);

    if (result == CALL_SEND) {
        step_arm(run, step);
    } else if (result == CALL_DONE) {
        step_done(run, step);
    } else {
        keep_trouble(run, step);
        const char *why = step->trouble.list.count > 0 ? step->trouble.list.at[0].message : NULL;
        if (why == NULL && previous != NULL) {
            why = reply_message(run->arena, previous);
        }
        step_failed(run, step, why);
    }
}

void calls_begin(struct run *run, struct step *step)
{
    step->phase = PHASE_CALL;
    step->call = 0;
    advance(run, step, NULL);
}

/**
 * A kind's calls may all be made again: ids are chosen by us, "exists already" and "is not there"
 * are understood. So every answer, also a lost one and any 5xx, goes to the kind, which looks for
 * itself before it repeats.
 */
static void call_answered(struct run *run, struct step *step, const struct reply *reply)
{
    if (reply->outcome == OUTCOME_UNSENT || reply->outcome == OUTCOME_STOPPED) {
        client_fault(run->diags, reply, "an answer")->address = step->change->address;
        step_failed(run, step, NULL);
        return;
    }
    if (step->call + 1 >= CALLS_AT_MOST) {
        client_fault(run->diags, reply, "an end of the change")->address = step->change->address;
        step_failed(run, step, "it had no effect, however often it was tried");
        return;
    }
    step->call++;
    advance(run, step, reply);
}

void calls_answer(struct run *run, struct step *step, const struct reply *reply)
{
    if (step->phase != PHASE_FORCE) {
        call_answered(run, step, reply);
        return;
    }
    step->force_asked++;
    if (step->change->kind->forced(&step->context, reply) == LOADED_YES) {
        step->force_yes++;
    }
}
