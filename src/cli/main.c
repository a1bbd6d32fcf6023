#include "cli/cli.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* The process itself: what must hold before anything else runs. */

int main(int argc, char **argv)
{
    /* Memory may hold secrets, and files that are made are for their owner. */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    umask(077);
    /* A reader that goes away is an error of one write, not the end of an apply. */
    signal(SIGPIPE, SIG_IGN);
    return cli_run(argc, argv);
}
