#include "diag/diag.h"

#include <strings.h>

/* The catalogue of diagnostics as a table. */

#define DIAG(name, level, heading, long_text)                                                      \
    {.id = (name), .severity = (level), .title = (heading), .text = (long_text)},

const struct catalog_entry diag_catalog[] = {
#include "diag/catalog.def"
    {.id = NULL},
};

#undef DIAG

const struct catalog_entry *diag_lookup(const char *id)
{
    for (const struct catalog_entry *entry = diag_catalog; entry->id != NULL; entry++) {
        if (strcasecmp(entry->id, id) == 0)
            return entry;
    }
    return NULL;
}
