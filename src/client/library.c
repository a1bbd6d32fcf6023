/* The door to the dynamic loader. */
#include "client/library.h"

#include <dlfcn.h>

_Static_assert(sizeof(void *) == sizeof(void (*)(void)), "POSIX: dlsym() gives functions, too");

static bool fault(struct library *library)
{
    const char *said = dlerror();
    const char *of = *library->package != '\0' ? " of the package " : "";

    snprintf(library->missing, sizeof(library->missing), "%s%s%s cannot be used: %s",
        library->soname, of, library->package, said != NULL ? said : "no reason given");
    return false;
}

bool library_load(struct library *library)
{
    /* All symbols at once: what is missing is to be found here, not in the middle of an apply. */
    void *handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL)
        return fault(library);
    for (size_t i = 0; i < library->count; i++) {
        void *symbol = dlsym(handle, library->names[i]);
        if (symbol == NULL)
            return fault(library);
        memcpy((char *)library->functions + i * sizeof(symbol), &symbol, sizeof(symbol));
    }
    library->missing[0] = '\0';
    return true;
}

struct diag *library_fault(struct diags *diags, const char *missing)
{
    struct diag *diag = diag_add(diags, "LF630", "%s", missing);

    diag->fix = "install the package that holds this library";
    return diag;
}
