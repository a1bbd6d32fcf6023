#include "value/read.h"

#include "base/fail.h"
#include "base/map.h"
#include "base/text.h"
#include "value/build.h"

#include <string.h>
#include <yaml.h>

/* YAML in, by libyaml's events: its loader would follow aliases and could not be stopped. */

struct frame {
    struct node *node;
    size_t base;         /* where its entries begin on the stack of pairs or items */
    struct pair pending; /* a key that waits for its value; its key is NULL when none does */
};

struct reader {
    struct arena *arena;
    struct diags *diags;
    uint16_t source;
    struct arena *scratch;
    VEC(struct pair) pairs;
    VEC(struct node *) items;
    struct map keys; /* each as it was first read */
    struct frame frames[READ_MAX_DEPTH];
    size_t depth;
    struct node *root;
    size_t nodes;
    unsigned documents;
    bool blank;   /* the document is there but says nothing */
    bool stopped; /* nothing sensible can follow */
};

static struct span span_of(const struct reader *reader, yaml_mark_t mark)
{
    return (struct span){.file = reader->source,
        .line = (uint32_t)mark.line + 1,
        .column = (uint32_t)mark.column + 1};
}

static void place(const struct reader *reader, struct node *node, yaml_mark_t mark)
{
    node->file = reader->source;
    node->line = (uint32_t)mark.line + 1;
    node->column = (uint32_t)mark.column + 1;
}

static void stop(
    struct reader *reader, const char *id, yaml_mark_t mark, const char *fix, const char *message)
{
    diag_at(reader->diags, id, span_of(reader, mark), fix, "%s", message);
    reader->stopped = true;
}

static struct frame *top(struct reader *reader)
{
    return reader->depth == 0 ? NULL : &reader->frames[reader->depth - 1];
}

static bool wants_key(struct reader *reader)
{
    const struct frame *frame = top(reader);
    return frame != NULL && frame->node->type == NODE_MAP && frame->pending.key == NULL;
}

static void attach(struct reader *reader, struct node *node)
{
    struct frame *frame = top(reader);
    if (frame == NULL) {
        reader->root = node;
    } else if (frame->node->type == NODE_LIST) {
        *VEC_ADD(reader->scratch, &reader->items) = node;
    } else {
        frame->pending.value = node;
        *VEC_ADD(reader->scratch, &reader->pairs) = frame->pending;
        frame->pending.key = NULL;
    }
}

#define SHARE "write the value out; parts of files are shared with 'extends'"

static void refuse_properties(
    struct reader *reader, const yaml_char_t *anchor, const yaml_char_t *tag, yaml_mark_t mark)
{
    if (anchor != NULL)
        diag_at(reader->diags, "LF004", span_of(reader, mark), SHARE, "anchors are not taken");
    if (tag != NULL && strcmp((const char *)tag, YAML_STR_TAG) != 0)
        diag_at(
            reader->diags, "LF004", span_of(reader, mark), "remove the tag", "tags are not taken");
}

static bool is_plain(const yaml_event_t *event)
{
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && event->data.scalar.tag == NULL;
}

#define SHARED_KEY 24    /* longer keys are hardly there twice */
#define SHARED_KEYS 1024 /* a map of names as keys would only fill the table */

/* One copy of each short key, however many maps have it. */
static const char *key_of(struct reader *reader, const char *text, size_t length)
{
    if (length > SHARED_KEY || reader->keys.count >= SHARED_KEYS)
        return arena_strndup(reader->arena, text, length);
    const char *known = map_get(&reader->keys, text);
    if (known != NULL)
        return known;
    char *copy = arena_strndup(reader->arena, text, length);
    map_set(&reader->keys, copy, copy);
    return copy;
}

static void read_key(struct reader *reader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    struct span where = span_of(reader, event->start_mark);
    if (is_plain(event) && strcmp(text, "<<") == 0)
        diag_at(reader->diags, "LF004", where, SHARE, "merge keys are not taken");
    if (is_plain(event) && text[0] == '\0')
        diag_at(reader->diags, "LF002", where, "write the key before the ':'", "a key is missing");
    struct pair *pending = &reader->frames[reader->depth - 1].pending;
    *pending = (struct pair){.key = key_of(reader, text, event->data.scalar.length)};
    pair_place(pending, where);
}

