/* The door to libgit2: reads where a folder stands in its repository, and writes nothing. */
#include "client/git.h"

#include "base/text.h"
#include "client/library.h"

#include <git2.h>
#include <pthread.h>

/* clang-format off */
#define FUNCTIONS(X)                                                                               \
    X(buf_dispose) X(config_free) X(config_get_multivar_foreach) X(config_get_string)              \
    X(config_snapshot) X(graph_descendant_of) X(libgit2_init) X(libgit2_opts) X(oid_equal)         \
    X(oid_tostr) X(reference_free) X(reference_iterator_free) X(reference_iterator_glob_new)       \
    X(reference_lookup) X(reference_name) X(reference_next) X(reference_resolve)                   \
    X(reference_shorthand) X(reference_target) X(refspec_free) X(refspec_parse)                    \
    X(refspec_src_matches) X(refspec_transform) X(repository_config) X(repository_free)            \
    X(repository_head) X(repository_head_detached) X(repository_open_ext) X(repository_workdir)    \
    X(status_list_entrycount) X(status_list_free) X(status_list_new) X(status_options_init)
/* clang-format on */
#define MEMBER(name) __typeof__(git_##name) *name;
#define NAME(name) "git_" #name,

static struct {
    FUNCTIONS(MEMBER)
} git;
static const char *const names[] = {FUNCTIONS(NAME)};
static struct library library = LIBRARY(LIBGIT2_SONAME, LIBGIT2_PACKAGE, names, git);

#define CLEANUP(free_it) __attribute__((cleanup(free_it)))

static void repository_free(git_repository **repository)
{
    git.repository_free(*repository);
}

static void reference_free(git_reference **reference)
{
    git.reference_free(*reference);
}

static void status_free(git_status_list **list)
{
    git.status_list_free(*list);
}

static void config_free(git_config **config)
{
    git.config_free(*config);
}

static void iterator_free(git_reference_iterator **iterator)
{
    git.reference_iterator_free(*iterator);
}

static void prepare(void)
{
    if (!library_load(&library))
        return;
    git.libgit2_init();
    /* A working copy that belongs to somebody else is usual where CI runs in a container, and git's
       own refusal protects against programs named in its configuration (fsmonitor, filters, hooks).
       libgit2 runs none of them, and nothing is written here. */
    git.libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
}

/** The path of the folder below the top of the work tree: "" for the top, NULL when outside. */
static const char *path_below(struct arena *arena, const char *top, const char *folder)
{
    char *real_top = realpath(top, NULL), *real = realpath(folder, NULL);
    const char *below = NULL;

    if (real_top != NULL && real != NULL) {
        size_t length = strlen(real_top);
        if (strncmp(real, real_top, length) == 0 && (real[length] == '/' || real[length] == '\0'))
            below = arena_strdup(arena, real + length + (real[length] == '/'));
    }
    free(real_top);
    free(real);
    return below;
}

/** Whether anything below the folder is not as HEAD has it. When that cannot be told: yes. */
static bool is_dirty(git_repository *repository, const char *below)
{
    CLEANUP(status_free) git_status_list *list = NULL;
    git_status_options options;
    union {
        const char *in;
        char *out;
    } path = {.in = below}; /* libgit2 asks for char ** and changes nothing */

    git.status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
    options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
    options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH |
                    GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
    if (*below != '\0') {
        options.pathspec.strings = &path.out;
        options.pathspec.count = 1;
    }
    if (git.status_list_new(&list, repository, &options) != 0)
        return true;
    return git.status_list_entrycount(list) > 0;
}

/** Whether the commit is what the reference points at, or one of its ancestors. */
static bool contains(git_repository *repository, const git_reference *reference, const git_oid *id)
{
    CLEANUP(reference_free) git_reference *direct = NULL;

    if (git.reference_resolve(&direct, reference) != 0)
        return false;
    const git_oid *tip = git.reference_target(direct);
    return tip != NULL &&
           (git.oid_equal(tip, id) || git.graph_descendant_of(repository, tip, id) == 1);
}

/* CI checks a commit out, not a branch. Then any branch of a remote that holds the commit is the
   upstream that it came by. */
static void find_remote_branch(
    struct arena *arena, git_repository *repository, const git_oid *id, struct git_facts *facts)
{
    CLEANUP(iterator_free) git_reference_iterator *iterator = NULL;
    git_reference *next = NULL;

