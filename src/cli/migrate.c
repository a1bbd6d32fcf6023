#include "cli/migrate.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/backend.h"
#include "cli/out.h"
#include "cli/session.h"
#include "cli/state_actions.h"
#include "cli/state_copies.h"
#include "client/aws.h"

#include <string.h>

/* Moving a state: old place and new place, both locked. */

struct move {
    struct run *run;
    struct backend *from, *to;
    struct aws *from_aws; /* or NULL */
    struct session *old, *new;
    size_t copies;
    bool copied; /* not there already by a run that died */
};

/* Where a local state says that it went, for the way back. */
static const char *went_to(struct run *run)
{
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL;
    struct diags ignored = diags_init(run->arena);
    if (run->backend->ops->read(
            run->backend, run->arena, "state.json", &bytes, &length, &etag, &ignored) != BACKEND_OK)
        return NULL;
    struct state *state = state_decode(run->arena, bytes, length, run->spec->environment, &ignored);
    return state == NULL ? NULL : node_get_text(state->moved, "from");
}

static enum exit_code open_from(struct move *move)
{
    struct run *run = move->run;
    const char *from = args_value(&run->call->args, "from");
    if (from == NULL)
        from = run->spec->backend_local ? went_to(run) : "local";
    if (from == NULL) {
        diag_add(&run->call->diags, "LF604", "--migrate: it is not known where the state is now")
            ->fix = "--from 's3://BUCKET/PREFIX?region=REGION'";
        return EXIT_USAGE;
    }
    move->from = strcmp(from, "local") == 0
                     ? backend_local_open(run->arena, run->spec->state_folder, &run->call->diags)
                     : backend_named(run, from, &move->from_aws);
    if (move->from == NULL)
        return EXIT_USAGE;
    if (!text_equal(move->from->ops->show(move->from), move->to->ops->show(move->to)))
        return EXIT_DONE;
    diag_add(&run->call->diags, "LF604", "--migrate: from %s to where it is already",
        move->to->ops->show(move->to))
        ->fix = "change `backend` in the spec first; --from names the old place";
    return EXIT_USAGE;
}

static enum exit_code refuse(struct move *move, const char *why, const char *fix)
{
    struct diag *diag = diag_add(&move->run->call->diags, "LF455",
        "the state of %s cannot move: %s", move->run->spec->environment, why);
    diag->fix = fix;
    return EXIT_ERROR;
}

static enum exit_code lock_one(
    struct move *move, struct backend *backend, bool returning, struct session **ret_session)
{
    struct run *run = move->run;
    struct backend *before = run->backend;
    run->backend = backend;
    enum exit_code code = run_lock_returning(run, "init --migrate", returning, ret_session);
    run->backend = before;
    if (code != EXIT_DONE)
        *ret_session = NULL;
    return code;
}

/* Whether both states are fit for the move; `ret_done`: the copy is there already. */
static enum exit_code compare(struct move *move, bool *ret_done)
{
    struct run *run = move->run;
    const struct state *old = session_state(move->old), *new = session_state(move->new);
    if (!old->known.exists)
        return refuse(move,
            arena_printf(run->arena, "there is none at %s", move->from->ops->show(move->from)),
            "without --migrate init makes a new one; --from names another place");
    if (session_resume(move->old)->list.count > 0 || strcmp(old->status, "applying") == 0)
        return refuse(move, "an apply of it did not end, and its journal stays where it is",
            arena_printf(run->arena, "with the old backend in the spec: %s",
                command_text(run->call, "apply", run->name)));
    *ret_done = false;
    if (!new->known.exists)
        return EXIT_DONE;
    const char *there = move->to->ops->show(move->to);
    if (!text_equal(old->known.lineage, new->known.lineage))
        return refuse(move,
            arena_printf(run->arena, "%s holds a state of another lineage (%s, not %s)", there,
                new->known.lineage, old->known.lineage),
            "each environment needs a place of its own; is the old one to be given up, remove what "
            "lies there");
    if (new->moved != NULL) {
        if (new->known.serial <= old->known.serial + 1)
            return EXIT_DONE; /* left earlier, and on its way back */
        return refuse(move,
            arena_printf(run->arena, "%s was left with serial %lld, above %lld", there,
                (long long)new->known.serial, (long long)old->known.serial),
            "look at both with `state pull`; the older one is not moved over the newer");
    }
    *ret_done = new->known.serial > old->known.serial;
    if (*ret_done)
        return EXIT_DONE; /* a move that died before it marked the old place */
    return refuse(move,
        arena_printf(run->arena, "%s holds serial %lld of it already, and here is %lld", there,
            (long long)new->known.serial, (long long)old->known.serial),
        "look at both with `state pull`; remove the one that is not meant");
}

