/* Resolves secret references, keeps the values in the vault, and cuts them out of other texts. */
#include "client/secret.h"

#include "base/digest.h"
#include "base/fail.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "client/process.h"
#include "client/vault.h"
#include "value/read.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_VALUE ((size_t)64 << 10)
#define COMMAND_MS 30000
#define SIDE_BY_SIDE 8
#define SHORTEST_CUT                                                                               \
    4 /* bytes, the size of a uint32_t: shorter values occur in any text by chance */
#define SHORTEST_START 8 /* of a value whose end was cut off */
#define HASH_CONTEXT "liteform-secret-v1"

/** What is known of a reference; value and reason NULL: it was forgotten. */
struct entry {
    const char *value; /* in the vault */
    const char *reason;
};

/** A text that must not get out: a value as it is, or as it stands inside of JSON. */
struct needle {
    const char *text;
    size_t length;
    uint32_t next; /* of the same first bytes, not longer; index + 1, 0: none */
};

#define HEADS 4096 /* buckets of needles by their first SHORTEST_CUT bytes */

struct secrets {
    struct secrets_options options;
    struct arena *arena; /* references, reasons: nothing secret */
    struct vault *vault;
    struct map entries;
    VEC(struct needle) needles;
    uint32_t heads[HEADS]; /* the longest needle of a bucket; index + 1, 0: none */
    const char *hash_key;  /* in the vault, or NULL */
    size_t hash_key_length;
    struct secrets_reader readers[SECRETS_READERS];
    size_t reader_count;
    char *reading; /* in the vault: MAX_VALUE + 2 bytes that files are read into, or NULL */
};

struct secrets *secrets_new(const struct secrets_options *options)
{
    struct secrets *secrets = calloc(1, sizeof(*secrets));

    if (secrets == NULL)
        fail_memory();
    secrets->arena = arena_new();
    secrets->vault = vault_new();
    secrets->entries = map_init(secrets->arena);
    if (options != NULL) {
        secrets->options = *options;
        secrets->options.repository = arena_strdup(secrets->arena, options->repository);
    }
    return secrets;
}

struct secrets *secrets_free(struct secrets *secrets)
{
    if (secrets == NULL)
        return NULL;
    vault_free(secrets->vault);
    arena_free(secrets->arena);
    free(secrets);
    return NULL;
}

/* ------------------------------------------------------------------ the store */

static struct entry *entry_of(struct secrets *secrets, const char *reference)
{
    struct entry *entry = map_get(&secrets->entries, reference);

    if (entry == NULL) {
        entry = ARENA_NEW(secrets->arena, struct entry);
        map_set(&secrets->entries, arena_strdup(secrets->arena, reference), entry);
    }
    return entry;
}

/** Bucket of a text by its first SHORTEST_CUT bytes; nothing shorter is ever a needle. */
static size_t head_of(const char *text)
{
    uint32_t first = 0;
    memcpy(&first, text, sizeof(first));
    return (first * 2654435761U) >> 20;
}

