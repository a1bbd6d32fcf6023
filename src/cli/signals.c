#include "cli/cli.h"

#include "client/http.h"

#include <signal.h>
#include <unistd.h>

/* Ctrl-C while something is under way: let it end, then end; the third time end at once. */

static void on_signal(int number)
{
    (void)number;
    if (client_interrupted() >= 2)
        _exit(EXIT_INTERRUPTED);
    client_interrupt();
}

void signals_handle(void)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct sigaction before, action = {.sa_handler = on_signal};
        /* Who starts us with the signal ignored (nohup) means it. No SA_RESTART: a question on the
         * terminal must end. */
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}
