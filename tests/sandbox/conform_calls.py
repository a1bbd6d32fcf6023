"""The calls that the stand-in and a real proxy must answer alike.

Data only. `{p}` is the prefix of the run, `{name}` a captured value. No expectation is written here: the real proxy is the
expectation. Options of a call:
  cap    {"variable": "path.in.the.answer"}
  pick   path of a list of which only the items that hold the prefix count (other objects may exist on a shared server)
  sets   keys whose lists are compared without order
  key    another key than the master key; "" = no Authorization header
  skip   keys that are not compared
  status True = only the status code is compared
"""

CALLS = []


def c(name, method, path, body=None, **options):
    CALLS.append((name, method, path, body, options))


BEDROCK = "bedrock/au.anthropic.claude-sonnet-4-6"
BARE = "au.anthropic.claude-sonnet-4-6"
KNOWN = "au.anthropic.claude-sonnet-4-5-20250929-v1:0"
UNIVERSAL_SKIP = ("total_count", "total_pages", "total")


def model(name, ident, params, info=None):
    return {"model_name": "{p}-" + name, "litellm_params": params, "model_info": {"id": "{p}-" + ident, **(info or {})}}


def health():
    c("health liveliness", "GET", "/health/liveliness", key="")
    c("health readiness", "GET", "/health/readiness", key="", skip=("last_updated", "success_callbacks", "log_level"))
    c("health readiness details", "GET", "/health/readiness/details", skip=("last_updated", "success_callbacks", "log_level"))
    c("health readiness details without key", "GET", "/health/readiness/details", key="")
    c("health license", "GET", "/health/license")
    c("no key", "GET", "/model/info", key="")
    c("wrong key", "GET", "/model/info", key="sk-{p}-wrong-key-000000")
    c("not sk", "GET", "/model/info", key="hello")
    c("unknown route", "GET", "/{p}/nothing")
    c("wrong method", "GET", "/team/new")
    c("body is not JSON", "POST", "/team/new", "{nonsense")
    c("body is a list", "POST", "/team/new", [1])


def models_write():
    c("model new", "POST", "/model/new", model("sonnet", "m0", {
        "model": BEDROCK, "aws_region_name": "ap-southeast-2", "aws_access_key_id": "AKIAXXXXXXXX", "aws_secret_access_key": "s3cr3ts3cr3t",
        "timeout": 600, "tags": ["a"], "max_retries": 3, "my_token_thing": "abcdefghijklmnop", "input_cost_per_token": 1e-06, "rpm": 10,
        "api_key": "bedrock-key-123456"}, {"managed_by": "x", "liteform": "created/prod", "access_groups": ["g"]}))
    c("model info", "GET", "/model/info?litellm_model_id={p}-m0")
    c("v1 model info", "GET", "/v1/model/info?litellm_model_id={p}-m0")
    c("v2 model info by id", "GET", "/v2/model/info?modelId={p}-m0")
    c("model new same id", "POST", "/model/new", model("sonnet", "m0", {"model": "bedrock/x"}))
    c("model new bedrock_converse", "POST", "/model/new", model("bad", "bad", {"model": BARE, "custom_llm_provider": "bedrock_converse"}))
    c("model info of it", "GET", "/model/info?litellm_model_id={p}-bad")
    c("v2 by id of it", "GET", "/v2/model/info?modelId={p}-bad")
    c("v2 by unknown id", "GET", "/v2/model/info?modelId={p}-nope")
    c("model info unknown", "GET", "/model/info?litellm_model_id={p}-nope")
    c("model new same id as unloaded", "POST", "/model/new", model("bad", "bad", {"model": "bedrock/x"}))
    c("patch empty unloaded", "PATCH", "/model/{p}-bad/update", {})
    c("patch empty loaded", "PATCH", "/model/{p}-m0/update", {})
    c("patch empty unknown", "PATCH", "/model/{p}-nope/update", {})
    c("patch no-op unloaded", "PATCH", "/model/{p}-bad/update", {"model_name": "{p}-bad", "model_info": {"id": "{p}-bad"}})
    c("block unloaded", "POST", "/model/block", {"model_id": "{p}-bad"})
    c("unblock unloaded", "POST", "/model/unblock", {"model_id": "{p}-bad"})
    c("block unknown", "POST", "/model/block", {"model_id": "{p}-nope"})
    c("block loaded", "POST", "/model/block", {"model_id": "{p}-m0"})
    c("model info blocked", "GET", "/model/info?litellm_model_id={p}-m0")
    c("unblock loaded", "POST", "/model/unblock", {"model_id": "{p}-m0"})
    c("repair by patch", "PATCH", "/model/{p}-bad/update", {"litellm_params": {"custom_llm_provider": "bedrock"}})
    c("after repair", "GET", "/model/info?litellm_model_id={p}-bad")
    c("second bad", "POST", "/model/new", model("bad2", "bad2", {"model": "bedrock_converse/" + BARE}))
    c("repair by post", "POST", "/model/update", {"model_info": {"id": "{p}-bad2"}, "litellm_params": {"model": BEDROCK}})
    c("after post repair", "GET", "/v2/model/info?modelId={p}-bad2", status=True)
    c("third bad", "POST", "/model/new", model("bad3", "bad3", {"model": "totally-unknown-model"}))
    c("delete unloaded", "POST", "/model/delete", {"id": "{p}-bad3"})
    c("delete again", "POST", "/model/delete", {"id": "{p}-bad3"})
    c("delete without id", "POST", "/model/delete", {})


