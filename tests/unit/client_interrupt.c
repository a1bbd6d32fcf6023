/* Stopping: the first wish lets things drain, the second ends them. The count is of the process, so
   each case is a child of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "client/http.h"
#include "client/interrupt.h"
#include "client/process.h"
#include "unit/client_server.h"

#include <pthread.h>
#include <stdatomic.h>

struct case_data {
    struct client *client;
    const char *path;
    size_t given, done, good, lost, stopped, waited;
    size_t interrupt_at; /* how many are done when client_interrupt() is called; 0: by tick */
    unsigned times;      /* how often it is called by tick */
};

static bool case_next(void *context, struct request *ret_request, void **ret_tag)
{
    struct case_data *data = context;

    data->given++;
    *ret_request = (struct request){
        .endpoint = "litellm", .method = "POST", .path = data->path, .write = true};
    *ret_tag = data;
    return true; /* for ever: only an interrupt ends it */
}

static void case_done(
    void *context, const struct request *request, const struct reply *reply, void *tag)
{
    struct case_data *data = context;

    (void)request;
    if (tag != data)
        abort();
    data->done++;
    data->good += reply_ok(reply);
    data->lost += reply->outcome == OUTCOME_LOST;
    data->stopped += reply->outcome == OUTCOME_STOPPED;
    data->waited += reply->status == 429;
    if (data->done == data->interrupt_at)
        client_interrupt();
}

/** Interrupts once the server has all that the window takes. A request from inside of a tick. */
static bool case_tick(void *context)
{
    struct case_data *data = context;

    if (data->times > 0) {
        struct arena *arena = arena_new();
        struct request request = {.endpoint = "stats", .method = "GET", .path = "/stats"};
        struct reply reply = client_send(data->client, arena, &request);
        if (node_get_int(node_get(reply.body, "hits"), data->path, 0) >= 4) {
            for (; data->times > 0; data->times--)
                client_interrupt();
        }
        arena_free(arena);
    }
    return true;
}

