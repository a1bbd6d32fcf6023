/* The loop against a server that misbehaves on demand: windows, repetition, lost answers, secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "client/http.h"
#include "unit/client_server.h"

struct fixture {
    struct server server;
    struct arena *arena;
    struct secrets *secrets;
    struct client *client;
    struct endpoint endpoint;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    if (f == NULL || !server_start(&f->server))
        return -1;
    f->arena = arena_new();
    f->secrets = secrets_new(&(struct secrets_options){.guarded = false});
    f->client = client_new(f->secrets);
    f->endpoint = (struct endpoint){.name = "litellm", .url = f->server.url, .timeout_ms = 20000};
    client_endpoint(f->client, &f->endpoint);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    client_free(f->client);
    secrets_free(f->secrets);
    server_stop(&f->server);
    arena_free(f->arena);
    free(f);
    return 0;
}

static struct reply send_to(struct fixture *f, const char *method, const char *path, bool write)
{
    struct request request = {
        .endpoint = "litellm", .method = method, .path = path, .write = write};

    if (text_equal(method, "POST")) {
        struct node *body = node_map(f->arena);
        node_set_string(f->arena, body, "team_alias", "core");
        request.body = body;
    }
    return client_send(f->client, f->arena, &request);
}

static struct reply get(struct fixture *f, const char *path)
{
    return send_to(f, "GET", path, false);
}

static const struct node *stats(struct fixture *f)
{
    struct reply reply = get(f, "/stats");

    assert_true(reply_ok(&reply));
    return reply.body;
}

static int64_t hits(struct fixture *f, const char *path)
{
    return node_get_int(node_get(stats(f), "hits"), path, 0);
}

/* ---------------------------------------------------------------- answers */

static void test_answer(void **state)
{
    struct fixture *f = *state;
    struct reply reply = get(f, "/ok?n=7");

    assert_true(reply_ok(&reply));
    assert_string_equal(node_get_text(reply.body, "method"), "GET");
    assert_string_equal(node_get_text(reply.body, "n"), "7");
    assert_null(reply.reason);
    assert_int_equal(reply.tries, 1);
    assert_string_equal(reply.content_type, "application/json");
    assert_string_equal(reply.url, arena_printf(f->arena, "%s/ok?n=7", f->server.url));

    reply = send_to(f, "DELETE", "/ok", true);
    assert_string_equal(node_get_text(reply.body, "method"), "DELETE");
    reply = send_to(f, "PATCH", "/ok", true);
    assert_string_equal(node_get_text(reply.body, "method"), "PATCH");
    reply = send_to(f, "POST", "/echo", true);
    assert_string_equal(node_get_text(node_get(reply.body, "got"), "team_alias"), "core");

    const struct node *seen = stats(f);
    const struct node *headers = node_get(seen, "headers");
    const struct node *last = headers->items[headers->count - 1];
    assert_string_equal(node_get_text(last, "content-type"), "application/json");
    assert_true(text_starts(node_get_text(last, "user-agent"), "liteform/"));
    assert_null(node_get(last, "accept-encoding"));
    assert_null(node_get(last, "authorization"));
    /* One connection served them all. */
    assert_int_equal(node_get_int(seen, "connections", 0), 1);
}

static void test_unusable(void **state)
{
    struct fixture *f = *state;
    struct reply reply = get(f, "/html");

    assert_int_equal(reply.outcome, OUTCOME_ANSWERED);
    assert_int_equal(reply.status, 200);
    assert_null(reply.body);
    assert_int_equal(reply.fault, FAULT_TEXT);
    assert_string_equal(reply.reason, "the answer is a web page");
    assert_non_null(strstr(reply.text, "Sign in"));

    reply = get(f, "/redirect");
    assert_int_equal(reply.status, 302);
    assert_non_null(strstr(reply.reason, "not followed"));
    assert_null(strstr(reply.reason, "pw@"));
    assert_int_equal(hits(f, "/ok?stolen"), 0);

    reply = get(f, "/empty");
    assert_int_equal(reply.status, 204);
    assert_null(reply.body);
    assert_string_equal(reply.reason, "the answer is empty");

    reply = get(f, "/bad-json");
    assert_null(reply.body);
    assert_non_null(strstr(reply.reason, "two members"));

    reply = get(f, "/nothing-here");
    assert_int_equal(reply.status, 404);
    assert_string_equal(node_get_text(reply.body, "detail"), "Not Found");
    assert_int_equal(reply.tries, 1);
}

