/* Typing by a field table: what a kind's fields say decides what a scalar of the spec is. */
#include "base/text.h"
#include "spec/inner.h"
#include "value/build.h"
#include "value/read.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define INT_MOST ((int64_t)1 << 53) /* beyond it JSON readers lose digits */
#define MOST_UNKNOWN 1000
#define MOST_GUESSES 200
#define MANY_CANDIDATES 100

struct node *placed(struct node *to, const struct node *from)
{
    to->file = from->file;
    to->line = from->line;
    to->column = from->column;
    return to;
}

bool is_null(const struct node *node)
{
    return node == NULL || node->type == NODE_NULL;
}

const char *guess(struct typing *t, const char *text, const struct strings *candidates)
{
    if (candidates->count > MANY_CANDIDATES && t->guesses++ >= MOST_GUESSES)
        return NULL;
    const char *nearest = text_nearest(text, candidates);
    return nearest == NULL ? NULL : arena_printf(t->arena, "did you mean \"%s\"?", nearest);
}

char *list_of(struct arena *arena, const struct strings *texts, size_t most)
{
    CLEANUP_BUF struct buf out = BUF_INIT((size_t)1 << 20);
    for (size_t i = 0; i < texts->count && i < most; i++)
        buf_printf(&out, "%s%s", i == 0 ? "" : ", ", texts->at[i]);
    if (texts->count > most)
        buf_str(&out, ", ...");
    return arena_strndup(arena, buf_text(&out), out.len);
}

/* How a message names what is there. A long text is cut, and none is shown that may be a secret. */
static const char *here(struct typing *t, const struct node *node)
{
    if (is_null(node))
        return "nothing";
    if (node->type == NODE_MAP)
        return "a map";
    if (node->type == NODE_LIST)
        return "a list";
    bool quoted = (node->marks & NODE_PLAIN) == 0;
    const char *text = node->text, *tail = strlen(text) > 40 ? "..." : "";
    return arena_printf(
        t->arena, "%s \"%.40s%s\"", quoted ? "the quoted text" : "the text", text, tail);
}

struct node *wrong_type(struct typing *t, const struct node *node, const char *what,
    const char *wanted, const char *fix)
{
    diag_at(t->diags, "LF011", node_span(node), fix, "\"%s\" takes %s, here is %s", what, wanted,
        here(t, node));
    return NULL;
}

bool tired(const struct typing *t)
{
    return t->unknown > MOST_UNKNOWN;
}

void unknown_key(
    struct typing *t, const struct pair *pair, const char *owner, const struct strings *known)
{
    t->unknown++;
    const char *fix = guess(t, pair->key, known);
    if (fix == NULL && known->count > 0 && known->count <= 40)
        fix = arena_printf(t->arena, "known here: %s", list_of(t->arena, known, 40));
    diag_at(t->diags, "LF010", pair_span(pair), fix, "%s has no key \"%s\"", owner, pair->key);
}

bool name_usable(struct typing *t, const char *name, struct span where)
{
    const char *why = NULL;
    size_t length = strlen(name);
    if (length == 0)
        why = "is empty";
    else if (length > 250)
        why = "is longer than 250 bytes";
    for (size_t at = 0, size = 0; at < length && why == NULL; at += size) {
        size = 1;
        bool ascii =
            name[at] >= ' ' && name[at] <= '~'; /* the common case, and none of it unsafe */
        if (!ascii && text_is_unsafe(text_code_point(name + at, length - at, &size)))
            why = "holds a control character";
    }
    if (why == NULL && (name[0] == ' ' || name[length - 1] == ' '))
        why = "begins or ends with a blank";
    if (why == NULL)
        return true;
    diag_at(t->diags, "LF028", where, "choose another name", "the name %s", why);
    return false;
}

/* ------------------------------------------------------------------ secrets */