def models_more():
    for i, (name, params) in enumerate((
            ("known bare", {"model": KNOWN}), ("unknown bare", {"model": BARE}), ("converse", {"model": "bedrock/converse/" + BARE}),
            ("provider bedrock", {"model": BARE, "custom_llm_provider": "bedrock"}), ("openai", {"model": "openai/gpt-4o", "api_key": "sk-xxxxxxxxxxxx"}),
            ("anthropic", {"model": "anthropic/claude-sonnet-4-5-20250929"}), ("unknown prefix", {"model": "nosuch/thing"}),
            ("provider nonsense", {"model": BARE, "custom_llm_provider": "nonsense"}), ("bare gpt", {"model": "gpt-4o"}),
            ("bare claude", {"model": "claude-sonnet-4-5-20250929"}), ("empty model", {"model": ""}))):
        # only what an unprefixed Bedrock id means is compared in full: the cost map of other providers is not in the stand-in
        c("load " + name, "POST", "/model/new", model("ld", "ld%d" % i, params))
        c("loaded? " + name, "GET", "/model/info?litellm_model_id={p}-ld%d" % i, status=True)
    c("patch a loaded one bad", "PATCH", "/model/{p}-m0/update", {"litellm_params": {"custom_llm_provider": "bedrock_converse"}})
    c("served after bad patch", "GET", "/model/info?litellm_model_id={p}-m0")
    c("table after bad patch", "GET", "/v2/model/info?search=%25{p}-sonnet")
    c("v2 by id after bad patch", "GET", "/v2/model/info?modelId={p}-m0")
    c("and back", "PATCH", "/model/{p}-m0/update", {"litellm_params": {"custom_llm_provider": "bedrock"}})
    c("served after back", "GET", "/model/info?litellm_model_id={p}-m0")
    c("rename", "PATCH", "/model/{p}-m0/update", {"model_name": "{p}-sonnet-r"})
    c("served after rename", "GET", "/model/info?litellm_model_id={p}-m0")
    c("model_info without id", "PATCH", "/model/{p}-m0/update", {"model_info": {"managed_by": "y"}})
    c("served after that", "GET", "/model/info?litellm_model_id={p}-m0")
    c("patch nulls", "PATCH", "/model/{p}-m0/update", {"litellm_params": {
        "timeout": None, "tags": None, "max_retries": 5, "input_cost_per_token": None, "rpm": None, "my_token_thing": None},
        "model_info": {"id": "{p}-m0", "managed_by": None}})
    c("served after nulls", "GET", "/model/info?litellm_model_id={p}-m0")
    c("patch empties", "PATCH", "/model/{p}-m0/update", {"litellm_params": {"tags": [], "aws_region_name": "", "rpm": 0, "extra_headers": {}}})
    c("served after empties", "GET", "/model/info?litellm_model_id={p}-m0")
    c("patch blocked", "PATCH", "/model/{p}-m0/update", {"blocked": True})
    c("patch unblocked", "PATCH", "/model/{p}-m0/update", {"blocked": False})
    c("patch name null", "PATCH", "/model/{p}-m0/update", {"model_name": None})
    c("patch name empty", "PATCH", "/model/{p}-m0/update", {"model_name": ""})
    c("patch unknown credential", "PATCH", "/model/{p}-m0/update", {"litellm_params": {"litellm_credential_name": "{p}-nocred"}})
    c("post update", "POST", "/model/update", {"model_info": {"id": "{p}-m0", "managed_by": "z"}, "model_name": "{p}-renamed2",
                                              "litellm_params": {"model": BEDROCK, "aws_region_name": "us-east-1"}})
    c("table after post update", "GET", "/v2/model/info?search=%25{p}-renamed2")
    c("post update unknown", "POST", "/model/update", {"model_info": {"id": "{p}-nope"}, "litellm_params": {"model": "bedrock/x"}})
    c("new without name", "POST", "/model/new", {"litellm_params": {"model": "bedrock/x"}})
    c("new without model", "POST", "/model/new", {"model_name": "{p}-nomodel", "litellm_params": {}})
    c("new with server id", "POST", "/model/new", {"model_name": "{p}-n1", "litellm_params": {"model": "bedrock/x"}}, cap={"mid": "model_id"})
    c("delete server id", "POST", "/model/delete", {"id": "{mid}"})
    c("new unknown credential", "POST", "/model/new", model("n4", "n4", {"model": "bedrock/x", "litellm_credential_name": "{p}-nocred"}))
    c("new for a team", "POST", "/model/new", model("n5", "n5", {"model": "bedrock/x"}, {"team_id": "{p}-no-team"}))
    c("search text", "GET", "/v2/model/info?search={p}-LD", pick="data", skip=("model_info",))
    c("search page 1", "GET", "/v2/model/info?search=%25{p}-ld&size=2&page=1", skip=("model_info",))
    c("search page 2", "GET", "/v2/model/info?search=%25{p}-ld&size=2&page=2", skip=("model_info",))
    c("search past the end", "GET", "/v2/model/info?search=%25{p}-ld&size=4&page=9")
    c("search sorted", "GET", "/v2/model/info?search=%25{p}-ld&size=3&page=2&sortBy=model_name&sortOrder=asc", skip=("model_info",))
    c("search literal underscore", "GET", "/v2/model/info?search={p}_ld&size=100", skip=("model_info", "litellm_params"))
    c("v2 model", "GET", "/v2/model/info?model={p}-n4", pick="data")
    c("v2 bad page", "GET", "/v2/model/info?page=0")
    c("v2 bad size", "GET", "/v2/model/info?size=0")
    c("v2 text page", "GET", "/v2/model/info?page=x")
    c("model info all", "GET", "/model/info", pick="data", skip=("model_info",))
    c("v2 all", "GET", "/v2/model/info?size=1000", pick="data", skip=("model_info",) + UNIVERSAL_SKIP)
    c("models", "GET", "/models", pick="data", skip=("mode", "max_input_tokens", "max_output_tokens"))
    c("v1 models", "GET", "/v1/models", pick="data", skip=("mode", "max_input_tokens", "max_output_tokens"))