/** Runs `body` in a child; its exit code. */
static int in_child(int (*body)(struct client *client, struct server *server))
{
    struct server server = {0};
    int status = 0;

    if (!server_start(&server))
        return 100;
    pid_t pid = fork();
    if (pid == 0) {
        struct secrets *secrets = secrets_new(NULL);
        struct client *client = client_new(secrets);
        client_endpoint(
            client, &(struct endpoint){
                        .name = "litellm", .url = server.url, .window = 4, .timeout_ms = 20000});
        client_endpoint(client, &(struct endpoint){.name = "stats", .url = server.url});
        int code = body(client, &server);
        client_free(client);
        secrets_free(secrets);
        exit(code);
    }
    waitpid(pid, &status, 0);
    server_stop(&server);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

static void run_case(struct client *client, struct case_data *data)
{
    data->client = client;
    client_run(client, &(struct client_calls){.context = data,
                           .next = case_next,
                           .done = case_done,
                           .tick = case_tick,
                           .tick_ms = 10});
}

static int drains(struct client *client, struct server *server)
{
    struct case_data data = {.path = "/ok", .interrupt_at = 20};

    (void)server;
    run_case(client, &data);
    if (data.done != data.given)
        return 1;
    if (data.lost != 0 || data.good + data.stopped != data.done)
        return 2;
    if (data.good < 20 || data.good > 24) /* what was in flight came to its end */
        return 3;
    /* A second run starts nothing, while a single request still goes: the state is to be written. */
    size_t before = data.done;
    run_case(client, &data);
    if (data.done != before)
        return 4;
    struct arena *arena = arena_new();
    struct request request = {
        .endpoint = "litellm", .method = "POST", .path = "/ok", .write = true};
    struct reply reply = client_send(client, arena, &request);
    bool worked = reply_ok(&reply);
    arena_free(arena);
    return worked && client_interrupted() == 1 ? 0 : 5;
}

static void test_first_drains(void **state)
{
    (void)state;
    assert_int_equal(in_child(drains), 0);
}

static int ends_waits(struct client *client, struct server *server)
{
    struct case_data data = {.path = "/status?code=429&after=15", .times = 1};
    int64_t began = clock_ms();

    (void)server;
    run_case(client, &data);
    if (clock_ms() - began > 5000)
        return 1;
    if (data.done != data.given)
        return 2;
    return data.waited == 4 && data.stopped == data.done - 4 ? 0 : 3;
}

static void test_first_ends_waits(void **state)
{
    (void)state;
    assert_int_equal(in_child(ends_waits), 0);
}

static int abandons(struct client *client, struct server *server)
{
    struct case_data data = {.path = "/never", .times = 2};
    int64_t began = clock_ms();

    (void)server;
    run_case(client, &data);
    if (clock_ms() - began > 5000)
        return 1;
    if (data.done != data.given)
        return 2;
    return data.lost == 4 && data.lost + data.stopped == data.done ? 0 : 3;
}

static void test_second_abandons(void **state)
{
    (void)state;
    assert_int_equal(in_child(abandons), 0);
}

static void on_signal(int number)
{
    (void)number;
    client_interrupt();
}

/* Again and again, as the system folds signals into one that come close together. */
static void *signal_often(void *context)
{
    atomic_bool *enough = context;

    while (!atomic_load(enough)) {
        kill(getpid(), SIGUSR1);
        usleep(20000);
    }
    return NULL;
}

/* By a signal, from inside of a wait that has nothing else to wake it. */
static int wakes(struct client *client, struct server *server)
{
    struct arena *arena = arena_new();
    struct request request = {.endpoint = "litellm",
        .method = "POST",
        .path = "/never",
        .write = true,
        .timeout_ms = 15000};
    struct sigaction action = {.sa_handler = on_signal};
    atomic_bool enough = false;
    pthread_t thread;

    (void)server;
    sigaction(SIGUSR1, &action, NULL);
    if (pthread_create(&thread, NULL, signal_often, &enough) != 0)
        return 1;
    while (client_interrupted() < 2)
        usleep(1000);
    /* A run is not even begun; a single request is ended by a signal that comes after it began. */
    struct case_data data = {.path = "/never"};
    run_case(client, &data);
    int before = client_interrupted();
    int64_t began = clock_ms();
    struct reply reply = client_send(client, arena, &request);
    int64_t took = clock_ms() - began;
    enum fault fault = reply.fault;
    int after = client_interrupted();
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    arena_free(arena);
    if (data.given != 0)
        return 2;
    return took < 5000 && fault == FAULT_STOPPED && after > before ? 0 : 3;
}

static void test_signal_wakes(void **state)
{
    (void)state;
    assert_int_equal(in_child(wakes), 0);
}

static void *interrupt_twice(void *context)
{
    (void)context;
    client_interrupt();
    client_interrupt();
    return NULL;
}

/* A question: a signal before its read, or during, must not leave it waiting for ever. */
static int ends_question(struct client *client, struct server *server)
{
    int ends[2];
    pthread_t thread;

    (void)client, (void)server;
    if (pipe(ends) != 0 || write(ends[1], "y", 1) != 1 || !interrupt_wait_input(ends[0]))
        return 1;
    char c;
    if (read(ends[0], &c, 1) != 1 || pthread_create(&thread, NULL, interrupt_twice, NULL) != 0)
        return 2;
    bool during = interrupt_wait_input(ends[0]);
    pthread_join(thread, NULL);
    return !during && !interrupt_wait_input(ends[0]) ? 0 : 3;
}

static void test_ends_question(void **state)
{
    (void)state;
    assert_int_equal(in_child(ends_question), 0);
}

/* A child process is ended by the second, with its whole group. */
static int ends_child(struct client *client, struct server *server)
{
    static const char *const argv[] = {"sh", "-c", "sleep 60 & wait", NULL};
    struct process_result result;
    struct arena *arena = arena_new();
    pthread_t thread;
    int64_t began = clock_ms();

    (void)client, (void)server;
    if (pthread_create(&thread, NULL, interrupt_twice, NULL) != 0)
        return 1;
    process_run(argv, process_environment(arena), 100, 30000, &result);
    pthread_join(thread, NULL);
    buf_release(&result.out);
    buf_release(&result.err);
    arena_free(arena);
    if (clock_ms() - began > 10000)
        return 2;
    return result.exit_code == 128 + SIGTERM && !result.timed_out ? 0 : 3;
}

static void test_second_ends_child(void **state)
{
    (void)state;
    assert_int_equal(in_child(ends_child), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_drains),
        cmocka_unit_test(test_first_ends_waits),
        cmocka_unit_test(test_second_abandons),
        cmocka_unit_test(test_signal_wakes),
        cmocka_unit_test(test_ends_question),
        cmocka_unit_test(test_second_ends_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
