/* Starts tests/sandbox/aws.py for the tests of client/aws*.c, and tells it what to be and to do. */
#ifndef LITEFORM_TESTS_UNIT_AWS_SERVER_H
#define LITEFORM_TESTS_UNIT_AWS_SERVER_H

#include "client/exchange.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct aws_server {
    pid_t pid;
    char url[64];
};

static inline bool aws_server_start(struct aws_server *server)
{
    const char *python = getenv("PYTHON");
    int out[2];
    char line[128] = "";

    if (pipe2(out, O_CLOEXEC) != 0)
        return false;
    server->pid = fork();
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that crashes takes it along */
        dup2(out[1], 1);
        if (python == NULL || *python == '\0')
            python = "python3";
        execlp(python, python, "tests/sandbox/aws.py", (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *stream = fdopen(out[0], "r");
    bool read = stream != NULL && fgets(line, sizeof(line), stream) != NULL &&
                sscanf(line, "AWS_STANDIN_URL=%60s", server->url) == 1;
    while (read && fgets(line, sizeof(line), stream) != NULL && strncmp(line, "READY", 5) != 0)
        continue; /* to its last line: a pipe that is closed before would end it */
    if (stream != NULL)
        fclose(stream);
    return read;
}

static inline void aws_server_stop(const struct aws_server *server)
{
    kill(server->pid, SIGTERM);
    waitpid(server->pid, NULL, 0);
}

/** Sends JSON to a control route ("faults"), NULL: asks it. What it answers, or NULL when refused. */
static inline const char *aws_server_ask(
    const struct aws_server *server, struct arena *arena, const char *route, const char *json)
{
    struct exchange *exchange = exchange_new();
    struct buf body = BUF_INIT(0);

    buf_str(&body, json != NULL ? json : "");
    struct exchange_call call = {.method = json != NULL ? "POST" : "GET",
        .url = arena_printf(arena, "%s/_sandbox/%s", server->url, route),
        .body = json != NULL ? &body : NULL,
        .direct = true};
    struct exchange_reply reply = exchange_send(exchange, arena, &call);
    exchange_free(exchange);
    buf_release(&body);
    return reply.outcome == OUTCOME_ANSWERED && reply.status == 200 ? reply.body : NULL;
}

#endif
