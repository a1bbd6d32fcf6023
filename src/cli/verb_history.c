#include "cli/cli.h"

#include "base/text.h"
#include "cli/state_actions.h"
#include "cli/state_copies.h"

#include <string.h>

/* `history ENV [SERIAL]`: who applied what, when, from which commit; and what one of them changed. */

/* One written state: by its serial the result of one run. */
struct entry {
    const struct state *state;
};
struct entries {
    VEC(struct entry) list; /* the newest first */
};

static void add_entry(struct run *run, struct entries *entries, const struct state *state)
{
    /* A serial that was only claimed, or copied again by the next run, is no second result. */
    if (state == NULL || state->known.serial == 0)
        return;
    VEC_EACH(entry, &entries->list) {
        if (entry->state->known.serial == state->known.serial)
            return;
    }
    *VEC_ADD(run->arena, &entries->list) = (struct entry){state};
}

static const char *counts_text(struct arena *arena, const struct node *record)
{
    const struct node *counts = node_get(record, "counts");
    static const char *const names[] = {
        "create", "update", "replace", "delete", "adopt", "forget", "move", "rotate", "restart"};
    const char *text = NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int64_t count = node_get_int(counts, names[i], 0);
        if (count <= 0)
            continue;
        text = text == NULL ? arena_printf(arena, "%lld %s", (long long)count, names[i])
                            : arena_printf(arena, "%s, %lld %s", text, (long long)count, names[i]);
    }
    return text == NULL ? "" : text;
}

static const char *record_text(const struct node *record, const char *key, const char *missing)
{
    const char *text = node_get_text(record, key);
    return text == NULL || *text == '\0' ? missing : text;
}

static struct node *entry_node(struct arena *arena, const struct state *state)
{
    struct node *node =
        state->last_run == NULL ? node_map(arena) : node_copy(arena, state->last_run);
    node_set_int(arena, node, "serial", state->known.serial);
    node_set_string(arena, node, "written_at", state->written_at);
    node_set_int(arena, node, "objects", (int64_t)state->known.objects.count);
    return node;
}

static void entry_line(struct arena *arena, struct buf *out, const struct state *state)
{
    const struct node *record = state->last_run;
    buf_printf(out, "%6lld  %-20s  %-20s  %-13s  %-11s  %-7.7s  %s\n",
        (long long)state->known.serial, state->written_at == NULL ? "-" : state->written_at,
        record_text(record, "who", "-"), record_text(record, "operation", "-"),
        record_text(record, "result", state->status), record_text(record, "commit", "-"),
        counts_text(arena, record));
}

static void show_list(struct run *run, const struct entries *entries)
{
    struct call *call = run->call;
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    struct node *list = node_list(run->arena);
    buf_printf(&text, "%6s  %-20s  %-20s  %-13s  %-11s  %-7s  %s\n", "SERIAL", "WHEN", "WHO",
        "WHAT", "RESULT", "COMMIT", "PLANNED");
    VEC_EACH(entry, &entries->list) {
        entry_line(run->arena, &text, entry->state);
        node_list_add(run->arena, list, entry_node(run->arena, entry->state));
    }
    node_set(run->arena, call_result(call), "runs", list);
    buf_printf(&text, "Next: %s SERIAL shows what one of them changed\n",
        command_text(call, "history", run->name));
    buf_str(&call->text, text_printable(run->arena, buf_text(&text), true));
}

/* --- one of them ------------------------------------------------------------------------------ */

/* Secrets are known by their keyed hash alone, and that is nobody's business either. */
static const char *value_text(struct arena *arena, const struct node *value)
{
    if (value == NULL)
        return "(none)";
    if (node_is(value, NODE_MAP) &&
        (node_get(value, "hmac") != NULL || node_get(value, "reference") != NULL))
        return "(sensitive)";
    const char *text = node_text(value);
    return text != NULL ? text : node_json_text(arena, value);
}

static struct node *field_node(
    struct arena *arena, const char *path, const struct node *old, const struct node *new)
{
    struct node *node = node_map(arena);
    node_set_string(arena, node, "path", path);
    if (old != NULL)
        node_set_string(arena, node, "old", value_text(arena, old));
    if (new != NULL)
        node_set_string(arena, node, "new", value_text(arena, new));
    return node;
}

/* The fields that one of the two has otherwise, or lacks. */
static void fields_differ(struct run *run, struct buf *out, struct node *list,
    const struct known_object *was, const struct known_object *is)
{
    struct arena *arena = run->arena;
    const struct node *old = was == NULL ? NULL : was->fields,
                      *new = is == NULL ? NULL : is->fields;
    for (uint32_t i = 0; node_is(new, NODE_MAP) && i < new->count; i++) {
        const struct node *before = node_get(old, new->pairs[i].key);
        if (before != NULL && node_equal(before, new->pairs[i].value))
            continue;
        if (was == NULL)
            buf_printf(
                out, "      %s  %s\n", new->pairs[i].key, value_text(arena, new->pairs[i].value));
        else
            buf_printf(out, "      %s  %s -> %s\n", new->pairs[i].key, value_text(arena, before),
                value_text(arena, new->pairs[i].value));
        node_list_add(
            arena, list, field_node(arena, new->pairs[i].key, before, new->pairs[i].value));
    }
    for (uint32_t i = 0; is != NULL && node_is(old, NODE_MAP) && i < old->count; i++) {
        if (node_get(new, old->pairs[i].key) != NULL)
            continue;
        buf_printf(out, "      %s  %s -> (none)\n", old->pairs[i].key,
            value_text(arena, old->pairs[i].value));
        node_list_add(arena, list, field_node(arena, old->pairs[i].key, old->pairs[i].value, NULL));
    }
}

