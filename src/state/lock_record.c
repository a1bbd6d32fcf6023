#include "state/lock_record.h"

#include "base/clock.h"
#include "base/digest.h"
#include "state/codec.h"
#include "state/lock.h"
#include "state/store.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

/* lock.json: its text, who holds it, and ending it by hand. */

#define LOCK_FORMAT 1
#define LOCK_TTL_S 90
#define LOCK_TTL_MOST_S 86400

static int64_t bounded(const struct node *map, const char *key, int64_t most)
{
    int64_t value = node_get_int(map, key, 0);
    return value < 0 ? 0 : value > most ? most : value;
}

bool lock_record_decode(struct arena *arena, const char *bytes, size_t length,
    struct lock_record *ret_record, const char **ret_reason)
{
    const struct node *map = codec_parse(arena, bytes, length, ret_reason);
    if (map == NULL)
        return false;
    int64_t format = node_get_int(map, "format", 0);
    if (format != LOCK_FORMAT) {
        *ret_reason =
            arena_printf(arena, "its format is %lld, known is %d: a newer program wrote it",
                (long long)format, LOCK_FORMAT);
        return false;
    }
    *ret_record = (struct lock_record){
        .info = {.held = node_get_bool(map, "held", false),
            .id = node_get_text(map, "lock_id"),
            .operation = node_get_text(map, "operation"),
            .who = node_get_text(map, "who"),
            .host = node_get_text(map, "host"),
            .since = node_get_text(map, "since"),
            .renewed = node_get_text(map, "renewed"),
            .pid = bounded(map, "pid", INT64_MAX / 2),
            .epoch = bounded(map, "epoch", INT64_MAX / 2),
            .ttl_seconds = bounded(map, "ttl_s", LOCK_TTL_MOST_S)},
        .renew_no = bounded(map, "renew_no", INT64_MAX / 2),
        .state_serial = bounded(map, "state_serial", INT64_MAX / 2),
        .tool = node_get_text(map, "tool"),
        .lineage = node_get_text(map, "lineage"),
    };
    if (ret_record->info.held && ret_record->info.id == NULL) {
        *ret_reason = "it is held and has no lock_id";
        return false;
    }
    return true;
}

static void set_text(struct arena *arena, struct node *map, const char *key, const char *text)
{
    if (text != NULL)
        node_set_string(arena, map, key, text);
}

char *lock_record_encode(struct arena *arena, const struct lock_record *record)
{
    const struct lock_info *info = &record->info;
    struct node *map = node_map(arena);
    node_set_int(arena, map, "epoch", info->epoch);
    node_set_int(arena, map, "format", LOCK_FORMAT);
    node_set_bool(arena, map, "held", info->held);
    set_text(arena, map, "host", info->host);
    set_text(arena, map, "lineage", record->lineage);
    set_text(arena, map, "lock_id", info->id);
    set_text(arena, map, "operation", info->operation);
    node_set_int(arena, map, "pid", info->pid);
    node_set_int(arena, map, "renew_no", record->renew_no);
    set_text(arena, map, "renewed", info->renewed);
    set_text(arena, map, "since", info->since);
    node_set_int(arena, map, "state_serial", record->state_serial);
    set_text(arena, map, "tool", record->tool);
    node_set_int(arena, map, "ttl_s", info->ttl_seconds);
    set_text(arena, map, "who", info->who);
    node_set_string(arena, map, "write_id", digest_uuid(arena));
    return arena_printf(arena, "%s\n", node_json_text(arena, map));
}

enum backend_result lock_record_read(struct backend *backend, struct arena *arena,
    struct lock_record *ret_record, struct diags *diags)
{
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL;
    enum backend_result result =
        store_read(backend, arena, LOCK_NAME, &bytes, &length, &etag, diags);
    if (result == BACKEND_ABSENT) {
        *ret_record = (struct lock_record){0};
        return BACKEND_OK;
    }
    if (result != BACKEND_OK)
        return BACKEND_FAILED;
    struct lock_record record = {0};
    const char *reason = NULL;
    if (!lock_record_decode(arena, bytes, length, &record, &reason)) {
        struct diag *diag = diag_add(diags, "LF416", "%s of %s cannot be understood: %s", LOCK_NAME,
            backend->ops->show(backend), reason);
        diag->fix = "make sure that nobody applies, then remove the object";
        return BACKEND_FAILED;
    }
    record.etag = etag;
    *ret_record = record;
    return BACKEND_OK;
}