static bool is_plain_null(const char *text)
{
    return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static void read_scalar(struct reader *reader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    refuse_properties(reader, event->data.scalar.anchor, event->data.scalar.tag, event->start_mark);
    /* Only an escape can have brought it: the file itself was checked. */
    if (memchr(text, '\0', length) != NULL)
        diag_at(reader->diags, "LF006", span_of(reader, event->start_mark), "remove the \\0",
            "a text that holds NUL");
    if (wants_key(reader)) {
        read_key(reader, event);
        return;
    }
    struct node *node = is_plain(event) && is_plain_null(text)
                            ? node_null(reader->arena)
                            : node_string_n(reader->arena, text, length);
    if (is_plain(event))
        node->marks = NODE_PLAIN;
    if (is_plain(event) && length == 0 && reader->depth == 0)
        reader->blank = true;
    place(reader, node, event->start_mark);
    attach(reader, node);
}

static void begin(struct reader *reader, struct node *node, yaml_mark_t mark)
{
    if (wants_key(reader)) {
        stop(reader, "LF004", mark, "use plain text as the key", "a key that is a list or a map");
        return;
    }
    if (reader->depth == READ_MAX_DEPTH) {
        diag_at(reader->diags, "LF005", span_of(reader, mark), NULL, "nested deeper than %d levels",
            READ_MAX_DEPTH);
        reader->stopped = true;
        return;
    }
    place(reader, node, mark);
    size_t base = node->type == NODE_MAP ? reader->pairs.count : reader->items.count;
    reader->frames[reader->depth++] = (struct frame){.node = node, .base = base};
}

static void report_duplicates(struct reader *reader, const struct pair *pairs, size_t count)
{
    const struct pair *first = pairs;
    for (const struct pair *pair = pairs + 1; pair < pairs + count; pair++) {
        if (strcmp(first->key, pair->key) != 0) {
            first = pair;
            continue;
        }
        struct diag *diag = diag_at(reader->diags, "LF003", pair_span(pair),
            "remove one of the two", "key \"%.200s\" is given twice", pair->key);
        diag->also = pair_span(first);
        diag->also_label = "first here";
    }
}

static void end_map(struct reader *reader)
{
    struct frame frame = reader->frames[--reader->depth];
    size_t count = reader->pairs.count - frame.base;
    struct pair *pairs = count > 0 ? &reader->pairs.at[frame.base] : NULL;
    if (pairs != NULL && !pairs_sort(pairs, count))
        report_duplicates(reader, pairs, count);
    node_map_fill(reader->arena, frame.node, pairs, count);
    reader->pairs.count = frame.base;
    attach(reader, frame.node);
}

static void end_list(struct reader *reader)
{
    struct frame frame = reader->frames[--reader->depth];
    size_t count = reader->items.count - frame.base;
    struct node *const *items = count > 0 ? &reader->items.at[frame.base] : NULL;
    node_list_fill(reader->arena, frame.node, items, count);
    reader->items.count = frame.base;
    attach(reader, frame.node);
}

static void read_event(struct reader *reader, const yaml_event_t *event)
{
    if (++reader->nodes > READ_MAX_NODES) {
        stop(reader, "LF005", event->start_mark, "split the file", "too many values");
        return;
    }
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++reader->documents > 1)
            stop(reader, "LF004", event->start_mark, "make it a file of its own",
                "a second document in one file");
        break;
    case YAML_ALIAS_EVENT:
        stop(reader, "LF004", event->start_mark, SHARE, "aliases are not taken");
        break;
    case YAML_SCALAR_EVENT:
        read_scalar(reader, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        refuse_properties(reader, event->data.sequence_start.anchor, event->data.sequence_start.tag,
            event->start_mark);
        begin(reader, node_list(reader->arena), event->start_mark);
        break;
    case YAML_MAPPING_START_EVENT:
        refuse_properties(reader, event->data.mapping_start.anchor, event->data.mapping_start.tag,
            event->start_mark);
        begin(reader, node_map(reader->arena), event->start_mark);
        break;
    case YAML_SEQUENCE_END_EVENT:
        end_list(reader);
        break;
    case YAML_MAPPING_END_EVENT:
        end_map(reader);
        break;
    default:
        break;
    }
}

/* What libyaml says, and what helps. */
static const struct {
    const char *problem, *fix;
} fixes[] = {
    {"found character that cannot start any token", "put the text in quotes"},
    {"mapping values are not allowed",
        "check the indentation of this line; a ': ' inside plain text must be quoted"},
    {"did not find expected ',' or ']'", "put a comma between items and ']' at the end"},
    {"did not find expected ',' or '}'", "put a comma between pairs and '}' at the end"},
    {"did not find expected key", "check the indentation: keys of one map stand in one column"},
    {"did not find expected '-' indicator",
        "check the indentation: items of one list stand in one column"},
    {"could not find expected ':'", "put ': ' behind the key"},
    {"found unexpected end of stream", "close the quote"},
    {"found unknown escape character",
        "a backslash inside double quotes begins an escape: write \\\\, or use single quotes"},
    {"block sequence entries are not allowed", "begin the list on a line of its own"},
    {NULL, NULL},
};

