/* The queue: a window of slots per endpoint, waits with due times, credentials, who is told what. */
#include "base/clock.h"
#include "base/digest.h"
#include "base/fail.h"
#include "base/text.h"
#include "client/answer.h"
#include "client/http.h"
#include "client/retry.h"
#include "client/transfer.h"

#define DEFAULT_WINDOW 10
#define MAX_WINDOW 256
#define DEFAULT_CONNECT_MS 5000
#define DEFAULT_TIMEOUT_MS 60000
#define DEFAULT_BODY ((size_t)256 << 20)
#define DEFAULT_TICK_MS 200
#define KEPT_BODY ((size_t)64 << 10) /* a slot keeps a buffer of at most this for the next answer */

/** One call of client_run() or client_send(). */
struct run {
    const struct client_calls *calls;
    bool single;     /* client_send(): not stopped by the first interrupt */
    int interrupts;  /* how many there had been when it began */
    bool stopped;    /* tick said so */
    size_t open;     /* requests taken from `next` and not handed to `done` */
    size_t done;     /* handed to `done` */
    int64_t tick_at; /* when tick is due */
};

struct job {
    struct request request;
    void *tag;
    struct run *run;
    int64_t began, deadline;
    int64_t due; /* when it is sent again */
    unsigned tries;
    bool previous;  /* to be sent with token_previous */
    bool tokens[2]; /* which of the two were tried */
};

enum slot_state { SLOT_FREE, SLOT_RUNNING, SLOT_WAITING };

/** A place in the window: a request from its first sending until `done`, its waits included. */
struct slot {
    enum slot_state state;
    struct client *client;
    struct target *target;
    struct transfer *transfer;
    struct buf sent;       /* the request's body, perhaps with secrets: wiped */
    struct arena *scratch; /* of this try: what reply points at */
    struct reply reply;
    struct job job;
};

struct target {
    struct endpoint endpoint;
    struct slot *slots;
    unsigned window, busy;
    bool previous; /* token_previous is the one that works */
    bool loopback;
    struct job *backlog; /* wait for a slot, first come first */
    size_t backlog_count, backlog_cap;
    struct target *next;
};

struct client {
    struct secrets *secrets;
    struct wire *wire;
    struct target *targets;
    struct client_stats stats;
    uint32_t in_flight;
};

/* ------------------------------------------------------------------ making and ending */

struct client *client_new(struct secrets *secrets)
{
    struct client *client = calloc(1, sizeof(*client));

    if (client == NULL)
        fail_memory();
    client->secrets = secrets;
    client->wire = wire_new();
    return client;
}

static void slots_free(struct target *target)
{
    for (unsigned i = 0; i < target->window; i++) {
        struct slot *slot = &target->slots[i];
        transfer_free(slot->transfer);
        buf_wipe(&slot->sent);
        arena_free(slot->scratch);
    }
    free(target->slots);
    target->slots = NULL;
    target->window = 0;
}

struct client *client_free(struct client *client)
{
    if (client == NULL)
        return NULL;
    while (client->targets != NULL) {
        struct target *target = client->targets;
        client->targets = target->next;
        slots_free(target);
        free(target->backlog);
        free(target);
    }
    wire_free(client->wire);
    free(client);
    return NULL;
}

static struct target *target_of(const struct client *client, const char *name)
{
    for (struct target *target = client->targets; target != NULL; target = target->next) {
        if (text_equal(target->endpoint.name, name))
            return target;
    }
    return NULL;
}

static void slots_make(struct client *client, struct target *target, unsigned window)
{
    slots_free(target);
    target->slots = calloc(window, sizeof(*target->slots));
    if (target->slots == NULL)
        fail_memory();
    target->window = window;
    for (unsigned i = 0; i < window; i++) {
        target->slots[i].client = client;
        target->slots[i].target = target;
    }
}

void client_endpoint(struct client *client, const struct endpoint *endpoint)
{
    struct target *target = target_of(client, endpoint->name);
    unsigned window = endpoint->window == 0 ? DEFAULT_WINDOW : endpoint->window;
    unsigned connections = 0;

    if (window > MAX_WINDOW)
        window = MAX_WINDOW;
    if (target == NULL) {
        target = calloc(1, sizeof(*target));
        if (target == NULL)
            fail_memory();
        target->next = client->targets;
        client->targets = target;
    }
    target->endpoint = *endpoint;
    target->previous = false;
    target->loopback = answer_is_loopback(endpoint->url);
    if (target->window != window && target->busy == 0)
        slots_make(client, target, window);
    for (target = client->targets; target != NULL; target = target->next)
        connections += target->window;
    wire_keep(client->wire, connections);
}