int64_t lock_record_patience(const struct lock_record *record)
{
    int64_t ttl = record->info.ttl_seconds > 0 ? record->info.ttl_seconds : LOCK_TTL_S;
    return ttl + ttl / 3;
}

bool lock_record_expired(struct backend *backend, const struct lock_record *record)
{
    int64_t renewed = 0;
    if (record->info.renewed == NULL || !clock_parse(record->info.renewed, &renewed))
        return false;
    return store_now(backend) - renewed > lock_record_patience(record);
}

const char *lock_who(struct arena *arena)
{
    struct passwd entry, *found = NULL;
    char room[4096];
    if (getpwuid_r(geteuid(), &entry, room, sizeof(room), &found) == 0 && found != NULL)
        return arena_strdup(arena, found->pw_name);
    return arena_printf(arena, "uid %u", (unsigned)geteuid());
}

const char *lock_host(struct arena *arena)
{
    char name[256] = "";
    if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
        return "an unnamed host";
    return arena_strdup(arena, name);
}

const char *lock_holder_text(struct arena *arena, const struct lock_info *info)
{
    return arena_printf(arena, "%s on %s (process %lld)",
        info->who == NULL ? "somebody" : info->who,
        info->host == NULL ? "an unknown host" : info->host, (long long)info->pid);
}

struct lock_info lock_read(struct arena *arena, struct backend *backend, struct diags *diags)
{
    struct lock_record record = {0};
    if (lock_record_read(backend, arena, &record, diags) != BACKEND_OK)
        return (struct lock_info){0};
    if (backend->ops->held != NULL)
        record.info.held = backend->ops->held(backend);
    return record.info;
}

/* Whether the lock may be ended by hand; *ret_done: there is nothing left to end. */
static bool may_break(struct arena *arena, struct backend *backend,
    const struct lock_record *record, const char *id, bool *ret_done, struct diags *diags)
{
    *ret_done = !record->info.held;
    if (*ret_done) {
        diag_add(diags, "LF419", "nobody holds the lock of %s", backend->ops->show(backend));
        return true;
    }
    if (strcmp(record->info.id, id) != 0) {
        struct diag *diag = diag_add(diags, "LF411", "the lock that is held is not \"%s\"", id);
        diag->fix = arena_printf(diags->arena, "it is %s, of %s since %s; has that one ended?",
            record->info.id, lock_holder_text(arena, &record->info),
            record->info.since == NULL ? "an unknown time" : record->info.since);
        return false;
    }
    if (backend->ops->held != NULL && backend->ops->held(backend)) {
        struct diag *diag = diag_add(diags, "LF418", "%s is still there and holds the lock",
            lock_holder_text(arena, &record->info));
        diag->fix = "let it finish, or end that process: its lock ends with it";
        return false;
    }
    return true;
}

bool lock_break(struct arena *arena, struct backend *backend, const char *id, struct diags *diags)
{
    struct lock_record record = {0};
    if (lock_record_read(backend, arena, &record, diags) != BACKEND_OK)
        return false;
    bool done = false;
    if (!may_break(arena, backend, &record, id, &done, diags))
        return false;
    if (done)
        return true;
    record.info.held = false;
    /* Above the holder's, so that no write of that one can be taken for a current one. */
    record.info.epoch++;
    record.info.renewed = clock_format(arena, store_now(backend));
    char *text = lock_record_encode(arena, &record);
    struct store_write write = {
        .name = LOCK_NAME, .bytes = text, .length = strlen(text), .expect = record.etag};
    const char *etag = NULL;
    switch (store_write(backend, arena, &write, &etag, diags)) {
    case BACKEND_OK:
        return true;
    case BACKEND_CONFLICT: {
        struct diag *diag = diag_add(diags, "LF411", "the lock changed while it was being ended");
        diag->fix = "its holder is alive, or somebody else took it: look again";
        return false;
    }
    default:
        return false;
    }
}