static void needle_add(struct secrets *secrets, const char *text, size_t length)
{
    if (length < SHORTEST_CUT)
        return;
    uint32_t *link = &secrets->heads[head_of(text)];
    /* Longest first: of two values where one begins with the other, the longer is cut whole. */
    while (*link != 0 && secrets->needles.at[*link - 1].length >= length) {
        const struct needle *known = &secrets->needles.at[*link - 1];
        if (known->length == length && memcmp(known->text, text, length) == 0)
            return;
        link = &secrets->needles.at[*link - 1].next;
    }
    uint32_t after = *link;
    *link = (uint32_t)secrets->needles.count + 1; /* before the table may move */
    *VEC_ADD(secrets->arena, &secrets->needles) =
        (struct needle){.text = text, .length = length, .next = after};
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/** The password of a URL is a secret by itself, as it stands and percent-decoded. */
static void keep_password(struct secrets *secrets, const char *value)
{
    const char *user = strstr(value, "://");
    const char *end = user != NULL ? strchr(user + 3, '@') : NULL;
    const char *colon = user != NULL ? strchr(user + 3, ':') : NULL;

    if (end == NULL || colon == NULL || colon > end)
        return;
    size_t length = (size_t)(end - colon) - 1;
    char *plain = vault_copy(secrets->vault, colon + 1, length);
    needle_add(secrets, plain, length);
    char *decoded = vault_copy(secrets->vault, colon + 1, length);
    size_t out = 0;
    for (size_t i = 0; i < length; i++) {
        int high = i + 3 <= length ? hex_digit(plain[i + 1]) : -1;
        int low = i + 3 <= length ? hex_digit(plain[i + 2]) : -1;
        bool code = plain[i] == '%' && high >= 0 && low >= 0;
        decoded[out++] = code ? (char)(high * 16 + low) : plain[i];
        i += code ? 2 : 0;
    }
    needle_add(secrets, decoded, out);
}

/** Takes a value of the vault in. Older values of the reference stay good, and are still cut. */
static void keep(struct secrets *secrets, struct entry *entry, const char *value)
{
    size_t length = strlen(value);
    /* Room for every byte as \u00NN: the buffer does not move and leaves no copy behind. */
    struct buf quoted = BUF_INIT(6 * length + 3);

    entry->value = value;
    entry->reason = NULL;
    needle_add(secrets, value, length);
    keep_password(secrets, value);
    json_quote(&quoted, value);
    if (quoted.len != length + 2) {
        const char *inner = vault_copy(secrets->vault, quoted.at + 1, quoted.len - 2);
        needle_add(secrets, inner, quoted.len - 2);
    }
    buf_wipe(&quoted);
}

/** Why the bytes can be no secret, or NULL. They are in the vault and end in NUL; shortens them. */
static const char *unfit(char *bytes, size_t length)
{
    size_t offset = 0;

    if (length > 0 && bytes[length - 1] == '\n') {
        bytes[--length] = '\0';
        if (length > 0 && bytes[length - 1] == '\r')
            bytes[--length] = '\0';
    }
    if (length == 0)
        return "is empty";
    if (!text_is_utf8(bytes, length, &offset))
        return "holds bytes that are not text (UTF-8)";
    return NULL;
}

/* ------------------------------------------------------------------ the sources */

static const char *resolve_env(struct secrets *secrets, struct entry *entry, const char *name)
{
    const char *value = getenv(name);
    size_t offset = 0;

    if (value == NULL || *value == '\0')
        return arena_printf(secrets->arena, "the variable %s is not set", name);
    size_t length = strlen(value);
    if (length > MAX_VALUE)
        return arena_printf(secrets->arena, "the variable %s holds more than 64 KiB", name);
    if (!text_is_utf8(value, length, &offset))
        return arena_printf(secrets->arena, "the variable %s holds bytes that are not text", name);
    keep(secrets, entry, vault_copy(secrets->vault, value, length));
    return NULL;
}

static bool below(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    while (length > 1 && folder[length - 1] == '/')
        length--;
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* As it is written and as it really is: a link in the repository may lead out, one outside in. */
static bool in_repository(const struct secrets *secrets, const char *path)
{
    char *real = realpath(path, NULL);
    char *top = realpath(secrets->options.repository, NULL);
    bool inside = below(path, secrets->options.repository) ||
                  (top != NULL && (below(path, top) || (real != NULL && below(real, top))));

    free(real);
    free(top);
    return inside;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/** Why the file is not fit to hold a secret, or NULL. */
static const char *unfit_file(struct secrets *secrets, const char *path, int fd)
{
    struct arena *arena = secrets->arena;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return arena_printf(arena, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return arena_printf(arena, "%s is no regular file", path);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return arena_printf(arena,
            "%s may be written by others (mode %04o): chmod go-w makes it fit for a secret", path,
            (unsigned)st.st_mode & 07777U);
    return NULL;
}

/* Not file_read(): the bytes must not pass through memory that is neither locked nor wiped. */
static const char *resolve_file(struct secrets *secrets, struct entry *entry, const char *path)
{
    struct arena *arena = secrets->arena;
    size_t length = 0;

    if (secrets->options.guarded && secrets->options.repository != NULL &&
        in_repository(secrets, path))
        return arena_printf(arena,
            "%s is inside of the repository: with CI set, whoever can change the branch could "
            "change it; --trust-spec allows it",
            path);
    /* O_NONBLOCK: opening a pipe would wait for a writer. */
    __attribute__((cleanup(close_fd))) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *fault = unfit_file(secrets, path, fd);
    if (fault != NULL)
        return fault;
    if (secrets->reading == NULL)
        secrets->reading = vault_alloc(secrets->vault, MAX_VALUE + 2);
    char *value = secrets->reading;
    while (length <= MAX_VALUE) {
        ssize_t got = read(fd, value + length, MAX_VALUE + 1 - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return arena_printf(arena, "%s: %s", path, strerror(errno));
        if (got == 0)
            break;
        length += (size_t)got;
    }
    value[length] = '\0';
    fault = length > MAX_VALUE ? "is larger than 64 KiB" : unfit(value, length);
    if (fault == NULL)
        keep(secrets, entry, vault_copy(secrets->vault, value, strlen(value)));
    digest_wipe(value, length);
    return fault == NULL ? NULL : arena_printf(arena, "%s %s", path, fault);
}

/* ------------------------------------------------------------------ commands */

struct command {
    const char *reference;
    const char **argv;
    struct process_result result;
};

/** The command of a reference, or NULL with the reason. */
static const char *command_read(struct secrets *secrets, struct arena *arena, const char *reference,
    struct command *ret_command)
{
    const char *text = reference + strlen("command:"), *reason = NULL;
    const struct node *words = json_read(arena, text, strlen(text), &reason);

    if (secrets->options.guarded)
        return "commands are not run with CI set, since whoever can change the branch could run "
               "one; --trust-spec allows it";
    if (!node_is(words, NODE_LIST) || words->count == 0)
        return "the command is no list of words";
    const char **argv = arena_array(arena, words->count + 1U, sizeof(*argv));
    for (uint32_t i = 0; i < words->count; i++) {
        argv[i] = node_text(words->items[i]);
        if (argv[i] == NULL)
            return "the command is no list of words";
    }
    *ret_command = (struct command){.reference = reference, .argv = argv};
    return NULL;
}

/** The first line of stderr, for a reason. What the program printed may stand in it: cut. */
static const char *complaint(struct secrets *secrets, const struct process_result *result)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    const char *text = buf_text(&result->err);
    char *line = arena_strndup(scratch, text, strcspn(text, "\r\n"));
    const char *out = buf_text(&result->out);
    size_t length = strcspn(out, "\r\n");

    if (*line == '\0')
        return "";
    if (length >= SHORTEST_CUT && memmem(line, strlen(line), out, length) != NULL)
        return ", with an error text that is not shown because it repeats its output";
    const char *shown = text_printable(scratch, secrets_cut(secrets, scratch, line), false);
    return arena_printf(secrets->arena, ": %.200s", shown);
}

/** Takes over what a command printed. */
static const char *command_take(
    struct secrets *secrets, struct entry *entry, struct command *command)
{
    struct process_result *result = &command->result;
    const char *program = command->argv[0], *reason = NULL;

    if (result->exit_code < 0)
        reason = arena_printf(
            secrets->arena, "%s could not be started: %s", program, buf_text(&result->err));
    else if (result->timed_out)
        reason = arena_printf(
            secrets->arena, "%s did not end within %d seconds", program, COMMAND_MS / 1000);
    else if (result->exit_code != 0)
        reason = arena_printf(secrets->arena, "%s ended with exit code %d%s", program,
            result->exit_code, complaint(secrets, result));
    else if (result->out.overflow)
        reason = arena_printf(secrets->arena, "%s printed more than 64 KiB", program);
    if (reason == NULL) {
        size_t length = result->out.len;
        char *value = vault_copy(secrets->vault, buf_text(&result->out), length);
        const char *fault = unfit(value, length);
        if (fault == NULL)
            keep(secrets, entry, value);
        else
            reason = arena_printf(secrets->arena, "what %s printed %s", program, fault);
    }
    buf_wipe(&result->out);
    buf_wipe(&result->err);
    return reason;
}

/** Runs the commands among the references that nothing is known of; each may occur only once. */
static void resolve_commands(struct secrets *secrets, const char *const *references, size_t count)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct command *commands = arena_array(scratch, count, sizeof(*commands));
    struct process_job *jobs = arena_array(scratch, count, sizeof(*jobs));
    const char **environment = process_environment(scratch);
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        struct entry *entry = entry_of(secrets, references[i]);
        entry->reason = command_read(secrets, scratch, references[i], &commands[used]);
        if (entry->reason != NULL)
            continue;
        jobs[used] = (struct process_job){
            .argv = commands[used].argv,
            .environment = environment,
            .max_out = MAX_VALUE,
            .timeout_ms = COMMAND_MS,
            .ret_result = &commands[used].result,
        };
        used++;
    }
    process_run_all(jobs, used, SIDE_BY_SIDE);
    for (size_t i = 0; i < used; i++) {
        struct entry *entry = entry_of(secrets, commands[i].reference);
        entry->reason = command_take(secrets, entry, &commands[i]);
    }
}

/* ------------------------------------------------------------------ added sources */

void secrets_source(struct secrets *secrets, const struct secrets_reader *reader)
{
    for (size_t i = 0; i < secrets->reader_count; i++) {
        if (strcmp(secrets->readers[i].prefix, reader->prefix) == 0) {
            secrets->readers[i] = *reader;
            return;
        }
    }
    if (secrets->reader_count == SECRETS_READERS)
        fail_bug("more sources of secrets than there is room for", reader->prefix);
    secrets->readers[secrets->reader_count++] = *reader;
}

static const struct secrets_reader *reader_of(const struct secrets *secrets, const char *reference)
{
    for (size_t i = 0; i < secrets->reader_count; i++) {
        if (text_starts(reference, secrets->readers[i].prefix))
            return &secrets->readers[i];
    }
    return NULL;
}

static void take_answer(struct secrets *secrets, const struct secrets_ask *ask)
{
    struct entry *entry = entry_of(secrets, ask->reference);
    size_t length = ask->value != NULL ? strlen(ask->value) : 0;
    const char *fault = length > MAX_VALUE ? "is larger than 64 KiB" : NULL;

    if (ask->value == NULL) {
        entry->reason = ask->reason != NULL ? arena_strdup(secrets->arena, ask->reason)
                                            : "its source gave no answer";
        return;
    }
    if (fault == NULL) {
        char *value = vault_copy(secrets->vault, ask->value, length);
        fault = unfit(value, length);
        if (fault == NULL)
            keep(secrets, entry, value);
    }
    if (fault != NULL)
        entry->reason = arena_printf(secrets->arena, "what is there %s", fault);
}

/** Asks for those among the references that are the reader's; each may occur only once. */
static void resolve_added(struct secrets *secrets, const struct secrets_reader *reader,
    const char *const *references, size_t count)
{
    CLEANUP_ARENA struct arena *scratch = arena_new_secret();
    struct secrets_ask *asks = arena_array(scratch, count, sizeof(*asks));
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        if (reader_of(secrets, references[i]) == reader)
            asks[used++].reference = references[i];
    }
    if (used == 0)
        return;
    reader->read(reader->context, scratch, asks, used);
    for (size_t i = 0; i < used; i++)
        take_answer(secrets, &asks[i]);
}

/* ------------------------------------------------------------------ the calls */

static void resolve(struct secrets *secrets, struct entry *entry, const char *reference)
{
    if (text_starts(reference, "env:"))
        entry->reason = resolve_env(secrets, entry, reference + strlen("env:"));
    else if (text_starts(reference, "file:"))
        entry->reason = resolve_file(secrets, entry, reference + strlen("file:"));
    else if (text_starts(reference, "command:"))
        resolve_commands(secrets, &reference, 1);
    else if (reader_of(secrets, reference) != NULL)
        resolve_added(secrets, reader_of(secrets, reference), &reference, 1);
    else if (text_starts(reference, "secret:"))
        entry->reason =
            "Kubernetes Secrets cannot be read as a source yet: use env, file or command";
    else
        entry->reason = "the reference is of no known form";
}

const char *secrets_value(
    struct secrets *secrets, const char *reference, const char **reterr_reason)
{
    struct entry *entry = entry_of(secrets, reference);

    if (entry->value == NULL && entry->reason == NULL)
        resolve(secrets, entry, reference);
    if (entry->value == NULL && reterr_reason != NULL)
        *reterr_reason = entry->reason;
    return entry->value;
}

void secrets_prefetch(struct secrets *secrets, const char *const *references, size_t count)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct map wanted = map_init(scratch);
    struct strings commands = {0}, added = {0};

    for (size_t i = 0; i < count; i++) {
        const struct entry *entry = entry_of(secrets, references[i]);
        if (entry->value != NULL || entry->reason != NULL)
            continue;
        bool command = text_starts(references[i], "command:");
        if (!command && reader_of(secrets, references[i]) == NULL)
            secrets_value(secrets, references[i], NULL);
        else if (map_set(&wanted, references[i], &commands) == NULL)
            strings_add(scratch, command ? &commands : &added, references[i]);
    }
    resolve_commands(secrets, commands.at, commands.count);
    for (size_t i = 0; i < secrets->reader_count; i++)
        resolve_added(secrets, &secrets->readers[i], added.at, added.count);
}

