/* Paging through the lists of every kind, side by side within the client's window. */
#include "base/text.h"
#include "live/internal.h"

#include <string.h>

/** One list being fetched, for all kinds that use it. */
struct fetch {
    const struct listing *listing;
    VEC(struct live_kind *) kinds;
    unsigned next_page; /* the next to ask for, from 1 */
    unsigned last_page; /* known once page 1 is there; 0 before */
    unsigned in_flight;
    unsigned passes; /* whole passes begun */
    int64_t total;   /* as the server said, -1 when it does not */
    struct map seen; /* ids */
    bool failed, ended;
    const char *reason;   /* why it failed */
    struct diags trouble; /* reported in the order of the lists, not of the answers */
};

struct paging {
    struct collecting *c;
    VEC(struct fetch *) fetches;
    size_t turn; /* round robin, so that no list waits for another */
};

static bool fits_release(const struct collecting *c, const struct listing *listing)
{
    uint16_t release = c->live->server.release;
    if (release == 0) {
        return listing->until == 0;
    }
    return (listing->since == 0 || release >= listing->since) &&
           (listing->until == 0 || release <= listing->until);
}

static struct fetch *fetch_of(struct paging *paging, const struct listing *listing)
{
    VEC_EACH(fetch, &paging->fetches) {
        if (text_equal((*fetch)->listing->path, listing->path)) {
            return *fetch;
        }
    }
    struct fetch *fetch = ARENA_NEW(paging->c->arena, struct fetch);
    fetch->listing = listing;
    fetch->next_page = 1;
    fetch->passes = 1;
    fetch->total = -1;
    fetch->seen = map_init(paging->c->scratch);
    fetch->trouble = diags_init(paging->c->arena);
    *VEC_ADD(paging->c->arena, &paging->fetches) = fetch;
    return fetch;
}

static void fail_fetch(struct paging *paging, struct fetch *fetch, const char *reason)
{
    fetch->failed = true;
    fetch->reason = arena_strdup(paging->c->arena, reason);
}

/** What failed, list by list, so that two runs print the same. */
static void report_failures(struct paging *paging)
{
    VEC_EACH(fetch, &paging->fetches) {
        VEC_EACH(diag, &(*fetch)->trouble.list) {
            struct diag *kept = diag_add(paging->c->diags, diag->id, "%s", diag->message);
            kept->fix = diag->fix;
            kept->address = diag->address;
        }
        for (size_t i = 0; (*fetch)->failed && i < (*fetch)->kinds.count; i++) {
            collect_unread(paging->c, (*fetch)->kinds.at[i], (*fetch)->reason);
        }
    }
}

/** Whether a page may be asked for now: the first, the rest once their number is known. */
static bool fetch_ready(const struct fetch *fetch)
{
    if (fetch->failed || fetch->ended) {
        return false;
    }
    if (fetch->next_page == 1) {
        return fetch->in_flight == 0;
    }
    if (fetch->listing->page == NULL) {
        return false;
    }
    if (fetch->last_page == 0) {
        return fetch->in_flight == 0; /* total unknown: one page after the other */
    }
    return fetch->next_page <= fetch->last_page;
}

static bool next_request(void *context, struct request *ret_request, void **ret_tag)
{
    struct paging *paging = context;
    struct arena *arena = paging->c->scratch;

    for (size_t i = 0; i < paging->fetches.count; i++) {
        struct fetch *fetch = paging->fetches.at[(paging->turn + i) % paging->fetches.count];
        const struct listing *listing = fetch->listing;
        if (!fetch_ready(fetch)) {
            continue;
        }
        const char *path = listing->path;
        if (listing->page != NULL) {
            path = arena_printf(arena, "%s%c%s=%u&%s=%u", listing->path,
                strchr(listing->path, '?') != NULL ? '&' : '?', listing->page, fetch->next_page,
                listing->size, listing->page_size);
        }
        fetch->next_page++;
        fetch->in_flight++;
        paging->turn = (paging->turn + i + 1) % paging->fetches.count;
        *ret_request = (struct request){.endpoint = "litellm",
            .method = "GET",
            .path = path,
            .fresh = paging->c->options->fresh};
        *ret_tag = fetch;
        return true;
    }
    return false;
}

static bool offer(struct paging *paging, struct fetch *fetch, const struct node *item)
{
    const struct node *id = node_path(item, fetch->listing->id);
    const char *text = node_text(id);

    if (text == NULL && id != NULL && id->type != NODE_NULL) {
        text = node_json_text(paging->c->scratch, id);
    }
    if (text == NULL) {
        return false;
    }
    if (map_get(&fetch->seen, text) != NULL) {
        return true;
    }
    map_hold(&fetch->seen, arena_strdup(paging->c->scratch, text), fetch);
    bool understood = true;
    VEC_EACH(in, &fetch->kinds) {
        if (!(*in)->kind->item(paging->c->live, *in, fetch->listing->name, item)) {
            understood = false;
        }
    }
    return understood;
}