struct client_stats client_stats(const struct client *client)
{
    return client->stats;
}

/* ------------------------------------------------------------------ one try: sending */

/** Hands the reply over. The slot is free before that, so that `done` may send. */
static void deliver(struct slot *slot)
{
    struct job job = slot->job;
    struct reply reply = slot->reply;
    struct arena *scratch = slot->scratch;

    slot->scratch = NULL;
    slot->state = SLOT_FREE;
    slot->target->busy--;
    job.run->open--;
    job.run->done++;
    job.run->calls->done(job.run->calls->context, &job.request, &reply, job.tag);
    arena_free(scratch);
}

/** A try that ends before anything was sent, for a reason that is in the reply. */
static void not_sent(struct slot *slot, enum fault fault)
{
    slot->reply.outcome = OUTCOME_STOPPED;
    slot->reply.fault = fault;
    buf_wipe(&slot->sent);
    deliver(slot);
}

/** Adds the Authorization line; false with the reason in the reply. */
static bool add_token(struct slot *slot)
{
    const struct endpoint *endpoint = &slot->target->endpoint;
    bool previous = slot->job.previous && endpoint->token_previous != NULL;
    const char *reference = previous ? endpoint->token_previous : endpoint->token;
    const char *reason = "";

    if (reference == NULL)
        return true;
    slot->job.tokens[previous] = true;
    const char *value = secrets_value(slot->client->secrets, reference, &reason);
    for (const char *at = value; at != NULL && *at != '\0'; at++) {
        if ((unsigned char)*at >= ' ' && *at != 0x7f)
            continue;
        value = NULL; /* a line break would begin another header */
        reason = "it holds a line break or a control character, which no header can carry";
        break;
    }
    if (value == NULL) {
        slot->reply.reason =
            arena_printf(slot->scratch, "the credential %s cannot be used: %s", reference, reason);
        return false;
    }
    struct buf line = BUF_INIT(strlen(value) + 32);
    buf_printf(&line, "Authorization: Bearer %s", value);
    transfer_header(slot->transfer, buf_text(&line));
    buf_wipe(&line);
    return true;
}

/** Headers and body of the request; false with the reason in the reply. */
static bool write_request(struct slot *slot)
{
    const struct request *request = &slot->job.request;
    const char *reason = "";

    buf_wipe(&slot->sent);
    if (request->body != NULL && !answer_write_body(slot->client->secrets, slot->scratch,
                                     request->body, &slot->sent, &reason)) {
        slot->reply.reason =
            arena_printf(slot->scratch, "a secret in the request cannot be used: %s", reason);
        return false;
    }
    if (!add_token(slot))
        return false;
    transfer_header(slot->transfer, "Accept: application/json");
    if (request->body != NULL)
        transfer_header(slot->transfer, "Content-Type: application/json");
    if (slot->target->endpoint.header != NULL)
        transfer_header(slot->transfer, slot->target->endpoint.header);
    return true;
}

/** A fresh scratch arena, and a reply that says what is asked. */
static void prepare(struct slot *slot, int64_t now)
{
    const struct endpoint *endpoint = &slot->target->endpoint;
    struct job *job = &slot->job;

    if (job->tries == 0) {
        uint32_t own = job->request.timeout_ms;
        uint32_t usual = endpoint->timeout_ms == 0 ? DEFAULT_TIMEOUT_MS : endpoint->timeout_ms;
        job->began = now;
        job->deadline = now + (int64_t)(own != 0 ? own : usual);
        job->previous = slot->target->previous;
    }
    arena_free(slot->scratch);
    slot->scratch = arena_new();
    const char *url = answer_url(slot->scratch, endpoint->url, job->request.path);
    slot->reply = (struct reply){
        .method = job->request.method,
        .url = secrets_cut(slot->client->secrets, slot->scratch, url),
        .tries = job->tries,
        .elapsed_ms = (uint32_t)(now - job->began),
    };
    if (slot->transfer == NULL)
        slot->transfer = transfer_new(slot->client->wire, slot);
}

