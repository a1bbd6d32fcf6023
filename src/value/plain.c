#include "value/read.h"

#include "value/build.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What plain scalars of YAML mean where no field table says it. */

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0)
            return true;
    }
    return false;
}

struct node *plain_scalar(struct arena *arena, const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    if (is_one_of(text, nulls))
        return node_null(arena);
    if (is_one_of(text, trues))
        return node_bool(arena, true);
    if (is_one_of(text, falses))
        return node_bool(arena, false);
    struct node *number = node_decimal(arena, text);
    return number != NULL ? number : node_string(arena, text);
}

/* "0x1f", "0o17", "0b1" */
static bool has_radix(const char *text)
{
    const char *digits = NULL;
    if (text[0] != '0')
        return false;
    switch (text[1]) {
    case 'x':
        digits = "0123456789abcdefABCDEF";
        break;
    case 'o':
        digits = "01234567";
        break;
    case 'b':
        digits = "01";
        break;
    default:
        return false;
    }
    return text[2] != '\0' && text[2 + strspn(text + 2, digits)] == '\0';
}

/* "12:30", "1:30:00.5": base 60 */
static bool is_sexagesimal(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    bool zero = text[0] == '0';
    const char *at = text + digits;
    if (digits == 0 || *at != ':')
        return false;
    while (*at == ':') {
        at++;
        size_t length = strspn(at, "0123456789");
        if (length == 0 || length > 2 || (length == 2 && at[0] > '5'))
            return false;
        at += length;
    }
    if (*at == '.')
        return at[1 + strspn(at + 1, "0123456789")] == '\0';
    /* Without a fraction it may not begin with zero: 00:11:22 is none. */
    return *at == '\0' && !zero;
}

static bool is_number_of_others(const char *text)
{
    static const char *const words[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", NULL};
    if (*text == '-' || *text == '+')
        text++;
    if (is_one_of(text, words))
        return true;
    /* Without the underscores, which YAML 1.1 allows anywhere; longer ones nobody writes. */
    char digits[64];
    size_t length = 0;
    for (; *text != '\0'; text++) {
        if (*text == '_' && length > 0)
            continue;
        if (length == sizeof(digits) - 1)
            return false;
        digits[length++] = *text;
    }
    digits[length] = '\0';
    const char *at = digits;
    if (!isdigit((unsigned char)*at))
        return false;
    if (has_radix(at) || is_sexagesimal(at))
        return true;
    while (at[0] == '0' && isdigit((unsigned char)at[1]))
        at++;
    return number_is_valid(at, strlen(at));
}

const char *plain_lookalike(const char *text)
{
    static const char *const words[] = {"yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON",
        "off", "Off", "OFF", "y", "Y", "n", "N", NULL};
    if (is_one_of(text, words))
        return "a boolean";
    return is_number_of_others(text) ? "a number" : NULL;
}

static void report_lookalike(struct diags *diags, const struct node *node)
{
    const char *as = plain_lookalike(node->text);
    if (as == NULL || diags == NULL)
        return;
    /* Not in the arena: there may be millions of these, and diag_at() keeps what it needs. */
    char fix[200];
    bool boolean = strcmp(as, "a boolean") == 0;
    snprintf(fix, sizeof(fix), "%squote it: \"%.100s\"", boolean ? "write true or false, or " : "",
        node->text);
    diag_at(diags, "LF018", node_span(node), fix,
        "%.100s is text here, but %s for a YAML 1.1 reader", node->text, as);
}

static struct node *resolve_scalar(
    struct arena *arena, const struct node *node, struct diags *diags)
{
    const char *text = node->type == NODE_NULL ? "" : node->text;
    struct node *resolved = plain_scalar(arena, text);
    resolved->file = node->file;
    resolved->line = node->line;
    resolved->column = node->column;
    resolved->marks = (uint8_t)(node->marks & ~NODE_PLAIN);
    if (resolved->type == NODE_STRING)
        report_lookalike(diags, node);
    return resolved;
}

static struct node **slot(struct node *node, size_t i)
{
    return node->type == NODE_LIST ? &node->items[i] : &node->pairs[i].value;
}

struct node *node_plain_resolve(struct arena *arena, struct node *node, struct diags *diags)
{
    if (node == NULL)
        return NULL;
    bool plain = (node->marks & NODE_PLAIN) != 0;
    if (plain && (node->type == NODE_STRING || node->type == NODE_NULL))
        return resolve_scalar(arena, node, diags);
    if (node->type != NODE_LIST && node->type != NODE_MAP)
        return node;
    /* The tree may be shared: the table is copied before its first change. */
    struct node *result = node;
    for (size_t i = 0; i < node->count; i++) {
        struct node *before = *slot(node, i);
        struct node *after = node_plain_resolve(arena, before, diags);
        if (after == before)
            continue;
        if (result == node)
            result = node_copy_shallow(arena, node);
        *slot(result, i) = after;
    }
    return result;
}

struct node *node_plain_copy(struct arena *arena, const struct node *node, struct diags *diags)
{
    bool plain = node != NULL && (node->marks & NODE_PLAIN) != 0;
    if (plain && (node->type == NODE_STRING || node->type == NODE_NULL))
        return resolve_scalar(arena, node, diags);
    if (node == NULL || (node->type != NODE_LIST && node->type != NODE_MAP))
        return node_copy(arena, node);
    struct node *copy = node_copy_shallow(arena, node);
    for (uint32_t i = 0; i < copy->count; i++) {
        if (copy->type == NODE_MAP)
            copy->pairs[i].key = arena_strdup(arena, copy->pairs[i].key);
        *slot(copy, i) = node_plain_copy(arena, *slot(copy, i), diags);
    }
    return copy;
}