/** All pages are in: enough different items, or once more from the start. */
static void finish(struct paging *paging, struct fetch *fetch)
{
    if (fetch->total >= 0 && (int64_t)fetch->seen.count < fetch->total) {
        if (fetch->passes < 3) {
            fetch->passes++;
            fetch->next_page = 1;
            fetch->last_page = 0;
            return;
        }
        diag_add(&fetch->trouble, "LF252", "%s came back with %zu of %lld items",
            fetch->listing->path, fetch->seen.count, (long long)fetch->total);
        fail_fetch(paging, fetch, "the list came back incomplete");
    }
    fetch->ended = true;
}

static void take_total(struct fetch *fetch, const struct node *body, size_t items)
{
    const struct listing *listing = fetch->listing;

    if (listing->page == NULL) {
        fetch->last_page = 1;
        return;
    }
    if (listing->total == NULL) {
        if (items < listing->page_size) {
            fetch->last_page = fetch->next_page - 1;
        }
        return;
    }
    int64_t total = node_get_int(body, listing->total, -1);
    if (total >= 0 && fetch->last_page == 0) {
        fetch->total = total;
        fetch->last_page = (unsigned)((total + listing->page_size - 1) / listing->page_size);
        fetch->last_page = fetch->last_page > 0 ? fetch->last_page : 1;
    }
}

/** An answer that is JSON and not what this list has on any version that was seen. */
static void misshapen(
    struct paging *paging, struct fetch *fetch, const struct reply *reply, const char *what)
{
    struct diag *diag = diag_add(
        &fetch->trouble, "LF256", "GET %s: status %d, %s", reply->url, reply->status, what);
    fail_fetch(paging, fetch, diag->message);
}

static void take_page(struct paging *paging, struct fetch *fetch, const struct reply *reply)
{
    const struct listing *listing = fetch->listing;
    const struct node *items =
        listing->items != NULL ? node_get(reply->body, listing->items) : reply->body;
    bool totalled = listing->page == NULL || listing->total == NULL ||
                    node_get_int(reply->body, listing->total, -1) >= 0;

    if (!node_is(items, NODE_LIST) || !totalled) {
        const char *expected =
            listing->items != NULL
                ? arena_printf(paging->c->arena, "an object with a list \"%s\"", listing->items)
                : "a list";
        misshapen(paging, fetch, reply,
            arena_printf(paging->c->arena, "expected %s, got %.200s", expected, reply->text));
        return;
    }
    for (uint32_t i = 0; i < items->count; i++) {
        if (!offer(paging, fetch, items->items[i])) {
            misshapen(paging, fetch, reply,
                arena_printf(paging->c->arena, "an item of \"%s\" is not of a known shape",
                    listing->items != NULL ? listing->items : "the list"));
            return;
        }
    }
    take_total(fetch, reply->body, items->count);
}

static void page_done(
    void *context, const struct request *request, const struct reply *reply, void *tag)
{
    struct paging *paging = context;
    struct fetch *fetch = tag;
    (void)request;

    fetch->in_flight--;
    if (fetch->failed) {
        return;
    }
    if (reply->outcome == OUTCOME_ANSWERED && reply->status == 404 && fetch->listing->optional) {
        fetch->ended = true;
        return;
    }
    if (!reply_ok(reply)) {
        struct diag *diag = client_fault(&fetch->trouble, reply, "a list in JSON");
        fail_fetch(paging, fetch, diag->message);
        return;
    }
    take_page(paging, fetch, reply);
    bool all_asked = fetch->last_page > 0 && fetch->next_page > fetch->last_page;
    if (!fetch->failed && all_asked && fetch->in_flight == 0) {
        finish(paging, fetch);
    }
}

void collect_pages(struct collecting *c)
{
    struct paging paging = {.c = c};

    for (size_t i = 0; i < c->live->kind_count; i++) {
        struct live_kind *in = &c->live->kinds[i];
        if (!collect_wants(c, in->kind)) {
            continue;
        }
        for (const struct listing *l = in->kind->listings; l != NULL && l->name != NULL; l++) {
            if (fits_release(c, l) && !(l->without_database && c->live->database)) {
                *VEC_ADD(c->arena, &fetch_of(&paging, l)->kinds) = in;
            }
        }
    }
    if (paging.fetches.count == 0) {
        return;
    }
    client_run(c->client,
        &(struct client_calls){.context = &paging, .next = next_request, .done = page_done});
    VEC_EACH(fetch, &paging.fetches) {
        if (!(*fetch)->ended && !(*fetch)->failed) {
            fail_fetch(&paging, *fetch, "interrupted");
        }
    }
    report_failures(&paging);
}