/** Begins a try of the job in the slot. */
static void start(struct slot *slot)
{
    struct client *client = slot->client;
    const struct endpoint *endpoint = &slot->target->endpoint;
    struct job *job = &slot->job;
    int64_t now = clock_ms();
    const char *reason = "";

    prepare(slot, now);
    if (!write_request(slot)) {
        not_sent(slot, FAULT_SECRET);
        return;
    }
    int64_t whole = job->deadline - job->began, left = job->deadline - now;
    struct transfer_order order = {
        .url = arena_printf(slot->scratch, "%s%s", endpoint->url, job->request.path),
        .method = job->request.method,
        .body = job->request.body != NULL ? &slot->sent : NULL,
        .write = job->request.write,
        .fresh = job->request.fresh,
        .insecure = endpoint->insecure,
        .direct = slot->target->loopback,
        .ca_file = endpoint->ca_file,
        .connect_ms = endpoint->connect_ms == 0 ? DEFAULT_CONNECT_MS : endpoint->connect_ms,
        .left_ms = left < 1 ? 1 : left,
        .stall_seconds = whole < 2000 ? 1 : whole / 2000,
        .max_body = endpoint->max_body == 0 ? DEFAULT_BODY : endpoint->max_body,
    };
    if (!transfer_start(slot->transfer, &order, &reason)) {
        slot->reply.reason =
            arena_printf(slot->scratch, "the request could not be set up: %s", reason);
        not_sent(slot, FAULT_ENDPOINT);
        return;
    }
    slot->reply.tries = ++job->tries;
    slot->state = SLOT_RUNNING;
    client->stats.requests++;
    client->stats.retries += job->tries > 1;
    if (++client->in_flight > client->stats.max_in_flight)
        client->stats.max_in_flight = client->in_flight;
}

/* ------------------------------------------------------------------ one try: its end */

/** A text from outside, fit to be shown. */
static const char *shown(struct slot *slot, const char *text)
{
    if (text == NULL)
        return NULL;
    return text_printable(
        slot->scratch, secrets_cut(slot->client->secrets, slot->scratch, text), false);
}

/** Makes the reply of a try that ended. */
static void read_end(struct slot *slot, const struct transfer_end *end)
{
    struct reply *reply = &slot->reply;
    struct buf *body = transfer_body(slot->transfer);

    reply->outcome = end->outcome;
    reply->fault = end->fault;
    reply->status = end->status;
    reply->content_type = shown(slot, end->content_type);
    reply->reason = shown(slot, end->reason);
    if (end->outcome == OUTCOME_ANSWERED)
        answer_read(reply, slot->scratch, slot->client->secrets, body);
    else if (body->len > 0)
        answer_text(reply, slot->scratch, slot->client->secrets, body);
    if (end->status / 100 == 3 && end->location != NULL && reply->body == NULL)
        reply->reason =
            arena_printf(slot->scratch, "the answer is a redirect to %.500s, which is not followed",
                shown(slot, answer_url(slot->scratch, end->location, "")));
    /* The answer to a write may hold a key that was made. */
    if (slot->job.request.write)
        buf_wipe(body);
    else if (body->cap > KEPT_BODY)
        buf_release(body);
}

static bool wants_retry(
    const struct slot *slot, const struct transfer_end *end, int64_t now, int64_t *ret_delay)
{
    struct retry_case facts = {
        .write = slot->job.request.write,
        .outcome = end->outcome,
        .hopeless = end->hopeless,
        .status = end->status,
        .tries = slot->job.tries,
        .left_ms = slot->job.deadline - now,
    };

    if (end->retry_after != NULL)
        facts.told = retry_after(end->retry_after, clock_now(), &facts.told_ms);
    digest_random(&facts.random, sizeof(facts.random));
    return retry_wanted(&facts, ret_delay);
}

/** Whether the other of two credentials is worth a try: once, after 401; nothing was carried out. */
static bool wants_other_token(struct slot *slot)
{
    const struct endpoint *endpoint = &slot->target->endpoint;
    struct job *job = &slot->job;

    if (slot->reply.outcome != OUTCOME_ANSWERED || endpoint->token_previous == NULL)
        return false;
    if (slot->reply.status != 401) {
        /* A gateway that answers for the proxy has not looked at the credential. */
        if (slot->reply.status < 500)
            slot->target->previous = job->previous;
        return false;
    }
    const char *other = job->previous ? endpoint->token : endpoint->token_previous;
    if (job->tokens[!job->previous] || other == NULL ||
        secrets_value(slot->client->secrets, other, NULL) == NULL)
        return false;
    job->previous = !job->previous;
    return true;
}

