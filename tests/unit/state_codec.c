#include "base/buf.h"
#include "base/digest.h"
#include "state/codec.h"
#include "state/state.h"
#include "value/read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The text of the state: what goes in comes out, and what was damaged does not. */

struct fixture {
    struct arena *arena;
    struct diags diags;
};

static int set_up(void **context)
{
    struct arena *arena = arena_new();
    struct fixture *f = ARENA_NEW(arena, struct fixture);
    f->arena = arena;
    f->diags = diags_init(arena);
    *context = f;
    return 0;
}

static int tear_down(void **context)
{
    struct fixture *f = *context;
    arena_free(f->arena);
    return 0;
}

static struct node *tree(struct arena *arena, const char *text)
{
    const char *reason = NULL;
    struct node *node = json_read(arena, text, strlen(text), &reason);
    assert_non_null(node);
    return node;
}

static const char *encoded(struct arena *arena, const struct state *state)
{
    struct buf out = BUF_INIT(CODEC_MAX);
    state_encode(state, &out);
    assert_false(out.overflow);
    const char *text = arena_strndup(arena, out.at, out.len);
    buf_release(&out);
    return text;
}

static struct state *decoded(struct fixture *f, const char *text)
{
    return state_decode(f->arena, text, strlen(text), "prod", &f->diags);
}

static struct state *sample(struct arena *arena)
{
    struct state *state = state_new(arena, "prod");
    state->known.serial = 12;
    state->epoch = 42;
    state->status = "interrupted";
    state->tool = "liteform 0.1.0";
    state->written_at = "2026-11-24T08:30:00Z";
    state->write_id = "b2a6f4f0-1111-4222-8333-444444444444";
    state->target = tree(arena, "{\"cluster\":\"uid\",\"url\":\"https://litellm.example.com\"}");
    state->last_clean = tree(arena, "{\"serial\":11,\"counts\":{\"create\":2}}");
    state->run = tree(arena, "{\"id\":\"r1\",\"who\":\"alice\"}");
    state->unknown = tree(arena, "{\"aaa\":[1,2.50,null],\"zzz\":{\"b\":true}}");
    state->freeze = (struct freeze){
        .id = "f1", .reason = "a \"quiet\" week\n", .who = "bob", .since = "2026-11-24T08:00:00Z"};
    struct known_object team = {.address = "team/platform",
        .kind = "team",
        .id = "t-1",
        .fields = tree(arena, "{\"max_budget\":500.5,\"models\":[\"a\",\"b\"]}"),
        .changed_at = "2026-11-24T08:29:59Z",
        .server_time = "2026-11-24T08:29:59.123456Z"};
    state_put(arena, state, &team);
    struct known_object model = {.address = "model/claude-opus",
        .kind = "model",
        .id = "m-1",
        .adopted = true,
        .fields = tree(arena, "{\"api_key\":{\"hmac\":\"ab\"},\"rpm\":9007199254740993}"),
        .extra = tree(arena, "{\"spelling\":\"bedrock_converse\"}")};
    state_put(arena, state, &model);
    return state;
}

static void test_round_trip(void **context)
{
    struct fixture *f = *context;
    const char *text = encoded(f->arena, sample(f->arena));
    struct state *state = decoded(f, text);
    assert_non_null(state);
    assert_string_equal(encoded(f->arena, state), text);
    assert_true(text[strlen(text) - 1] == '\n');
    assert_int_equal(state->known.serial, 12);
    assert_true(state->known.exists);
    assert_int_equal(state->epoch, 42);
    assert_string_equal(state->status, "interrupted");
    assert_string_equal(state->freeze.reason, "a \"quiet\" week\n");
    assert_string_equal(node_get_text(state->run, "who"), "alice");
    assert_int_equal(state->known.objects.count, 2);
    const struct known_object *model = map_get(&state->known.objects, "model/claude-opus");
    assert_non_null(model);
    assert_true(model->adopted);
    assert_int_equal(node_get_int(model->fields, "rpm", 0), INT64_C(9007199254740993));
    const struct known_object *team = map_get(&state->known.objects, "team/platform");
    assert_string_equal(team->server_time, "2026-11-24T08:29:59.123456Z");
    assert_null(team->extra);
}

