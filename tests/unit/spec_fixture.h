/* An environment that a test writes to a folder of its own and loads. */
#ifndef TESTS_UNIT_SPEC_FIXTURE_H
#define TESTS_UNIT_SPEC_FIXTURE_H

#include "base/file.h"
#include "unit/spec_kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct diags diags;
    char *root;
    struct spec *spec;
};

static inline struct fixture fixture_new(void)
{
    struct fixture f = {.arena = arena_new()};
    char name[] = "/tmp/liteform-spec-XXXXXX";
    assert_non_null(mkdtemp(name));
    f.diags = diags_init(f.arena);
    f.root = arena_strdup(f.arena, name);
    return f;
}

static inline void fixture_write(
    struct fixture *f, const char *name, const char *bytes, size_t length)
{
    const char *path = file_join(f->arena, f->root, name);
    assert_int_equal(file_make_folders(file_folder(f->arena, path), 0700), 0);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static inline void fixture_file(struct fixture *f, const char *name, const char *text)
{
    fixture_write(f, name, text, strlen(text));
}

/* Whether what is loaded is shown, too: define it before this header is read. */
#ifndef FIXTURE_KEEP_RAW
#define FIXTURE_KEEP_RAW false
#endif

static inline struct spec *fixture_load(struct fixture *f, const char *name)
{
    struct spec_options options = {.root = f->root, .name = name, .keep_raw = FIXTURE_KEEP_RAW};
    f->spec = spec_load(f->arena, &options, &test_kinds, &f->diags);
    return f->spec;
}

#define HEAD                                                                                       \
    "environment: test\nbackend: local\ntargets: { litellm: { url: 'https://l.example.com', "      \
    "master_key: { env: KEY } } }\n"

/* One environment "test" of one file: the required sections and this text. */
static inline struct fixture loaded(const char *text)
{
    struct fixture f = fixture_new();
    fixture_file(&f, "environments/test/environment.yaml", arena_printf(f.arena, HEAD "%s", text));
    fixture_load(&f, "test");
    assert_non_null(f.spec);
    return f;
}

static inline const char *fixture_diags(struct fixture *f)
{
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    struct diag_style style = {.most = 1000};
    diags_sort(&f->diags);
    diags_render_text(&f->diags, &style, &out);
    return arena_strdup(f->arena, buf_text(&out));
}

static inline void fixture_remove_folder(const char *folder)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct strings names = {0};
    file_list(arena, folder, "", &names);
    for (size_t i = 0; i < names.count; i++) {
        const char *path = file_join(arena, folder, names.at[i]);
        struct stat st;
        if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
            fixture_remove_folder(path);
        else
            unlink(path);
    }
    rmdir(folder);
}

static inline void fixture_end(struct fixture *f)
{
    fixture_remove_folder(f->root);
    f->arena = arena_free(f->arena);
}

/* The text must give just these ids, in the order of their places: "LF010 LF013". */
static inline void expect_ids(const char *text, const char *ids)
{
    struct fixture f = loaded(text);
    CLEANUP_BUF struct buf found = BUF_INIT(0);
    diags_sort(&f.diags);
    VEC_EACH(diag, &f.diags.list)
        buf_printf(&found, "%s%s", found.len > 0 ? " " : "", diag->id);
    if (strcmp(buf_text(&found), ids) != 0)
        print_error("%s\n%s", text, fixture_diags(&f));
    assert_string_equal(buf_text(&found), ids);
    fixture_end(&f);
}

static inline void expect_fault(const char *text, const char *id, const char *part)
{
    struct fixture f = loaded(text);
    const char *shown = fixture_diags(&f);
    bool good = diags_has(&f.diags, id) && strstr(shown, part) != NULL && f.diags.list.count == 1;
    if (!good)
        print_error("%s\n%s\nwanted: %s %s\n", text, shown, id, part);
    assert_true(good);
    fixture_end(&f);
}

#endif
