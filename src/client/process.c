/* Runs child processes side by side: posix_spawn, pipes, one poll loop, a limit on time and output. */
#include "client/process.h"

#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"
#include "client/http.h"
#include "client/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ERR ((size_t)4 << 10)
#define GRACE_MS 2000 /* between SIGTERM and SIGKILL */
#define BLIND_MS 20   /* how often to look for the end of a child where the kernel has no pidfd */
#define LOOK_MS 200   /* how often to look whether to stop, should nothing wake us */

struct child {
    const struct process_job *job;
    pid_t pid;
    int out_fd, err_fd;
    int pid_fd;       /* readable when it has ended; -1 on kernels without */
    int64_t deadline; /* of the run, then of the grace; 0 once SIGKILL went out */
    bool terminated;  /* SIGTERM went out */
};

extern char **environ;

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
#define CLEANUP_FD __attribute__((cleanup(close_fd)))

/* The child of this spawn gets three descriptors and nothing else that we hold or forgot to mark. */
/**
 * Whether there is such a program: 0, or why not. posix_spawnp() says so itself where the child
 * shares our memory until it runs; where it does not (under valgrind), only the child would know.
 */
static int look_up(const char *name)
{
    const char *path = getenv("PATH");
    CLEANUP_BUF struct buf candidate = BUF_INIT(PATH_MAX);
    int reason = ENOENT;

    if (strchr(name, '/') != NULL)
        return access(name, X_OK) == 0 ? 0 : errno;
    for (const char *at = path != NULL ? path : "/bin:/usr/bin"; *at != '\0';) {
        size_t length = strcspn(at, ":");
        buf_reset(&candidate);
        buf_add(&candidate, at, length);
        buf_str(&candidate, length > 0 ? "/" : "./");
        buf_str(&candidate, name);
        if (access(buf_text(&candidate), X_OK) == 0)
            return 0;
        reason = errno == EACCES ? EACCES : reason;
        at += length + (at[length] == ':' ? 1 : 0);
    }
    return reason;
}