static void test_no_endpoint(void **state)
{
    struct fixture *f = *state;
    struct request request = {.endpoint = "nobody", .method = "GET", .path = "/"};
    struct reply reply = client_send(f->client, f->arena, &request);

    assert_int_equal(reply.outcome, OUTCOME_STOPPED);
    assert_int_equal(reply.fault, FAULT_ENDPOINT);

    client_endpoint(f->client, &(struct endpoint){.name = "odd", .url = "ftp://127.0.0.1"});
    request.endpoint = "odd";
    reply = client_send(f->client, f->arena, &request);
    assert_int_equal(reply.outcome, OUTCOME_UNSENT);
    assert_int_equal(reply.fault, FAULT_ENDPOINT);
    assert_int_equal(reply.tries, 1);
}

/* ---------------------------------------------------------------- nothing was sent */

static void test_refused(void **state)
{
    struct fixture *f = *state;
    struct server gone = {0};

    /* A port that was just given back: nobody listens there. */
    assert_true(server_start(&gone));
    server_stop(&gone);
    client_endpoint(
        f->client, &(struct endpoint){.name = "gone", .url = gone.url, .timeout_ms = 1500});
    struct request request = {.endpoint = "gone", .method = "POST", .path = "/x", .write = true};
    struct reply reply = client_send(f->client, f->arena, &request);

    assert_int_equal(reply.outcome, OUTCOME_UNSENT);
    assert_int_equal(reply.fault, FAULT_CONNECT);
    assert_non_null(reply.reason);
    assert_true(reply.tries >= 2); /* a write, too: it surely was not carried out */
    assert_true(reply.elapsed_ms < 1500);

    client_endpoint(
        f->client, &(struct endpoint){
                       .name = "gone", .url = "http://no-such-host.invalid", .timeout_ms = 400});
    reply = client_send(f->client, f->arena, &request);
    assert_int_equal(reply.outcome, OUTCOME_UNSENT);
    assert_true(reply.fault == FAULT_NAME || reply.fault == FAULT_TIME);

    /* TLS spoken to a port without. */
    char *url = arena_printf(f->arena, "https%s", f->server.url + 4);
    client_endpoint(f->client, &(struct endpoint){.name = "gone", .url = url, .timeout_ms = 20000});
    reply = client_send(f->client, f->arena, &request);
    assert_int_equal(reply.outcome, OUTCOME_UNSENT);
    assert_int_equal(reply.fault, FAULT_TLS);
}

/* ---------------------------------------------------------------- lost answers */

static void test_write_is_never_repeated(void **state)
{
    struct fixture *f = *state;
    static const char *const paths[] = {
        "/drop-after", "/truncated", "/chunk-garbage", "/garbage", "/status?code=500"};
    static const enum outcome outcomes[] = {
        OUTCOME_LOST, OUTCOME_LOST, OUTCOME_LOST, OUTCOME_LOST, OUTCOME_ANSWERED};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct reply reply = send_to(f, "POST", paths[i], true);
        assert_int_equal(reply.outcome, outcomes[i]);
        assert_int_equal(reply.tries, 1);
        assert_int_equal(hits(f, paths[i]), 1);
        if (reply.outcome == OUTCOME_LOST)
            assert_int_equal(reply.fault, FAULT_BROKEN);
    }
    assert_int_equal(send_to(f, "POST", "/status?code=502", true).tries, 1);
    assert_int_equal(send_to(f, "POST", "/status?code=504", true).tries, 1);
    assert_int_equal(send_to(f, "POST", "/status?code=408", true).tries, 1);
    assert_int_equal(send_to(f, "POST", "/status?code=503", true).tries, 1);
}