static void test_unknown_members_stay(void **context)
{
    struct fixture *f = *context;
    struct state *state = sample(f->arena);
    state->unknown =
        tree(f->arena, "{\"later\":1,\"objects\":{\"team/platform\":{\"tint\":\"red\"},"
                       "\"team/gone\":{\"tint\":\"blue\"}}}");
    const char *text = encoded(f->arena, state);
    assert_non_null(strstr(text, "\"tint\":\"red\""));
    assert_null(strstr(text, "blue"));
    state = decoded(f, text);
    assert_non_null(state);
    assert_string_equal(encoded(f->arena, state), text);
    state_drop(f->arena, state, "team/platform");
    text = encoded(f->arena, state);
    assert_null(strstr(text, "tint"));
    assert_non_null(strstr(text, "\"later\":1"));
}

static void test_order_does_not_matter(void **context)
{
    struct fixture *f = *context;
    struct state *a = sample(f->arena), *b = sample(f->arena);
    b->known.lineage = a->known.lineage;
    struct known_object x = {.address = "key/a", .kind = "key"};
    struct known_object y = {.address = "key/b", .kind = "key"};
    state_put(f->arena, a, &x);
    state_put(f->arena, a, &y);
    state_put(f->arena, b, &y);
    state_put(f->arena, b, &x);
    assert_string_equal(encoded(f->arena, a), encoded(f->arena, b));
}

static void test_every_byte_counts(void **context)
{
    struct fixture *f = *context;
    const char *text = encoded(f->arena, sample(f->arena));
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        struct arena *arena = arena_new();
        struct diags diags = diags_init(arena);
        char *bad = arena_strndup(arena, text, length);
        bad[i] = (char)(bad[i] ^ 1);
        struct state *state = state_decode(arena, bad, length, "prod", &diags);
        if (state != NULL)
            assert_string_equal(encoded(arena, state), text);
        else
            assert_true(diags_errors(&diags) > 0);
        arena_free(arena);
    }
}

static void test_cut_short(void **context)
{
    struct fixture *f = *context;
    const char *text = encoded(f->arena, sample(f->arena));
    for (size_t length = 0; length + 1 < strlen(text); length++) {
        struct arena *arena = arena_new();
        struct diags diags = diags_init(arena);
        char *cut = arena_strndup(arena, text, length);
        assert_null(state_decode(arena, cut, length, "prod", &diags));
        assert_true(diags_has(&diags, "LF402"));
        arena_free(arena);
    }
}

static const char *replaced(
    struct arena *arena, const char *text, const char *what, const char *with)
{
    const char *at = strstr(text, what);
    assert_non_null(at);
    return arena_printf(arena, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
}

static void test_edited_by_hand(void **context)
{
    struct fixture *f = *context;
    const char *text = encoded(f->arena, sample(f->arena));
    const char *edited = replaced(f->arena, text, "\"t-1\"", "\"t-2\"");
    assert_null(decoded(f, edited));
    assert_true(diags_has(&f->diags, "LF402"));
    assert_non_null(strstr(f->diags.list.at[0].fix, "state push prod FILE --force"));
    struct state *state = state_decode_edited(f->arena, edited, strlen(edited), "prod", &f->diags);
    assert_non_null(state);
    const struct known_object *team = map_get(&state->known.objects, "team/platform");
    assert_string_equal(team->id, "t-2");
}

static void test_blanks_do_not_count(void **context)
{
    struct fixture *f = *context;
    const char *text = encoded(f->arena, sample(f->arena));
    struct buf pretty = BUF_INIT(CODEC_MAX);
    node_json_pretty(tree(f->arena, text), &pretty);
    struct state *state = decoded(f, pretty.at);
    assert_non_null(state);
    assert_string_equal(encoded(f->arena, state), text);
    buf_release(&pretty);
}

/* As `state_decode` looks at the checksum, and as it does without the text; they have to agree. */
static bool is_sealed(const char *text)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    const char *reason = NULL, *slow_reason = NULL;
    struct codec_stored stored = {.bytes = text, .length = strlen(text)};
    if (!codec_parse_stored(arena, &stored, &reason))
        return false;
    bool fast = codec_unseal_stored(arena, &stored, CODEC_SEALED, &reason);
    struct node *map = codec_parse(arena, text, strlen(text), &slow_reason);
    assert_non_null(map);
    assert_int_equal(codec_unseal(arena, map, CODEC_SEALED, &slow_reason), fast);
    if (fast)
        assert_true(node_equal(map, stored.map));
    else
        assert_string_equal(slow_reason, reason);
    return fast;
}

