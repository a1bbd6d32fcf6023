/* room: client */
/* Everything that reads bytes of a server: the answer, its error text, Retry-After, PostgreSQL's
   array literals; and the connection string, which is an operator's. */
#include "client/answer.h"
#include "client/http.h"
#include "client/pg_value.h"
#include "client/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The promises that hold for any input. */
static void check_message(const char *message)
{
    size_t characters = 0;

    for (const char *at = message; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ')
            abort();
        characters += ((unsigned char)*at & 0xc0) != 0x80;
    }
    if (*message == '\0' || characters > 300)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 302, 401, 403, 404, 422, 429, 500};
    struct arena *arena = arena_new();
    struct diags diags = diags_init(arena);
    struct secrets *secrets = secrets_new(NULL);
    struct buf bytes = BUF_INIT(0);
    char *text = arena_alloc(arena, size + 1);
    const char *schema = NULL;
    int64_t number = 0;

    if (size > 0)
        memcpy(text, data, size);
    buf_add(&bytes, text, size);
    secrets_put(secrets, "env:KEY", "sk-0123456789");
    struct reply reply = {
        .outcome = OUTCOME_ANSWERED,
        .status = statuses[size % (sizeof(statuses) / sizeof(statuses[0]))],
        .content_type = size % 3 == 0 ? "text/html" : NULL,
    };
    answer_read(&reply, arena, secrets, &bytes);
    if (reply.text == NULL || strstr(reply.text, "sk-0123456789") != NULL)
        abort();
    if ((reply.body == NULL) != (reply.reason != NULL))
        abort();
    check_message(reply_message(arena, &reply));
    check_message(client_fault(&diags, &reply, NULL)->id);

    if (retry_after(text, 1000000000, &number) && number < 0)
        abort();
    pg_value(arena, 1009, text, strlen(text));
    pg_value(arena, 3807, text, strlen(text));
    pg_url_clean(arena, text, &schema);
    answer_is_loopback(text);
    answer_url(arena, text, "/x");
    buf_release(&bytes);
    secrets_free(secrets);
    arena_free(arena);
    return 0;
}
