#include "base/fail.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The last line of a process that cannot go on: the only writing to stderr outside cli. */

static void say(const char *text)
{
    /* write(2), not stdio: this must work with no memory left. A failure has nobody to be told. */
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
    (void)ignored;
}

void fail_memory(void)
{
    say("liteform: out of memory\n");
    /* _exit: handlers at exit might ask for memory again. */
    _exit(1);
}

void fail_bug(const char *what, const char *detail)
{
    say("liteform: bug: ");
    say(what);
    if (detail != NULL) {
        say(": ");
        say(detail);
    }
    say("\n");
    abort();
}
