#include "cli/state_copies.h"

#include "base/text.h"
#include "cli/state_actions.h"

#include <stdlib.h>
#include <string.h>

/* Reading history/. */

static int compare_copies(const void *a, const void *b)
{
    const struct state_copy *x = a, *y = b;
    if (x->serial != y->serial)
        return x->serial > y->serial ? -1 : 1;
    /* Runs that never committed leave copies of one serial: the last one knows most. */
    const char *x_at = x->state == NULL ? NULL : x->state->written_at;
    const char *y_at = y->state == NULL ? NULL : y->state->written_at;
    int order = strcmp(y_at == NULL ? "" : y_at, x_at == NULL ? "" : x_at);
    return order != 0 ? order : strcmp(y->name, x->name);
}

static struct state_copy read_copy(struct run *run, const char *name)
{
    struct state_copy copy = {.name = name, .serial = state_name_serial(name, STATE_HISTORY)};
    struct diags found = diags_init(run->arena);
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL;
    enum backend_result result =
        run->backend->ops->read(run->backend, run->arena, name, &bytes, &length, &etag, &found);
    if (result == BACKEND_OK)
        copy.state = state_decode(run->arena, bytes, length, run->spec->environment, &found);
    if (copy.state == NULL)
        copy.reason = found.list.count > 0 ? found.list.at[0].message : "it is gone";
    return copy;
}

enum exit_code state_copies(struct run *run, struct state_copies *copies)
{
    struct strings names = {0};
    if (run->backend->ops->list(
            run->backend, run->arena, STATE_HISTORY, &names, &run->call->diags) == BACKEND_FAILED)
        return EXIT_ERROR;
    for (size_t i = 0; i < names.count; i++) {
        if (state_name_serial(names.at[i], STATE_HISTORY) >= 0)
            *VEC_ADD(run->arena, &copies->list) = read_copy(run, names.at[i]);
    }
    if (copies->list.count > 1)
        qsort(copies->list.at, copies->list.count, sizeof(*copies->list.at), compare_copies);
    return EXIT_DONE;
}

int64_t state_word_serial(const char *word)
{
    enum { DIGITS = 18 };
    size_t length = strlen(word);
    if (length == 0 || length > DIGITS || strspn(word, "0123456789") != length)
        return -1;
    int64_t serial = 0;
    for (; *word != '\0'; word++)
        serial = serial * 10 + (*word - '0');
    return serial;
}