void hide_secret(struct typing *t, const struct node *node)
{
    if (node == NULL)
        return;
    for (uint32_t i = 0; node->type == NODE_MAP && i < node->count; i++)
        hide_secret(t, node->pairs[i].value);
    for (uint32_t i = 0; node->type == NODE_LIST && i < node->count; i++)
        hide_secret(t, node->items[i]);
    if (node->type != NODE_STRING)
        return;
    /* The node as written is shared with `spec->raw`, which is shown: that is what the mark is for. */
    ((struct node *)(uintptr_t)node)->marks |= NODE_SECRET;
    struct span where = node_span(node);
    reading_blank(t->reading, where);
    /* A scalar may go on below its first line: each break of a line has become one of these. */
    uint32_t lines = 0;
    for (const char *at = node->text; *at != '\0'; at++)
        lines += *at == '\n' || *at == ' ';
    for (uint32_t i = 1; i <= lines; i++)
        reading_blank(t->reading, (struct span){where.file, where.line + i, 1, 0});
}

struct node *type_secret(struct typing *t, const struct node *node)
{
    const char *folder = reading_folder(t->reading, node->file);
    struct node *read = secret_read(t->arena, node, folder, t->diags);
    if (read == NULL)
        hide_secret(t, node);
    return read;
}

static struct node *type_secrets(struct typing *t, const struct node *node, const char *what)
{
    if (!node_is(node, NODE_MAP))
        return wrong_type(t, node, what, "a map of names to texts or secret references", NULL);
    struct node *out = placed(node_map(t->arena), node);
    bool bad = false;
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        if (is_null(pair->value))
            continue;
        struct node *value = NULL;
        if (pair->value->type == NODE_STRING)
            value = placed(node_string(t->arena, pair->value->text), pair->value);
        else
            value = type_secret(t, pair->value);
        if (value != NULL)
            put_pair(t->arena, out, pair, value);
        bad = bad || value == NULL;
    }
    return bad ? NULL : out;
}

/* ------------------------------------------------------------------ scalars */

static bool is_scalar(const struct node *node)
{
    return node_is(node, NODE_STRING);
}

static bool is_quoted(const struct node *node)
{
    return is_scalar(node) && (node->marks & NODE_PLAIN) == 0;
}

static struct node *type_text(struct typing *t, const struct node *node, const char *what)
{
    if (!is_scalar(node))
        return wrong_type(t, node, what, "a text", NULL);
    return placed(node_string(t->arena, node->text), node);
}

static struct node *type_bool(struct typing *t, const struct node *node, const char *what)
{
    static const char *const likes[][2] = {{"yes", "true"}, {"no", "false"}, {"on", "true"},
        {"off", "false"}, {"y", "true"}, {"n", "false"}, {"1", "true"}, {"0", "false"},
        {"true", "true"}, {"false", "false"}};
    const char *fix = "write true or false";
    if (is_scalar(node) && !is_quoted(node)) {
        if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
            return placed(node_bool(t->arena, node->text[0] == 't'), node);
        const char *low = text_lower(t->arena, node->text);
        for (size_t i = 0; i < sizeof(likes) / sizeof(likes[0]); i++) {
            if (strcmp(low, likes[i][0]) == 0)
                fix = arena_printf(t->arena, "write %s", likes[i][1]);
        }
    } else if (is_quoted(node) &&
               (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)) {
        fix = "remove the quotes";
    }
    return wrong_type(t, node, what, "true or false", fix);
}

static bool is_integer_text(const char *text)
{
    const char *digits = text + (*text == '-');
    size_t length = strspn(digits, "0123456789");
    return length > 0 && digits[length] == '\0' && (length == 1 || digits[0] != '0');
}

