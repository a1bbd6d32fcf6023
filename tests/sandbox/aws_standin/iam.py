"""Who may do what: principals, roles, temporary credentials, and a small evaluator of policies."""
import functools
import re
import secrets
import string

from .errors import Error

ACCOUNT = "123456789012"
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
LETTERS = string.ascii_uppercase + "234567"


@functools.lru_cache(maxsize=4096)
def pattern(text, ignore_case):
    """Wildcards of IAM: * and ?, nothing else."""
    regex = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in text)
    return re.compile(regex, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def like(wanted, value, ignore_case=False):
    return any(pattern(w, ignore_case).fullmatch(value) for w in as_list(wanted))


def as_list(value):
    return value if isinstance(value, list) else [value]


OPERATORS = {
    "StringEquals": lambda wanted, value: value is not None and value in as_list(wanted),
    "StringNotEquals": lambda wanted, value: value is None or value not in as_list(wanted),
    "StringLike": lambda wanted, value: value is not None and like(wanted, value),
    "StringNotLike": lambda wanted, value: value is None or not like(wanted, value),
    "ArnLike": lambda wanted, value: value is not None and like(wanted, value),
    "ArnEquals": lambda wanted, value: value is not None and like(wanted, value),
    "Null": lambda wanted, value: (value is None) == (str(as_list(wanted)[0]).lower() == "true"),
    "Bool": lambda wanted, value: value is not None and value.lower() == str(as_list(wanted)[0]).lower(),
}


def condition_holds(condition, context):
    for name, wanted in condition.items():
        operator, if_exists = (name[:-8], True) if name.endswith("IfExists") else (name, False)
        for key, values in wanted.items():
            value = context.get(key.lower())
            if if_exists and value is None:
                continue
            if not OPERATORS[operator](values, value):
                return False
    return True


def validate(policy):
    """Raise ValueError for a document the evaluator would read otherwise than AWS."""
    for statement in as_list(policy["Statement"]):
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise ValueError("Effect must be Allow or Deny")
        if not ("Action" in statement or "NotAction" in statement):
            raise ValueError("a statement needs Action or NotAction")
        if not set(statement) <= {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"}:
            raise ValueError("unknown element: %s" % ", ".join(set(statement)))
        for name in statement.get("Condition", {}):
            if name.removesuffix("IfExists") not in OPERATORS:
                raise ValueError("unknown operator " + name)
    return policy


def applies(statement, action, resource, context, arn=None):
    if "Principal" in statement:
        who = statement["Principal"]
        names = as_list(who if isinstance(who, str) else who.get("AWS", []))
        if not any(n in ("*", arn, ACCOUNT, "arn:aws:iam::%s:root" % ACCOUNT) for n in names):
            return False
    named = like(statement["Action"], action, True) if "Action" in statement else not like(statement["NotAction"], action, True)
    if not named:
        return False
    if "Resource" in statement and not like(statement["Resource"], resource):
        return False
    if "NotResource" in statement and like(statement["NotResource"], resource):
        return False
    return condition_holds(statement.get("Condition", {}), context)


class Identity:
    """One that asks: a user, or a session of a role."""

    def __init__(self, arn, policies, user_id):
        self.arn, self.policies, self.user_id = arn, policies, user_id

    def why_not(self, action, resource, context, resource_policy=None):
        """None when allowed, else the end of AWS's sentence."""
        effects = {s["Effect"] for p in self.policies for s in as_list(p["Statement"]) if applies(s, action, resource, context)}
        theirs = {s["Effect"] for s in as_list(resource_policy["Statement"])
                  if applies(s, action, resource, context, self.arn)} if resource_policy else set()
        if "Deny" in effects:
            return "with an explicit deny in an identity-based policy"
        if "Deny" in theirs:
            return "with an explicit deny in a resource-based policy"
        if "Allow" in effects or "Allow" in theirs:
            return None
        return "because no identity-based policy allows the %s action" % action

    def sentence(self, action, resource, reason):
        quoted = '"%s"' % resource if action.startswith("s3:") else resource
        return "User: %s is not authorized to perform: %s on resource: %s %s" % (self.arn, action, quoted, reason)


class Key:
    """An access key: of a user for good, of a session until `expires`."""

    def __init__(self, access_key, secret, identity, token=None, expires=None):
        self.access_key, self.secret, self.identity, self.token, self.expires = access_key, secret, identity, token, expires


class Role:
    def __init__(self, spec):
        self.name = spec["name"]
        self.arn = spec.get("arn", "arn:aws:iam::%s:role/%s" % (ACCOUNT, self.name))
        self.policy = validate(spec.get("policy", ALL))
        self.trust = spec.get("trust", "*")                         # ARN patterns of those who may assume it
        self.external_id = spec.get("external_id")
        self.web_identity_tokens = list(spec.get("web_identity_tokens", ()))
        self.expired_tokens = list(spec.get("expired_web_identity_tokens", ()))
        self.max_duration_s = int(spec.get("max_duration_s", 3600))
        self.id = "AROA" + letters(17)


def letters(count):
    return "".join(secrets.choice(LETTERS) for _ in range(count))


class Iam:
    def __init__(self, clock):
        self.clock = clock
        self.clear()

    def clear(self):
        self.keys, self.roles, self.principals = {}, {}, {}

    def add_principal(self, spec):
        """A user with one access key; given again under the same name, its policy is replaced."""
        name = spec["name"]
        arn = "arn:aws:iam::%s:user/%s" % (ACCOUNT, name)
        policies = [validate(p) for p in as_list(spec.get("policy", ALL))]
        known = self.principals.get(name)
        if known:
            known.identity.policies = policies
            if "access_key" not in spec and "secret_key" not in spec:
                return known
            self.keys.pop(known.access_key, None)
        key = Key(spec.get("access_key", "AKIA" + letters(16)), spec.get("secret_key", secrets.token_urlsafe(30)),
                  known.identity if known else Identity(arn, policies, "AIDA" + letters(17)))
        self.keys[key.access_key] = self.principals[name] = key
        return key

    def add_role(self, spec):
        role = Role(spec)
        self.roles[role.arn] = role
        return role

    def session(self, role, session_name, duration_s):
        """Temporary credentials of a role."""
        identity = Identity("arn:aws:sts::%s:assumed-role/%s/%s" % (ACCOUNT, role.name, session_name), [role.policy], "%s:%s" % (role.id, session_name))
        key = Key("ASIA" + letters(16), secrets.token_urlsafe(30), identity, "IQoJ" + secrets.token_urlsafe(150), self.clock.now() + duration_s)
        self.keys[key.access_key] = key
        return key

    def expire(self, access_key=None):
        """Temporary credentials end now: those of one access key, or all."""
        ended = [k for k in self.keys.values() if k.token and access_key in (None, k.access_key)]
        for key in ended:
            key.expires = self.clock.now() - 1
        return len(ended)

    def find(self, access_key, token):
        """The key of a request, its token judged; errors in S3's words."""
        key = self.keys.get(access_key)
        if key is None or (key.token and not token):
            raise Error("InvalidAccessKeyId", AWSAccessKeyId=access_key)
        if token and token != key.token:
            raise Error("InvalidToken", Token_0=token)
        if key.token and key.expires <= self.clock.now():
            raise Error("ExpiredToken", Token_0=token)
        return key
