/* Shared by the files of apply/: one run. */
#ifndef LITEFORM_APPLY_INTERNAL_H
#define LITEFORM_APPLY_INTERNAL_H

#include "apply/apply.h"

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
    int64_t entry;            /* in the journal */
    struct call_context context;
    struct request request; /* prepared, to be sent next */
    bool armed;             /* `request` is ready and its intent is written */
    struct diags trouble;   /* what the kind said of an answer, until it is known to matter */
    int64_t started;
    enum loaded force; /* worst answer seen in the round */
    unsigned force_asked, force_yes;
    const char *made_id; /* hash of a key whose value was made here */
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
    VEC(struct step *) ready; /* FIFO; `ready_at` is the head */
    size_t ready_at;
    VEC(struct step *) outbox; /* armed steps, FIFO */
    size_t outbox_at;
    unsigned running, left; /* left: not finished */
    bool stop;              /* start nothing more */
    bool fenced;
    int64_t started;
};

/* run.c */
void run_report(struct run *run, enum apply_event event, const struct step *step, const char *note);
void step_done(struct run *run, struct step *step);
void step_failed(struct run *run, struct step *step, const char *fallback);
void step_arm(struct run *run, struct step *step);

/* calls.c: the answer to a call, and what follows. */
void calls_begin(struct run *run, struct step *step);
void calls_answer(struct run *run, struct step *step, const struct reply *reply);
struct call_context calls_context(struct run *run, const struct change *change);

/* store.c: makes a key's value and writes it to its store before anything is sent. */
bool store_make(struct run *run, struct step *step);

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
