/* The door to curl: starts exchanges, waits for them, and says how each ended. Queue: loop.c. */
#include "client/transfer.h"

#include "base/digest.h"
#include "base/fail.h"
#include "base/text.h"
#include "client/http.h"
#include "client/interrupt.h"
#include "client/library.h"

#define CURL_DISABLE_TYPECHECK /* its macros call the functions by their own names; see SET, GET */
#include <curl/curl.h>
#include <pthread.h>

/* clang-format off */
#define FUNCTIONS(X)                                                                               \
    X(easy_cleanup) X(easy_getinfo) X(easy_header) X(easy_init) X(easy_reset) X(easy_setopt)       \
    X(easy_strerror) X(global_init) X(multi_add_handle) X(multi_cleanup) X(multi_info_read)        \
    X(multi_init) X(multi_perform) X(multi_poll) X(multi_remove_handle) X(multi_setopt)            \
    X(slist_append) X(slist_free_all) X(multi_wakeup)
/* clang-format on */
#define MEMBER(name) __typeof__(curl_##name) *name;
#define NAME(name) "curl_" #name,

static struct {
    FUNCTIONS(MEMBER)
} curl;
static const char *const names[] = {FUNCTIONS(NAME)};
static struct library library = LIBRARY(LIBCURL_SONAME, LIBCURL_PACKAGE, names, curl);

/* uvicorn closes what was idle for 5 s. A write that meets the closing is lost, so such a connection
   is not used again. */
#define IDLE_SECONDS 4L
#define SPEED_BYTES 1L /* a second; less is a stall */

struct wire {
    CURLM *multi; /* NULL when curl could not be loaded: then nothing is ever started */
    bool deaf;
};

struct transfer {
    struct wire *wire;
    void *owner;
    CURL *easy;                 /* or NULL, like multi */
    struct curl_slist *headers; /* hold the token: ended by wipe_headers() */
    struct buf body;            /* of the answer */
    bool write;
    bool running;
    bool resend_refused; /* curl wanted to send a write a second time */
    unsigned prepared;   /* how often curl was about to send */
    char error[CURL_ERROR_SIZE];
    char reason[128];
};

/* ------------------------------------------------------------------ making and ending */

static void load(void)
{
    if (library_load(&library) && curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        fail_memory();
}

static bool is_loaded(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load);
    return *library.missing == '\0';
}

bool client_loads(struct diags *diags)
{
    if (is_loaded())
        return true;
    library_fault(diags, library.missing);
    return false;
}

struct wire *wire_new(void)
{
    struct wire *wire = calloc(1, sizeof(*wire));

    interrupt_prepare();
    if (wire == NULL)
        fail_memory();
    if (!is_loaded())
        return wire;
    wire->multi = curl.multi_init();
    if (wire->multi == NULL)
        fail_memory();
    return wire;
}

struct wire *wire_free(struct wire *wire)
{
    if (wire == NULL)
        return NULL;
    if (wire->multi != NULL)
        curl.multi_cleanup(wire->multi);
    free(wire);
    return NULL;
}

void wire_keep(struct wire *wire, unsigned connections)
{
    /* Pinned: by default curl keeps as many as fit the handles of the moment, and a short lull would
       close warm connections. */
    if (wire->multi != NULL)
        curl.multi_setopt(wire->multi, CURLMOPT_MAXCONNECTS, (long)connections);
}

void wire_deafen(struct wire *wire)
{
    wire->deaf = true;
}

static void wipe_headers(struct transfer *transfer)
{
    if (transfer->headers == NULL)
        return;
    for (struct curl_slist *line = transfer->headers; line != NULL; line = line->next)
        digest_wipe(line->data, strlen(line->data));
    curl.slist_free_all(transfer->headers);
    transfer->headers = NULL;
}

struct transfer *transfer_new(struct wire *wire, void *owner)
{
    struct transfer *transfer = calloc(1, sizeof(*transfer));

    if (transfer == NULL)
        fail_memory();
    transfer->wire = wire;
    transfer->owner = owner;
    if (wire->multi == NULL)
        return transfer;
    transfer->easy = curl.easy_init();
    if (transfer->easy == NULL)
        fail_memory();
    return transfer;
}

struct transfer *transfer_free(struct transfer *transfer)
{
    if (transfer == NULL)
        return NULL;
    if (transfer->running)
        curl.multi_remove_handle(transfer->wire->multi, transfer->easy);
    if (transfer->easy != NULL)
        curl.easy_cleanup(transfer->easy);
    wipe_headers(transfer);
    buf_wipe(&transfer->body);
    free(transfer);
    return NULL;
}

struct buf *transfer_body(struct transfer *transfer)
{
    return &transfer->body;
}

/* ------------------------------------------------------------------ sending */

/*
 * Both functions take whatever they are given. What it must be is in the number of the option (0
 * long, 1 pointer, 2 function, 3 curl_off_t, which is a long here) and in bits of the info, so the
 * compiler can compare.
 */
