/* Reads the human text out of the error bodies of LiteLLM, which come in four shapes and one disguise. */
#include "model/request.h"

#include "base/text.h"

#define MESSAGE_CHARACTERS 300
#define MESSAGE_BYTES ((size_t)16 << 10) /* of the text that is looked at: hostile input is long */
#define MESSAGE_FAULTS 3                 /* of a 422 that are told one by one */
#define MESSAGE_DEPTH 4                  /* of dicts in dicts */

/** One line, blanks squeezed, printable, at most MESSAGE_CHARACTERS. */
static const char *one_line(struct arena *arena, const char *text)
{
    size_t length = strnlen(text, MESSAGE_BYTES);
    char *line = arena_alloc(arena, length + 1);
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        bool blank = text[i] == ' ' || (text[i] >= '\t' && text[i] <= '\r');

        if (!blank)
            line[used++] = text[i];
        else if (used > 0 && line[used - 1] != ' ')
            line[used++] = ' ';
    }
    if (used > 0 && line[used - 1] == ' ')
        used--;
    line[used] = '\0';

    char *shown = text_printable(arena, line, false);
    size_t characters = 0, cut = 0;

    for (size_t i = 0; shown[i] != '\0'; i++) {
        if (((unsigned char)shown[i] & 0xc0) == 0x80)
            continue;
        if (characters == MESSAGE_CHARACTERS - 3)
            cut = i;
        if (characters == MESSAGE_CHARACTERS)
            return arena_printf(arena, "%.*s...", (int)cut, shown);
        characters++;
    }
    return shown;
}

/** What stands behind `'error':`, `"message":` or the like at the start of a dict, or NULL. */
static const char *behind_key(const char *dict)
{
    static const char *const keys[] = {"error", "message", "detail"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t length = strlen(keys[i]);

        if (dict[0] == '{' && (dict[1] == '\'' || dict[1] == '"') &&
            strncmp(dict + 2, keys[i], length) == 0 && dict[2 + length] == dict[1] &&
            dict[3 + length] == ':')
            return dict + 4 + length + strspn(dict + 4 + length, " ");
    }
    return NULL;
}

/** The content of a Python string literal at `at`, or NULL when it is none or has no end. */
static const char *python_string(struct arena *arena, const char *at)
{
    char quote = *at;
    size_t length = strnlen(at, MESSAGE_BYTES), used = 0;

    if (quote != '\'' && quote != '"')
        return NULL;
    char *out = arena_alloc(arena, length + 1);

    for (size_t i = 1; i < length; i++) {
        if (at[i] == quote) {
            out[used] = '\0';
            return out;
        }
        if (at[i] != '\\' || i + 1 == length) {
            out[used++] = at[i];
            continue;
        }
        i++;
        if (at[i] == 'n' || at[i] == 't' || at[i] == 'r')
            out[used++] = ' ';
        else if (at[i] == '\\' || at[i] == '\'' || at[i] == '"')
            out[used++] = at[i];
        else { /* \x1b and the like stay as they are written: they are harmless so */
            out[used++] = '\\';
            out[used++] = at[i];
        }
    }
    return NULL;
}

/**
 * LiteLLM puts str(dict) of Python into its messages: "{'error': 'Team not found'}", also behind
 * words of its own ("Internal Server Error, {'error': ...}"). The text that a person wants is the
 * value; the words before it only repeat the status.
 */
static const char *undisguised(struct arena *arena, const char *message)
{
    const char *dict = strchr(message, '{');

    for (unsigned depth = 0; dict != NULL && depth < MESSAGE_DEPTH; depth++) {
        const char *value = behind_key(dict);

        if (value == NULL) {
            if (depth > 0)
                return message;
            dict = strchr(dict + 1, '{');
            continue;
        }
        if (*value == '{') {
            dict = value;
            continue;
        }
        const char *text = python_string(arena, value);

        return text != NULL && *text != '\0' ? text : message;
    }
    return message;
}