def teams():
    c("team new", "POST", "/team/new", {"team_alias": "{p}-A", "team_id": "{p}-t1", "models": ["{p}-m"], "max_budget": 100.0, "budget_duration": "30d",
                                        "tpm_limit": 10, "rpm_limit": 5, "metadata": {"owner": "x", "liteform": "created/prod"}})
    c("team new same id", "POST", "/team/new", {"team_alias": "{p}-A", "team_id": "{p}-t1"})
    c("team new same alias", "POST", "/team/new", {"team_alias": "{p}-A", "team_id": "{p}-t1b"})
    c("team new own id", "POST", "/team/new", {"team_alias": "{p}-B"}, cap={"tid": "team_id"})
    c("team info", "GET", "/team/info?team_id={p}-t1")
    c("team info unknown", "GET", "/team/info?team_id={p}-nope")
    c("team info no id", "GET", "/team/info")
    c("team new negative", "POST", "/team/new", {"team_id": "{p}-neg", "max_budget": -4})
    c("team new bad duration", "POST", "/team/new", {"team_id": "{p}-dur", "max_budget": 4, "budget_duration": "xx"})
    c("team new soft over max", "POST", "/team/new", {"team_id": "{p}-soft", "soft_budget": 5, "max_budget": 4})
    c("team new tags", "POST", "/team/new", {"team_id": "{p}-tags", "tags": ["a"]})
    c("team new guardrails", "POST", "/team/new", {"team_id": "{p}-gr", "guardrails": ["a"]})
    c("team new empty tags", "POST", "/team/new", {"team_id": "{p}-etags", "tags": [], "guardrails": []})
    c("team new wrong type", "POST", "/team/new", {"team_id": "{p}-wt", "max_budget": "much"})
    c("team new wrong models", "POST", "/team/new", {"team_id": "{p}-wm", "models": "x"})
    c("team new bad role", "POST", "/team/new", {"team_id": "{p}-br", "members_with_roles": [{"role": "boss", "user_id": "{p}-x"}]})
    c("team new rich", "POST", "/team/new", {
        "team_id": "{p}-t2", "soft_budget": 2.0, "max_budget": 9.0, "model_aliases": {"a": "b"}, "team_member_permissions": ["/key/info"], "blocked": True,
        "team_member_budget": 4.0, "team_member_rpm_limit": 7, "team_member_tpm_limit": 8, "model_rpm_limit": {"m": 5}, "max_parallel_requests": 3,
        "router_settings": {"num_retries": 2}, "members_with_roles": [{"role": "user", "user_id": "{p}-ghost"}]})
    c("team info rich", "GET", "/team/info?team_id={p}-t2")
    c("team new with member duration", "POST", "/team/new", {"team_id": "{p}-t3", "team_member_budget": 4.0, "team_member_budget_duration": "30d"})
    c("team new member budget inherits", "POST", "/team/new", {"team_id": "{p}-t4", "team_member_budget": 4.0, "budget_duration": "7d"})
    c("team info member budget inherits", "GET", "/team/info?team_id={p}-t4")
    c("team update member budget of t4", "POST", "/team/update", {"team_id": "{p}-t4", "team_member_budget": 5.0})
    c("team info member budget of t4", "GET", "/team/info?team_id={p}-t4")
    c("team info member duration", "GET", "/team/info?team_id={p}-t3")
    c("team update unknown", "POST", "/team/update", {"team_id": "{p}-nope", "team_alias": "q"})
    c("team update no id", "POST", "/team/update", {"team_alias": "q"})
    c("team update unknown field", "POST", "/team/update", {"team_id": "{p}-t1", "unknown_field": 1})
    c("team update tags", "POST", "/team/update", {"team_id": "{p}-t1", "tags": ["a"]})
    c("team update member admin", "POST", "/team/update", {"team_id": "{p}-t1", "members_with_roles": [{"role": "admin", "user_id": "{p}-zz"}]})
    for label, body in (("null limit", {"tpm_limit": None}), ("metadata", {"metadata": {"owner": "y"}}), ("member budget", {"team_member_budget": 5.0}),
                        ("metadata again", {"metadata": {"owner": "z"}}), ("nulls", {"max_budget": None, "budget_duration": None, "models": []}),
                        ("models null", {"models": None}), ("alias null", {"team_alias": None}), ("alias back", {"team_alias": "{p}-A2"}),
                        ("duration", {"budget_duration": "7d"}), ("duration empty", {"budget_duration": ""}), ("duration bad", {"budget_duration": "xx"}),
                        ("model limits", {"model_rpm_limit": {"m": 5}}), ("model limits empty", {"model_rpm_limit": {}}),
                        ("model limits null", {"model_rpm_limit": None}), ("aliases", {"model_aliases": {"x": "y"}}), ("aliases null", {"model_aliases": None}),
                        ("aliases empty", {"model_aliases": {}}), ("permissions", {"team_member_permissions": ["/key/new"]}), ("blocked", {"blocked": True}),
                        ("blocked null", {"blocked": None}), ("unblocked", {"blocked": False}), ("router settings", {"router_settings": {"num_retries": 2}}),
                        ("router settings null", {"router_settings": None}), ("parallel", {"max_parallel_requests": 3}), ("models", {"models": ["b", "a"]}),
                        ("metadata empty", {"metadata": {}}), ("soft budget", {"soft_budget": 3.0}), ("soft over max", {"soft_budget": 3.0, "max_budget": 2.0}),
                        ("soft null", {"soft_budget": None}), ("org empty", {"organization_id": ""}), ("member budget null", {"team_member_budget": None}),
                        ("member limits", {"team_member_rpm_limit": 3, "team_member_budget_duration": "1d"}), ("metadata null", {"metadata": None})):
        c("team update " + label, "POST", "/team/update", {"team_id": "{p}-t1", **body})
        c("team info after " + label, "GET", "/team/info?team_id={p}-t1")