/* curl itself repeats a request whose reused connection ends without an answer: not for writes. */
static void test_reused_connection_ends(void **state)
{
    struct fixture *f = *state;
    static const char *const methods[] = {"POST", "DELETE"};

    for (size_t i = 0; i < 2; i++) {
        const char *path = arena_printf(f->arena, "/drop-reused?%zu", i);
        struct reply reply = get(f, "/ok");
        assert_true(reply_ok(&reply));
        int64_t before = node_get_int(stats(f), "connections", 0);
        reply = send_to(f, methods[i], path, true);
        assert_int_equal(reply.outcome, OUTCOME_LOST);
        assert_int_equal(reply.fault, FAULT_BROKEN);
        assert_non_null(strstr(reply.reason, "before a byte of the answer"));
        assert_int_equal(hits(f, path), 1);
        assert_true(node_get_int(stats(f), "connections", 0) > before);
    }
    /* A read is simply asked again. */
    struct reply reply = get(f, "/drop-reused?read");
    assert_true(reply_ok(&reply));
    assert_int_equal(hits(f, "/drop-reused?read"), 2);
}

static void test_read_is_repeated(void **state)
{
    struct fixture *f = *state;
    struct reply reply = get(f, "/drop-after?times=1");

    assert_true(reply_ok(&reply));
    /* On a new connection curl does not repeat by itself, on a used one it may. */
    assert_int_equal(hits(f, "/drop-after?times=1"), 2);
    reply = get(f, "/status?code=503&times=2");
    assert_true(reply_ok(&reply));
    assert_int_equal(reply.tries, 3);
    assert_true(client_stats(f->client).retries >= 2);
}

static void test_gives_up(void **state)
{
    struct fixture *f = *state;
    struct reply reply = get(f, "/status?code=502");

    assert_int_equal(reply.outcome, OUTCOME_ANSWERED);
    assert_int_equal(reply.status, 502);
    assert_int_equal(reply.tries, 5);
    assert_int_equal(hits(f, "/status?code=502"), 5);
}

static void test_retry_after(void **state)
{
    struct fixture *f = *state;
    struct reply reply = send_to(f, "POST", "/status?code=429&times=1&after=1", true);

    assert_true(reply_ok(&reply));
    assert_int_equal(reply.tries, 2);
    assert_in_range(reply.elapsed_ms, 1000, 4000);

    /* "0" says: now; and it says that the 503 did nothing, so a write goes again. */
    reply = send_to(f, "POST", "/status?code=503&times=1&after=0", true);
    assert_true(reply_ok(&reply));
    assert_int_equal(reply.tries, 2);
    assert_true(reply.elapsed_ms < 1000);

    /* Longer than is waited for, and longer than there is time: the answer stands. */
    assert_int_equal(get(f, "/status?code=429&after=61").tries, 1);
    assert_int_equal(get(f, "/status?code=429&after=30").tries, 1);
}

static void test_too_slow(void **state)
{
    struct fixture *f = *state;
    struct request request = {.endpoint = "litellm",
        .method = "POST",
        .path = "/never",
        .write = true,
        .timeout_ms = 300};
    struct reply reply = client_send(f->client, f->arena, &request);

    assert_int_equal(reply.outcome, OUTCOME_LOST);
    assert_int_equal(reply.fault, FAULT_TIME);
    assert_in_range(reply.elapsed_ms, 290, 3000);

    /* No byte for half of the time is a stall. */
    request.path = "/drip";
    request.timeout_ms = 3900;
    reply = client_send(f->client, f->arena, &request);
    assert_int_equal(reply.outcome, OUTCOME_LOST);
    assert_int_equal(reply.fault, FAULT_TIME);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.text, "[");
    assert_true(reply.elapsed_ms < 3800);
}

