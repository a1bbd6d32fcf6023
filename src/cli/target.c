#include "cli/run.h"

#include "base/text.h"
#include "client/library.h"

#include <string.h>

/* Where may be written at all: is it the same system, is it here, is it what was reviewed. */

bool target_is_loopback(const char *url)
{
    if (url == NULL)
        return false;
    const char *host = strstr(url, "://");
    host = host == NULL ? url : host + 3;
    size_t length = strcspn(host, "/?#");
    /* What stands before an "@" is no host, whatever it looks like. */
    const char *at = memrchr(host, '@', length);
    if (at != NULL) {
        length -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    if (length >= 5 && memcmp(host, "[::1]", 5) == 0)
        return length == 5 || host[5] == ':';
    length = strcspn(host, ":/?#");
    if (length == strlen("localhost") && strncasecmp(host, "localhost", length) == 0)
        return true;
    if (length < strlen("127.0.0.1") - 2 || strncmp(host, "127.", 4) != 0)
        return false;
    /* 127.x.y.z, and no name that merely begins like it. */
    return strspn(host, "0123456789.") == length;
}

static const char *shown(struct run *run, const struct node *value)
{
    if (value == NULL)
        return "(none)";
    return node_text(value) != NULL ? node_text(value) : node_json_text(run->arena, value);
}

bool target_same(struct run *run)
{
    const struct node *was = run->state->target, *is = run->target;
    bool same = true;
    for (uint32_t i = 0; node_is(was, NODE_MAP) && i < was->count; i++) {
        const char *key = was->pairs[i].key;
        const struct node *now = node_get(is, key);
        /* What cannot be told without a credential now is no difference yet. */
        if (now == NULL || node_equal(was->pairs[i].value, now))
            continue;
        struct diag *diag = diag_add(&run->call->diags, "LF611",
            "%s: the state of %s was written for %s, the spec names %s", key,
            run->spec->environment, shown(run, was->pairs[i].value), shown(run, now));
        diag->fix = arena_printf(run->arena, "if the move is meant: %s --retarget",
            command_text(run->call, "init", run->name));
        same = false;
    }
    return same;
}

enum exit_code target_protected(struct run *run)
{
    if (!run->spec->policy.protected_environment ||
        allowed(&run->call->args.allowances, "dirty", NULL))
        return EXIT_DONE;
    struct git_facts git = git_facts(run->arena, run->spec->folder);
    if (git.unknown != NULL) {
        library_fault(&run->call->diags, git.unknown);
        return EXIT_REFUSED;
    }
    const char *why = NULL;
    if (!git.repository || git.commit == NULL)
        why = "is not in a git work tree with a commit";
    else if (git.dirty)
        why = "holds changes that are not committed";
    else if (!git.on_upstream)
        why = git.upstream == NULL ? "is on a branch that follows no upstream branch"
                                   : "is on a commit that its upstream branch does not hold";
    if (why == NULL)
        return EXIT_DONE;
    struct diag *diag = diag_add(&run->call->diags, "LF613", "%s is protected, and %s %s",
        run->spec->environment, run->spec->folder, why);
    diag->fix = "commit and push, or --allow-dirty";
    return EXIT_REFUSED;
}