static void show_objects(struct run *run, struct buf *out, struct node *changes, char sign,
    const struct strings *addresses, const struct state *before, const struct state *after)
{
    for (size_t i = 0; i < addresses->count; i++) {
        const char *address = addresses->at[i];
        struct node *change = node_map(run->arena), *fields = node_list(run->arena);
        buf_printf(out, "  %c %s\n", sign, address);
        fields_differ(run, out, fields, known_object(&before->known, address),
            known_object(&after->known, address));
        node_set_string(run->arena, change, "address", address);
        node_set_string(run->arena, change, "change",
            sign == '+' ? "added" : (sign == '-' ? "removed" : "changed"));
        node_set(run->arena, change, "fields", fields);
        node_list_add(run->arena, changes, change);
    }
}

static void show_record(struct buf *out, const struct state *state)
{
    const struct node *record = state->last_run;
    static const char *const shown[] = {"operation", "result", "who", "host", "started_at",
        "ended_at", "commit", "fingerprint", "part", "tool"};
    buf_printf(out, "serial %lld\n", (long long)state->known.serial);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        const char *text = node_get_text(record, shown[i]);
        if (text != NULL)
            buf_printf(out, "  %-12s %s\n", shown[i], text);
    }
}

static void show_one(struct run *run, const struct state *before, const struct state *after)
{
    struct call *call = run->call;
    struct node *result = entry_node(run->arena, after), *changes = node_list(run->arena);
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    show_record(&text, after);
    if (before == NULL && after->known.serial > 1) {
        buf_str(&text, "The state before it is not kept any more, so what it changed cannot be "
                       "told.\n");
    } else {
        const struct state *empty = state_new(run->arena, run->spec->environment);
        const struct state *from = before == NULL ? empty : before;
        struct state_diff diff = state_compare(run->arena, from, after);
        show_objects(run, &text, changes, '+', &diff.added, from, after);
        show_objects(run, &text, changes, '~', &diff.changed, from, after);
        show_objects(run, &text, changes, '-', &diff.removed, from, after);
        buf_printf(&text, "Objects: %zu added, %zu removed, %zu changed, %zu the same.\n",
            diff.added.count, diff.removed.count, diff.changed.count, diff.same);
        node_set(run->arena, result, "changes", changes);
    }
    node_set(run->arena, call_result(call), "run", result);
    buf_str(&call->text, text_printable(run->arena, buf_text(&text), true));
}

static enum exit_code choose(struct run *run, const struct entries *entries, const char *word)
{
    int64_t serial = state_word_serial(word);
    if (serial < 0) {
        diag_add(&run->call->diags, "LF604", "\"%s\" is no serial", word)->fix =
            command_text(run->call, "history", run->name);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < entries->list.count; i++) {
        if (entries->list.at[i].state->known.serial != serial)
            continue;
        bool last = i + 1 == entries->list.count;
        show_one(run, last ? NULL : entries->list.at[i + 1].state, entries->list.at[i].state);
        return EXIT_DONE;
    }
    diag_add(&run->call->diags, "LF423", "the history of %s holds no serial %lld",
        run->spec->environment, (long long)serial)
        ->fix = command_text(run->call, "history", run->name);
    return EXIT_USAGE;
}

static enum exit_code run(struct call *call)
{
    CLEANUP_RUN struct run run = run_start(call, call_word(call, 0));
    struct state_copies copies = {0};
    struct entries entries = {0};
    enum exit_code code = run_load(&run);
    if (code == EXIT_DONE)
        code = state_copies(&run, &copies);
    if (code != EXIT_DONE)
        return code;
    add_entry(&run, &entries, run.state);
    VEC_EACH(copy, &copies.list) {
        add_entry(&run, &entries, copy->state);
        if (copy->state == NULL)
            diag_add(&call->diags, "LF408", "%s cannot be read: %s", copy->name, copy->reason);
    }
    node_set_string(call->arena, call_result(call), "environment", run.spec->environment);
    if (entries.list.count == 0) {
        buf_printf(&call->text, "Nothing was applied to %s yet.\nNext: %s\n", run.spec->environment,
            command_text(call, "plan", run.name));
        return EXIT_DONE;
    }
    if (call_word(call, 1) != NULL)
        return choose(&run, &entries, call_word(call, 1));
    show_list(&run, &entries);
    return EXIT_DONE;
}

const struct verb verb_history = {
    .name = "history",
    .synopsis = "history ENV [SERIAL]",
    .summary = "who applied what and when; with a serial, what it changed",
    .help =
        "Examples:\n"
        "  liteform history prod         the runs that wrote the state, the newest first\n"
        "  liteform history prod 42      what the run that wrote serial 42 changed\n"
        "\n"
        "Told by the copies of the state in history/ (the newest 20 are kept), without a lock.\n"
        "Values are what liteform wrote; those of secrets are never known here. To go back to\n"
        "one: liteform state restore.\n",
    .words = WORDS_ENVIRONMENT,
    .min_words = 1,
    .max_words = 2,
    .run = run,
};