void secrets_put(struct secrets *secrets, const char *reference, const char *value)
{
    keep(secrets, entry_of(secrets, reference), vault_copy(secrets->vault, value, strlen(value)));
}

void secrets_forget(struct secrets *secrets, const char *reference)
{
    /* The old value stays in the vault: it was promised until the end, and is still to be cut. */
    *entry_of(secrets, reference) = (struct entry){0};
}

void secrets_set_hash_key(struct secrets *secrets, const void *key, size_t length)
{
    secrets->hash_key = vault_copy(secrets->vault, key, length);
    secrets->hash_key_length = length;
}

struct secret_fact secrets_fact(struct secrets *secrets, struct arena *arena, const char *reference)
{
    struct secret_fact fact = {.reference = arena_strdup(arena, reference)};
    const char *value = secrets_value(secrets, reference, &fact.reason);

    if (value == NULL) {
        fact.reason = arena_strdup(arena, fact.reason);
        return fact;
    }
    size_t length = strlen(value), head = sizeof(HASH_CONTEXT); /* its NUL keeps the two apart */
    fact.known = true;
    fact.length = (uint32_t)length;
    fact.sk_prefix = text_starts(value, "sk-");
    fact.sha256 = digest_hex(arena, value, length);
    if (secrets->hash_key != NULL) {
        struct buf both = BUF_INIT(head + length);
        buf_add(&both, HASH_CONTEXT, head);
        buf_add(&both, value, length);
        fact.hash =
            digest_hmac_hex(arena, secrets->hash_key, secrets->hash_key_length, both.at, both.len);
        buf_wipe(&both);
    }
    return fact;
}