def team_lists():
    c("team model add first", "POST", "/team/model/add", {"team_id": "{p}-t1b", "models": ["x1", "x2"]}, sets=("models",))
    c("team model delete", "POST", "/team/model/delete", {"team_id": "{p}-t1b", "models": ["x1", "x2"]}, sets=("models",))
    c("team model add empty", "POST", "/team/model/add", {"team_id": "{tid}", "models": []}, sets=("models",))
    c("team model add unknown team", "POST", "/team/model/add", {"team_id": "{p}-nope", "models": ["x"]})
    c("team block", "POST", "/team/block", {"team_id": "{p}-t1b"})
    c("team unblock", "POST", "/team/unblock", {"team_id": "{p}-t1b"})
    c("team block unknown", "POST", "/team/block", {"team_id": "{p}-nope"})
    c("permissions list", "GET", "/team/permissions_list?team_id={p}-t1b", skip=("all_available_permissions",))
    c("permissions update", "POST", "/team/permissions_update", {"team_id": "{p}-t1b", "team_member_permissions": ["/key/info", "/key/list"]})
    c("permissions after", "GET", "/team/info?team_id={p}-t1b")
    c("permissions unknown", "POST", "/team/permissions_update", {"team_id": "{p}-nope", "team_member_permissions": ["/key/info"]})
    c("team list", "GET", "/team/list", pick="")
    c("v2 team list", "GET", "/v2/team/list?page=1&page_size=100&sort_by=team_id&sort_order=asc", pick="teams", skip=UNIVERSAL_SKIP)
    c("v2 team list by id", "GET", "/v2/team/list?team_id={p}-t1")
    c("v2 team list by alias", "GET", "/v2/team/list?team_alias={p}-A2")
    c("v2 team list beyond", "GET", "/v2/team/list?page=99&page_size=100", skip=UNIVERSAL_SKIP)
    c("v2 team list 101", "GET", "/v2/team/list?page=1&page_size=101")
    c("v2 team list page 0", "GET", "/v2/team/list?page=0")
    c("v2 team list bad sort", "GET", "/v2/team/list?sort_by=nope", status=True)
    c("v2 team list bad order", "GET", "/v2/team/list?sort_by=team_id&sort_order=up", status=True)


def members():
    add = "/team/member_add"
    c("member add creates", "POST", add, {"team_id": "{p}-t1", "member": {"role": "user", "user_id": "{p}-alice"}})
    c("user info of created", "GET", "/user/info?user_id={p}-alice")
    c("member add dup", "POST", add, {"team_id": "{p}-t1", "member": {"role": "user", "user_id": "{p}-alice"}})
    c("member add list part", "POST", add, {"team_id": "{p}-t1", "member": [{"role": "user", "user_id": "{p}-alice"}, {"role": "user", "user_id": "{p}-bob"}]})
    c("member add list all", "POST", add, {"team_id": "{p}-t1", "member": [{"role": "user", "user_id": "{p}-alice"}, {"role": "user", "user_id": "{p}-bob"}]})
    c("member add admin", "POST", add, {"team_id": "{p}-t1", "member": {"role": "admin", "user_id": "{p}-carol"}})
    c("member add bad role", "POST", add, {"team_id": "{p}-t1", "member": {"role": "boss", "user_id": "{p}-carol"}})
    c("member add no id", "POST", add, {"team_id": "{p}-t1", "member": {"role": "user"}})
    c("member add no member", "POST", add, {"team_id": "{p}-t1"})
    c("member add email", "POST", add, {"team_id": "{p}-t1", "member": {"role": "user", "user_email": "{p}Dave@X.com"}}, cap={"dave": "updated_users.0.user_id"})
    c("member add budget", "POST", add, {"team_id": "{p}-t1", "member": {"role": "user", "user_id": "{p}-erin"}, "max_budget_in_team": 3.5})
    c("member add unknown team", "POST", add, {"team_id": "{p}-nope", "member": {"role": "user", "user_id": "{p}-erin"}})
    c("member add default budget", "POST", add, {"team_id": "{p}-t2", "member": {"role": "user", "user_id": "{p}-alice"}})
    c("member add default budget own", "POST", add, {"team_id": "{p}-t2", "member": {"role": "user", "user_id": "{p}-erin"}, "max_budget_in_team": 1},
      skip=("id", "model_id"))
    c("member add list part default budget", "POST", add, {"team_id": "{p}-t2", "member": [
        {"role": "user", "user_id": "{p}-alice"}, {"role": "user", "user_id": "{p}-zed"}]})
    c("team info default budget", "GET", "/team/info?team_id={p}-t2")
    for label, body in (("budget", {"max_budget_in_team": 7}), ("tpm", {"tpm_limit": 5}), ("rpm", {"rpm_limit": 6}), ("budget null", {"max_budget_in_team": None}),
                        ("role only", {"role": "user"}), ("all null", {"max_budget_in_team": None, "tpm_limit": None, "rpm_limit": None}), ("nothing", {}),
                        ("zero", {"max_budget_in_team": 0}), ("duration", {"budget_duration": "30d"}), ("admin", {"role": "admin"}),
                        ("budget again", {"max_budget_in_team": 8})):
        c("member update " + label, "POST", "/team/member_update", {"team_id": "{p}-t1", "user_id": "{p}-erin", **body})
        c("team info after member " + label, "GET", "/team/info?team_id={p}-t1")
    c("member update non member", "POST", "/team/member_update", {"team_id": "{p}-t1", "user_id": "{p}-zzz", "max_budget_in_team": 7})
    c("member update unknown email", "POST", "/team/member_update", {"team_id": "{p}-t1", "user_email": "{p}-zz@x.com", "max_budget_in_team": 4})
    c("member update unknown team", "POST", "/team/member_update", {"team_id": "{p}-nope", "user_id": "{p}-erin", "max_budget_in_team": 4})
    c("key of a member", "POST", "/key/generate", {"key": "sk-{p}-member-000001", "key_alias": "{p}-mk", "team_id": "{p}-t1", "user_id": "{p}-bob"})
    c("member delete", "POST", "/team/member_delete", {"team_id": "{p}-t1", "user_id": "{p}-bob"})
    c("key of the member gone", "GET", "/key/info?key=sk-{p}-member-000001")
    c("member delete again", "POST", "/team/member_delete", {"team_id": "{p}-t1", "user_id": "{p}-bob"})
    c("member delete by email", "POST", "/team/member_delete", {"team_id": "{p}-t1", "user_email": "{p}Dave@X.com"})
    c("member delete unknown team", "POST", "/team/member_delete", {"team_id": "{p}-nope", "user_id": "{p}-bob"})
    c("member delete no id", "POST", "/team/member_delete", {"team_id": "{p}-t1"})
    c("team info after members", "GET", "/team/info?team_id={p}-t1")
    c("team list memberships", "GET", "/team/list", pick="")
    c("bob after delete", "GET", "/user/info?user_id={p}-bob")


