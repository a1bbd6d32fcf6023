/* What the fingerprint covers, the machine form of a plan, and what differs between two bases. */
#include "base/digest.h"
#include "base/text.h"
#include "plan/internal.h"

#include <string.h>

static struct node *texts(struct arena *arena, const struct strings *strings)
{
    struct node *list = node_list(arena);
    for (size_t i = 0; i < strings->count; i++) {
        node_list_add(arena, list, node_string(arena, strings->at[i]));
    }
    return list;
}

static struct node *or_null(struct arena *arena, const struct node *node)
{
    return node != NULL ? (struct node *)node_copy(arena, node) : node_null(arena);
}

static struct node *basis_change(struct arena *arena, const struct change *change)
{
    struct node *out = node_map(arena);
    struct node *fields = node_list(arena);

    VEC_EACH(field, &change->fields) {
        struct node *one = node_map(arena);
        node_set_string(arena, one, "path", field->path);
        node_set(arena, one, "old", or_null(arena, field->old));
        node_set(arena, one, "new", or_null(arena, field->new));
        node_list_add(arena, fields, one);
    }
    node_set_string(arena, out, "address", change->address);
    node_set_string(arena, out, "action", action_name(change->action));
    node_set(arena, out, "fields", fields);
    node_set(arena, out, "takes", texts(arena, &change->takes));
    if (change->extra != NULL) {
        node_set(arena, out, "extra", node_copy(arena, change->extra));
    }
    return out;
}

void plan_fingerprint(struct planning *p)
{
    struct arena *arena = p->arena;
    struct node *basis = node_map(arena), *changes = node_list(arena), *allow = node_list(arena);
    struct node *scope = node_map(arena);

    VEC_EACH(change, &p->plan->changes) {
        node_list_add(arena, changes, basis_change(arena, *change));
    }
    for (size_t i = 0; p->options->allowances != NULL && i < p->options->allowances->list.count;
         i++) {
        const struct allowance *one = &p->options->allowances->list.at[i];
        node_list_add(arena, allow,
            node_string(arena, one->address != NULL
                                   ? arena_printf(arena, "%s %s", one->name, one->address)
                                   : one->name));
    }
    node_set(arena, scope, "only", texts(arena, &p->options->only));
    node_set(arena, scope, "skip", texts(arena, &p->options->skip));
    node_set_string(arena, basis, "format", "liteform-plan/1");
    node_set_string(arena, basis, "environment", p->spec->environment);
    node_set(arena, basis, "target", or_null(arena, p->options->target));
    node_set(arena, basis, "scope", scope);
    node_set(arena, basis, "allowances", allow);
    node_set(arena, basis, "changes", changes);
    p->plan->basis = basis;

    const char *hex = node_digest(arena, basis);
    p->plan->fingerprint =
        arena_printf(arena, "%.4s-%.4s-%.4s-%.4s", hex, hex + 4, hex + 8, hex + 12);
}

/** A value for people and machines: no trace of a secret but its reference. */
static struct node *shown(
    struct arena *arena, const struct field_change *field, const struct node *value)
{
    if (value == NULL) {
        return node_null(arena);
    }
    if (field->sensitive) {
        const char *reference = node_get_text(value, "reference");
        return node_string(arena, reference != NULL ? reference : "(sensitive)");
    }
    return node_copy(arena, value);
}

static struct node *change_node(struct arena *arena, const struct change *change)
{
    struct node *out = node_map(arena), *fields = node_list(arena);

    VEC_EACH(field, &change->fields) {
        struct node *one = node_map(arena);
        node_set_string(arena, one, "path", field->path);
        node_set(arena, one, "old", shown(arena, field, field->old));
        node_set(arena, one, "new", shown(arena, field, field->new));
        node_set_bool(arena, one, "sensitive", field->sensitive);
        node_set_bool(arena, one, "outside", field->outside);
        node_list_add(arena, fields, one);
    }
    node_set_string(arena, out, "address", change->address);
    node_set_string(arena, out, "action", action_name(change->action));
    node_set_string(arena, out, "reason", change->reason);
    node_set_int(arena, out, "step", change->step);
    node_set(arena, out, "id", node_string(arena, change->id));
    node_set(arena, out, "fields", fields);
    node_set(arena, out, "needs", texts(arena, &change->needs));
    node_set(arena, out, "takes", texts(arena, &change->takes));
    node_set(arena, out, "risks", texts(arena, &change->risks));
    node_set(arena, out, "note", node_string(arena, change->note));
    return out;
}

static struct node *counts_node(struct arena *arena, const struct counts *counts)
{
    struct node *out = node_map(arena);
    const struct {
        const char *name;
        unsigned value;
    } rows[] = {{"create", counts->create}, {"update", counts->update},
        {"replace", counts->replace}, {"delete", counts->delete}, {"adopt", counts->adopt},
        {"forget", counts->forget}, {"restart", counts->restart}, {"rotate", counts->rotate},
        {"repair", counts->repair}, {"move", counts->move}, {"unchanged", counts->unchanged},
        {"unmanaged", counts->unmanaged}, {"not_compared", counts->not_compared}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        node_set_int(arena, out, rows[i].name, rows[i].value);
    }
    return out;
}

