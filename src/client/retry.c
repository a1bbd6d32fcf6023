/* The rules of repeating, apart from the loop that follows them. */
#include "client/retry.h"

#define FIRST_MS 500
#define MOST_MS 15000
#define TOLD_MOST_MS 60000
#define LEAST_MS 200 /* with less time left a try only turns a telling fault into "too slow" */

/** Whether the answer, or its lack, says that trying again is safe and may help. */
static bool may_repeat(const struct retry_case *now)
{
    if (now->hopeless)
        return false;
    switch (now->outcome) {
    case OUTCOME_UNSENT:
        return true;
    case OUTCOME_LOST:
        return !now->write; /* a lost write may have been carried out */
    case OUTCOME_STOPPED:
        return false;
    case OUTCOME_ANSWERED:
        break;
    }
    switch (now->status) {
    case 429:
        return true;
    case 503:
        return !now->write || now->told; /* with Retry-After it says: not now, not done */
    case 408:
    case 502:
    case 504:
        return !now->write;
    default:
        return false;
    }
}

bool retry_wanted(const struct retry_case *now, int64_t *ret_delay_ms)
{
    int64_t most = FIRST_MS;

    if (now->tries >= RETRY_TRIES || !may_repeat(now))
        return false;
    for (unsigned i = 1; i < now->tries && most < MOST_MS; i++)
        most *= 2;
    if (most > MOST_MS)
        most = MOST_MS;
    /* Full jitter: many clients that failed together do not come back together. */
    int64_t delay = (int64_t)(now->random % (uint64_t)(most + 1));
    if (now->outcome == OUTCOME_ANSWERED && now->told) {
        if (now->told_ms > TOLD_MOST_MS)
            return false;
        if (now->told_ms > 0)
            delay = now->told_ms + delay % (FIRST_MS / 2);
    }
    /* A try that could not be finished before the deadline is not begun. */
    if (delay + LEAST_MS >= now->left_ms)
        return false;
    *ret_delay_ms = delay;
    return true;
}

/** "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 has servers send only this form of the three). */
static bool http_date(const char *text, int64_t *ret_seconds)
{
    struct tm parts = {0};
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &parts);

    if (end == NULL || *end != '\0' || parts.tm_year < 70)
        return false;
    *ret_seconds = (int64_t)timegm(&parts);
    return true;
}

bool retry_after(const char *text, int64_t now_seconds, int64_t *ret_ms)
{
    size_t digits = strspn(text, "0123456789");
    int64_t seconds = 0;

    if (digits > 0 && text[digits + strspn(text + digits, " \t")] == '\0') {
        for (size_t i = 0; i < digits && seconds < 1000000; i++)
            seconds = seconds * 10 + (text[i] - '0');
    } else if (http_date(text, &seconds)) {
        seconds = seconds > now_seconds ? seconds - now_seconds : 0;
    } else {
        return false;
    }
    *ret_ms = seconds * 1000;
    return true;
}
