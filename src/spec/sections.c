/* The sections that belong to no kind, as tables: decoding, schema and reference read them. */
#include "base/text.h"
#include "spec/inner.h"

#define TEXT(key, text, ...)                                                                       \
    {                                                                                              \
        .field = {.name = key, .type = FIELD_TEXT, .doc = text}, __VA_ARGS__                       \
    }
#define BOOL(key, text, ...)                                                                       \
    {                                                                                              \
        .field = {.name = key, .type = FIELD_BOOL, .doc = text}, __VA_ARGS__                       \
    }
#define SECRET(key, text, ...)                                                                     \
    {                                                                                              \
        .field = {.name = key, .type = FIELD_SECRET, .doc = text}, __VA_ARGS__                     \
    }
#define SHAPED(key, how, text, ...)                                                                \
    {                                                                                              \
        .field = {.name = key, .doc = text}, .shape = how, __VA_ARGS__                             \
    }
#define MUST .field.flags = FIELD_REQUIRED
#define END                                                                                        \
    {                                                                                              \
        .field = { 0 }                                                                             \
    }

static const char *const tiers[] = {"free", "enterprise", NULL};

static const char *const encryptions[] = {"AES256", "aws:kms", NULL};

static const struct rule s3_rules[] = {
    TEXT("bucket", "name of the bucket", MUST),
    TEXT("prefix", "what the names of the objects begin with, such as litellm/prod",
        .otherwise = "the environment's name"),
    TEXT("region", "region of the bucket", MUST),
    SHAPED("endpoint", SHAPE_URL, "URL of an S3 server that is not AWS", .otherwise = "AWS"),
    SHAPED("encryption", SHAPE_FIELD,
        "AES256 or aws:kms: asked for with every object that is written",
        .field.type = FIELD_CHOICE, .field.choices = encryptions, .otherwise = "the bucket's own"),
    TEXT("kms_key", "ARN of the KMS key that the objects are encrypted with",
        .otherwise = "the bucket's own"),
    BOOL("path_style", "put the bucket into the path, not the host name",
        .otherwise = "true with `endpoint`, and for a bucket with a dot in its name"),
    TEXT("profile", "profile of ~/.aws/config and ~/.aws/credentials to use",
        .otherwise = "AWS_PROFILE; keys in the environment go before it"),
    SHAPED("ca_file", SHAPE_FILE, "PEM file with the private root of the endpoint's certificate",
        .otherwise = "AWS_CA_BUNDLE, the system's roots"),
    SHAPED("lease", SHAPE_FIELD,
        "how long a lock holds that is not renewed; who died is taken over from a third later",
        .field.type = FIELD_DURATION, .otherwise = "90s"),
    END,
};

static const struct rule backend_rules[] = {
    SHAPED("local", SHAPE_FIELD,
        "`true`: files under state/; for one person on one machine. `backend: local` is short "
        "for it",
        .field.type = FIELD_BOOL),
    SHAPED("s3", SHAPE_OBJECT, "a bucket with conditional writes; for more than one person",
        .rules = s3_rules),
    SECRET("hash_key", "key of the hashes that stand for secrets in the state",
        .otherwise = "made by `liteform init`"),
    SHAPED("keep", SHAPE_FIELD, "how many former states to keep", .field.type = FIELD_INT,
        .field.min = 1, .field.max = 10000, .otherwise = "20"),
    END,
};

static const struct rule kubernetes_rules[] = {
    TEXT("context", "context of the kubeconfig", .otherwise = "in a pod: the service account"),
    TEXT("namespace", "namespace that holds the release", MUST),
    SHAPED("kubeconfig", SHAPE_FILE, "path of the kubeconfig",
        .otherwise = "KUBECONFIG, else ~/.kube/config"),
    END,
};

static const struct rule litellm_rules[] = {
    SHAPED("url", SHAPE_URL, "base URL of the proxy, without /v1; or { env: NAME }", MUST),
    SHAPED("master_key", SHAPE_MASTER_KEY,
        "reference to the master key; `previous:` in it names another one that is tried when "
        "the first is refused, while the key is being changed",
        MUST),
    SHAPED("ca_file", SHAPE_FILE, "PEM file with the private root of the proxy's certificate",
        .otherwise = "the system's roots"),
    BOOL("insecure", "do not check the certificate; said in every run", .otherwise = "false"),
    SHAPED("window", SHAPE_FIELD, "requests in flight at a time", .field.type = FIELD_INT,
        .field.min = 1, .field.max = 100, .otherwise = "10"),
    END,
};

static const struct rule database_rules[] = {
    SECRET("url", "reference to the postgresql:// URL; a role that may only read is enough", MUST),
    BOOL("required", "without the database nothing is planned", .otherwise = "false"),
    END,
};

static const struct rule target_rules[] = {
    SHAPED("kubernetes", SHAPE_OBJECT, "the cluster; needed by `secrets`, `release` and `ingress`",
        .rules = kubernetes_rules),
    SHAPED("litellm", SHAPE_OBJECT, "the proxy's management API", MUST, .rules = litellm_rules),
    SHAPED("database", SHAPE_OBJECT, "LiteLLM's PostgreSQL, read only: shows what the API does not",
        .rules = database_rules),
    END,
};

static const struct rule image_rules[] = {
    TEXT("tag", "tag of the image; always given, since the chart's default may not exist", MUST),
    TEXT("repository", "repository of the image", .otherwise = "the chart's"),
    END,
};