static void test_too_large(void **state)
{
    struct fixture *f = *state;

    f->endpoint.max_body = 100000;
    client_endpoint(f->client, &f->endpoint);
    struct reply reply = send_to(f, "POST", "/huge?kib=1000", true);
    assert_int_equal(reply.outcome, OUTCOME_LOST);
    assert_int_equal(reply.fault, FAULT_LARGE);
    assert_non_null(strstr(reply.reason, "100000 bytes"));
    assert_int_equal(strlen(reply.text), 2048);
    reply = get(f, "/huge?kib=999");
    assert_int_equal(reply.fault, FAULT_LARGE);
    assert_int_equal(hits(f, "/huge?kib=999"), 1);
}

/* ---------------------------------------------------------------- the window */

struct batch {
    struct fixture *f;
    const char *path;
    size_t wanted, given, done, good, ticks;
    bool seen[4096];
};

static bool batch_next(void *context, struct request *ret_request, void **ret_tag)
{
    struct batch *batch = context;

    if (batch->given == batch->wanted)
        return false;
    *ret_request = (struct request){.endpoint = "litellm", .method = "GET", .path = batch->path};
    *ret_tag = &batch->seen[batch->given++];
    return true;
}

static void batch_done(
    void *context, const struct request *request, const struct reply *reply, void *tag)
{
    struct batch *batch = context;
    bool *seen = tag;

    assert_false(*seen); /* once for each */
    *seen = true;
    assert_string_equal(request->path, batch->path);
    batch->done++;
    batch->good += reply_ok(reply);
}

static bool batch_tick(void *context)
{
    struct batch *batch = context;

    batch->ticks++;
    return true;
}

static void run_batch(struct batch *batch)
{
    client_run(batch->f->client, &(struct client_calls){.context = batch,
                                     .next = batch_next,
                                     .done = batch_done,
                                     .tick = batch_tick,
                                     .tick_ms = 1});
}

static void test_window(void **state)
{
    struct fixture *f = *state;
    static struct batch batch;

    batch = (struct batch){.f = f, .path = "/gate?n=7", .wanted = 200};
    f->endpoint.window = 7;
    client_endpoint(f->client, &f->endpoint);
    run_batch(&batch);
    assert_int_equal(batch.done, 200);
    assert_int_equal(batch.good, 200);
    assert_true(batch.ticks > 0);
    assert_int_equal(client_stats(f->client).max_in_flight, 7);

    const struct node *seen = stats(f);
    assert_int_equal(node_get_int(seen, "max_active", 0), 7);
    assert_int_equal(node_get_int(seen, "max_connections", 0), 7);
    assert_int_equal(node_get_int(seen, "connections", 0), 7);
}

static void test_connections_that_close(void **state)
{
    struct fixture *f = *state;
    static struct batch batch;
    static const char *const paths[] = {"/close", "/late-close", "/truncated"};

    f->endpoint.window = 4;
    f->endpoint.timeout_ms = 300; /* the truncated ones are not to be repeated for long */
    client_endpoint(f->client, &f->endpoint);
    for (size_t i = 0; i < 3; i++) {
        batch = (struct batch){.f = f, .path = paths[i], .wanted = i == 2 ? 20 : 100};
        run_batch(&batch);
        assert_int_equal(batch.done, batch.wanted);
        assert_int_equal(batch.good, i == 2 ? 0 : 100);
    }
    assert_true(node_get_int(stats(f), "max_active", 0) <= 4);
}

/* A full window of one endpoint does not keep another from working. */
static size_t mixed_left;

static bool mixed_next(void *context, struct request *ret_request, void **ret_tag)
{
    (void)context;
    if (mixed_left == 0)
        return false;
    mixed_left--;
    *ret_tag = NULL;
    *ret_request = (struct request){.endpoint = mixed_left % 2 == 0 ? "litellm" : "other",
        .method = "GET",
        .path = mixed_left % 2 == 0 ? "/gate?n=3" : "/ok"};
    return true;
}

