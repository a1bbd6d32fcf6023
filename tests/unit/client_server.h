/* Starts tests/unit/http_server.py for the tests of client/, and asks it what it has seen. */
#ifndef LITEFORM_TESTS_UNIT_CLIENT_SERVER_H
#define LITEFORM_TESTS_UNIT_CLIENT_SERVER_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct server {
    pid_t pid;
    int hold; /* its stdin: it ends when this does, also when the test crashes */
    char url[64];
};

static inline bool server_start(struct server *server)
{
    const char *python = getenv("PYTHON");
    int in[2], out[2];
    char line[32] = "";

    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        return false;
    server->pid = fork();
    if (server->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        if (python == NULL || *python == '\0')
            python = "python3";
        execlp(python, python, "tests/unit/http_server.py", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    server->hold = in[1];
    FILE *stream = fdopen(out[0], "r");
    bool read = stream != NULL && fgets(line, sizeof(line), stream) != NULL;
    if (stream != NULL)
        fclose(stream);
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%ld", strtol(line, NULL, 10));
    return read;
}

static inline void server_stop(struct server *server)
{
    int status = 0;

    close(server->hold);
    while (waitpid(server->pid, &status, 0) < 0 && errno == EINTR)
        continue;
}

#endif