def users():
    c("user new", "POST", "/user/new", {"user_id": "{p}-u1", "user_email": "{p}u1@x.com", "user_role": "internal_user", "auto_create_key": False,
                                        "max_budget": 5, "budget_duration": "30d", "metadata": {"a": 1, "liteform": "created/prod"}, "tpm_limit": 5, "models": ["m"]})
    c("user new same id", "POST", "/user/new", {"user_id": "{p}-u1", "auto_create_key": False})
    c("user new same email", "POST", "/user/new", {"user_id": "{p}-u1x", "user_email": "{p}U1@X.com", "auto_create_key": False})
    c("user new other case", "POST", "/user/new", {"user_id": "{p}-U1", "auto_create_key": False})
    c("user new auto key", "POST", "/user/new", {"user_id": "{p}-u2", "user_email": "{p}u2@x.com"}, skip=("key_name",))
    c("user new bad role", "POST", "/user/new", {"user_id": "{p}-u3", "user_role": "nonsense", "auto_create_key": False})
    c("user new unknown team", "POST", "/user/new", {"user_id": "{p}-u3", "teams": ["{p}-nope"], "auto_create_key": False})
    c("user new in team", "POST", "/user/new", {"user_id": "{p}-u4", "teams": ["{p}-t1"], "auto_create_key": False, "user_alias": "al"})
    c("user info in team", "GET", "/user/info?user_id={p}-u4")
    c("user new own id", "POST", "/user/new", {"auto_create_key": False, "user_alias": "{p}-al"}, cap={"uid": "user_id"})
    c("user new limits", "POST", "/user/new", {"user_id": "{p}-u5", "auto_create_key": False, "model_rpm_limit": {"m": 1}, "max_parallel_requests": 2,
                                               "sso_user_id": "{p}-sso", "blocked": True, "allowed_cache_controls": ["no-cache"]})
    c("user info limits", "GET", "/user/info?user_id={p}-u5")
    c("user new tags", "POST", "/user/new", {"user_id": "{p}-u6", "auto_create_key": False, "tags": ["a"]})
    c("user new model budget", "POST", "/user/new", {"user_id": "{p}-u7", "auto_create_key": False, "model_max_budget": {"m": {"budget_limit": 1.0, "time_period": "1d"}}})
    c("user new bad duration", "POST", "/user/new", {"user_id": "{p}-u8", "auto_create_key": False, "budget_duration": "xx"}, status=True)
    c("user info", "GET", "/user/info?user_id={p}-u1")
    c("user info unknown", "GET", "/user/info?user_id={p}-nope")
    c("v2 user info", "GET", "/v2/user/info?user_id={p}-u1")
    c("v2 user info unknown", "GET", "/v2/user/info?user_id={p}-nope")
    for label, body in (("nulls", {"tpm_limit": None, "models": [], "metadata": {}, "budget_duration": None}), ("budget null", {"max_budget": None}),
                        ("changes", {"metadata": {"b": 2}, "user_role": "internal_user_viewer", "models": ["x"], "max_budget": 7.5, "rpm_limit": 3}),
                        ("duration", {"budget_duration": "7d"}), ("duration empty", {"budget_duration": ""}), ("alias", {"user_alias": "zz"}),
                        ("alias null", {"user_alias": None}), ("alias empty", {"user_alias": ""}), ("email null", {"user_email": None}),
                        ("parallel", {"max_parallel_requests": 4}), ("parallel null", {"max_parallel_requests": None}), ("rpm null", {"rpm_limit": None}),
                        ("cache controls", {"allowed_cache_controls": ["x"]}), ("model limits", {"model_rpm_limit": {"m": 5}}),
                        ("model limits empty", {"model_rpm_limit": {}}), ("teams", {"teams": ["{p}-t1"]}), ("bad role", {"user_role": "nonsense"}),
                        ("tags", {"tags": ["a"]}), ("spend", {"spend": 3.0}), ("blocked", {"blocked": True})):
        c("user update " + label, "POST", "/user/update", {"user_id": "{p}-u1", **body})
        c("user info after " + label, "GET", "/user/info?user_id={p}-u1")
    c("user update upsert", "POST", "/user/update", {"user_id": "{p}-typo", "tpm_limit": 3})
    c("user info upsert", "GET", "/user/info?user_id={p}-typo")
    c("user update unknown email", "POST", "/user/update", {"user_email": "{p}unk@x.com", "tpm_limit": 3})
    c("user update by email", "POST", "/user/update", {"user_email": "{p}u2@x.com", "tpm_limit": 3})
    c("user update email of another", "POST", "/user/update", {"user_id": "{p}-u2", "user_email": "{p}u1@x.com"})
    c("user update no id", "POST", "/user/update", {"user_role": "internal_user"})
    c("user list", "GET", "/user/list?page=1&page_size=100&sort_by=user_id&sort_order=asc", pick="users", skip=UNIVERSAL_SKIP)
    c("user list one id", "GET", "/user/list?user_ids={p}-u1&sort_by=user_id&sort_order=asc")
    c("user list ids", "GET", "/user/list?user_ids={p}-u1,{p}-u2&sort_by=user_id&sort_order=asc")
    c("user list email", "GET", "/user/list?user_email={p}U1@X&sort_by=user_id&sort_order=asc")
    c("user list role", "GET", "/user/list?role=internal_user_viewer&page_size=100&sort_by=user_id&sort_order=asc", pick="users", skip=UNIVERSAL_SKIP)
    c("user list 101", "GET", "/user/list?page_size=101")
    c("user list bad sort", "GET", "/user/list?sort_by=nope")
    c("user list beyond", "GET", "/user/list?page=50&page_size=100", skip=UNIVERSAL_SKIP)


