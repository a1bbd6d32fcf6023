#include "cli/takeover.h"

#include "cli/session.h"
#include "model/mark.h"

/* Taking over from another state. Nothing live is touched: the next apply writes our marks. */

/* The strange lineages on live objects, and how many objects carry them. */
static size_t strange(struct run *run, struct strings *ret_lineages)
{
    size_t count = 0;
    for (size_t k = 0; k < run->live->kind_count; k++) {
        VEC_EACH(object, &run->live->kinds[k].list) {
            const char *mark = (*object)->mark;
            if ((*object)->foreign || !mark_is_of(mark, run->spec->environment) ||
                !mark_is_strange(mark, &run->state->known))
                continue;
            count++;
            if (!strings_has(ret_lineages, mark_lineage(mark)))
                strings_add(run->arena, ret_lineages, mark_lineage(mark));
        }
    }
    strings_sort(ret_lineages);
    return count;
}

static enum exit_code note(struct run *run, const struct strings *lineages)
{
    struct session *session = NULL;
    enum exit_code code = run_lock(run, "init --take-over", &session);
    if (code != EXIT_DONE)
        return code;
    code = run_frozen(run);
    if (code == EXIT_DONE)
        code = run_claim(run, session, "init --take-over");
    if (code != EXIT_DONE) {
        run_close(run, session, NULL);
        return code;
    }
    struct state *state = session_state(session);
    for (size_t i = 0; i < lineages->count; i++)
        strings_add(run->arena, &state->known.taken_over, lineages->at[i]);
    code = run_close(run, session, status_kept(run));
    return code == EXIT_DONE ? run_state(run) : code;
}

enum exit_code take_over(struct run *run, const char **ret_text)
{
    struct strings lineages = {0};
    enum exit_code read = run_collect(run);
    if (read != EXIT_DONE)
        return read;
    size_t count = strange(run, &lineages);
    if (count == 0) {
        *ret_text = "nothing live carries the mark of another state";
        return EXIT_DONE;
    }
    enum exit_code code = note(run, &lineages);
    *ret_text = arena_printf(run->arena,
        "%zu objects of another state (%zu %s); the next apply "
        "marks them as this one's",
        count, lineages.count, lineages.count == 1 ? "lineage" : "lineages");
    return code;
}
