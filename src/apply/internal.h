/* Shared by the files of apply/: one run. */
#ifndef LITEFORM_APPLY_INTERNAL_H
#define LITEFORM_APPLY_INTERNAL_H

#include "apply/apply.h"

#define WINDOW 10        /* changes under way at a time */
#define CALLS_AT_MOST 40 /* of one change: a kind that never ends is stopped */

enum step_status {
    STEP_WAITING, /* for what it needs */
    STEP_READY,
    STEP_RUNNING,
    STEP_CHECKING, /* carried out; whether it is in force is still to be seen */
    STEP_DONE,
    STEP_FAILED,
    STEP_SKIPPED,
};

/** How far a change's intent is. A call is only made once it is written. */
enum step_intent { INTENT_NONE, INTENT_NOTED, INTENT_WRITTEN };

/** What the answer in flight is for. */
enum step_phase { PHASE_CALL, PHASE_FORCE, PHASE_RETRY };

/** A change being carried out. */
struct step {
    const struct change *change;
    enum step_status status;
    enum step_phase phase;
    unsigned open_needs;      /* needs that are not done yet */
    VEC(struct step *) users; /* steps that need this one */
    unsigned call;            /* number of the call in flight or to be made */
    unsigned respelled;       /* retries taken */
    enum step_intent intent;
    int64_t entry; /* in the journal, once noted */
    struct call_context context;
    struct request request; /* prepared, to be sent next */
    bool armed;             /* `request` is ready and its intent is written */
    struct diags trouble;   /* what the kind said of an answer, until it is known to matter */
    int64_t started;
    enum loaded force; /* worst answer seen in the round */
    unsigned force_asked, force_yes;
    const char *made_id;      /* hash of a key whose value was made here */
    struct store_order *made; /* that value, until it is in its store and known as a secret */
};

struct run {
    struct arena *arena;
    const struct plan *plan;
    const struct kind_set *kinds;
    struct client *client;
    struct secrets *secrets;
    struct session *session;
    const struct apply_options *options;
    struct diags *diags;
    struct apply_result result;
    VEC(struct step *) steps; /* in plan order */
    struct map by_address;
    struct map lanes;         /* lane -> the step that holds it */
    VEC(struct step *) ready; /* to be noted first; FIFO, `ready_at` is the head */
    size_t ready_at;
    VEC(struct step *) written; /* ready, and the intent is written; FIFO */
    size_t written_at;
    VEC(struct step *) flight; /* whose intents are being written */
    size_t ahead_at;           /* in `steps`: those before were looked at */
    unsigned ahead;            /* noted and not begun */
    unsigned outcomes;         /* since the last flush */
    int64_t flushed;           /* when it began */
    VEC(struct step *) outbox; /* armed steps, FIFO */
    size_t outbox_at;
    unsigned running, left; /* left: not finished */
    bool stop;              /* start nothing more */
    bool fenced;
    int64_t started;
};

/* run.c */
void run_report(struct run *run, enum apply_event event, const struct step *step, const char *note);
void step_begin(struct run *run, struct step *step);
void step_done(struct run *run, struct step *step);
void step_failed(struct run *run, struct step *step, const char *fallback);
void step_arm(struct run *run, struct step *step);

/* calls.c: the answer to a call, and what follows. */
void calls_begin(struct run *run, struct step *step);
void calls_answer(struct run *run, struct step *step, const struct reply *reply);
struct call_context calls_context(struct run *run, const struct change *change);

/* ahead.c: intents, written before their calls and beside others. */
/** A step that may start once its intent is written. */
void ahead_ready(struct run *run, struct step *step);
/** The next step to begin, or NULL when there is none just now. */
struct step *ahead_next(struct run *run);
void ahead_outcome(struct run *run, const struct step *step, const char *result);
/** Takes in a flush that is over, and begins one where that is due. False: nothing changed. */
bool ahead_work(struct run *run);
/** Waits for the flush that steps wait for; false when there is none. */
bool ahead_wait(struct run *run);
/** Begins to write what is noted, before a pause: it would be lost with us. */
void ahead_write(struct run *run);
/** Waits until nothing is being written. */
void ahead_end(struct run *run);

/* store.c: a key's value is made here and written to its store before anything is sent. */
bool store_wanted(const struct step *step);
/** Makes the value; false with a diagnostic when it could not be kept anywhere. */
bool store_make(struct run *run, struct step *step);
/** Writes it and reads it back: all that is done in another thread. */
void store_put(struct store_order *order);
/** After that: the value is a secret of this run, or a diagnostic and false; neither when it is not
 *  `wanted` any more. Wipes the order. */
bool store_made(struct run *run, struct step *step, bool wanted);

/* learn.c: what the state and the journal hold of a change. */
struct known_object learn_object(struct run *run, const struct step *step);
/** Whether the change's object was there before us: what its mark and the state say of it. */
bool learn_adopted(struct run *run, const struct change *change);
struct node *learn_note(struct run *run, const struct step *step);
void learn_done(struct run *run, const struct step *step);

/** Settles failed steps by what is live, as after a crash: their write may have taken effect. */
void learn_failed(struct run *run, const struct live *live);

/* verify.c */
/** Rounds of asking whether what was written is in force; true when steps were armed anew. */
bool verify_force(struct run *run);
/** Reads the kinds again that were written, or tried; what has not arrived goes to
 *  result.not_arrived. NULL: nothing was read. */
struct live *verify_arrived(struct run *run, const struct spec *spec);

#endif
