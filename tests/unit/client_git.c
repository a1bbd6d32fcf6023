/* What git knows, asked of repositories that the git program makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "client/git.h"

#include <sys/stat.h>
#include <unistd.h>

static struct arena *arena;
static const char *folder;

static int run(const char *script)
{
    return system(arena_printf(arena,
        "{ set -e; cd '%s'; unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE; "
        "export HOME='%s' GIT_CONFIG_NOSYSTEM=1 "
        "GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a "
        "GIT_COMMITTER_EMAIL=a@example.com; %s; } >/dev/null 2>&1",
        folder, folder, script));
}

static int setup(void **state)
{
    char name[] = "/tmp/liteform-git-XXXXXX";

    (void)state;
    arena = arena_new();
    char *made = realpath(mkdtemp(name), NULL);
    folder = arena_strdup(arena, made);
    free(made);
    return folder == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    int code = system(arena_printf(arena, "rm -rf '%s'", folder));
    arena = arena_free(arena);
    return code;
}

static const char *path(const char *name)
{
    return arena_printf(arena, "%s/%s", folder, name);
}

static void make_repository(void)
{
    if (system("git --version >/dev/null 2>&1") != 0)
        skip();
    assert_int_equal(run("git init -q -b main w; cd w; mkdir -p env/prod env/dev; "
                         "echo a > env/prod/a.yaml; echo b > env/dev/b.yaml; "
                         "echo ignored.txt > .gitignore; git add .; git commit -qm one"),
        0);
}

static void test_outside(void **state)
{
    (void)state;
    struct git_facts facts = git_facts(arena, folder);
    assert_false(facts.repository);
    assert_null(facts.commit);
    facts = git_facts(arena, "/nonexistent");
    assert_false(facts.repository);
}

static void test_clean_and_dirty(void **state)
{
    (void)state;
    make_repository();
    struct git_facts facts = git_facts(arena, path("w/env/prod"));
    assert_true(facts.repository);
    assert_string_equal(facts.top, path("w"));
    assert_int_equal(strlen(facts.commit), 40);
    assert_string_equal(facts.branch, "main");
    assert_false(facts.dirty);
    assert_false(facts.on_upstream);
    assert_null(facts.upstream);

    /* Only what is below the folder counts. */
    assert_int_equal(run("cd w; echo more >> env/dev/b.yaml; echo new > env/dev/c.yaml; "
                         "mkdir env/prod2; echo x > env/prod2/x; echo x > env/prod/ignored.txt"),
        0);
    assert_false(git_facts(arena, path("w/env/prod")).dirty);
    assert_true(git_facts(arena, path("w/env/dev")).dirty);
    assert_true(git_facts(arena, path("w")).dirty);

    assert_int_equal(run("cd w; echo new > env/prod/new.yaml"), 0);
    assert_true(git_facts(arena, path("w/env/prod")).dirty);
    assert_int_equal(run("cd w; git add env/prod/new.yaml"), 0);
    assert_true(git_facts(arena, path("w/env/prod")).dirty);
    assert_int_equal(run("cd w; git commit -qm two env/prod"), 0);
    assert_false(git_facts(arena, path("w/env/prod")).dirty);
    assert_int_equal(run("cd w; rm env/prod/new.yaml"), 0);
    assert_true(git_facts(arena, path("w/env/prod")).dirty);

    /* A folder with a glob for a name is that folder, not a pattern. */
    assert_int_equal(run("cd w; git checkout -q env/prod; mkdir 'env/*'; echo x > 'env/*/x'; "
                         "git add 'env/*/x'; git commit -qm three 'env/*/x'"),
        0);
    assert_false(git_facts(arena, path("w/env/*")).dirty);
}

static void test_upstream(void **state)
{
    (void)state;
    make_repository();
    assert_int_equal(run("git clone -q w c"), 0);
    struct git_facts facts = git_facts(arena, path("c/env/prod"));
    assert_string_equal(facts.upstream, "origin/main");
    assert_true(facts.on_upstream);
    assert_false(facts.dirty);

    assert_int_equal(run("cd c; echo c >> env/prod/a.yaml; git commit -qam local"), 0);
    facts = git_facts(arena, path("c/env/prod"));
    assert_false(facts.on_upstream);
    assert_string_equal(facts.upstream, "origin/main");
    assert_false(facts.dirty);

    /* Behind the upstream is on it. */
    assert_int_equal(run("cd w; git commit -q --allow-empty -m more; cd ../c; git fetch -q; "
                         "git reset -q --hard origin/main~1"),
        0);
    assert_true(git_facts(arena, path("c/env/prod")).on_upstream);

    /* As CI checks out. */
    assert_int_equal(run("cd c; git checkout -q --detach origin/main"), 0);
    facts = git_facts(arena, path("c/env/prod"));
    assert_null(facts.branch);
    assert_string_equal(facts.upstream, "origin/main");
    assert_true(facts.on_upstream);
    assert_int_equal(run("cd c; git commit -q --allow-empty -m loose"), 0);
    facts = git_facts(arena, path("c/env/prod"));
    assert_null(facts.upstream);
    assert_false(facts.on_upstream);
}

static void test_odd_ones(void **state)
{
    (void)state;
    make_repository();
    assert_int_equal(run("git init -q -b main empty; mkdir empty/e; git clone -q --bare w bare; "
                         "cd w; git worktree add -q ../second; cd ..; ln -s w/env/prod link"),
        0);
    struct git_facts facts = git_facts(arena, path("empty/e"));
    assert_true(facts.repository);
    assert_null(facts.commit);
    assert_false(facts.dirty);
    assert_false(git_facts(arena, path("bare")).repository);
    facts = git_facts(arena, path("second/env/prod"));
    assert_string_equal(facts.top, path("second"));
    assert_string_equal(facts.branch, "second");
    facts = git_facts(arena, path("link"));
    assert_string_equal(facts.top, path("w"));

    /* A working copy of somebody else, as in a container. */
    if (geteuid() == 0) {
        assert_int_equal(run("chown -R 65534:65534 w"), 0);
        facts = git_facts(arena, path("w/env/prod"));
        assert_true(facts.repository);
        assert_false(facts.dirty);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clean_and_dirty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upstream, setup, teardown),
        cmocka_unit_test_setup_teardown(test_odd_ones, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
