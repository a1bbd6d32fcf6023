#include "cli/cli.h"
#include "cli/out.h"

#include "base/text.h"

#include <string.h>

/* `explain [ID]`: the long text of a rule or an error, offline. */

static struct node *entry_node(struct arena *arena, const struct catalog_entry *entry)
{
    struct node *node = node_map(arena);
    node_set_string(arena, node, "id", entry->id);
    node_set_string(arena, node, "level", severity_name(entry->severity));
    node_set_string(arena, node, "title", entry->title);
    node_set_string(arena, node, "text", entry->text);
    return node;
}

static enum exit_code list_all(struct call *call)
{
    struct node *list = node_list(call->arena);
    for (const struct catalog_entry *entry = diag_catalog; entry->id != NULL; entry++) {
        buf_printf(
            &call->text, "%s  %-7s  %s\n", entry->id, severity_name(entry->severity), entry->title);
        node_list_add(call->arena, list, entry_node(call->arena, entry));
    }
    node_set(call->arena, call_result(call), "rules", list);
    return EXIT_DONE;
}

/* Words of `text` in lines of at most `width` columns. */
static void fill(struct buf *out, const char *text, size_t width)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t bytes = strcspn(text, " "), columns = text_count(text, bytes);
        if (column > 0 && column + 1 + columns > width) {
            buf_char(out, '\n');
            column = 0;
        } else if (column > 0) {
            buf_char(out, ' ');
            column++;
        }
        buf_add(out, text, bytes);
        column += columns;
        text += bytes;
        text += strspn(text, " ");
    }
    buf_char(out, '\n');
}

static enum exit_code run(struct call *call)
{
    const char *id = call_word(call, 0);
    if (id == NULL)
        return list_all(call);
    const struct catalog_entry *entry = diag_lookup(id);
    if (entry == NULL) {
        struct strings ids = {0};
        for (const struct catalog_entry *at = diag_catalog; at->id != NULL; at++)
            strings_add(call->arena, &ids, at->id);
        const char *nearest = text_nearest(id, &ids);
        struct diag *diag = diag_add(&call->diags, "LF619", "there is no \"%s\"", id);
        diag->fix = nearest == NULL ? "liteform explain lists all"
                                    : arena_printf(call->arena, "did you mean %s?", nearest);
        return EXIT_USAGE;
    }
    unsigned width = out_style(false).width;
    buf_printf(
        &call->text, "%s (%s): %s\n\n", entry->id, severity_name(entry->severity), entry->title);
    fill(&call->text, entry->text, width >= 40 && width < 100 ? width : 100);
    node_set(call->arena, call_result(call), "rule", entry_node(call->arena, entry));
    return EXIT_DONE;
}

const struct verb verb_explain = {
    .name = "explain",
    .synopsis = "explain [ID]",
    .summary = "the long text of a rule or an error; all of them without ID",
    .help = "Examples:\n"
            "  liteform explain LF010\n"
            "  liteform explain            lists all ids\n",
    .max_words = 1,
    .run = run,
};
