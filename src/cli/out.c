#include "cli/out.h"

#include "base/text.h"
#include "client/interrupt.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Streams, colours, the width of the terminal, the live line and the one question. */

static struct {
    bool ci, color_out, color_err, terminal_out, terminal_err, terminal_in;
    unsigned width_out, width_err;
    size_t diags_shown;
    bool dumb; /* a terminal that cannot draw over a line */
    bool live; /* the live line is on the screen */
} output;

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0';
}

static unsigned width_of(int file, bool terminal)
{
    if (!terminal)
        return 0;
    struct winsize size;
    if (ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

void out_setup(bool no_color)
{
    const char *ci = getenv("CI"), *term = getenv("TERM");
    output.ci = is_set("CI") && strcmp(ci, "false") != 0 && strcmp(ci, "0") != 0;
    bool plain =
        no_color || output.ci || is_set("NO_COLOR") || (term != NULL && strcmp(term, "dumb") == 0);
    output.terminal_in = isatty(STDIN_FILENO) == 1;
    output.terminal_out = isatty(STDOUT_FILENO) == 1;
    output.terminal_err = isatty(STDERR_FILENO) == 1;
    output.color_out = output.terminal_out && !plain;
    output.color_err = output.terminal_err && !plain;
    output.width_out = width_of(STDOUT_FILENO, output.terminal_out);
    output.width_err = width_of(STDERR_FILENO, output.terminal_err);
}

bool out_ci(void)
{
    return output.ci;
}

bool out_interactive(void)
{
    return output.terminal_in && output.terminal_out && output.terminal_err && !output.ci;
}

struct render_style out_style(bool verbose)
{
    return (struct render_style){.color = output.color_out,
        .verbose = verbose,
        .timing = output.terminal_out,
        .width = output.width_out};
}

struct render_style out_progress_style(bool verbose)
{
    return (struct render_style){
        .color = output.color_err, .verbose = verbose, .timing = true, .width = output.width_err};
}

void out_text(const struct buf *text)
{
    out_live_end();
    fwrite(buf_text(text), 1, text->len, stdout);
    fflush(stdout);
}

static void to_stderr(const char *text, size_t length)
{
    out_live_end();
    fwrite(text, 1, length, stderr);
}

void out_note_text(const struct call *call, const struct buf *text)
{
    if (!call->json)
        to_stderr(buf_text(text), text->len);
}

void out_note(const struct call *call, const char *format, ...)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    CLEANUP_ARENA struct arena *arena = arena_new();
    CLEANUP_BUF struct buf line = BUF_INIT(0);
    buf_printf(&line, "%s\n", text_printable(arena, buf_text(&text), true));
    out_note_text(call, &line);
}

void out_diags(struct call *call)
{
    if (call->json || call->diags.list.count <= output.diags_shown)
        return;
    struct diags fresh = call->diags;
    fresh.list.at += output.diags_shown;
    fresh.list.count -= output.diags_shown;
    output.diags_shown = call->diags.list.count;
    struct diag_style style = {.color = output.color_err, .width = output.width_err};
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    diags_render_text(&fresh, &style, &text);
    to_stderr(buf_text(&text), text.len);
}

bool out_has_live(const struct call *call)
{
    return output.terminal_err && !output.dumb && !call->json && !output.ci;
}

void out_live(const struct call *call, const char *text)
{
    if (!out_has_live(call))
        return;
    fprintf(stderr, "\r\033[K%s", text);
    output.live = true;
}

void out_live_end(void)
{
    if (output.live)
        fputs("\r\033[K", stderr);
    output.live = false;
}

bool out_ask(const char *question, const char *wanted)
{
    out_live_end();
    fputs(question, stderr);
    char answer[64];
    size_t length = 0;
    /* Not stdio: an interrupt must end the question, whenever it comes. */
    for (;;) {
        char c;
        if (!interrupt_wait_input(STDIN_FILENO) || read(STDIN_FILENO, &c, 1) != 1) {
            fputc('\n', stderr);
            return false;
        }
        if (c == '\n')
            break;
        if (length < sizeof(answer) - 1)
            answer[length++] = c;
    }
    answer[length] = '\0';
    return strcmp(answer, wanted) == 0;
}

/* {"format": "liteform-result/1", ..., "exit": 0, "diagnostics": [...]} */
static void finish_json(struct call *call, enum exit_code code)
{
    struct node *result = call_result(call);
    if (!call->whole) {
        if (node_get(result, "format") == NULL)
            node_set_string(call->arena, result, "format", "liteform-result/1");
        node_set_int(call->arena, result, "exit", (int64_t)code);
        node_set(call->arena, result, "diagnostics", render_diags_node(call->arena, &call->diags));
    }
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    render_json(result, &text);
    out_text(&text);
}

enum exit_code out_finish(struct call *call, enum exit_code code)
{
    if (call->json) {
        finish_json(call, code);
    } else {
        out_diags(call);
        out_text(&call->text);
    }
    out_live_end();
    if (ferror(stdout) == 0)
        return code;
    /* A reader that has seen enough (head) is no fault; a full disk is. */
    if (errno == EPIPE)
        return code;
    fprintf(stderr, "liteform: stdout cannot be written: %s\n", strerror(errno));
    return code == EXIT_DONE ? EXIT_ERROR : code;
}