/** Takes what is to be kept of a try that ended, and decides how it goes on. */
static void finish(struct slot *slot, const struct transfer_end *end)
{
    struct job *job = &slot->job;
    int64_t now = clock_ms(), delay = 0;

    slot->client->in_flight--;
    slot->client->stats.bytes += end->bytes;
    slot->reply.elapsed_ms = (uint32_t)(now - job->began);
    buf_wipe(&slot->sent);
    read_end(slot, end);
    if (wants_other_token(slot)) {
        slot->state = SLOT_WAITING;
        job->due = now;
    } else if (wants_retry(slot, end, now, &delay)) {
        slot->state = SLOT_WAITING;
        job->due = now + delay;
    } else {
        deliver(slot);
    }
}

/** Ends a transfer that is under way. */
static void abandon(struct slot *slot)
{
    struct transfer_end end = transfer_abandon(slot->transfer);

    slot->client->in_flight--;
    slot->client->stats.bytes += end.bytes;
    slot->reply.elapsed_ms = (uint32_t)(clock_ms() - slot->job.began);
    slot->reply.outcome = end.outcome == OUTCOME_LOST ? OUTCOME_LOST : OUTCOME_STOPPED;
    slot->reply.fault = FAULT_STOPPED;
    slot->reply.reason = "interrupted before the answer came";
    buf_wipe(&slot->sent);
    deliver(slot);
}

/* ------------------------------------------------------------------ the queue */

/** What is in flight is to end as well. */
static bool run_abandons(const struct run *run)
{
    int interrupts = client_interrupted();

    return interrupts >= 2 && (!run->single || interrupts > run->interrupts);
}

/** Nothing is to be started. */
static bool run_stops(const struct run *run)
{
    return run->stopped || (!run->single && client_interrupted() > 0) || run_abandons(run);
}

static struct slot *free_slot(struct target *target)
{
    for (unsigned i = 0; target->busy < target->window && i < target->window; i++) {
        if (target->slots[i].state == SLOT_FREE)
            return &target->slots[i];
    }
    return NULL;
}

static void occupy(struct slot *slot, const struct job *job)
{
    slot->target->busy++;
    slot->state = SLOT_WAITING;
    slot->job = *job;
    start(slot);
}

/** A request that gets no slot at all. */
static void refuse(const struct job *job, enum fault fault, const char *reason)
{
    struct reply reply = {
        .outcome = OUTCOME_STOPPED,
        .fault = fault,
        .reason = reason,
        .method = job->request.method,
        .url = job->request.path,
    };

    job->run->open--;
    job->run->done++;
    job->run->calls->done(job->run->calls->context, &job->request, &reply, job->tag);
}

static void accept_request(
    struct client *client, struct run *run, const struct request *request, void *tag)
{
    struct target *target = target_of(client, request->endpoint);
    struct job job = {.request = *request, .tag = tag, .run = run};

    run->open++;
    if (target == NULL) {
        refuse(&job, FAULT_ENDPOINT, "there is no such endpoint");
        return;
    }
    struct slot *slot = target->backlog_count == 0 ? free_slot(target) : NULL;
    if (slot != NULL) {
        occupy(slot, &job);
        return;
    }
    if (target->backlog_count == target->backlog_cap) {
        size_t cap = target->backlog_cap == 0 ? target->window : target->backlog_cap * 2;
        struct job *longer = reallocarray(target->backlog, cap, sizeof(job));
        if (longer == NULL)
            fail_memory();
        target->backlog = longer;
        target->backlog_cap = cap;
    }
    target->backlog[target->backlog_count++] = job;
}

/** Takes the first that waits for a slot and whose run stops, or does not; false for none. */
static bool backlog_take(struct target *target, bool stopping, struct job *ret_job)
{
    for (size_t i = 0; i < target->backlog_count; i++) {
        struct job job = target->backlog[i];
        if (run_stops(job.run) != stopping)
            continue;
        target->backlog_count--;
        memmove(&target->backlog[i], &target->backlog[i + 1],
            (target->backlog_count - i) * sizeof(job));
        *ret_job = job;
        return true;
    }
    return false;
}

/* A slot somewhere, and no queue that would only grow. */
static bool has_room(const struct client *client)
{
    bool room = client->targets == NULL;

    for (const struct target *target = client->targets; target != NULL; target = target->next) {
        if (target->backlog_count >= target->window)
            return false;
        room = room || target->busy < target->window;
    }
    return room;
}

/** Asks for requests while there is room; false when there are none just now. */
static bool fill(struct client *client, struct run *run)
{
    while (has_room(client)) {
        struct request request = {0};
        void *tag = NULL;
        if (!run->calls->next(run->calls->context, &request, &tag))
            return false;
        accept_request(client, run, &request, tag);
    }
    return true;
}