static void mixed_done(
    void *context, const struct request *request, const struct reply *reply, void *tag)
{
    struct fixture *f = context;

    (void)tag;
    assert_true(reply_ok(reply));
    /* A request out of `done` is as good as any. */
    if (text_equal(request->path, "/ok") && mixed_left % 8 == 1) {
        struct reply inner = get(f, "/ok?inner");
        assert_true(reply_ok(&inner));
    }
}

static void test_two_endpoints(void **state)
{
    struct fixture *f = *state;

    f->endpoint.window = 2;
    client_endpoint(f->client, &f->endpoint);
    client_endpoint(
        f->client, &(struct endpoint){.name = "other", .url = f->server.url, .window = 1});
    mixed_left = 40;
    client_run(
        f->client, &(struct client_calls){.context = f, .next = mixed_next, .done = mixed_done});
    assert_int_equal(mixed_left, 0);
    assert_int_equal(node_get_int(stats(f), "max_active", 0), 3);
}

static void test_fresh_connection(void **state)
{
    struct fixture *f = *state;
    struct request request = {.endpoint = "litellm", .method = "GET", .path = "/ok", .fresh = true};
    static struct batch batch;

    /* Three that lie idle; none is taken, and what is made is not kept. */
    batch = (struct batch){.f = f, .path = "/gate?n=3", .wanted = 3};
    run_batch(&batch);
    for (int i = 0; i < 3; i++) {
        struct reply reply = client_send(f->client, f->arena, &request);
        assert_true(reply_ok(&reply));
    }
    assert_int_equal(node_get_int(stats(f), "connections", 0), 6);
    /* The server hears of the ends a moment later. */
    for (int64_t until = clock_ms() + 10000; node_get_int(stats(f), "open", 0) != 3;)
        assert_true(clock_ms() < until);
}

/* ---------------------------------------------------------------- stopping by tick */

static bool stop_now(void *context)
{
    (void)context;
    return false;
}

static void test_tick_stops(void **state)
{
    struct fixture *f = *state;
    static struct batch batch;

    /* All of them would wait for their second try; the run ends with the answer they have. */
    batch = (struct batch){.f = f, .path = "/status?code=429&after=10", .wanted = 1000};
    f->endpoint.window = 5;
    client_endpoint(f->client, &f->endpoint);
    int64_t began = clock_ms();
    client_run(f->client, &(struct client_calls){.context = &batch,
                              .next = batch_next,
                              .done = batch_done,
                              .tick = stop_now,
                              .tick_ms = 100});
    assert_true(clock_ms() - began < 5000);
    assert_int_equal(batch.done, batch.given);
    assert_true(batch.given <= 10);
}

/* ---------------------------------------------------------------- credentials and secrets */

#define SECRET "sk-very\"secret\\value-0123456789"

static void test_token(void **state)
{
    struct fixture *f = *state;

    secrets_put(f->secrets, "env:NEW", "sk-new-0001");
    secrets_put(f->secrets, "env:OLD", "sk-old-0001");
    f->endpoint.token = "env:NEW";
    f->endpoint.token_previous = "env:OLD";
    client_endpoint(f->client, &f->endpoint);

    struct reply reply = send_to(f, "POST", "/token?good=sk-old-0001", true);
    assert_true(reply_ok(&reply));
    assert_int_equal(hits(f, "/token?good=sk-old-0001"), 2);
    /* Which one worked is remembered. */
    reply = get(f, "/token?good=sk-old-0001");
    assert_true(reply_ok(&reply));
    assert_int_equal(reply.tries, 1);
    /* After the rollout the new one is found again. */
    reply = get(f, "/token?good=sk-new-0001");
    assert_true(reply_ok(&reply));
    assert_int_equal(reply.tries, 2);
    /* Neither: 401 after one try with each. */
    reply = get(f, "/token?good=sk-third");
    assert_int_equal(reply.status, 401);
    assert_int_equal(reply.tries, 2);
}

