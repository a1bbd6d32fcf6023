#include "cli/state_actions.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/out.h"
#include "value/read.h"

#include <string.h>

/* `state pull ENV` and `state push ENV FILE`: the state as a text, out and in. */

#define FILE_MAX ((size_t)256 << 20)
#define SERIAL_MAX (INT64_MAX / 4) /* beyond it there would be no room to count on */

/* --- pull ------------------------------------------------------------------------------------- */

/* As it is into a file or a pipe; what a terminal would take for a command is made visible. */
static void print_text(struct call *call, const char *bytes, size_t length)
{
    if (out_style(false).width == 0)
        buf_add(&call->text, bytes, length);
    else
        buf_str(&call->text, text_printable(call->arena, bytes, true));
}

enum exit_code state_pull(struct run *run)
{
    struct call *call = run->call;
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL, *reason = NULL;
    enum backend_result result = run->backend->ops->read(
        run->backend, run->arena, "state.json", &bytes, &length, &etag, &call->diags);
    if (result != BACKEND_OK)
        return result == BACKEND_ABSENT ? state_none(run) : EXIT_ERROR;
    const struct state *state =
        state_decode(run->arena, bytes, length, run->spec->environment, &call->diags);
    if (state == NULL) {
        /* Damaged: who wants to mend it by hand needs just this text. */
        print_text(call, bytes, length);
        return EXIT_ERROR;
    }
    CLEANUP_BUF struct buf text = BUF_INIT(FILE_MAX);
    state_encode(state, &text);
    print_text(call, buf_text(&text), text.len);
    call->result = json_read(call->arena, buf_text(&text), text.len, &reason);
    call->whole = call->result != NULL;
    return EXIT_DONE;
}

/* --- the file --------------------------------------------------------------------------------- */

static struct state *no_state(struct run *run, const char *path, const char *why, const char *fix)
{
    struct diag *diag = diag_add(&run->call->diags, "LF420", "%s cannot be pushed: %s", path, why);
    diag->fix = fix;
    return NULL;
}

/* An address that is not of its kind: the next plan would not find the object under it. */
static const char *misnamed(const struct state *state)
{
    const struct map *objects = &state->known.objects;
    for (size_t i = 0; i < objects->count; i++) {
        const struct known_object *object = objects->at[i].value;
        size_t length = strlen(object->kind);
        if (strncmp(object->address, object->kind, length) != 0 || object->address[length] != '/' ||
            object->address[length + 1] == '\0')
            return object->address;
    }
    return NULL;
}

static struct state *read_state_file(struct run *run, const char *path)
{
    static const char mend[] = "mend the file and push it again; its checksum may be anything";
    char *bytes = NULL;
    size_t length = 0;
    int fault = file_read(run->arena, path, FILE_MAX, &bytes, &length);
    if (fault != 0)
        return no_state(run, path, strerror(fault), NULL);
    /* What is said of the stored state there is to be said of the file here. */
    struct diags found = diags_init(run->arena);
    struct state *state =
        state_decode_edited(run->arena, bytes, length, run->spec->environment, &found);
    if (state == NULL) {
        const struct diag *why = found.list.count > 0 ? &found.list.at[0] : NULL;
        bool newer = why != NULL && strcmp(why->id, "LF403") == 0;
        return no_state(
            run, path, why == NULL ? "it is no state" : why->message, newer ? why->fix : mend);
    }
    if (state->known.serial > SERIAL_MAX)
        return no_state(run, path, "its serial leaves no room to count on", mend);
    const char *address = misnamed(state);
    if (address != NULL)
        return no_state(run, path,
            arena_printf(run->arena, "the object %s has a kind that is not in its address",
                text_printable(run->arena, address, false)),
            mend);
    return state;
}

/* --- push ------------------------------------------------------------------------------------- */

bool state_readable(const struct state *state)
{
    return state->write_id != NULL;
}

enum exit_code state_settled(struct run *run, struct session *session)
{
    /* An open journal belongs to an apply: the commit of anything else would drop it. */
    if (session_resume(session)->list.count == 0)
        return EXIT_DONE;
    struct diag *diag = diag_add(&run->call->diags, "LF628",
        "an apply of %s did not end; what it did is not settled yet", run->spec->environment);
    diag->fix = state_readable(session_state(session))
                    ? command_text(run->call, "apply", run->name)
                    : arena_printf(run->arena, "%s latest, which keeps the journal; then apply",
                          command_text(run->call, "state restore", run->name));
    return EXIT_ERROR;
}

/*
 * Whether the file is what the very run whose journal is open could not store (LF417): written
 * under its lock, one commit further. Then it holds all that the journal says.
 */
static bool ends_the_run(const struct state *stored, const struct state *file)
{
    return state_readable(stored) && strcmp(stored->status, "applying") == 0 &&
           strcmp(file->status, "applying") != 0 && file->epoch == stored->epoch &&
           file->known.serial > stored->known.serial &&
           text_equal(file->known.lineage, stored->known.lineage);
}

int64_t state_name_serial(const char *name, const char *folder)
{
    enum { DIGITS = 18 };
    if (!text_starts(name, folder))
        return -1;
    int64_t serial = 0;
    unsigned digits = 0;
    for (name += strlen(folder); *name >= '0' && *name <= '9' && digits < DIGITS; name++, digits++)
        serial = serial * 10 + (*name - '0');
    return digits > 0 && *name == '-' ? serial : -1;
}