/* What a person who wrote this meant by it: 1_000, 1,000, 0500, 5.0, +5. */
static const char *integer_fix(struct typing *t, const struct node *node)
{
    if (!is_scalar(node))
        return NULL;
    if (is_quoted(node) && is_integer_text(node->text))
        return "remove the quotes";
    char digits[32];
    size_t length = 0;
    for (const char *at = node->text; *at != '\0'; at++) {
        bool skip = *at == '_' || *at == ',' || (length == 0 && (*at == '0' || *at == '+'));
        if (skip)
            continue;
        if (!isdigit((unsigned char)*at) || length == sizeof(digits) - 1)
            return NULL;
        digits[length++] = *at;
    }
    digits[length] = '\0';
    return length == 0 ? NULL : arena_printf(t->arena, "write %s", digits);
}

static struct node *type_int(
    struct typing *t, const struct field *field, const struct node *node, const char *what)
{
    bool open = field->min == 0 && field->max == 0;
    int64_t most = open ? INT_MOST - 1 : field->max;
    if (!is_scalar(node) || is_quoted(node) || !is_integer_text(node->text))
        return wrong_type(t, node, what, "a whole number", integer_fix(t, node));
    struct node *number = node_decimal(t->arena, node->text);
    if (number != NULL && number->type == NODE_INT && number->integer >= field->min &&
        number->integer <= most)
        return placed(number, node);
    if (open)
        diag_at(t->diags, "LF012", node_span(node), NULL, "\"%s\" is 0 or more, here is %.40s",
            what, node->text);
    else
        diag_at(t->diags, "LF012", node_span(node), NULL,
            "\"%s\" is from %" PRId64 " to %" PRId64 ", here is %.40s", what, field->min, most,
            node->text);
    return NULL;
}

/* Near enough for a bound; the value itself never goes through a double. */
static double about(const struct node *number)
{
    return number->type == NODE_INT ? (double)number->integer : strtod(number->text, NULL);
}

static struct node *type_decimal(
    struct typing *t, const struct field *field, const struct node *node, const char *what)
{
    struct node *number = is_scalar(node) ? node_decimal(t->arena, node->text) : NULL;
    if (number == NULL || is_quoted(node))
        return wrong_type(
            t, node, what, "a number", number != NULL ? "remove the quotes" : integer_fix(t, node));
    double value = about(number);
    bool above = field->max != 0 && value > (double)field->max;
    if (value >= (double)field->min && !above)
        return placed(number, node);
    if (field->max == 0)
        diag_at(t->diags, "LF012", node_span(node), NULL,
            "\"%s\" is %" PRId64 " or more, here is %.40s", what, field->min, node->text);
    else
        diag_at(t->diags, "LF012", node_span(node), NULL,
            "\"%s\" is from %" PRId64 " to %" PRId64 ", here is %.40s", what, field->min,
            field->max, node->text);
    return NULL;
}

static struct node *type_duration(struct typing *t, const struct node *node, const char *what)
{
    int64_t seconds = 0;
    if (!is_scalar(node))
        return wrong_type(t, node, what, "a duration", "such as 30s, 30m, 12h, 30d, 1w or 1mo");
    if (text_duration_seconds(node->text, &seconds))
        return placed(node_string(t->arena, node->text), node);
    const char *fix = "write a number and one of s, m, h, d, w, mo, such as 30d";
    if (is_integer_text(node->text) && node->text[0] != '-')
        fix = arena_printf(t->arena, "say of what: %.20ss, %.20sm, %.20sh, %.20sd, %.20sw, %.20smo",
            node->text, node->text, node->text, node->text, node->text, node->text);
    diag_at(t->diags, "LF012", node_span(node), fix, "\"%s\" is a duration, here is \"%.40s\"",
        what, node->text);
    return NULL;
}

static struct node *type_choice(
    struct typing *t, const struct field *field, const struct node *node, const char *what)
{
    struct strings choices = {0};
    for (const char *const *choice = field->choices; choice != NULL && *choice != NULL; choice++) {
        if (is_scalar(node) && strcmp(node->text, *choice) == 0)
            return placed(node_string(t->arena, node->text), node);
        strings_add(t->arena, &choices, *choice);
    }
    const char *all = list_of(t->arena, &choices, 40);
    if (!is_scalar(node))
        return wrong_type(t, node, what, arena_printf(t->arena, "one of %s", all), NULL);
    diag_at(t->diags, "LF012", node_span(node), guess(t, node->text, &choices),
        "\"%s\" is one of %s, here is \"%.40s\"", what, all, node->text);
    return NULL;
}