/** How many bytes at `text` are a value, or the start of one that the end of the text cut off. */
static size_t secret_at(const struct secrets *secrets, const char *text, size_t left)
{
    if (left < SHORTEST_CUT)
        return 0;
    for (uint32_t i = secrets->heads[head_of(text)]; i != 0; i = secrets->needles.at[i - 1].next) {
        const struct needle *needle = &secrets->needles.at[i - 1];
        if (needle->length <= left && memcmp(needle->text, text, needle->length) == 0)
            return needle->length;
        if (needle->length > left && left >= SHORTEST_START &&
            memcmp(needle->text, text, left) == 0)
            return left;
    }
    return 0;
}

char *secrets_cut(struct secrets *secrets, struct arena *arena, const char *text)
{
    return secrets_cut_start(secrets, arena, text, SIZE_MAX);
}

char *secrets_cut_start(struct secrets *secrets, struct arena *arena, const char *text, size_t most)
{
    size_t length = text != NULL ? strlen(text) : 0, from = 0, at = 0;
    struct buf out = BUF_INIT(0);

    if (secrets->needles.count == 0 || length == 0)
        return text == NULL ? NULL : arena_strndup(arena, text, length < most ? length : most);
    while (at < length && out.len + (at - from) < most) {
        size_t found = secret_at(secrets, text + at, length - at);
        if (found == 0) {
            at++;
            continue;
        }
        buf_add(&out, text + from, at - from);
        buf_str(&out, "(sensitive)");
        at += found;
        from = at;
    }
    buf_add(&out, text + from, at - from);
    char *kept = arena_strndup(arena, buf_text(&out), out.len < most ? out.len : most);
    buf_release(&out);
    return kept;
}
