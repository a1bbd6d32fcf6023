#include "cli/cli.h"

#include "base/file.h"
#include "base/text.h"
#include "spec/spec.h"

#include <errno.h>
#include <string.h>

/* `new ENV`: a commented environment to start from. Nothing is overwritten. */

static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    return *name != '\0' && *name != '.' && *name != '-' && name[strspn(name, letters)] == '\0' &&
           strcmp(name, "common") != 0;
}

static enum exit_code exists(struct call *call, const char *path)
{
    struct diag *diag = diag_add(&call->diags, "LF616", "%s is there already", path);
    diag->fix = "take another name, or edit what is there";
    return EXIT_ERROR;
}

static enum exit_code run(struct call *call)
{
    const char *word = call_word(call, 0);
    bool is_path = strchr(word, '/') != NULL;
    const char *folder = is_path ? word : arena_printf(call->arena, "environments/%s", word);
    const char *name = is_path ? file_base(word) : word;
    if (!is_name(name)) {
        struct diag *diag = diag_add(&call->diags, "LF626", "\"%s\" cannot be a name", name);
        diag->fix = "a-z, 0-9, - and _, such as dev or prod";
        return EXIT_USAGE;
    }
    struct strings there = {0};
    if (file_is_folder(folder) && file_list(call->arena, folder, ".yaml", &there) == 0 &&
        there.count > 0)
        return exists(call, file_join(call->arena, folder, there.at[0]));
    const char *path = arena_printf(call->arena, "%s/environment.yaml", folder);
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    spec_template(name, &text);
    /* A spec holds no secret: others of the team may read it, whatever our umask is. */
    int fault = file_make_folders(folder, 0755);
    if (fault == 0)
        fault = file_write_new(path, buf_text(&text), text.len, 0644);
    if (fault == EEXIST)
        return exists(call, path);
    if (fault != 0) {
        diag_add(&call->diags, "LF617", "%s: %s", path, strerror(fault));
        return EXIT_ERROR;
    }
    buf_printf(&call->text, "Wrote %s. Edit it, then:\n", path);
    buf_printf(&call->text, "Next: %s\n", command_text(call, "validate", word));
    struct node *result = call_result(call);
    node_set_string(call->arena, result, "environment", name);
    node_set_string(call->arena, result, "file", path);
    return EXIT_DONE;
}

const struct verb verb_new = {
    .name = "new",
    .synopsis = "new ENV",
    .summary = "write a commented environment to start from",
    .help = "Examples:\n"
            "  liteform new staging        writes environments/staging/environment.yaml\n"
            "\n"
            "Nothing is overwritten.\n",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