/* ------------------------------------------------------------------ lists */

static struct node *type_texts(
    struct typing *t, const struct field *field, const struct node *node, const char *what)
{
    if (is_scalar(node))
        return wrong_type(
            t, node, what, "a list of texts", arena_printf(t->arena, "write [%.60s]", node->text));
    if (!node_is(node, NODE_LIST))
        return wrong_type(t, node, what, "a list of texts", NULL);
    struct node *out = placed(node_list(t->arena), node);
    for (uint32_t i = 0; i < node->count; i++) {
        struct node *item = field->choices != NULL ? type_choice(t, field, node->items[i], what)
                                                   : type_text(t, node->items[i], what);
        if (item != NULL)
            node_list_add(t->arena, out, item);
    }
    return out->count == node->count ? out : NULL;
}

/* The server's own words for all and none, and ours, have no place inside a list. */
static const char *whole_list_word(const char *text)
{
    if (strcmp(text, "all") == 0 || strcmp(text, "all-proxy-models") == 0 || strcmp(text, "*") == 0)
        return "write `all` instead of the list";
    if (strcmp(text, "none") == 0 || strcmp(text, "no-default-models") == 0)
        return "write `none` instead of the list";
    return NULL;
}

static struct node *type_models(struct typing *t, const struct node *node, const char *what)
{
    static const char wanted[] = "a list of model names, `all` or `none`";
    if (is_scalar(node)) {
        if (strcmp(node->text, "all") == 0 || strcmp(node->text, "none") == 0)
            return placed(node_string(t->arena, node->text), node);
        const char *fix = whole_list_word(node->text);
        if (fix == NULL)
            fix = arena_printf(t->arena, "write [%.60s]", node->text);
        return wrong_type(t, node, what, wanted, fix);
    }
    if (!node_is(node, NODE_LIST))
        return wrong_type(t, node, what, wanted, NULL);
    if (node->count == 0) {
        diag_at(t->diags, "LF023", node_span(node),
            "write `all` for every model, `none` for no model, or name the models",
            "\"%s\" is an empty list, which the server takes for all models", what);
        return NULL;
    }
    struct node *out = placed(node_list(t->arena), node);
    for (uint32_t i = 0; i < node->count; i++) {
        const struct node *item = node->items[i];
        const char *fix = is_scalar(item) ? whole_list_word(item->text) : NULL;
        struct node *name = fix != NULL ? wrong_type(t, item, what, "names in its list", fix)
                                        : type_text(t, item, what);
        if (name != NULL)
            node_list_add(t->arena, out, name);
    }
    return out->count == node->count ? out : NULL;
}

/* ------------------------------------------------------------------ maps */

static struct node *type_group_entry(struct typing *t, const struct field *field,
    const struct pair *pair, const char *owner, unsigned *bad)
{
    const struct node *value = pair->value;
    const struct field *first = field->sub;
    if (node_is(value, NODE_MAP))
        return type_fields(t, field->sub, value, pair_span(pair), owner, bad);
    bool short_form = (field->flags & FIELD_SHORTHAND) != 0 && !is_null(value);
    if (!short_form) {
        *bad += 1;
        return wrong_type(t, value, pair->key, "a map", is_null(value) ? "write {}" : NULL);
    }
    struct node *typed = type_value(t, first, value, pair->key);
    if (typed == NULL) {
        *bad += 1;
        return NULL;
    }
    struct node *entry = placed(node_map(t->arena), value);
    struct pair as = {.key = first->name, .value = typed};
    pair_place(&as, node_span(value));
    put_pair(t->arena, entry, &as, typed);
    return entry;
}