#define FITS_OPTION(option, value)                                                                 \
    ((option) / 10000 % 3 == _Generic((value), long : 0, long long : 0, char * : 1,                \
                                 const char * : 1, void * : 1, struct curl_slist * : 1,            \
                                 default : 2))
#define FITS_INFO(info, at)                                                                        \
    (((info) & 0x300000) == _Generic((at), char **: CURLINFO_STRING, long *: CURLINFO_LONG,        \
        long long *: CURLINFO_LONG))

#define GET(easy, info, at)                                                                        \
    do {                                                                                           \
        _Static_assert(FITS_INFO(info, at), "another type");                                       \
        curl.easy_getinfo(easy, info, at);                                                         \
    } while (0)

/* Each must be taken: a limit or a check that was not set would go unnoticed. */
#define SET(option, value)                                                                         \
    do {                                                                                           \
        _Static_assert(FITS_OPTION(option, value), "another type");                                \
        if (code == CURLE_OK)                                                                      \
            code = curl.easy_setopt(easy, option, value);                                          \
    } while (0)

/** Whether anything of the request reached a socket: a connection stood, and bytes were written. */
static bool was_sent(const struct transfer *transfer)
{
    long bytes = 0;

    GET(transfer->easy, CURLINFO_REQUEST_SIZE, &bytes);
    return transfer->prepared > 0 && bytes > 0;
}

/*
 * Called when a connection stands and the request is about to go out. When a connection that was
 * used before ends without a byte of answer, curl sends the same request again on a new one,
 * whatever its method. For a write that may be the second time that it is carried out: refused.
 */
static int before_sending(
    void *context, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    struct transfer *transfer = context;

    (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
    if (transfer->write && was_sent(transfer)) {
        transfer->resend_refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->prepared++;
    return CURL_PREREQFUNC_OK;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;

    buf_add(&transfer->body, bytes, size * count);
    return transfer->body.overflow ? 0 : size * count;
}

void transfer_header(struct transfer *transfer, const char *line)
{
    if (transfer->easy == NULL)
        return;
    struct curl_slist *longer = curl.slist_append(transfer->headers, line);
    if (longer == NULL)
        fail_memory();
    transfer->headers = longer;
}

static CURLcode set_method(struct transfer *transfer, const struct transfer_order *order)
{
    CURL *easy = transfer->easy;
    CURLcode code = CURLE_OK;
    bool post = text_equal(order->method, "POST");
    bool get = text_equal(order->method, "GET");

    if (order->body != NULL || post) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, order->body ? (curl_off_t)order->body->len : 0);
        SET(CURLOPT_POSTFIELDS, order->body ? buf_text(order->body) : ""); /* not copied */
    }
    if (!post && (!get || order->body != NULL))
        SET(CURLOPT_CUSTOMREQUEST, order->method);
    return code;
}

static CURLcode set_limits(struct transfer *transfer, const struct transfer_order *order)
{
    CURL *easy = transfer->easy;
    CURLcode code = CURLE_OK;
    int64_t connect = order->connect_ms < order->left_ms ? order->connect_ms : order->left_ms;

    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
    SET(CURLOPT_TIMEOUT_MS, (long)order->left_ms);
    SET(CURLOPT_LOW_SPEED_LIMIT, SPEED_BYTES);
    SET(CURLOPT_LOW_SPEED_TIME, (long)order->stall_seconds);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)order->max_body);
    SET(CURLOPT_MAXAGE_CONN, IDLE_SECONDS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_FRESH_CONNECT, order->fresh ? 1L : 0L);
    SET(CURLOPT_FORBID_REUSE, order->fresh ? 1L : 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* ends without waiting for a name server that does not answer */
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    /* One request to a connection: what is lost with it is exactly that one. */
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_SSL_VERIFYPEER, order->insecure ? 0L : 1L);
    SET(CURLOPT_SSL_VERIFYHOST, order->insecure ? 0L : 2L);
    if (order->ca_file != NULL)
        SET(CURLOPT_CAINFO, order->ca_file);
    if (order->direct)
        SET(CURLOPT_PROXY, ""); /* empty: also not the one of the environment */
    return code;
}

static CURLcode set_all(struct transfer *transfer, const struct transfer_order *order)
{
    CURL *easy = transfer->easy;
    CURLcode code = CURLE_OK;

    SET(CURLOPT_URL, order->url);
    SET(CURLOPT_PATH_AS_IS, 1L); /* names may hold dots; a signature covers the path as given */
    SET(CURLOPT_PRIVATE, (void *)transfer);
    SET(CURLOPT_ERRORBUFFER, transfer->error);
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_USERAGENT, "liteform/1");
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, (void *)transfer);
    SET(CURLOPT_PREREQFUNCTION, before_sending);
    SET(CURLOPT_PREREQDATA, (void *)transfer);
    if (code == CURLE_OK)
        code = set_method(transfer, order);
    if (code == CURLE_OK)
        code = set_limits(transfer, order);
    return code;
}