/** "body.team_id", "query.page_size" from the place that a 422 names. */
static const char *place_text(struct arena *arena, const struct node *place)
{
    const char *where = "";

    for (uint32_t i = 0; node_is(place, NODE_LIST) && i < place->count && i < 16; i++) {
        const struct node *step = place->items[i];
        const char *dot = *where == '\0' ? "" : ".";
        if (node_text(step) != NULL)
            where = arena_printf(arena, "%s%s%.200s", where, dot, node_text(step));
        else if (node_is(step, NODE_INT))
            where = arena_printf(arena, "%s[%lld]", where, (long long)step->integer);
    }
    return where;
}

/** "body.team_id: Field required" for the entries of a 422; the value that was sent is left out. */
static const char *validation_faults(struct arena *arena, const struct node *list)
{
    const char *all = NULL;

    for (uint32_t i = 0; i < list->count && i < MESSAGE_FAULTS; i++) {
        const struct node *fault = list->items[i];
        const char *message = node_get_text(fault, "msg");
        const char *where = place_text(arena, node_get(fault, "loc"));
        const char *colon = *where != '\0' ? ": " : "";
        if (message == NULL)
            message = node_text(fault);
        if (message != NULL && all == NULL)
            all = arena_printf(arena, "%s%s%.1000s", where, colon, message);
        else if (message != NULL)
            all = arena_printf(arena, "%s; %s%s%.1000s", all, where, colon, message);
    }
    if (all != NULL && list->count > MESSAGE_FAULTS)
        all = arena_printf(arena, "%s; and %u more", all, list->count - MESSAGE_FAULTS);
    return all;
}

/** The text of `error` or `detail`: itself, or what one of its usual members holds. */
static const char *text_of(struct arena *arena, const struct node *value)
{
    static const char *const keys[] = {"message", "error", "msg", "detail"};

    if (node_text(value) != NULL && *node_text(value) != '\0')
        return node_text(value);
    if (node_is(value, NODE_LIST))
        return validation_faults(arena, value);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct node *inner = node_get(value, keys[i]);

        for (unsigned depth = 0; depth < MESSAGE_DEPTH && node_is(inner, NODE_MAP); depth++)
            inner = node_get(inner, node_get(inner, "message") != NULL ? "message" : "error");
        if (node_text(inner) != NULL && *node_text(inner) != '\0')
            return node_text(inner);
    }
    return NULL;
}

/** The title of a web page, else the text itself: the rest of a page says nothing. */
static const char *page_title(struct arena *arena, const char *text)
{
    const char *start = strcasestr(text, "<title>");

    if (start == NULL)
        return text;
    start += strlen("<title>");
    return arena_strndup(arena, start, strcspn(start, "<"));
}

/** The message that the body holds, or NULL. */
static const char *body_message(struct arena *arena, const struct node *body)
{
    static const char *const shapes[] = {"error", "detail", "message"};
    const char *message = node_text(body);

    for (size_t i = 0; message == NULL && i < sizeof(shapes) / sizeof(shapes[0]); i++)
        message = text_of(arena, node_get(body, shapes[i]));
    return message != NULL ? undisguised(arena, message) : NULL;
}

const char *reply_message(struct arena *arena, const struct reply *reply)
{
    if (reply->message != NULL)
        return arena_strdup(arena, reply->message);
    const char *candidates[] = {body_message(arena, reply->body), NULL, reply->reason};

    if (reply->outcome == OUTCOME_ANSWERED && reply->text != NULL && reply->body == NULL)
        candidates[1] = page_title(arena, reply->text);
    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        const char *line = candidates[i] != NULL ? one_line(arena, candidates[i]) : "";
        if (*line != '\0')
            return line;
    }
    if (reply->status != 0)
        return arena_printf(arena, "status %d without a message", reply->status);
    return "no answer";
}