static struct node *type_group(
    struct typing *t, const struct field *field, const struct node *node, const char *what)
{
    if (!node_is(node, NODE_MAP))
        return wrong_type(t, node, what, "a map of names to entries", NULL);
    struct node *out = placed(node_map(t->arena), node);
    unsigned bad = 0;
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        if (!name_usable(t, pair->key, pair_span(pair))) {
            bad++;
            continue;
        }
        const char *owner = arena_printf(t->temp, "\"%s\" in \"%s\"", pair->key, what);
        struct node *entry = type_group_entry(t, field, pair, owner, &bad);
        if (entry != NULL)
            put_pair(t->arena, out, pair, entry);
    }
    return bad == 0 ? out : NULL;
}

struct node *type_value(
    struct typing *t, const struct field *field, const struct node *node, const char *what)
{
    switch (field->type) {
    case FIELD_TEXT:
        return type_text(t, node, what);
    case FIELD_INT:
        return type_int(t, field, node, what);
    case FIELD_DECIMAL:
        return type_decimal(t, field, node, what);
    case FIELD_BOOL:
        return type_bool(t, node, what);
    case FIELD_DURATION:
        return type_duration(t, node, what);
    case FIELD_TEXTS:
        return type_texts(t, field, node, what);
    case FIELD_MODELS:
        return type_models(t, node, what);
    case FIELD_CHOICE:
        return type_choice(t, field, node, what);
    case FIELD_MAP:
        if (!node_is(node, NODE_MAP))
            return wrong_type(t, node, what, "a map", NULL);
        return node_plain_copy(t->arena, node, t->diags);
    case FIELD_SECRET:
        return type_secret(t, node);
    case FIELD_SECRETS:
        return type_secrets(t, node, what);
    case FIELD_GROUP:
        return type_group(t, field, node, what);
    }
    return NULL;
}

/* ------------------------------------------------------------------ tables */

static struct strings writable(struct typing *t, const struct field *fields)
{
    struct strings names = {0};
    for (const struct field *field = fields; field->name != NULL && !tired(t); field++) {
        if ((field->flags & (FIELD_LIVE_ONLY | FIELD_RETIRED)) == 0)
            strings_add(t->arena, &names, field->name);
    }
    return names;
}

/* Whether the field may be written here at all. */
static bool field_usable(struct typing *t, const struct field *field, const struct pair *pair,
    const struct field *fields, const char *owner)
{
    if (field == NULL) {
        struct strings known = writable(t, fields);
        unknown_key(t, pair, owner, &known);
        return false;
    }
    if ((field->flags & (FIELD_RETIRED | FIELD_LIVE_ONLY)) != 0) {
        bool retired = (field->flags & FIELD_RETIRED) != 0;
        diag_at(t->diags, "LF010", pair_span(pair),
            retired ? field->doc : "take it out: the server sets it",
            "\"%s\" cannot be written in %s", field->name, owner);
        return false;
    }
    if ((field->flags & FIELD_LICENSED) != 0 && strcmp(t->tier, "enterprise") != 0) {
        diag_at(t->diags, "LF026", pair_span(pair),
            "take it out, or set tier: enterprise if there is a licence",
            "\"%s\" of %s needs LiteLLM's enterprise licence", field->name, owner);
        return false;
    }
    return true;
}

/* The names below `api` that have a field of their own: rpm of litellm_params.rpm. */
static struct strings names_below(
    struct arena *temp, const struct field *fields, const char *api, struct map *ret_owners)
{
    struct strings names = {0};
    size_t length = strlen(api);
    for (const struct field *field = fields; field->name != NULL; field++) {
        const char *path = field->api;
        bool below = path != NULL && strncmp(path, api, length) == 0 && path[length] == '.';
        if (!below || (field->flags & (FIELD_LIVE_ONLY | FIELD_RETIRED)) != 0)
            continue;
        const char *name = path + length + 1;
        if (map_set(ret_owners, name, (void *)(uintptr_t)field->name) == NULL)
            strings_add(temp, &names, name);
    }
    return names;
}