/* With the checksum of the bytes as they are. */
static const char *sealed_as_it_is(struct arena *arena, const char *text)
{
    const char *zeros = strstr(text, CODEC_UNSEALED);
    assert_non_null(zeros);
    size_t length = strlen(text);
    const char *digest = digest_hex(arena, text, text[length - 1] == '\n' ? length - 1 : length);
    return replaced(arena, text, CODEC_UNSEALED, digest);
}

#define UNSEALED "\"checksum\":\"" CODEC_UNSEALED "\""

/* A checksum over the bytes is not one over what they mean, and only that counts. */
static void test_only_canonical_text_is_sealed(void **context)
{
    struct fixture *f = *context;
    static const char *const right[] = {"{" UNSEALED ",\"n\":[0,-1,0.00000012,1e-30,2.5]}\n",
        "{" UNSEALED "}", "{" UNSEALED ",\"t\":\"\\n\\\"\\\\\"}\n",
        "{" UNSEALED ",\"t\":\"\\u001b\"}\n",
        "{\"a\":{\"checksum\":\"x\"}," UNSEALED ",\"n\":2.5}\n"};
    static const char *const wrong[] = {"{" UNSEALED ",\"n\":2.50}\n", "{" UNSEALED ",\"n\":1e1}\n",
        "{" UNSEALED ",\"n\":-0}\n", "{" UNSEALED ", \"n\":1}\n", "{ " UNSEALED "}\n",
        "{" UNSEALED ",\"t\":\"\\u000a\"}\n", "{" UNSEALED ",\"t\":\"\\/\"}\n",
        "{" UNSEALED ",\"c\":1,\"b\":2}\n", "{\"n\":1," UNSEALED "}\n",
        "{" UNSEALED ",\"n\":[{\"b\":1,\"a\":1}]}\n", "{" UNSEALED ",\"a\":1}\n"};
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
        assert_true(is_sealed(sealed_as_it_is(f->arena, right[i])));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(is_sealed(sealed_as_it_is(f->arena, wrong[i])));
}

static void test_both_checks_agree(void **context)
{
    struct fixture *f = *context;
    struct state *first = sample(f->arena);
    first->unknown = NULL; /* then the checksum is the first member */
    const char *const texts[] = {encoded(f->arena, first), encoded(f->arena, sample(f->arena))};
    for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
        assert_true(is_sealed(texts[t]));
        size_t length = strlen(texts[t]);
        for (size_t i = 0; i + 1 < length; i++) {
            char *bad = arena_strndup(f->arena, texts[t], length);
            bad[i] = (char)(bad[i] ^ 1);
            assert_false(is_sealed(bad));
        }
        static const char *const blanks[] = {"\n", "\r\n", " ", ""};
        for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++)
            assert_true(
                is_sealed(arena_printf(f->arena, "%.*s%s", (int)length - 1, texts[t], blanks[i])));
    }
}

static void test_not_ours(void **context)
{
    struct fixture *f = *context;
    const char *text = encoded(f->arena, sample(f->arena));
    assert_null(decoded(f, replaced(f->arena, text, "\"format\":1", "\"format\":2")));
    assert_true(diags_has(&f->diags, "LF403"));
    assert_null(state_decode(f->arena, text, strlen(text), "dev", &f->diags));
    assert_true(diags_has(&f->diags, "LF404"));
    static const char *const bad[] = {"[]", "{}", "null", "\"x\"", "{\"format\":1}",
        "{\"format\":1,\"checksum\":\"\"}", "{\"format\":\"1\"}", "{\"format\":0}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct diags diags = diags_init(f->arena);
        assert_null(state_decode(f->arena, bad[i], strlen(bad[i]), "prod", &diags));
        assert_true(diags_has(&diags, "LF402"));
    }
}

