/* Turns a reply that is no usable answer into a diagnostic that says what to do next. */
#include "base/text.h"
#include "client/http.h"

#include <strings.h>

/** What is known of a fault: its id, the fact, the next step. */
struct telling {
    const char *id;
    const char *fact;
    const char *fix;
};

/** How the target's settings are spelt in the spec: "targets.litellm" for the endpoint that asks. */
#define TARGET "targets.litellm"

static bool is_web_page(const struct reply *reply)
{
    const char *type = reply->content_type != NULL ? reply->content_type : "";
    const char *text = reply->text != NULL ? reply->text + strspn(reply->text, " \t\r\n") : "";

    return reply->body == NULL &&
           (strncasecmp(type, "text/html", strlen("text/html")) == 0 ||
               strncasecmp(text, "<!doctype html", strlen("<!doctype html")) == 0 ||
               strncasecmp(text, "<html", strlen("<html")) == 0);
}

static struct telling tell_unsent(struct arena *arena, const struct reply *reply)
{
    const char *reason = reply->reason != NULL ? reply->reason : "no connection";

    switch (reply->fault) {
    case FAULT_TLS:
        return (struct telling){"LF502", arena_printf(arena, "no TLS session: %s", reason),
            "for a private authority name its certificate in the target's ca_file; otherwise check "
            "scheme, host name and port of the URL"};
    case FAULT_NAME:
        return (struct telling){"LF501", reason,
            "check the host in the target's URL; a name inside of a VPN or cluster needs that "
            "network, or a port-forward"};
    case FAULT_ENDPOINT:
        return (struct telling){"LF501", reason,
            "the target's URL begins with http:// or https://, then host and port"};
    default:
        return (struct telling){"LF501", arena_printf(arena, "not reachable: %s", reason),
            "check that the proxy is up (kubectl get pods) and the URL is right; where it is not "
            "exposed, kubectl port-forward and " TARGET ".url: http://127.0.0.1:4000"};
    }
}

static struct telling tell_lost(struct arena *arena, const struct reply *reply)
{
    const char *reason = reply->reason != NULL ? reply->reason : "the connection ended";

    if (reply->fault == FAULT_LARGE)
        return (struct telling){
            "LF508", reason, "ask for less at a time, or look at what answers at this URL"};
    return (struct telling){"LF509", arena_printf(arena, "sent, but no whole answer: %s", reason),
        "run plan again, it shows what was carried out; where it happens again, check the URL's "
        "scheme and what stands between here and the proxy"};
}

/** A status that LiteLLM or whatever is before it gave, other than 2xx. */
static struct telling tell_status(struct arena *arena, const struct reply *reply)
{
    const char *message = reply_message(arena, reply);
    struct telling telling = {"LF511", message, "change the spec so that the server takes it"};

    if (reply->status / 100 == 3)
        return (struct telling){"LF507", message,
            "a gateway answered: check " TARGET ".url, redirects are never followed"};
    switch (reply->status) {
    case 401:
        telling = (struct telling){"LF503", message,
            "check " TARGET ".master_key; after a change of the key name the old one as previous:"};
        break;
    case 403:
        telling = (struct telling){"LF504", message,
            strstr(message, "nterprise") != NULL
                ? "needs a LiteLLM licence: take it out of the spec, or set tier: enterprise"
                : "use the master key, or the key of a proxy_admin"};
        break;
    case 404:
        telling = (struct telling){"LF505", message,
            "the running version may lack this endpoint, or " TARGET ".url has a wrong path: it is "
            "the root, without /v1"};
        break;
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
        telling = (struct telling){
            "LF506", message, "check that pods are ready (kubectl get pods) and run it again"};
        break;
    default:
        if (reply->status >= 500)
            telling = (struct telling){"LF512", message,
                "look in the proxy's log of this second; run plan again after it"};
    }
    /* A login page with 401 or 403, a default backend with 404: not the proxy's words. */
    if (is_web_page(reply) && reply->status < 500)
        telling = (struct telling){"LF507", arena_printf(arena, "a web page answered: %s", message),
            "a gateway answered in place of LiteLLM: check " TARGET ".url"};
    return telling;
}

static struct telling tell(struct arena *arena, const struct reply *reply)
{
    switch (reply->outcome) {
    case OUTCOME_UNSENT:
        return tell_unsent(arena, reply);
    case OUTCOME_LOST:
        return tell_lost(arena, reply);
    case OUTCOME_STOPPED:
        return (struct telling){"LF510",
            arena_printf(arena, "not sent: %s", reply->reason ? reply->reason : "stopped"),
            reply->fault == FAULT_SECRET ? "make the secret available and run it again" : NULL};
    case OUTCOME_ANSWERED:
        break;
    }
    if (reply->status < 200 || reply->status >= 300)
        return tell_status(arena, reply);
    if (is_web_page(reply))
        return (struct telling){"LF507",
            arena_printf(arena, "a web page answered: %s", reply_message(arena, reply)),
            "a gateway answered in place of LiteLLM: check " TARGET ".url"};
    if (node_get(reply->body, "error") != NULL)
        return (struct telling){"LF511", reply_message(arena, reply),
            "the server says 200 and means an error: its words say what is wrong"};
    return (struct telling){"LF508",
        reply->reason != NULL ? reply->reason : "the answer does not hold what it must",
        "check what answers at this URL, and that its version is one that liteform knows"};
}

struct diag *client_fault(struct diags *diags, const struct reply *reply, const char *expected)
{
    struct arena *arena = diags->arena;
    struct telling telling = tell(arena, reply);
    const char *status = "", *tries = "", *wanted = "";

    if (reply->status != 0)
        status = arena_printf(arena, "status %d, ", reply->status);
    if (reply->tries > 1)
        tries = arena_printf(arena, " (%u tries)", reply->tries);
    if (expected != NULL && *expected != '\0')
        wanted = arena_printf(arena, "; expected %s", expected);
    struct diag *diag = diag_add(diags, telling.id, "%s%s%s: %s%s%s%s",
        reply->method != NULL ? reply->method : "", reply->method != NULL ? " " : "",
        reply->url != NULL ? reply->url : "(no URL)", status, telling.fact, tries, wanted);

    diag->fix = telling.fix;
    return diag;
}