/* In a free map that is sent beside fields of the same object, one of them has two homes, and a
   near-miss of one has no effect. False: something was given twice. */
static bool free_map_usable(
    struct typing *t, const struct field *fields, const struct field *field, const struct node *map)
{
    struct map owners = map_init(t->temp);
    const char *api = field->api != NULL ? field->api : field->name;
    struct strings names = names_below(t->temp, fields, api, &owners);
    bool good = true;
    for (uint32_t i = 0; names.count > 0 && i < map->count; i++) {
        const struct pair *pair = &map->pairs[i];
        const char *owner = map_get(&owners, pair->key);
        if (owner != NULL) {
            diag_at(t->diags, "LF022", pair_span(pair),
                arena_printf(t->arena, "write it as \"%s\" of the entry", owner),
                "\"%s\" in \"%s\" has a key of its own", pair->key, field->name);
            good = false;
            continue;
        }
        const char *fix = tired(t) ? NULL : guess(t, pair->key, &names);
        if (fix != NULL)
            diag_at(t->diags, "LF027", pair_span(pair), fix,
                "\"%s\" in \"%s\" is close to a known name", pair->key, field->name);
    }
    return good;
}

static void missing_fields(struct typing *t, const struct field *fields, const struct node *node,
    struct span where, const char *owner, unsigned *bad)
{
    for (const struct field *field = fields; field->name != NULL; field++) {
        if ((field->flags & FIELD_REQUIRED) == 0 || !is_null(node_get(node, field->name)))
            continue;
        const char *fix = arena_printf(t->arena, "add \"%s\": %s", field->name, field->doc);
        diag_at(t->diags, "LF013", where, fix, "%s has no \"%s\"", owner, field->name);
        *bad += 1;
    }
}

struct node *type_fields(struct typing *t, const struct field *fields, const struct node *node,
    struct span where, const char *owner, unsigned *bad)
{
    struct node *out = placed(node_map(t->arena), node);
    out->pairs = arena_array(t->arena, node_capacity(node->count), sizeof(*out->pairs));
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        const struct field *field = field_by_name(fields, pair->key);
        if (!field_usable(t, field, pair, fields, owner)) {
            *bad += 1;
            continue;
        }
        if (is_null(pair->value))
            continue;
        struct node *value = type_value(t, field, pair->value, field->name);
        bool good =
            value != NULL && (field->type != FIELD_MAP || free_map_usable(t, fields, field, value));
        if (good) { /* in order, as they are in `node` */
            struct pair *typed = &out->pairs[out->count++];
            *typed = (struct pair){.key = field->name, .value = value};
            pair_place(typed, pair_span(pair));
        } else {
            *bad += 1;
        }
    }
    missing_fields(t, fields, node, where, owner, bad);
    return out;
}

struct node *type_section(struct typing *t, const struct kind *kind, const struct node *node)
{
    struct node *out = placed(node_map(t->arena), node);
    if (!node_is(node, NODE_MAP)) {
        wrong_type(t, node, kind->section, "a map of names to entries", NULL);
        return out;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        unsigned bad = 0;
        if (!name_usable(t, pair->key, pair_span(pair)))
            continue;
        if (!node_is(pair->value, NODE_MAP)) {
            const char *what = arena_printf(t->arena, "%s.%s", kind->section, pair->key);
            wrong_type(t, pair->value, what, "a map of fields",
                is_null(pair->value) ? "write {} for an entry without fields" : NULL);
            continue;
        }
        const char *owner = arena_printf(t->temp, "%s \"%s\"", kind->name, pair->key);
        struct node *entry =
            type_fields(t, kind->fields, pair->value, pair_span(pair), owner, &bad);
        if (bad == 0)
            put_pair(t->arena, out, pair, entry);
    }
    return out;
}