/* Copies and parts of a journal may be above a state that was begun anew: nothing is to be below. */
static enum exit_code serial_floor(struct run *run, int64_t *floor)
{
    static const char *const folders[] = {"history/", "journal/"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        struct strings names = {0};
        if (run->backend->ops->list(
                run->backend, run->arena, folders[i], &names, &run->call->diags) == BACKEND_FAILED)
            return EXIT_ERROR;
        for (size_t k = 0; k < names.count; k++) {
            int64_t serial = state_name_serial(names.at[k], folders[i]);
            if (serial > *floor)
                *floor = serial;
        }
    }
    return EXIT_DONE;
}

/* With an id of its own, since the copy in history/ is named after it. */
static const struct node *record(struct run *run, const char *operation)
{
    struct node *node = node_map(run->arena);
    node_set_string(run->arena, node, "id", digest_uuid(run->arena));
    node_set_string(run->arena, node, "operation", operation);
    node_set_string(run->arena, node, "who", session_who(run->arena));
    node_set_string(run->arena, node, "started_at", clock_format(run->arena, clock_now()));
    return node;
}

enum exit_code state_take(
    struct run *run, const char *operation, struct state *into, const struct state *from)
{
    int64_t floor = from->known.serial - 1;
    enum exit_code code = serial_floor(run, &floor);
    if (code != EXIT_DONE)
        return code;
    const struct state before = *into;
    *into = *from;
    into->known.serial = before.known.serial;
    if (floor > before.known.serial)
        into->known.serial = floor + 1;
    into->etag = before.etag;
    into->store = before.store;
    into->moved = NULL;
    into->run = record(run, operation);
    /* The commit takes another one for a clean apply of just now. */
    if (node_equal(from->last_clean, before.last_clean))
        into->last_clean = before.last_clean;
    return EXIT_DONE;
}

static const char *forced(struct run *run, const char *path)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    command_start(run->call, &text, "state push", run->name);
    command_add(&text, path);
    buf_str(&text, " --force");
    return arena_strdup(run->arena, buf_text(&text));
}

/* Another lineage, or a text that is not made from what is stored. */
static enum exit_code refuse(struct run *run, const struct state *file, const char *path)
{
    const struct state *stored = run->state;
    struct diags *diags = &run->call->diags;
    if (!text_equal(file->known.lineage, stored->known.lineage)) {
        struct diag *diag = diag_add(diags, "LF421", "%s has lineage %s, and %s has %s", path,
            file->known.lineage, run->spec->environment, stored->known.lineage);
        diag->fix = arena_printf(run->arena, "if it is meant: %s", forced(run, path));
        return EXIT_REFUSED;
    }
    long long serial = file->known.serial, there = stored->known.serial;
    if (serial > there || (serial == there && text_equal(file->write_id, stored->write_id)))
        return EXIT_DONE;
    struct diag *diag = NULL;
    if (serial < there)
        diag = diag_add(diags, "LF422",
            "%s has serial %lld, and serial %lld is stored: it is older", path, serial, there);
    else
        diag = diag_add(diags, "LF422",
            "%s has serial %lld as what is stored, but was not made from it: write_id differs",
            path, serial);
    diag->fix = arena_printf(run->arena, "begin with what is stored (%s); if it is meant: %s",
        command_text(run->call, "state pull", run->name), forced(run, path));
    return EXIT_REFUSED;
}

static enum exit_code may_push(
    struct run *run, struct session *session, const struct state *file, const char *path)
{
    enum exit_code code = run_frozen(run);
    if (code == EXIT_DONE && !ends_the_run(run->state, file))
        code = state_settled(run, session);
    if (code == EXIT_DONE && state_readable(run->state) && !args_has(&run->call->args, "force"))
        code = refuse(run, file, path);
    return code;
}

static void say_pushed(struct run *run, const char *path, const struct state_diff *diff)
{
    struct call *call = run->call;
    buf_printf(&call->text, "%s is the state of %s now, with serial %lld.\n",
        text_printable(run->arena, path, false), run->spec->environment,
        (long long)run->state->known.serial);
    state_diff_text(diff, &call->text);
    buf_printf(&call->text, "Next: %s\n", command_text(call, "plan", run->name));
    struct node *node = call_result(call);
    node_set_int(run->arena, node, "serial", run->state->known.serial);
    node_set(run->arena, node, "change", state_diff_node(run->arena, diff));
}

enum exit_code state_push(struct run *run)
{
    const char *path = call_word(run->call, 2);
    const struct state *file = read_state_file(run, path);
    if (file == NULL)
        return EXIT_ERROR;
    struct session *session = NULL;
    enum exit_code code = run_lock(run, "state push", &session);
    if (code != EXIT_DONE)
        return code;
    struct state *state = session_state(session);
    const char *status = NULL;
    struct state_diff diff = {0};
    code = may_push(run, session, file, path);
    if (code == EXIT_DONE) {
        diff = state_compare(run->arena, state, file);
        code = state_take(run, "state push", state, file);
    }
    if (code == EXIT_DONE)
        status = strcmp(file->status, "clean") == 0 ? "clean" : "interrupted";
    /* One conditional write and no claim before it: a crash leaves the old state or the new one. */
    enum exit_code closed = run_close(run, session, status);
    if (code == EXIT_DONE)
        code = closed;
    if (code == EXIT_DONE)
        say_pushed(run, path, &diff);
    return code;
}