static void test_wrong_types(void **context)
{
    struct fixture *f = *context;
    const char *text = encoded(f->arena, sample(f->arena));
    static const char *const changes[][2] = {{"\"serial\":12", "\"serial\":\"12\""},
        {"\"serial\":12", "\"serial\":-1"}, {"\"serial\":12", "\"serial\":9223372036854775807"},
        {"\"epoch\":42", "\"epoch\":4.5"}, {"\"interrupted\"", "\"perhaps\""},
        {"\"kind\":\"team\",", ""}, {"\"adopted\":true", "\"adopted\":1"},
        {"\"id\":\"t-1\"", "\"id\":7"}, {"\"lineage\"", "\"line\""}};
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct diags diags = diags_init(f->arena);
        const char *bad = replaced(f->arena, text, changes[i][0], changes[i][1]);
        assert_null(state_decode_edited(f->arena, bad, strlen(bad), "prod", &diags));
        assert_true(diags_has(&diags, "LF402"));
    }
}

static void test_secrets_are_not_stored(void **context)
{
    struct fixture *f = *context;
    struct state *state = state_new(f->arena, "prod");
    state->write_id = "w";
    struct node *fields = tree(f->arena, "{\"key\":\"sk-hunter2\",\"list\":[\"sk-hunter3\"]}");
    node_get(fields, "key")->marks |= NODE_SECRET;
    node_get(fields, "list")->items[0]->marks |= NODE_SECRET;
    struct known_object key = {.address = "key/x", .kind = "key", .fields = fields};
    state_put(f->arena, state, &key);
    assert_null(strstr(encoded(f->arena, state), "hunter"));
    assert_string_equal(node_get_text(fields, "key"), "sk-hunter2");
}

static void test_many_objects(void **context)
{
    enum { MANY = 10000 };
    struct fixture *f = *context;
    struct state *state = state_new(f->arena, "prod");
    state->write_id = "w";
    struct node *fields = tree(f->arena, "{\"max_budget\":500,\"models\":[\"a\",\"b\"]}");
    for (int i = 0; i < MANY; i++) {
        struct known_object object = {
            .address = arena_printf(f->arena, "team/t%d", i * 7919 % MANY),
            .kind = "team",
            .id = arena_printf(f->arena, "id-%d", i),
            .fields = fields};
        state_put(f->arena, state, &object);
    }
    assert_int_equal(state->known.objects.count, MANY);
    const char *text = encoded(f->arena, state);
    struct state *again = decoded(f, text);
    assert_non_null(again);
    for (int i = 0; i < MANY; i += 3)
        state_drop(f->arena, again, arena_printf(f->arena, "team/t%d", i));
    for (int i = 0; i < MANY; i++) {
        const char *address = arena_printf(f->arena, "team/t%d", i);
        if (i % 3 == 0)
            assert_null(map_get(&again->known.objects, address));
        else
            assert_non_null(map_get(&again->known.objects, address));
    }
    state_drop(f->arena, again, "team/none");
    assert_int_equal(again->known.objects.count, MANY - (MANY + 2) / 3);
}

static void test_frozen(void **context)
{
    struct fixture *f = *context;
    struct state *state = sample(f->arena);
    assert_true(state_frozen(state, &f->diags));
    assert_true(diags_has(&f->diags, "LF409"));
    state->freeze = (struct freeze){0};
    assert_false(state_frozen(state, &f->diags));
    assert_int_equal(diags_errors(&f->diags), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unknown_members_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_order_does_not_matter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_byte_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_short, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_edited_by_hand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_blanks_do_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_canonical_text_is_sealed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_both_checks_agree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_secrets_are_not_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_objects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_frozen, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