def invitations():
    c("invitation new", "POST", "/invitation/new", {"user_id": "{p}-u2"}, cap={"inv": "id"})
    c("invitation info", "GET", "/invitation/info?invitation_id={inv}")
    c("invitation unknown user", "POST", "/invitation/new", {"user_id": "{p}-nobody"})
    c("invitation info unknown", "GET", "/invitation/info?invitation_id={p}-zz")
    c("invitation second", "POST", "/invitation/new", {"user_id": "{p}-u2"}, cap={"inv2": "id"})
    c("invitation delete", "POST", "/invitation/delete", {"invitation_id": "{inv2}"})
    c("invitation delete again", "POST", "/invitation/delete", {"invitation_id": "{inv2}"})
    c("user delete unknown", "POST", "/user/delete", {"user_ids": ["{p}-nobody"]})
    c("user delete invited", "POST", "/user/delete", {"user_ids": ["{p}-u2"]})
    c("user delete two", "POST", "/user/delete", {"user_ids": ["{p}-u3", "{p}-u4"]})
    c("team after user delete", "GET", "/team/info?team_id={p}-t1")
    c("user info deleted", "GET", "/user/info?user_id={p}-u4")


def keys():
    gen, upd = "/key/generate", "/key/update"
    one = "sk-{p}-chosen-000001"
    c("key new", "POST", gen, {"key": one, "key_alias": "{p}-k1", "user_id": "{p}-u1", "team_id": "{p}-t1", "models": ["all-team-models"], "max_budget": 5,
                               "budget_duration": "30d", "duration": "30d", "tpm_limit": 3, "metadata": {"m": 1, "liteform": "created/prod"}, "soft_budget": 2})
    c("key new same key", "POST", gen, {"key": one, "key_alias": "{p}-k1b", "max_budget": 99})
    c("key new same alias", "POST", gen, {"key_alias": "{p}-k1"})
    c("key new no sk", "POST", gen, {"key": "{p}-abcdefghijklmnop"})
    c("key new short", "POST", gen, {"key": "sk-ab"}, status=True)
    c("key new unknown team", "POST", gen, {"key_alias": "{p}-gt", "team_id": "{p}-nope"}, skip=("key_name",))
    c("key new unknown user", "POST", gen, {"key_alias": "{p}-gu", "user_id": "{p}-nobody"}, skip=("key_name",))
    c("key new nothing", "POST", gen, {"key_alias": "{p}-none"}, skip=("key_name",))
    c("key new tags", "POST", gen, {"key_alias": "{p}-tags", "tags": ["a"]})
    c("key new guardrails", "POST", gen, {"key_alias": "{p}-gr", "guardrails": ["a"]})
    c("key new bad duration", "POST", gen, {"key_alias": "{p}-dur", "duration": "3 days"})
    c("key new llm type", "POST", gen, {"key": "sk-{p}-llm-type-00001", "key_alias": "{p}-llm", "key_type": "llm_api", "allowed_routes": ["/x"]})
    c("key info llm type", "GET", "/key/info?key=sk-{p}-llm-type-00001")
    c("key new rich", "POST", gen, {
        "key": "sk-{p}-rich-key-00001", "key_alias": "{p}-rich", "aliases": {"x": "y"}, "permissions": {"p": True}, "config": {"c": 1}, "blocked": True,
        "model_rpm_limit": {"m": 1}, "model_tpm_limit": {"m": 2}, "enforced_params": ["user"], "rpm_limit_type": "best_effort_throughput",
        "router_settings": {"num_retries": 2}, "allowed_routes": ["/chat/completions"], "allowed_cache_controls": ["no-cache"], "max_parallel_requests": 2})
    c("key info rich", "GET", "/key/info?key=sk-{p}-rich-key-00001")
    c("key new model budget", "POST", gen, {"key_alias": "{p}-mmb", "model_max_budget": {"m": {"budget_limit": 1.0, "time_period": "1d"}}})
    c("service account", "POST", "/key/service-account/generate", {"key": "sk-{p}-svc-key-000001", "key_alias": "{p}-svc", "team_id": "{p}-t1"})
    c("service account no team", "POST", "/key/service-account/generate", {"key_alias": "{p}-svc2"})
    c("key info", "GET", "/key/info?key=" + one)
    c("team info with keys", "GET", "/team/info?team_id={p}-t1")
    c("user info with keys", "GET", "/user/info?user_id={p}-u1")
    c("team list with keys", "GET", "/team/list", pick="")
    c("v2 team list with keys", "GET", "/v2/team/list?team_id={p}-t1")
    c("user list with keys", "GET", "/user/list?user_ids={p}-u1,{p}-none")
    c("key info unknown", "GET", "/key/info?key=sk-{p}-nope")
    c("key info master", "GET", "/key/info?key={master}")
    for label, body in (("nulls", {"tpm_limit": None, "max_budget": None}), ("durations null", {"budget_duration": None, "duration": None, "metadata": {"m2": 1}, "models": []}),
                        ("duration", {"duration": "1h"}), ("never", {"duration": "-1"}), ("duration empty", {"duration": ""}), ("budget duration", {"budget_duration": "7d"}),
                        ("budget duration empty", {"budget_duration": ""}), ("alias taken", {"key_alias": "{p}-svc"}), ("rename", {"key_alias": "{p}-k1r"}),
                        ("unknown team", {"team_id": "{p}-nope"}), ("empty team", {"team_id": ""}), ("unknown user", {"user_id": "{p}-nobody"}),
                        ("detach", {"user_id": None, "team_id": None}), ("soft null", {"soft_budget": None}), ("routes", {"allowed_routes": []}),
                        ("empties", {"aliases": {}, "permissions": {}}), ("models null", {"models": None}), ("metadata null", {"metadata": None}),
                        ("metadata", {"metadata": {"q": 1}}), ("model limits", {"model_rpm_limit": {"m": 5}}), ("model limits null", {"model_rpm_limit": None}),
                        ("model limits empty", {"model_rpm_limit": {}}), ("blocked", {"blocked": True}), ("unblocked", {"blocked": False}),
                        ("tags", {"tags": ["a"]}), ("empty tags", {"tags": []}), ("team", {"team_id": "{p}-t1"}), ("spend null", {"spend": None}),
                        ("models", {"models": ["m1", "m2"]}), ("alias null", {"key_alias": None}), ("alias", {"key_alias": "{p}-k1"}), ("expires", {"expires": "2030-01-01"}),
                        ("soft budget", {"soft_budget": 3}), ("budget id", {"budget_id": "{p}-nobudget"}), ("wrong type", {"max_budget": "x"})):
        c("key update " + label, "POST", upd, {"key": one, **body})
        c("key info after " + label, "GET", "/key/info?key=" + one)
    c("key update unknown", "POST", upd, {"key": "sk-{p}-nope", "tpm_limit": 1})
    c("key update no key", "POST", upd, {"tpm_limit": 1})
    c("v2 key info", "POST", "/v2/key/info", {"keys": [one]})
    c("v2 key info unknown", "POST", "/v2/key/info", {"keys": ["sk-{p}-nope"]}, status=True)