/** Starts what waited for a slot, and what waited for its time; returns when the next is due. */
static int64_t start_due(struct client *client, int64_t now)
{
    int64_t next = now + DEFAULT_TICK_MS;

    for (struct target *target = client->targets; target != NULL; target = target->next) {
        struct job job;
        for (unsigned i = 0; i < target->window; i++) {
            struct slot *slot = &target->slots[i];
            if (slot->state != SLOT_WAITING || run_stops(slot->job.run))
                continue;
            if (slot->job.due <= now)
                start(slot);
            else if (slot->job.due < next)
                next = slot->job.due;
        }
        for (;;) {
            struct slot *slot = free_slot(target);
            if (slot == NULL || !backlog_take(target, false, &job))
                break;
            occupy(slot, &job);
        }
    }
    return next;
}

/*
 * Ends what waits for a run that stops, and what is in flight for one that abandons. Of all runs: a
 * client_send() inside of `tick` may need the slots of the run around it.
 */
static void flush(struct client *client)
{
    for (struct target *target = client->targets; target != NULL; target = target->next) {
        struct job job;
        while (backlog_take(target, true, &job))
            refuse(&job, FAULT_STOPPED, "interrupted before it was sent");
        for (unsigned i = 0; i < target->window; i++) {
            struct slot *slot = &target->slots[i];
            if (slot->state == SLOT_WAITING && run_stops(slot->job.run))
                deliver(slot); /* the answer to its last try stands */
            else if (slot->state == SLOT_RUNNING && run_abandons(slot->job.run))
                abandon(slot);
        }
    }
}

/** Lets curl work, and takes what has ended; whether there was any. */
static bool collect(struct client *client)
{
    struct transfer_end end;
    bool any = false;

    wire_work(client->wire);
    for (;;) {
        struct slot *slot = wire_ended(client->wire, &end);
        if (slot == NULL)
            return any;
        finish(slot, &end);
        any = true;
    }
}

static void tick(struct run *run, int64_t now)
{
    uint32_t every = run->calls->tick_ms == 0 ? DEFAULT_TICK_MS : run->calls->tick_ms;

    if (run->calls->tick == NULL || now < run->tick_at)
        return;
    run->tick_at = now + every;
    if (!run->calls->tick(run->calls->context))
        run->stopped = true;
}

static void run_loop(struct client *client, struct run *run)
{
    for (;;) {
        size_t done = run->done;
        bool more = false;

        flush(client);
        if (run->calls->next != NULL && !run_stops(run))
            more = fill(client, run);
        int64_t due = start_due(client, clock_ms());
        bool ended = collect(client);
        tick(run, clock_ms());
        if (ended || run->done != done)
            continue; /* there may be something new to start, or due earlier than what was */
        if (run->open == 0 && !more)
            return;
        if (run->calls->tick != NULL && run->tick_at < due)
            due = run->tick_at;
        wire_wait(client->wire, due - clock_ms());
    }
}

void client_run(struct client *client, const struct client_calls *calls)
{
    struct run run = {.calls = calls, .interrupts = client_interrupted()};

    run_loop(client, &run);
}

void client_wake(struct client *client)
{
    wire_wake(client->wire);
}

/* ------------------------------------------------------------------ one request */

struct single {
    struct arena *arena;
    struct reply reply;
};

static void single_done(
    void *context, const struct request *request, const struct reply *reply, void *tag)
{
    struct single *single = context;
    struct arena *arena = single->arena;

    (void)request, (void)tag;
    single->reply = *reply;
    single->reply.body = reply->body != NULL ? node_copy(arena, reply->body) : NULL;
    single->reply.message = arena_strdup(arena, reply->message);
    single->reply.text = arena_strdup(arena, reply->text);
    single->reply.reason = arena_strdup(arena, reply->reason);
    single->reply.content_type = arena_strdup(arena, reply->content_type);
    single->reply.method = arena_strdup(arena, reply->method);
    single->reply.url = arena_strdup(arena, reply->url);
}

struct reply client_send(struct client *client, struct arena *arena, const struct request *request)
{
    struct single single = {.arena = arena};
    struct client_calls calls = {.context = &single, .done = single_done};
    struct run run = {.calls = &calls, .single = true, .interrupts = client_interrupted()};

    accept_request(client, &run, request, NULL);
    run_loop(client, &run);
    return single.reply;
}
