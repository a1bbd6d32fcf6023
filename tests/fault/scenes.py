"""What the tests apply: an environment with every kind, and three ways from one to another."""

SONNET = "au.anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS = "au.anthropic.claude-opus-4-6-v1"
HAIKU = "au.anthropic.claude-haiku-4-5-20251001-v1:0"
VARIABLES = {"STAGE_API_KEY": "stage-api-key-0123456789", "STAGE_CREDENTIAL": "stage-credential-0123456789",
             "STAGE_KEY": "sk-stage-fixed-key-0123456789", "STAGE_KEY_NEXT": "sk-stage-fixed-key-next-0123456789"}
SECTIONS = ("credentials", "models", "teams", "users", "keys")
ALLOW = ("--allow-deletes", "--allow-key-loss", "--allow-rotate", "--allow-updates")


def whole():
    """Two or more of every kind, most with limits and budgets: what a first apply makes."""
    return {
        "credentials": {"bedrock": {"values": {"aws_secret_access_key": {"env": "STAGE_CREDENTIAL"}, "aws_region_name": "ap-southeast-2"},
                                    "info": {"custom_llm_provider": "bedrock"}}},
        "models": {"opus": {"bedrock": OPUS, "api_key": {"env": "STAGE_API_KEY"}},
                   "sonnet": {"bedrock": SONNET, "credential": "bedrock", "rpm": 100}},
        "teams": {"core": {"models": ["opus", "sonnet"], "max_budget": 500, "budget_duration": "30d", "member_budget": 7,
                           "metadata": {"owner": "ann"},
                           "members": {"ann@example.com": {"role": "user", "budget": 3}, "bob@example.com": "user"}}},
        "users": {"ann@example.com": {"role": "internal_user"}, "bob@example.com": {"role": "internal_user_viewer"}},
        "keys": {"fixed": {"team": "core", "models": ["sonnet"], "value": {"env": "STAGE_KEY"}},
                 "made": {"user": "ann@example.com", "models": ["opus"], "max_budget": 9, "store": {"file": "~/stores/made"}}},
    }


def before():
    """What is there before the mixed way: the whole, and things that are to go or to move."""
    spec = whole()
    spec["credentials"]["old"] = {"values": {"a": {"env": "STAGE_CREDENTIAL"}}}
    spec["models"]["old"] = {"bedrock": HAIKU}
    spec["models"]["sick"] = {"bedrock": HAIKU}
    spec["models"]["anew"] = {"bedrock": HAIKU, "rpm": 5, "api_key": {"env": "STAGE_API_KEY"}}
    spec["teams"]["old"] = {"models": ["opus"]}
    spec["teams"]["named"] = {"models": ["opus"], "max_budget": 5}
    spec["teams"]["core"]["members"]["cid@example.com"] = {"role": "user", "budget": 1}
    spec["users"]["cid@example.com"] = {"role": "internal_user"}
    spec["users"]["old@example.com"] = {"role": "internal_user"}
    spec["keys"]["old"] = {"team": "core", "models": ["opus"], "store": {"file": "~/stores/old"}}
    return spec


def outside(stage):
    """What others do meanwhile: a model that no longer loads; a team and a credential of theirs that the spec takes over."""
    ident = stage.state()["objects"]["model/sick"]["id"]
    stage.must("PATCH", "/model/%s/update" % ident, {"model_info": {"id": ident},
                                                     "litellm_params": {"custom_llm_provider": "bedrock_converse"}})
    stage.must("POST", "/team/new", {"team_id": "theirs", "team_alias": "theirs", "models": ["opus"]})
    stage.must("POST", "/credentials", {"credential_name": "theirs", "credential_values": {"a": "their own value"},
                                        "credential_info": {}})
    stage.control("reload", {})


def after():
    """Where the mixed way ends: updates of every kind, a repair, a replacement, a rotation, deletes, adoptions, a move."""
    spec = whole()
    spec["credentials"]["bedrock"]["info"] = {"custom_llm_provider": "bedrock", "note": "new"}
    spec["models"]["sonnet"]["rpm"] = 200
    spec["models"]["sick"] = {"bedrock": HAIKU}
    spec["models"]["fresh"] = {"bedrock": HAIKU}
    spec["models"]["anew"] = {"bedrock": HAIKU, "api_key": {"env": "STAGE_API_KEY"}}
    spec["credentials"]["theirs"] = {"values": {"a": {"env": "STAGE_CREDENTIAL"}}}
    spec["teams"]["core"].update(max_budget=600, member_budget=8)
    spec["teams"]["core"]["members"]["ann@example.com"]["budget"] = 4
    spec["teams"]["renamed"] = {"models": ["opus"], "max_budget": 5}
    spec["teams"]["theirs"] = {"models": ["opus"], "max_budget": 50}
    spec["users"]["ann@example.com"]["role"] = "internal_user_viewer"
    spec["keys"]["fixed"]["value"] = {"env": "STAGE_KEY_NEXT"}
    spec["keys"]["made"]["max_budget"] = 11
    spec["moved"] = [{"from": "team/named", "to": "team/renamed"}]
    return spec


def nothing():
    return {section: {} for section in SECTIONS}