def key_lists():
    one = "sk-{p}-chosen-000001"
    c("key list", "GET", "/key/list?page=1&size=100&sort_by=key_alias&sort_order=asc", status=True)
    c("key list full", "GET", "/key/list?page=1&size=100&return_full_object=true&sort_by=key_alias&sort_order=asc", pick="keys", skip=UNIVERSAL_SKIP + ("key_name",))
    c("key list alias", "GET", "/key/list?key_alias={p}-k1&return_full_object=true")
    c("key list team", "GET", "/key/list?team_id={p}-t1&return_full_object=true&sort_by=key_alias&sort_order=asc")
    c("key list user", "GET", "/key/list?user_id={p}-nobody&return_full_object=true&sort_by=key_alias&sort_order=asc", skip=("key_name",))
    c("key list 101", "GET", "/key/list?size=101")
    c("key list beyond", "GET", "/key/list?page=77&size=100", skip=UNIVERSAL_SKIP)
    c("key list bad sort", "GET", "/key/list?sort_by=nope")
    c("key aliases 101", "GET", "/key/aliases?size=101", status=True)
    c("key block", "POST", "/key/block", {"key": one})
    c("key unblock", "POST", "/key/unblock", {"key": one})
    c("key block unknown", "POST", "/key/block", {"key": "sk-{p}-nope"})
    c("key regenerate", "POST", "/key/regenerate", {"key": one, "new_key": "sk-{p}-regen-000001"})
    c("key regenerate path", "POST", "/key/sk-{p}-nope/regenerate", {})
    c("key delete unknown", "POST", "/key/delete", {"keys": ["sk-{p}-nope"]})
    c("key delete part", "POST", "/key/delete", {"keys": ["sk-{p}-nope", "sk-{p}-rich-key-00001"]})
    c("key delete alias", "POST", "/key/delete", {"key_aliases": ["{p}-svc"]})
    c("key delete empty", "POST", "/key/delete", {})
    c("key info deleted", "GET", "/key/info?key=sk-{p}-svc-key-000001")