static const struct rule release_rules[] = {
    TEXT("name", "name of the Helm release", MUST),
    TEXT("chart", "chart: an oci:// reference or a path", MUST),
    TEXT("version", "version of the chart; never chosen for you", MUST),
    SHAPED("image", SHAPE_OBJECT, "what runs; the chart's version does not decide it",
        .rules = image_rules),
    SHAPED("config", SHAPE_FIELD,
        "LiteLLM's config.yaml (the ConfigMap), whole: `general_settings`, `litellm_settings`, "
        "`model_list`. A change restarts the pods",
        .field.type = FIELD_MAP),
    SHAPED("values", SHAPE_FIELD,
        "other values of the chart. What has a key of its own here (`config`, `image`, "
        "`ingress`) cannot be given there too",
        .field.type = FIELD_MAP),
    END,
};

static const struct rule ingress_rules[] = {
    TEXT("host", "host name that users call", MUST),
    TEXT("class", "class of the ingress", .otherwise = "nginx"),
    TEXT("path", "path below the host", .otherwise = "/"),
    TEXT("tls_secret", "Secret with the certificate", .otherwise = "no TLS at the ingress"),
    SHAPED("annotations", SHAPE_TEXT_MAP,
        "annotations; `nginx.ingress.kubernetes.io/proxy-read-timeout` is 60 seconds unless "
        "given, and large requests then end in a 504"),
    END,
};

static const struct rule bedrock_rules[] = {
    TEXT("profile_prefix", "prefix that Bedrock ids must have, such as `au`",
        .otherwise = "not checked"),
    SHAPED("endpoint", SHAPE_URL, "runtime endpoint of models that name none",
        .otherwise = "AWS, by region"),
    TEXT("region", "AWS region of models that name none"),
    SECRET("api_key", "reference to the Bedrock API key of models that name none",
        .otherwise = "the pod's role"),
    END,
};

static const struct rule claude_code_rules[] = {
    TEXT("sonnet", "model for the default tier", MUST),
    TEXT("opus", "model for the large tier", MUST),
    TEXT("haiku", "model for background work; without one Claude Code fails silently", MUST),
    END,
};

static const struct rule policy_rules[] = {
    SHAPED("ownership", SHAPE_OWNERSHIP,
        "per section: `full` deletes what is not declared and was created here, `keep` never "
        "deletes, `ignore` does not look",
        .otherwise = "see each section"),
    SHAPED("max_delete", SHAPE_THRESHOLD,
        "most deletes of one kind in a plan, in percent of what is managed or as a number",
        .otherwise = "10%"),
    SHAPED("max_update", SHAPE_THRESHOLD, "the same for updates, from 20 objects on",
        .otherwise = "50%"),
    SHAPED("protect", SHAPE_ADDRESSES, "addresses that are never deleted or replaced"),
    SHAPED("ignore", SHAPE_ADDRESSES, "addresses of live things that are not ours to look at"),
    SHAPED("lint", SHAPE_LINT, "level of a rule: error, warning, info, off"),
    BOOL("protected", "apply only from a clean git tree whose commit is on its upstream branch",
        .otherwise = "false"),
    SHAPED("soak", SHAPE_FIELD,
        "how long another environment must have been clean before it is "
        "promoted to this one",
        .field.type = FIELD_DURATION),
    END,
};

static const struct rule moved_rules[] = {
    TEXT("from", "the address that the state still has", MUST),
    TEXT("to", "the address it has now", MUST),
    END,
};

const struct rule spec_sections[] = {
    TEXT("environment", "name of the environment; equals the name of its folder", MUST),
    SHAPED("extends", SHAPE_TEXTS, "files to merge below this one, in this order"),
    SHAPED("backend", SHAPE_BACKEND, "where the state lies", MUST, .rules = backend_rules),
    SHAPED("targets", SHAPE_OBJECT, "the systems this environment is", MUST, .rules = target_rules),
    SHAPED("tier", SHAPE_FIELD, "LiteLLM's licence: which fields and guards apply",
        .field.type = FIELD_CHOICE, .field.choices = tiers, .otherwise = "free"),
    SHAPED("secrets", SHAPE_NAMED,
        "Kubernetes Secrets: name, then key, then a reference. Other keys of the same Secret are "
        "left alone"),
    SHAPED("release", SHAPE_OBJECT, "the Helm release of LiteLLM", .rules = release_rules),
    SHAPED("ingress", SHAPE_OBJECT, "how the proxy is reached", .rules = ingress_rules),
    SHAPED("bedrock", SHAPE_OBJECT, "defaults of models on AWS Bedrock", .rules = bedrock_rules),
    SHAPED("claude_code", SHAPE_OBJECT,
        "the models of Claude Code's three tiers, for `liteform claude-code`; all three are needed",
        .rules = claude_code_rules),
    SHAPED("policy", SHAPE_OBJECT, "what a plan may do", .rules = policy_rules),
    SHAPED("moved", SHAPE_OBJECTS, "renamed: the object stays, its address changes",
        .rules = moved_rules),
    SHAPED("removed", SHAPE_ADDRESSES,
        "adopted things that are to be deleted; without this they are only forgotten when their "
        "entry goes"),
    END,
};

const struct rule *rule_by_name(const struct rule *rules, const char *name)
{
    for (const struct rule *rule = rules; rule->field.name != NULL; rule++) {
        if (text_equal(rule->field.name, name))
            return rule;
    }
    return NULL;
}
