/* `new ENV`: a commented environment to start from. It is valid as it stands. */
#include "spec/inner.h"

#include <string.h>

/* Each @ stands for the environment's name, but for that of an e-mail address. */
static const char text[] =
    "# The environment \"@\": what should be. All *.yaml files in this folder are one document;\n"
    "# split it as it grows. specs/README.md lists every key, `liteform validate @` checks it\n"
    "# without a network, `liteform plan @` shows what would change.\n"
    "\n"
    "environment: @              # equals the folder's name\n"
    "\n"
    "# Shared parts lie in other files; this one is laid over them.\n"
    "# extends: [../common/base.yaml]\n"
    "\n"
    "# Where the state lies. `local` is for one person on one machine; more than one need a "
    "bucket:\n"
    "# backend:\n"
    "#   s3: { bucket: my-bucket, prefix: litellm/@, region: ap-southeast-2 }\n"
    "backend: local\n"
    "\n"
    "targets:\n"
    "  litellm:\n"
    "    url: https://litellm.@.example.com\n"
    "    # Secrets are references, never values: env, file, command or secret.\n"
    "    master_key: { env: LITELLM_MASTER_KEY }\n"
    "  # kubernetes: { context: my-cluster, namespace: litellm }\n"
    "  # database: { url: { env: LITELLM_DATABASE_URL } }   # read only\n"
    "\n"
    "# Defaults of the models below.\n"
    "bedrock:\n"
    "  profile_prefix: au\n"
    "\n"
    "models:\n"
    "  claude-opus: { bedrock: au.anthropic.claude-opus-4-6-v1 }\n"
    "  claude-sonnet-4.6: { bedrock: au.anthropic.claude-sonnet-4-6 }\n"
    "\n"
    "teams:\n"
    "  platform:\n"
    "    models: [claude-opus, claude-sonnet-4.6]   # or `all`, or `none`\n"
    "    members: { alice@example.com: user }\n"
    "\n"
    "users:\n"
    "  alice@example.com: { role: internal_user }\n"
    "\n"
    "# keys:\n"
    "#   ci-bot:\n"
    "#     team: platform\n"
    "#     models: [claude-sonnet-4.6]\n"
    "#     store: { file: ~/.config/liteform/@/ci-bot }   # made here, written there\n"
    "\n"
    "# The models of Claude Code's three tiers; all three are needed.\n"
    "claude_code:\n"
    "  sonnet: claude-sonnet-4.6\n"
    "  opus: claude-opus\n"
    "  haiku: claude-sonnet-4.6\n"
    "\n"
    "policy:\n"
    "  max_delete: 10%             # of the things of one kind in one plan\n"
    "  protect: [team/platform]    # never deleted, whatever else the spec says\n";

void spec_template(const char *environment, struct buf *out)
{
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, "@");
        bool mail = at[length] == '@' && strncmp(at + length, "@example.com", 12) == 0;
        buf_add(out, at, length);
        at += length;
        if (*at == '\0')
            break;
        buf_str(out, mail ? "@" : environment);
        at++;
    }
}