def calls_with_keys():
    live = "sk-{p}-caller-0000001"
    c("caller model", "POST", "/model/new", model("chat", "chat", {"model": BEDROCK, "aws_region_name": "us-east-1", "mock_response": "hello"}))
    c("caller key", "POST", "/key/generate", {"key": live, "key_alias": "{p}-caller", "models": ["{p}-chat"]})
    ask = {"messages": [{"role": "user", "content": "hi"}]}
    c("chat unknown model", "POST", "/chat/completions", {"model": "{p}-nope", **ask})
    c("chat unloaded model", "POST", "/chat/completions", {"model": "{p}-ld7", **ask}, status=True)
    c("chat ok", "POST", "/chat/completions", {"model": "{p}-chat", **ask}, status=True)
    c("chat ok with key", "POST", "/chat/completions", {"model": "{p}-chat", **ask}, key=live, status=True)
    c("chat forbidden model", "POST", "/chat/completions", {"model": "{p}-n4", **ask}, key=live)
    c("chat wrong key", "POST", "/chat/completions", {"model": "{p}-chat", **ask}, key="sk-{p}-wrong-key-000000")
    c("messages unknown model", "POST", "/v1/messages", {"model": "{p}-nope", "max_tokens": 5, **ask}, status=True)
    c("caller manages", "POST", "/team/new", {"team_id": "{p}-x"}, key=live, status=True)
    c("caller reads models", "GET", "/models", key=live, skip=("mode", "max_input_tokens", "max_output_tokens"))
    c("caller blocked", "POST", "/key/block", {"key": live}, status=True)
    c("chat blocked key", "POST", "/chat/completions", {"model": "{p}-chat", **ask}, key=live)


def budgets():
    c("budget new", "POST", "/budget/new", {"budget_id": "{p}-b1", "max_budget": 5, "budget_duration": "1d"})
    c("budget new again", "POST", "/budget/new", {"budget_id": "{p}-b1", "max_budget": 6})
    c("budget new own id", "POST", "/budget/new", {"max_budget": 1})
    c("budget update null", "POST", "/budget/update", {"budget_id": "{p}-b1", "max_budget": None})
    c("budget update", "POST", "/budget/update", {"budget_id": "{p}-b1", "max_budget": 9, "tpm_limit": 4, "soft_budget": 1, "budget_duration": "7d"})
    c("budget update unknown", "POST", "/budget/update", {"budget_id": "{p}-zz", "max_budget": 1})
    c("budget info", "POST", "/budget/info", {"budgets": ["{p}-b1", "{p}-zz"]})
    c("budget list", "GET", "/budget/list", pick="")
    c("budget settings", "GET", "/budget/settings?budget_id={p}-b1", status=True)
    c("budget key", "POST", "/key/generate", {"key": "sk-{p}-budget-00001", "key_alias": "{p}-bk", "budget_id": "{p}-b1"})
    c("budget key info", "GET", "/key/info?key=sk-{p}-budget-00001")
    c("budget delete", "POST", "/budget/delete", {"id": "{p}-b1"})
    c("budget delete again", "POST", "/budget/delete", {"id": "{p}-b1"})
    c("budget key info after", "GET", "/key/info?key=sk-{p}-budget-00001")


def credentials():
    new = {"credential_name": "{p}-c1", "credential_values": {"aws_access_key_id": "AKIA1234", "aws_secret_access_key": "zzzzzzzzzzzz", "aws_region_name": "us-east-1"},
           "credential_info": {"liteform": "created/prod", "description": "d"}}
    c("credential new", "POST", "/credentials", new)
    c("credential new again", "POST", "/credentials", new)
    c("credential get", "GET", "/credentials/by_name/{p}-c1")
    c("credential list", "GET", "/credentials", pick="credentials")
    c("credential get unknown", "GET", "/credentials/by_name/{p}-zz")
    c("credential patch", "PATCH", "/credentials/{p}-c1", {"credential_name": "{p}-c1", "credential_values": {"aws_region_name": "eu-west-1"}, "credential_info": {"x": 1}})
    c("credential get patched", "GET", "/credentials/by_name/{p}-c1")
    c("credential patch rename", "PATCH", "/credentials/{p}-c1", {"credential_name": "{p}-c2", "credential_values": {}, "credential_info": {}})
    c("credential patch unknown", "PATCH", "/credentials/{p}-zz", {"credential_name": "{p}-zz", "credential_values": {}, "credential_info": {}})
    c("credential without values", "POST", "/credentials", {"credential_name": "{p}-c3", "credential_info": {}}, status=True)
    c("credential delete", "DELETE", "/credentials/{p}-c1")
    c("credential delete again", "DELETE", "/credentials/{p}-c1")
    c("credential get deleted", "GET", "/credentials/by_name/{p}-c1")


def deletes():
    c("key in team", "POST", "/key/generate", {"key": "sk-{p}-in-team-00001", "key_alias": "{p}-it", "team_id": "{p}-t1b"})
    c("team delete part", "POST", "/team/delete", {"team_ids": ["{p}-t1b", "{p}-nope"]})
    c("team delete", "POST", "/team/delete", {"team_ids": ["{p}-t1b"]})
    c("key of deleted team", "GET", "/key/info?key=sk-{p}-in-team-00001")
    c("team info deleted", "GET", "/team/info?team_id={p}-t1b")
    c("user of deleted team", "GET", "/user/info?user_id={p}-alice")
    c("team delete etags", "POST", "/team/delete", {"team_ids": ["{p}-etags"]})
    c("team delete rest", "POST", "/team/delete", {"team_ids": ["{p}-t1", "{p}-t2", "{p}-t3", "{p}-t4", "{tid}"]})
    c("user after team delete", "GET", "/user/info?user_id={p}-alice")
    c("user delete rest", "POST", "/user/delete", {"user_ids": ["{p}-u1", "{p}-U1", "{p}-u5", "{p}-typo", "{uid}", "{p}-alice", "{p}-bob", "{p}-erin"]})
    for i in ("m0", "bad", "bad2", "n4", "chat"):
        c("model delete " + i, "POST", "/model/delete", {"id": "{p}-" + i})
    for i in range(11):
        c("model delete ld%d" % i, "POST", "/model/delete", {"id": "{p}-ld%d" % i})
    c("served after delete", "GET", "/model/info?litellm_model_id={p}-m0")


for group in (health, models_write, models_more, teams, team_lists, members, users, invitations, keys, key_lists, calls_with_keys, budgets, credentials, deletes):
    group()