static void test_token_unfit(void **state)
{
    struct fixture *f = *state;

    unsetenv("LITEFORM_TEST_NOT_SET");
    f->endpoint.token = "env:LITEFORM_TEST_NOT_SET";
    client_endpoint(f->client, &f->endpoint);
    struct reply reply = get(f, "/ok");
    assert_int_equal(reply.outcome, OUTCOME_STOPPED);
    assert_int_equal(reply.fault, FAULT_SECRET);
    assert_non_null(strstr(reply.reason, "LITEFORM_TEST_NOT_SET is not set"));
    assert_int_equal(reply.tries, 0);

    secrets_put(f->secrets, "env:LINES", "sk-a\r\nX-Injected: yes");
    f->endpoint.token = "env:LINES";
    client_endpoint(f->client, &f->endpoint);
    reply = get(f, "/ok");
    assert_int_equal(reply.outcome, OUTCOME_STOPPED);
    assert_null(strstr(reply.reason, "Injected"));
}

static void test_secret_in_body(void **state)
{
    struct fixture *f = *state;
    struct node *body = node_map(f->arena);
    struct node *value = node_string(f->arena, "env:KEY");
    struct node *list = node_list(f->arena);

    secrets_put(f->secrets, "env:KEY", SECRET);
    value->marks = NODE_SECRET;
    node_list_add(f->arena, list, node_decimal(f->arena, "0.000001"));
    node_list_add(f->arena, list, value);
    node_set(f->arena, body, "api_key", value);
    node_set(f->arena, body, "list", list);
    node_set_string(f->arena, body, "name", "env:KEY");

    struct request request = {
        .endpoint = "litellm", .method = "POST", .path = "/echo-text", .body = body, .write = true};
    struct reply reply = client_send(f->client, f->arena, &request);
    assert_int_equal(reply.status, 400);
    assert_string_equal(reply.text,
        "you sent {\"api_key\":\"(sensitive)\",\"list\":[0.000001,\"(sensitive)\"],"
        "\"name\":\"env:KEY\"}");
    assert_null(strstr(reply.reason, "secret"));

    request.path = "/echo";
    reply = client_send(f->client, f->arena, &request);
    assert_string_equal(node_get_text(node_get(reply.body, "got"), "api_key"), SECRET);
    assert_null(strstr(reply.text, "very"));

    /* One that is cut off by the end of what came. */
    reply = send_to(f, "POST", "/truncated-secret?start=sk-very%22secr", true);
    assert_int_equal(reply.outcome, OUTCOME_LOST);
    secrets_put(f->secrets, "env:PLAIN", "0123456789abcdef");
    reply = send_to(f, "POST", "/truncated-secret?start=0123456789ab", true);
    assert_string_equal(reply.text, "key (sensitive)");

    unsetenv("LITEFORM_TEST_NOT_SET");
    value = node_string(f->arena, "env:LITEFORM_TEST_NOT_SET");
    value->marks = NODE_SECRET;
    node_set(f->arena, body, "api_key", value);
    reply = client_send(f->client, f->arena, &request);
    assert_int_equal(reply.outcome, OUTCOME_STOPPED);
    assert_int_equal(reply.fault, FAULT_SECRET);
}

/* A proxy of the environment would see what goes to loopback. */
static void test_no_proxy_for_loopback(void **state)
{
    struct fixture *f = *state;

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    struct reply reply = get(f, "/ok");
    assert_true(reply_ok(&reply));
    client_endpoint(f->client,
        &(struct endpoint){.name = "far", .url = "http://proxied.invalid", .timeout_ms = 200});
    struct request request = {.endpoint = "far", .method = "GET", .path = "/"};
    reply = client_send(f->client, f->arena, &request);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    assert_int_equal(reply.outcome, OUTCOME_UNSENT);
    assert_int_equal(reply.fault, FAULT_CONNECT); /* to the proxy: the name was not looked up */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unusable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_endpoint, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_is_never_repeated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reused_connection_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_is_repeated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gives_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_retry_after, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_slow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_connections_that_close, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_endpoints, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fresh_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tick_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_token, setup, teardown),
        cmocka_unit_test_setup_teardown(test_token_unfit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_secret_in_body, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_proxy_for_loopback, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