static enum exit_code copy_history(struct move *move)
{
    struct run *run = move->run;
    struct diags *diags = &run->call->diags;
    struct strings names = {0}, there = {0};
    if (move->from->ops->list(move->from, run->arena, STATE_HISTORY, &names, diags) ==
            BACKEND_FAILED ||
        move->to->ops->list(move->to, run->arena, STATE_HISTORY, &there, diags) == BACKEND_FAILED)
        return EXIT_ERROR;
    for (size_t i = 0; i < names.count; i++) {
        CLEANUP_ARENA struct arena *scratch = arena_new();
        char *bytes = NULL;
        size_t length = 0;
        const char *etag = NULL;
        if (strings_has(&there, names.at[i]))
            continue;
        if (move->from->ops->read(
                move->from, scratch, names.at[i], &bytes, &length, &etag, diags) != BACKEND_OK)
            return EXIT_ERROR;
        if (move->to->ops->write(
                move->to, scratch, names.at[i], bytes, length, NULL, &etag, diags) != BACKEND_OK)
            return EXIT_ERROR;
        move->copies++;
    }
    return EXIT_DONE;
}

/* Writes the copy and reads it again: the old place is left only for what is surely there. */
static enum exit_code copy_state(struct move *move, const struct node *store)
{
    struct run *run = move->run;
    struct diags *diags = &run->call->diags;
    const struct state *old = session_state(move->old);
    struct state *new = session_state(move->new);
    enum exit_code code = state_take(run, "init --migrate", new, old);
    if (code != EXIT_DONE)
        return code;
    /* The serial tells a copy that is there from the one it was made of. */
    if (new->known.serial < old->known.serial)
        new->known.serial = old->known.serial;
    new->store = store;
    if (session_commit(move->new, old->status, diags) != SESSION_OK)
        return EXIT_ERROR;
    struct state *seen = state_read(run->arena, move->to, run->spec->environment, diags);
    if (seen == NULL)
        return EXIT_ERROR;
    if (!text_equal(seen->known.lineage, old->known.lineage) ||
        seen->known.objects.count != old->known.objects.count ||
        !text_equal(seen->write_id, session_state(move->new)->write_id))
        return refuse(move, "what was written is not what is read there", NULL);
    move->copied = true;
    return EXIT_DONE;
}

/* "s3://bucket/prefix?region=r": from where the way back leads. */
static const char *address_of(struct move *move)
{
    struct run *run = move->run;
    const struct node *s3 = node_get(run->spec->backend, "s3");
    if (s3 == NULL)
        return "local";
    const char *endpoint = node_get_text(s3, "endpoint");
    return arena_printf(run->arena, "%s?region=%s%s%s", move->to->ops->show(move->to),
        node_get_text(s3, "region"),
        endpoint == NULL ? "" : "&endpoint=", endpoint == NULL ? "" : endpoint);
}

static enum exit_code mark_old(struct move *move)
{
    struct run *run = move->run;
    struct state *old = session_state(move->old);
    struct node *moved = node_map(run->arena);
    node_set_string(run->arena, moved, "to", move->to->ops->show(move->to));
    node_set_string(run->arena, moved, "from", address_of(move));
    node_set_string(run->arena, moved, "at", clock_format(run->arena, clock_now()));
    node_set_string(run->arena, moved, "who", session_who(run->arena));
    old->moved = moved;
    enum session_result result = session_commit(move->old, old->status, &run->call->diags);
    return result == SESSION_OK ? EXIT_DONE : EXIT_PARTLY;
}

static enum exit_code carry(struct move *move)
{
    struct run *run = move->run;
    bool done = false;
    enum exit_code code = lock_one(move, move->from, false, &move->old);
    if (code != EXIT_DONE)
        return code;
    struct state looked = {0};
    code = backend_look(run, move->to, &looked);
    if (code == EXIT_DONE)
        code = lock_one(move, move->to, true, &move->new);
    if (code == EXIT_DONE)
        code = compare(move, &done);
    if (code == EXIT_DONE && !done)
        code = copy_history(move);
    if (code == EXIT_DONE && !done)
        code = copy_state(move, looked.store);
    return code == EXIT_DONE ? mark_old(move) : code;
}

enum exit_code migrate(struct run *run, const char **ret_said)
{
    struct move move = {.run = run, .to = run->backend};
    enum exit_code code = open_from(&move);
    if (code == EXIT_DONE)
        code = carry(&move);
    if (move.new != NULL)
        session_close(move.new, &run->call->diags);
    if (move.old != NULL)
        session_close(move.old, &run->call->diags);
    if (code == EXIT_DONE)
        *ret_said = arena_printf(run->arena, "from %s to %s: %s, %zu %s of the history",
            move.from->ops->show(move.from), move.to->ops->show(move.to),
            move.copied ? "copied and read again" : "was copied before", move.copies,
            move.copies == 1 ? "copy" : "copies");
    if (move.from != NULL && move.from->ops->close != NULL)
        move.from->ops->close(move.from);
    aws_free(move.from_aws);
    return code;
}
