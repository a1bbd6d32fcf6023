/* The files of the AWS CLI, taken apart in place. */
#include "client/aws_ini.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

struct reading {
    struct arena *arena;
    struct aws_ini *ini;
    bool credentials;
    bool in_section;
    const char *type, *name;
    unsigned line;
    size_t indent; /* of the key that lines may go on with */
    bool has_key;  /* there is one */
    size_t key;    /* its index */
    char *end;     /* of its value, in the text */
    const char *reason;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static char *skip_blanks(char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

/** Cuts blanks off the end of a text; returns the new end. */
static char *trim_end(char *start)
{
    char *end = start + strlen(start);
    while (end > start && is_blank(end[-1]))
        end--;
    *end = '\0';
    return end;
}

/** Cuts a comment that stands behind a blank. */
static void cut_comment(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        if (is_blank(*at) && (at[1] == '#' || at[1] == ';')) {
            *at = '\0';
            return;
        }
    }
}

static char *unquoted(char *text)
{
    size_t length = strlen(text);
    if (length >= 2 && (*text == '"' || *text == '\'') && text[length - 1] == *text) {
        text[length - 1] = '\0';
        return text + 1;
    }
    return text;
}

static bool read_section(struct reading *r, char *text)
{
    static const char *const types[] = {"profile", "sso-session", "services"};
    char *end = strchr(text, ']');

    if (end == NULL) {
        r->reason = "begins a section and has no ]";
        return false;
    }
    *end = '\0';
    text = skip_blanks(text + 1);
    trim_end(text);
    r->in_section = true;
    r->has_key = false;
    r->type = "";
    r->name = text;
    if (r->credentials || strcmp(text, "default") == 0) {
        r->type = types[0];
    } else {
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
            size_t length = strlen(types[i]);
            if (strncmp(text, types[i], length) == 0 && is_blank(text[length])) {
                r->type = types[i];
                r->name = unquoted(skip_blanks(text + length));
                break;
            }
        }
    }
    *VEC_ADD(r->arena, &r->ini->entries) =
        (struct aws_ini_entry){.type = r->type, .name = r->name, .line = r->line};
    return true;
}

/** A key and its value, at the top of the section or below `outer`. */
static bool read_key(struct reading *r, char *text, const char *outer)
{
    size_t length = strcspn(text, "=:");

    if (!r->in_section) {
        r->reason = "stands before the first [section]";
        return false;
    }
    if (text[length] == '\0' || length == 0) {
        r->reason = "is neither a section, nor a comment, nor KEY = VALUE";
        return false;
    }
    char *value = skip_blanks(text + length + 1);
    text[length] = '\0';
    trim_end(text);
    for (char *at = text; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    /* A command may well hold " #". */
    if (*value == '#' || *value == ';')
        *value = '\0';
    else if (strcmp(text, "credential_process") != 0)
        cut_comment(value);
    char *end = trim_end(value);
    if (outer == NULL) {
        r->has_key = true;
        r->key = r->ini->entries.count;
        r->end = end;
    }
    *VEC_ADD(r->arena, &r->ini->entries) = (struct aws_ini_entry){.type = r->type,
        .name = r->name,
        .outer = outer,
        .key = text,
        .value = value,
        .line = r->line};
    return true;
}

/** A line that is indented deeper than the key before it. */
static bool read_deeper(struct reading *r, char *text)
{
    struct aws_ini_entry *entry = &r->ini->entries.at[r->key];

    if (*entry->value == '\0')
        return read_key(r, text, entry->key);
    /* It goes on with the value; the text moves up to it. */
    size_t length = strlen(text);
    *r->end = '\n';
    memmove(r->end + 1, text, length + 1);
    r->end += length + 1;
    return true;
}

static bool read_line(struct reading *r, char *line)
{
    char *text = skip_blanks(line);

    trim_end(text);
    if (*text == '\0' || *text == '#' || *text == ';')
        return true;
    size_t indent = (size_t)(text - line);
    if (*text == '[')
        return read_section(r, text);
    if (r->has_key && indent > r->indent)
        return read_deeper(r, text);
    r->indent = indent;
    return read_key(r, text, NULL);
}

bool aws_ini_read(struct arena *arena, char *text, size_t length, bool credentials,
    struct aws_ini *ini, const char **reterr_reason, unsigned *reterr_line)
{
    struct reading r = {.arena = arena, .ini = ini, .credentials = credentials};

    if (memchr(text, '\0', length) != NULL) {
        *reterr_reason = "it holds a NUL: it is no text file";
        *reterr_line = 0;
        return false;
    }
    if (text_starts(text, "\xef\xbb\xbf"))
        text += 3;
    for (char *line = text; line != NULL;) {
        char *next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        r.line++;
        if (!read_line(&r, line)) {
            *reterr_reason = arena_printf(arena, "line %u %s", r.line, r.reason);
            *reterr_line = r.line;
            return false;
        }
        line = next;
    }
    return true;
}

const struct aws_ini_entry *aws_ini_find(const struct aws_ini *ini, const char *type,
    const char *name, const char *outer, const char *key)
{
    for (size_t i = ini->entries.count; i > 0; i--) {
        const struct aws_ini_entry *entry = &ini->entries.at[i - 1];
        if (strcmp(entry->type, type) == 0 && strcmp(entry->name, name) == 0 &&
            text_equal(entry->outer, outer) && (key == NULL || text_equal(entry->key, key)))
            return entry;
    }
    return NULL;
}