    if (git.reference_iterator_glob_new(&iterator, repository, "refs/remotes/*") != 0)
        return;
    while (!facts->on_upstream && git.reference_next(&next, iterator) == 0) {
        CLEANUP(reference_free) git_reference *reference = next;
        if (!text_ends(git.reference_name(reference), "/HEAD") &&
            contains(repository, reference, id)) {
            facts->upstream = arena_strdup(arena, git.reference_shorthand(reference));
            facts->on_upstream = true;
        }
    }
}

/** What a fetch refspec of the branch's remote makes of the branch's name there. */
struct tracking {
    const char *merge; /* "refs/heads/main", on the remote */
    git_buf name;      /* "refs/remotes/origin/main", here; empty when none fits */
};

static int take_refspec(const git_config_entry *entry, void *context)
{
    struct tracking *tracking = context;
    git_refspec *refspec = NULL;

    if (tracking->name.size == 0 && git.refspec_parse(&refspec, entry->value, 1) == 0 &&
        git.refspec_src_matches(refspec, tracking->merge) == 1)
        git.refspec_transform(&tracking->name, refspec, tracking->merge);
    git.refspec_free(refspec);
    return 0;
}

/*
 * Not git_branch_upstream(): it looks the remote up, and each look-up leaks 20 KiB in libgit2 1.5
 * (its search by pattern does not free what it found nothing with), which the sanitizers report.
 */
static git_reference *upstream_of(
    struct arena *arena, git_repository *repository, const char *branch)
{
    CLEANUP(config_free) git_config *live = NULL;
    CLEANUP(config_free) git_config *config = NULL;
    git_reference *upstream = NULL;
    struct tracking tracking = {.merge = NULL};
    const char *remote = NULL;

    if (git.repository_config(&live, repository) != 0 || git.config_snapshot(&config, live) != 0)
        return NULL;
    if (git.config_get_string(&remote, config, arena_printf(arena, "branch.%s.remote", branch)) !=
            0 ||
        git.config_get_string(
            &tracking.merge, config, arena_printf(arena, "branch.%s.merge", branch)) != 0)
        return NULL;
    if (text_equal(remote, ".")) { /* it follows another branch of this repository */
        git.reference_lookup(&upstream, repository, tracking.merge);
        return upstream;
    }
    git.config_get_multivar_foreach(
        config, arena_printf(arena, "remote.%s.fetch", remote), NULL, take_refspec, &tracking);
    if (tracking.name.size > 0)
        git.reference_lookup(&upstream, repository, tracking.name.ptr);
    git.buf_dispose(&tracking.name);
    return upstream;
}

static void read_head(struct arena *arena, git_repository *repository, struct git_facts *facts)
{
    CLEANUP(reference_free) git_reference *head = NULL;
    CLEANUP(reference_free) git_reference *upstream = NULL;
    char hex[GIT_OID_HEXSZ + 1];

    if (git.repository_head(&head, repository) != 0)
        return;
    const git_oid *id = git.reference_target(head);
    if (id == NULL)
        return;
    facts->commit = arena_strdup(arena, git.oid_tostr(hex, sizeof(hex), id));
    if (git.repository_head_detached(repository) == 1) {
        find_remote_branch(arena, repository, id, facts);
        return;
    }
    facts->branch = arena_strdup(arena, git.reference_shorthand(head));
    upstream = upstream_of(arena, repository, facts->branch);
    if (upstream != NULL) {
        facts->upstream = arena_strdup(arena, git.reference_shorthand(upstream));
        facts->on_upstream = contains(repository, upstream, id);
    }
}

static void read_folder(struct arena *arena, const char *folder, struct git_facts *facts)
{
    CLEANUP(repository_free) git_repository *repository = NULL;

    if (git.repository_open_ext(&repository, folder, 0, NULL) != 0)
        return;
    const char *top = git.repository_workdir(repository);
    const char *below = top != NULL ? path_below(arena, top, folder) : NULL;
    if (below == NULL)
        return;
    size_t length = strlen(top);
    facts->repository = true;
    facts->top =
        arena_strndup(arena, top, length > 1 && top[length - 1] == '/' ? length - 1 : length);
    read_head(arena, repository, facts);
    facts->dirty = is_dirty(repository, below);
}

struct git_facts git_facts(struct arena *arena, const char *folder)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct git_facts facts = {.repository = false};

    pthread_once(&once, prepare);
    if (*library.missing != '\0')
        facts.unknown = library.missing;
    else
        read_folder(arena, folder, &facts);
    return facts;
}
