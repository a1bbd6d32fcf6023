#include "cli/cli.h"

/* The only file that is compiled with the version. */

#ifndef LITEFORM_VERSION
#error "LITEFORM_VERSION is given by the build"
#endif

const char *version_number(void)
{
    return LITEFORM_VERSION;
}

const char *version_tool(void)
{
    return "liteform " LITEFORM_VERSION;
}