static int spawn(const struct process_job *job, int out_fd, int err_fd, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    static const char *const nothing[] = {NULL};
    const char *const *environment = job->environment != NULL ? job->environment : nothing;
    short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int error = look_up(job->argv[0]);
    if (error == 0)
        error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, err_fd, 2);
    if (error == 0)
        error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_setflags(&attributes, flags);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    /* posix_spawn wants char *const[] and changes nothing: the cast is of the interface. */
    if (error == 0)
        error = posix_spawnp(ret_pid, job->argv[0], &actions, &attributes,
            (char *const *)(uintptr_t)job->argv, (char *const *)(uintptr_t)environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Both ends above 2, so that the dup2 in the child can never hit the other pipe: a program that was
   started with stdin or stdout closed would get those numbers here. */
static int make_pipe(int *ret_read, int *ret_write)
{
    int low[2];

    if (pipe2(low, O_CLOEXEC) != 0)
        return errno;
    for (int i = 0; i < 2; i++) {
        int high = low[i] > 2 ? low[i] : fcntl(low[i], F_DUPFD_CLOEXEC, 3);
        if (high != low[i])
            close(low[i]);
        low[i] = high;
    }
    *ret_read = low[0];
    *ret_write = low[1];
    if (low[0] < 0 || low[1] < 0 || fcntl(low[0], F_SETFL, O_NONBLOCK) != 0)
        return EMFILE; /* the ends are the caller's to close, all the same */
    return 0;
}

/** Prepares the result and starts the child; false when that failed, with the reason in `err`. */
static bool child_start(struct child *child, const struct process_job *job)
{
    struct process_result *result = job->ret_result;
    CLEANUP_FD int out_write = -1;
    CLEANUP_FD int err_write = -1;

    *result = (struct process_result){
        .exit_code = -1,
        .out = BUF_INIT(job->max_out != 0 ? job->max_out : BUF_MAX),
        .err = BUF_INIT(MAX_ERR),
    };
    *child = (struct child){.job = job, .out_fd = -1, .err_fd = -1, .pid_fd = -1};
    int error = make_pipe(&child->out_fd, &out_write);
    if (error == 0)
        error = make_pipe(&child->err_fd, &err_write);
    if (error == 0)
        error = spawn(job, out_write, err_write, &child->pid);
    if (error != 0) {
        close_fd(&child->out_fd);
        close_fd(&child->err_fd);
        buf_str(&result->err, strerror(error));
        return false;
    }
    child->pid_fd = pidfd_open(child->pid, 0);
    child->deadline = clock_ms() + (int64_t)job->timeout_ms;
    return true;
}

/* What is there now. Beyond the limit it is read and thrown away: a full pipe would stop the child. */
static void drain(int *fd, struct buf *buf)
{
    char bytes[4096];

    while (*fd >= 0) {
        ssize_t got = read(*fd, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            break;
        if (got <= 0) {
            close_fd(fd);
            break;
        }
        size_t room = buf->max - buf->len;
        size_t taken = (size_t)got < room ? (size_t)got : room;
        if (!buf->overflow)
            buf_add(buf, bytes, taken);
        if (taken < (size_t)got)
            buf->overflow = true;
    }
    explicit_bzero(bytes, sizeof(bytes)); /* it may have been a secret */
}

/** Whether it has ended; then its result is complete and its descriptors are closed. */
static bool child_ended(struct child *child)
{
    struct process_result *result = child->job->ret_result;
    int status = 0;

    drain(&child->out_fd, &result->out);
    drain(&child->err_fd, &result->err);
    pid_t ended = waitpid(child->pid, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR))
        return false;
    /* What it wrote between our read and its end. A grandchild that holds the pipes is not waited
       for: an agent that a command leaves behind would hold them for ever. */
    drain(&child->out_fd, &result->out);
    drain(&child->err_fd, &result->err);
    close_fd(&child->out_fd);
    close_fd(&child->err_fd);
    close_fd(&child->pid_fd);
    if (ended > 0)
        result->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
}

/* Only a child that was not waited for is signalled, so the number cannot be anybody else's. */
static void child_hurry(struct child *child, int64_t now)
{
    bool abandoned = client_interrupted() >= 2;

    if (child->deadline == 0 || (now < child->deadline && (child->terminated || !abandoned)))
        return;
    if (!child->terminated) {
        if (now >= child->deadline)
            child->job->ret_result->timed_out = true;
        child->terminated = true;
        child->deadline = now + GRACE_MS;
        kill(-child->pid, SIGTERM);
    } else {
        child->deadline = 0;
        kill(-child->pid, SIGKILL);
    }
}

static void wait_for_any(struct child *children, size_t count, struct pollfd *fds)
{
    int64_t wait = LOOK_MS, now = clock_ms();
    nfds_t used = 0;

    fds[used++] = (struct pollfd){.fd = interrupt_fd(), .events = POLLIN};
    for (size_t i = 0; i < count; i++) {
        struct child *child = &children[i];
        fds[used++] = (struct pollfd){.fd = child->out_fd, .events = POLLIN};
        fds[used++] = (struct pollfd){.fd = child->err_fd, .events = POLLIN};
        fds[used++] = (struct pollfd){.fd = child->pid_fd, .events = POLLIN};
        if (child->deadline != 0 && child->deadline - now < wait)
            wait = child->deadline - now;
        if (child->pid_fd < 0 && wait > BLIND_MS)
            wait = BLIND_MS;
    }
    if (poll(fds, used, wait < 0 ? 0 : (int)wait) > 0 && fds[0].revents != 0)
        interrupt_drain();
}

void process_run_all(const struct process_job *jobs, size_t count, size_t most)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    size_t limit = most == 0 ? 1 : most;
    struct child *children = arena_array(scratch, limit, sizeof(*children));
    struct pollfd *fds = arena_array(scratch, 3 * limit + 1, sizeof(*fds));
    size_t next = 0, running = 0;

    interrupt_prepare();
    for (;;) {
        while (running < limit && next < count) {
            if (child_start(&children[running], &jobs[next++]))
                running++;
        }
        if (running == 0)
            return;
        wait_for_any(children, running, fds);
        for (size_t i = running; i-- > 0;) {
            if (child_ended(&children[i]))
                children[i] = children[--running];
            else
                child_hurry(&children[i], clock_ms());
        }
    }
}

void process_run(const char *const *argv, const char *const *environment, size_t max_out,
    uint32_t timeout_ms, struct process_result *ret_result)
{
    struct process_job job = {argv, environment, max_out, timeout_ms, ret_result};

    process_run_all(&job, 1, 1);
}

const char **process_environment(struct arena *arena)
{
    static const char *const kept[] = {
        "PATH=", "HOME=", "LANG=", "USER=", "TERM=", "KUBECONFIG=", "AWS_"};
    struct strings list = {0};

    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
            if (text_starts(*entry, kept[i]))
                strings_add(arena, &list, *entry); /* no copy: AWS_SECRET_ACCESS_KEY is one */
        }
    }
    strings_add(arena, &list, NULL);
    return list.at;
}