static struct node *findings_node(struct arena *arena, const struct diags *findings)
{
    struct node *list = node_list(arena);

    VEC_EACH(diag, &findings->list) {
        struct node *one = node_map(arena);
        bool placed = diag->where.line > 0;
        const char *path = placed && diag->where.file < findings->sources.count
                               ? findings->sources.at[diag->where.file].path
                               : NULL;
        node_set_string(arena, one, "id", diag->id);
        node_set_string(arena, one, "level", severity_name(diag->severity));
        node_set_string(arena, one, "message", diag->message);
        node_set(arena, one, "address", node_string(arena, diag->address));
        node_set(arena, one, "file", node_string(arena, path));
        node_set(arena, one, "line", placed ? node_int(arena, diag->where.line) : node_null(arena));
        node_set(
            arena, one, "column", placed ? node_int(arena, diag->where.column) : node_null(arena));
        node_set(arena, one, "fix", node_string(arena, diag->fix));
        node_list_add(arena, list, one);
    }
    return list;
}

static struct node *guards_node(struct arena *arena, const struct guards *guards)
{
    struct node *list = node_list(arena);

    VEC_EACH(guard, &guards->list) {
        struct node *one = node_map(arena);
        node_set_string(arena, one, "id", guard->id);
        node_set(arena, one, "address", node_string(arena, guard->address));
        node_set_string(arena, one, "message", guard->message);
        node_set(arena, one, "allow", node_string(arena, guard->allow));
        node_set_bool(arena, one, "allowed", guard->allowed);
        node_list_add(arena, list, one);
    }
    return list;
}

struct node *plan_to_node(struct arena *arena, const struct plan *plan)
{
    struct node *out = node_map(arena), *changes = node_list(arena), *unread = node_list(arena);
    struct node *unmanaged = node_list(arena);

    VEC_EACH(change, &plan->changes) {
        node_list_add(arena, changes, change_node(arena, *change));
    }
    VEC_EACH(one, &plan->unread) {
        struct node *row = node_map(arena);
        node_set_string(arena, row, "kind", one->kind->name);
        node_set(arena, row, "reason", node_string(arena, one->reason));
        node_set_int(arena, row, "wanted", one->wanted);
        node_list_add(arena, unread, row);
    }
    VEC_EACH(one, &plan->unmanaged) {
        node_list_add(arena, unmanaged, node_string(arena, one->address));
    }
    node_set_string(arena, out, "format", "liteform-plan/1");
    node_set_string(arena, out, "environment", plan->spec->environment);
    node_set_string(arena, out, "fingerprint", plan->fingerprint);
    node_set(arena, out, "server", node_string(arena, plan->live->server.version));
    node_set(arena, out, "changes", changes);
    node_set(arena, out, "counts", counts_node(arena, &plan->counts));
    node_set(arena, out, "findings", findings_node(arena, &plan->findings));
    node_set(arena, out, "guards", guards_node(arena, &plan->guards));
    node_set(arena, out, "unread", unread);
    node_set(arena, out, "unmanaged", unmanaged);
    node_set(arena, out, "held", texts(arena, &plan->held));
    node_set(arena, out, "outside", texts(arena, &plan->outside));
    node_set(arena, out, "not_collected", texts(arena, &plan->spec->not_collected));
    return out;
}

static struct map basis_index(struct arena *arena, const struct node *changes)
{
    struct map index = map_init(arena);
    for (uint32_t i = 0; node_is(changes, NODE_LIST) && i < changes->count; i++) {
        const char *address = node_get_text(changes->items[i], "address");
        if (address != NULL) {
            map_hold(&index, address, changes->items[i]);
        }
    }
    return index;
}

static void compare_bases(struct arena *arena, const struct map *from, const struct map *to,
    const char *only_line, bool both, struct strings *out)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct node *one = from->at[i].value;
        const struct node *other = map_get(to, from->at[i].key);
        if (other == NULL) {
            strings_add(arena, out,
                arena_printf(arena, "%s: %s (%s)", from->at[i].key, only_line,
                    node_get_text(one, "action")));
        } else if (both && !node_equal(other, one)) {
            strings_add(arena, out,
                arena_printf(arena, "%s: would now be: %s, with other values than planned",
                    from->at[i].key, node_get_text(other, "action")));
        }
    }
}

void plan_moved(struct arena *arena, const struct node *stored, const struct plan *now,
    struct strings *ret_lines)
{
    struct map before = basis_index(arena, node_get(stored, "changes"));
    struct map after = basis_index(arena, node_get(now->basis, "changes"));
    const char *const parts[] = {"environment", "target", "scope", "allowances"};

    compare_bases(arena, &before, &after, "was planned, is no longer needed", true, ret_lines);
    compare_bases(arena, &after, &before, "was not planned, is needed now", false, ret_lines);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!node_equal(node_get(stored, parts[i]), node_get(now->basis, parts[i]))) {
            strings_add(arena, ret_lines, arena_printf(arena, "%s differs", parts[i]));
        }
    }
}
