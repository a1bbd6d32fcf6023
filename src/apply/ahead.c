/*
 * Intents ahead: a flush of the journal costs as much as a call, and often more. So one carries the
 * intents of many steps, also of those that still wait for others, and it is written while calls
 * are made whose intents were written before. An intent whose call is never made harms nobody: who
 * settles it looks for the object, and does not find it.
 */
#include "apply/internal.h"
#include "base/clock.h"

#define AHEAD 100        /* intents of one flush; as many may be noted of steps that still wait */
#define STORES 20        /* values of keys that are written along with one flush: two syncs each */
#define LOW (3 * WINDOW) /* written and not begun: time for the next flush */
#define OUTCOMES_MS 1000 /* results are not written more often, unless there are many */

void ahead_ready(struct run *run, struct step *step)
{
    step->status = STEP_READY;
    if (step->intent == INTENT_WRITTEN) {
        *VEC_ADD(run->arena, &run->written) = step;
    } else if (step->intent == INTENT_NONE) {
        *VEC_ADD(run->arena, &run->ready) = step;
    }
}

static bool take_lane(struct run *run, struct step *step)
{
    const char *lane = step->change->lane;
    if (lane == NULL) {
        return true;
    }
    if (map_get(&run->lanes, lane) != NULL) {
        return false;
    }
    map_set(&run->lanes, lane, step);
    return true;
}

/** Those whose lane is busy go back to the end of the line. */
struct step *ahead_next(struct run *run)
{
    for (size_t waiting = run->written.count - run->written_at; waiting > 0; waiting--) {
        struct step *step = run->written.at[run->written_at++];
        if (step->status != STEP_READY) {
            continue;
        }
        if (take_lane(run, step)) {
            return step;
        }
        *VEC_ADD(run->arena, &run->written) = step;
    }
    return NULL;
}

void ahead_outcome(struct run *run, const struct step *step, const char *result)
{
    if (step->entry > 0) {
        session_outcome(run->session, step->entry, result);
        run->outcomes++;
    }
}

/* ------------------------------------------------------------------ what goes with a flush */

static void fail_store(struct run *run, struct step *step)
{
    step_begin(run, step);
    step_failed(run, step, "the value of the key could not be stored");
}

static void note(struct run *run, struct step *step)
{
    if (store_wanted(step) && !store_make(run, step)) {
        fail_store(run, step);
        return;
    }
    const struct change *change = step->change;
    struct journal_entry entry = {.address = change->address,
        .kind = change->kind->name,
        .action = action_name(change->action),
        .id = step->made_id != NULL ? step->made_id : change->id,
        .note = learn_note(run, step)};
    step->entry = session_intend(run->session, &entry);
    step->intent = INTENT_NOTED;
    run->ahead++;
    *VEC_ADD(run->arena, &run->flight) = step;
}

static void note_ready(struct run *run)
{
    unsigned stores = 0;

    while (run->ready_at < run->ready.count && run->flight.count < AHEAD && !run->stop) {
        struct step *step = run->ready.at[run->ready_at];
        bool wanted = step->status == STEP_READY && step->intent == INTENT_NONE;
        if (wanted && store_wanted(step) && ++stores > STORES) {
            return;
        }
        run->ready_at++;
        if (wanted) {
            note(run, step);
        }
    }
}

/** Those that wait for others; not what would make a value that may never be needed. */
static void note_waiting(struct run *run)
{
    while (run->ahead_at < run->steps.count && run->flight.count < AHEAD && run->ahead < AHEAD &&
           !run->stop) {
        struct step *step = run->steps.at[run->ahead_at++];
        if (step->status == STEP_WAITING && step->intent == INTENT_NONE && !store_wanted(step)) {
            note(run, step);
        }
    }
}

/** So that there are never more flushes than calls divided by the window, but where a slot is free
 *  and nothing else could take it. */
static bool is_due(const struct run *run)
{
    size_t ready = run->ready.count - run->ready_at, written = run->written.count - run->written_at;
    bool starving = written == 0 && run->running < WINDOW;

    if (ready > 0 && (starving || (ready >= WINDOW && written < LOW))) {
        return true;
    }
    if (run->ahead_at < run->steps.count && run->ahead <= AHEAD / 2) {
        return true;
    }
    return run->outcomes >= AHEAD / 2 ||
           (run->outcomes >= WINDOW && clock_ms() - run->flushed >= OUTCOMES_MS);
}

/* ------------------------------------------------------------------ the flush */

/** In the other thread; `flight` changes only between two flushes. */
static void write_stores(void *context)
{
    struct run *run = context;
    VEC_EACH(step, &run->flight) {
        if ((*step)->made != NULL) {
            store_put((*step)->made);
        }
    }
}

static void wake(void *context)
{
    struct run *run = context;
    client_wake(run->client);
}

/** What came of a flush; without it nothing may be started any more. */
static bool land(struct run *run, enum session_result result)
{
    bool written = result == SESSION_OK;

    if (!written) {
        run->fenced = true;
        run->stop = true;
    }
    VEC_EACH(item, &run->flight) {
        struct step *step = *item;
        bool stored = step->made == NULL || store_made(run, step, written);
        if (!written) {
            continue;
        }
        step->intent = INTENT_WRITTEN;
        if (step->status == STEP_READY && stored) {
            ahead_ready(run, step);
        } else if (step->status == STEP_READY) {
            fail_store(run, step);
        }
    }
    run->flight.count = 0;
    return written;
}

static bool land_begun(struct run *run)
{
    return land(run, session_flush_end(run->session, run->diags));
}

static bool begin_flush(struct run *run)
{
    struct session_beside beside = {.context = run, .before = write_stores, .landed = wake};
    bool landed = false;

    run->outcomes = 0;
    run->flushed = clock_ms();
    enum session_result begun = session_flush_begin(run->session, &beside, run->diags);
    if (begun != SESSION_OK) {
        return land(run, begun);
    }
    return session_flushing(run->session, &landed) && landed && land_begun(run);
}

bool ahead_work(struct run *run)
{
    bool landed = false;

    if (session_flushing(run->session, &landed)) {
        return landed && land_begun(run);
    }
    if (!is_due(run)) {
        return false;
    }
    note_ready(run);
    note_waiting(run);
    return (run->flight.count > 0 || run->outcomes > 0) && begin_flush(run);
}

bool ahead_wait(struct run *run)
{
    bool needed = run->ready_at < run->ready.count;

    VEC_EACH(step, &run->flight) {
        needed = needed || (*step)->status == STEP_READY;
    }
    return needed && session_flushing(run->session, NULL) && land_begun(run);
}

void ahead_write(struct run *run)
{
    bool landed = false;

    if (session_flushing(run->session, &landed) && landed) {
        land_begun(run);
    }
    if (!run->fenced && !session_flushing(run->session, NULL) && session_dirty(run->session)) {
        begin_flush(run);
    }
}

void ahead_end(struct run *run)
{
    if (session_flushing(run->session, NULL)) {
        land_begun(run);
    }
}