static const char *fix_for(const char *problem)
{
    for (size_t i = 0; fixes[i].problem != NULL; i++) {
        if (text_starts(problem, fixes[i].problem))
            return fixes[i].fix;
    }
    return NULL;
}

/* libyaml's own messages about tabs do not mention them. */
static bool is_tab(const struct reader *reader, struct span where)
{
    size_t length = 0;
    const char *line = diags_line(reader->diags, where.file, where.line, &length);
    /* Tabs that indent stand before anything else, so columns are bytes here. */
    size_t blank = 0;
    while (line != NULL && blank < length && (line[blank] == ' ' || line[blank] == '\t'))
        blank++;
    return where.column > 0 && where.column - 1 < blank && line[where.column - 1] == '\t';
}

static void report_reader_error(
    struct reader *reader, const yaml_parser_t *parser, size_t first_byte)
{
    struct span where =
        diags_span_at(reader->diags, reader->source, parser->problem_offset + first_byte);
    diag_at(reader->diags, "LF006", where, "remove it", "%s: U+%04X", parser->problem,
        (unsigned)parser->problem_value);
}

static void report_error(struct reader *reader, const yaml_parser_t *parser)
{
    struct span where = span_of(reader, parser->problem_mark);
    const char *problem = parser->problem == NULL ? "not YAML" : parser->problem;
    if (is_tab(reader, where)) {
        diag_at(reader->diags, "LF002", where, "indent with blanks", "tabs cannot indent");
        return;
    }
    bool context = parser->context != NULL;
    struct diag *diag = diag_at(reader->diags, "LF002", where, fix_for(problem), "%s%s%s", problem,
        context ? " " : "", context ? parser->context : "");
    bool elsewhere = parser->context_mark.line != parser->problem_mark.line ||
                     parser->context_mark.column != parser->problem_mark.column;
    if (context && elsewhere) {
        diag->also = span_of(reader, parser->context_mark);
        diag->also_label = "opened here";
    }
}

static bool is_acceptable(struct reader *reader, const struct source *source)
{
    struct span nowhere = {.file = reader->source};
    if (source->text == NULL) {
        diag_at(reader->diags, "LF001", nowhere, NULL, "the file could not be read");
        return false;
    }
    if (source->length > READ_MAX_YAML) {
        diag_at(reader->diags, "LF005", nowhere, "split the file", "larger than %zu MiB",
            READ_MAX_YAML >> 20);
        return false;
    }
    size_t bad = 0;
    if (text_is_utf8(source->text, source->length, &bad))
        return true;
    unsigned byte = (unsigned char)source->text[bad];
    struct span where = diags_span_at(reader->diags, reader->source, bad);
    if (byte == 0)
        diag_at(reader->diags, "LF006", where, "remove it", "a NUL byte");
    else
        diag_at(reader->diags, "LF006", where, "save the file as UTF-8", "byte 0x%02X is not UTF-8",
            byte);
    return false;
}

static void read_events(struct reader *reader, const char *text, size_t length)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        fail_memory();
    /* libyaml would count a BOM as a character of the first line. */
    size_t bom = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text + bom, length - bom);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    bool ended = false;
    while (!ended && !reader->stopped) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            if (parser.error == YAML_MEMORY_ERROR)
                fail_memory();
            if (parser.error == YAML_READER_ERROR)
                report_reader_error(reader, &parser, bom);
            else
                report_error(reader, &parser);
            break;
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        read_event(reader, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

struct node *yaml_read(struct arena *arena, struct diags *diags, uint16_t source)
{
    if (source >= diags->sources.count)
        fail_bug("a source that is not known", NULL);
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct reader *reader = ARENA_NEW(scratch, struct reader);
    *reader = (struct reader){.arena = arena,
        .diags = diags,
        .source = source,
        .scratch = scratch,
        .keys = map_init(scratch)};
    size_t errors = diags_errors(diags);
    const struct source *from = &diags->sources.at[source];
    if (!is_acceptable(reader, from))
        return NULL;
    const char *text = from->text;
    read_events(reader, text, from->length);
    if (diags_errors(diags) != errors)
        return NULL;
    if (reader->root == NULL || reader->blank) {
        reader->root = node_map(arena);
        place(reader, reader->root, (yaml_mark_t){0});
    }
    return reader->root;
}