bool transfer_start(
    struct transfer *transfer, const struct transfer_order *order, const char **reterr_reason)
{
    if (transfer->easy == NULL) {
        *reterr_reason = library.missing;
        return false;
    }
    transfer->write = order->write;
    transfer->prepared = 0;
    transfer->resend_refused = false;
    transfer->error[0] = '\0';
    buf_reset(&transfer->body);
    transfer->body.max = order->max_body;

    /* No waiting for "100 Continue" before a large body; no type where there is nothing. */
    transfer_header(transfer, "Expect:");
    if (order->body == NULL)
        transfer_header(transfer, "Content-Type:");
    curl.easy_reset(transfer->easy);
    CURLcode code = set_all(transfer, order);
    if (code == CURLE_OK &&
        curl.multi_add_handle(transfer->wire->multi, transfer->easy) != CURLM_OK)
        code = CURLE_FAILED_INIT;
    transfer->running = code == CURLE_OK;
    if (!transfer->running) {
        wipe_headers(transfer);
        *reterr_reason = curl.easy_strerror(code);
    }
    return transfer->running;
}

/* ------------------------------------------------------------------ how it ended */

static enum fault fault_of(const struct transfer *transfer, CURLcode code, bool sent)
{
    if (transfer->body.overflow)
        return FAULT_LARGE;
    switch ((int)code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return FAULT_NAME;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return FAULT_TLS;
    case CURLE_OPERATION_TIMEDOUT:
        return FAULT_TIME;
    case CURLE_FILESIZE_EXCEEDED:
        return FAULT_LARGE;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return sent ? FAULT_BROKEN : FAULT_ENDPOINT;
    default:
        return sent ? FAULT_BROKEN : FAULT_CONNECT;
    }
}

static struct transfer_end failure(struct transfer *transfer, CURLcode code)
{
    bool sent = was_sent(transfer);
    struct transfer_end end = {
        .outcome = sent ? OUTCOME_LOST : OUTCOME_UNSENT,
        .fault = fault_of(transfer, code, sent),
        .reason = transfer->error[0] != '\0' ? transfer->error : curl.easy_strerror(code),
    };

    /* A broken handshake is no hopeless case: it may be a server that is just starting. */
    end.hopeless = end.fault == FAULT_LARGE || end.fault == FAULT_ENDPOINT ||
                   (end.fault == FAULT_TLS && code != CURLE_SSL_CONNECT_ERROR);
    if (transfer->resend_refused)
        end.reason = "the connection was closed before a byte of the answer came";
    if (end.fault == FAULT_LARGE) {
        snprintf(transfer->reason, sizeof(transfer->reason),
            "the answer is larger than the limit of %zu bytes", transfer->body.max);
        end.reason = transfer->reason;
    }
    return end;
}

const char *transfer_answer_header(struct transfer *transfer, const char *name)
{
    struct curl_header *header = NULL;

    if (transfer->easy == NULL ||
        curl.easy_header(transfer->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}

static struct transfer_end end_of(struct transfer *transfer, CURLcode code)
{
    struct transfer_end end = {.outcome = OUTCOME_ANSWERED};
    curl_off_t up = 0, down = 0;
    long status = 0;

    if (code != CURLE_OK)
        end = failure(transfer, code);
    GET(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    GET(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    GET(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    end.status = (int)status;
    end.bytes = (size_t)up + (size_t)down;
    end.content_type = transfer_answer_header(transfer, "Content-Type");
    end.location = transfer_answer_header(transfer, "Location");
    end.retry_after = transfer_answer_header(transfer, "Retry-After");
    curl.multi_remove_handle(transfer->wire->multi, transfer->easy);
    transfer->running = false;
    wipe_headers(transfer);
    return end;
}

struct transfer_end transfer_abandon(struct transfer *transfer)
{
    return end_of(transfer, CURLE_ABORTED_BY_CALLBACK);
}

void wire_work(struct wire *wire)
{
    int running = 0;

    if (wire->multi != NULL)
        curl.multi_perform(wire->multi, &running);
}

void *wire_ended(struct wire *wire, struct transfer_end *ret_end)
{
    while (wire->multi != NULL) {
        int left = 0;
        const CURLMsg *message = curl.multi_info_read(wire->multi, &left);
        char *private = NULL;
        if (message == NULL)
            return NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result; /* the message ends with the next call */
        GET(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct transfer *transfer = (struct transfer *)(void *)private;
        *ret_end = end_of(transfer, code);
        return transfer->owner;
    }
    return NULL;
}

void wire_wait(struct wire *wire, int64_t ms)
{
    struct curl_waitfd wake = {.fd = interrupt_fd(), .events = CURL_WAIT_POLLIN};
    unsigned count = wake.fd >= 0 && !wire->deaf ? 1 : 0;

    if (wire->multi == NULL)
        return;
    curl.multi_poll(wire->multi, &wake, count, ms < 0 ? 0 : (int)ms, NULL);
    if (wake.revents != 0)
        interrupt_drain();
}

void wire_wake(struct wire *wire)
{
    if (wire->multi != NULL)
        curl.multi_wakeup(wire->multi); /* of all of curl the one call for another thread */
}
