"""Secrets Manager and the parameter store of Systems Manager: the JSON protocol, one POST for each call."""
import json
import secrets
import uuid

from .errors import Error
from .http1 import Response
from .iam import ACCOUNT


def answer(body):
    return Response(200, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.1"})


class Service:
    """What the two have in common: reading the call, and the right to make it."""
    target, name, known = "", "", ()

    def __init__(self, app):
        self.app, self.items = app, {}

    def action(self, request):
        target = request.headers.get("x-amz-target", "").partition(".")[2]
        return "%s:%s" % (self.name, target or "Unknown")

    def handle(self, request, identity, region):
        service, _, operation = request.headers.get("x-amz-target", "").partition(".")
        if service != self.target or operation not in self.known or request.method != "POST":
            raise Error("UnknownOperationException")
        try:
            values = json.loads(request.body or b"{}")
        except ValueError:
            raise Error("SerializationException") from None
        if not isinstance(values, dict):
            raise Error("SerializationException")
        if identity is None:
            raise Error("MissingAuthenticationTokenException")
        return answer(getattr(self, "do_" + operation)(values, identity, region))

    def need(self, identity, action, resource):
        reason = identity.why_not(action, resource, {})
        if reason:
            raise Error("AccessDeniedException", identity.sentence(action, resource, reason))


class Secrets(Service):
    target, name = "secretsmanager", "secretsmanager"
    known = ("GetSecretValue", "BatchGetSecretValue", "PutSecretValue", "CreateSecret", "DescribeSecret")

    def put(self, spec):
        region = spec.get("region", "us-east-1")
        if "value" in spec and spec["value"] is None:
            self.items.pop((region, spec["name"]), None)
            return None
        arn = "arn:aws:secretsmanager:%s:%s:secret:%s-%s" % (region, ACCOUNT, spec["name"], secrets.token_hex(3))
        item = self.items.setdefault((region, spec["name"]), {"arn": arn, "name": spec["name"], "versions": {}, "created": self.app.clock.now()})
        item.update({n: spec[n] for n in ("kms_broken", "deleted") if n in spec})
        if "value" in spec or "binary" in spec:
            self.add_version(item, {"SecretString": spec["value"]} if "value" in spec else {"SecretBinary": spec["binary"]}, ["AWSCURRENT"])
        return {"arn": item["arn"]}

    def add_version(self, item, value, stages, ident=None):
        """Put a value on top; a stage belongs to one version, AWSPREVIOUS to the one that was current."""
        ident = ident or str(uuid.uuid4())
        if "AWSCURRENT" in stages:
            for version in item["versions"].values():
                version["stages"] = [s for s in version["stages"] if s != "AWSPREVIOUS"]
            for version in item["versions"].values():
                if "AWSCURRENT" in version["stages"]:
                    version["stages"] = [s for s in version["stages"] if s != "AWSCURRENT"] + ["AWSPREVIOUS"]
        for version in item["versions"].values():
            version["stages"] = [s for s in version["stages"] if s not in stages]
        item["versions"][ident] = {"value": value, "stages": list(stages), "created": self.app.clock.now()}
        return ident

    def find(self, ident, region):
        """By name, by ARN, or by ARN without its six random characters."""
        if ident.startswith("arn:"):
            for (where, name), item in self.items.items():
                if where == region and ident in (item["arn"], item["arn"].rsplit("-", 1)[0]):
                    return item
            return None
        return self.items.get((region, ident))

    def required(self, values, name):
        if not isinstance(values.get(name), str) or not values[name]:
            raise Error("ValidationException", "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null"
                        % (name[0].lower() + name[1:]))
        return values[name]

    def allowed(self, identity, action, ident, region):
        """The secret, when the caller may; who may not is not told whether it is there."""
        item = self.find(ident, region)
        wildcard = ident if ident.startswith("arn:") else "arn:aws:secretsmanager:%s:%s:secret:%s" % (region, ACCOUNT, ident)
        reason = identity.why_not(action, item["arn"] if item else wildcard + "-??????", {})
        if reason:
            raise Error("AccessDeniedException", identity.sentence(action, ident if not item else item["arn"], reason))
        if item is None:
            raise Error("ResourceNotFoundException")
        if item.get("deleted"):
            raise Error("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
        return item

    def read(self, item, values):
        stage, ident = values.get("VersionStage"), values.get("VersionId")
        for name, version in item["versions"].items():
            if (ident is None or name == ident) and (stage or ("AWSCURRENT" if ident is None else None)) in (None, *version["stages"]):
                if item.get("kms_broken"):
                    raise Error("DecryptionFailure")
                return {"ARN": item["arn"], "Name": item["name"], "VersionId": name, **version["value"], "VersionStages": version["stages"],
                        "CreatedDate": round(version["created"], 3)}
        what = "staging label: " + stage if stage else "VersionId: " + ident if ident else "staging label: AWSCURRENT"
        raise Error("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for " + what)

    def do_GetSecretValue(self, values, identity, region):
        item = self.allowed(identity, "secretsmanager:GetSecretValue", self.required(values, "SecretId"), region)
        return self.read(item, values)

    def do_DescribeSecret(self, values, identity, region):
        item = self.allowed(identity, "secretsmanager:DescribeSecret", self.required(values, "SecretId"), region)
        return {"ARN": item["arn"], "Name": item["name"], "VersionIdsToStages": {n: v["stages"] for n, v in item["versions"].items() if v["stages"]}}

    def do_BatchGetSecretValue(self, values, identity, region):
        """At most 20 names; each is judged by itself."""
        names = values.get("SecretIdList")
        self.need(identity, "secretsmanager:BatchGetSecretValue", "*")
        if not isinstance(names, list) or not 1 <= len(names) <= 20:
            raise Error("ValidationException", "1 validation error detected: Value at 'secretIdList' failed to satisfy constraint: Member must have length "
                        "less than or equal to 20")
        found, failed = [], []
        for name in names:
            try:
                found.append(self.read(self.allowed(identity, "secretsmanager:GetSecretValue", name, region), {}))
            except Error as problem:
                failed.append({"SecretId": name, "ErrorCode": problem.code, "Message": problem.message or "Secrets Manager can't find the specified secret."})
        return {"SecretValues": found, "Errors": failed}

    @staticmethod
    def value_of(values):
        given = {n: values[n] for n in ("SecretString", "SecretBinary") if n in values}
        if len(given) != 1:
            raise Error("InvalidParameterException" if given else "InvalidRequestException",
                        "You must provide either SecretString or SecretBinary." if not given else "You can't specify both a binary secret value and a string "
                        "secret value in the same secret.")
        return given

    def do_PutSecretValue(self, values, identity, region):
        item = self.allowed(identity, "secretsmanager:PutSecretValue", self.required(values, "SecretId"), region)
        value, ident = self.value_of(values), values.get("ClientRequestToken")
        known = item["versions"].get(ident)
        if known and known["value"] != value:
            raise Error("ResourceExistsException", "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s."
                        % (ident, item["arn"]))
        if not known:
            ident = self.add_version(item, value, values.get("VersionStages", ["AWSCURRENT"]), ident)
        return {"ARN": item["arn"], "Name": item["name"], "VersionId": ident, "VersionStages": item["versions"][ident]["stages"]}

    def do_CreateSecret(self, values, identity, region):
        name = self.required(values, "Name")
        self.need(identity, "secretsmanager:CreateSecret", "arn:aws:secretsmanager:%s:%s:secret:%s-??????" % (region, ACCOUNT, name))
        value, ident, known = self.value_of(values), values.get("ClientRequestToken"), self.items.get((region, name))
        if known and known.get("deleted"):
            raise Error("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
        if known and not (ident and known["versions"].get(ident, {}).get("value") == value):
            raise Error("ResourceExistsException", "The operation failed because the secret %s already exists." % name)
        if not known:
            self.put({"name": name, "region": region})
            known = self.items[region, name]
            ident = self.add_version(known, value, ["AWSCURRENT"], ident)
        return {"ARN": known["arn"], "Name": name, "VersionId": ident}


class Parameters(Service):
    target, name, known = "AmazonSSM", "ssm", ("GetParameters", "GetParameter", "PutParameter")

    def put(self, spec):
        region = spec.get("region", "us-east-1")
        if spec.get("value") is None:
            self.items.pop((region, spec["name"]), None)
            return None
        if spec.get("type", "SecureString") not in ("String", "SecureString", "StringList"):
            raise ValueError("type: String, SecureString or StringList")
        old = self.items.get((region, spec["name"]))
        self.items[region, spec["name"]] = {"name": spec["name"], "value": spec["value"], "type": spec.get("type", "SecureString"), "kms_key": spec.get("kms_key"),
                                            "version": old["version"] + 1 if old else 1, "changed": self.app.clock.now()}
        return {"arn": self.arn(spec["name"], region)}

    @staticmethod
    def arn(name, region):
        return "arn:aws:ssm:%s:%s:parameter/%s" % (region, ACCOUNT, name.lstrip("/"))

    def read(self, item, region, decrypt, identity):
        value = item["value"]
        if item["type"] == "SecureString" and not decrypt:
            value = "AQICAHh" + "sealed" * 8
        elif item["type"] == "SecureString" and item["kms_key"]:
            self.need(identity, "kms:Decrypt", item["kms_key"])
        return {"Name": item["name"], "Type": item["type"], "Value": value, "Version": item["version"], "LastModifiedDate": round(item["changed"], 3),
                "ARN": self.arn(item["name"], region), "DataType": "text"}

    def do_GetParameters(self, values, identity, region):
        """At most 10 names; those that are not there come back under InvalidParameters."""
        names = values.get("Names")
        if not isinstance(names, list) or not 1 <= len(names) <= 10:
            raise Error("ValidationException", "1 validation error detected: Value '%s' at 'names' failed to satisfy constraint: Member must have length less "
                        "than or equal to 10" % json.dumps(names))
        if len(set(names)) != len(names):
            raise Error("ValidationException", "Duplicate parameter names are not allowed")
        for name in names:
            self.need(identity, "ssm:GetParameters", self.arn(name, region))
        found = [self.items[region, n] for n in names if (region, n) in self.items]
        return {"Parameters": [self.read(i, region, values.get("WithDecryption") is True, identity) for i in found],
                "InvalidParameters": [n for n in names if (region, n) not in self.items]}

    def do_GetParameter(self, values, identity, region):
        name = values.get("Name", "")
        self.need(identity, "ssm:GetParameter", self.arn(name, region))
        if (region, name) not in self.items:
            raise Error("ParameterNotFound")
        return {"Parameter": self.read(self.items[region, name], region, values.get("WithDecryption") is True, identity)}

    def do_PutParameter(self, values, identity, region):
        name = values.get("Name", "")
        self.need(identity, "ssm:PutParameter", self.arn(name, region))
        if (region, name) in self.items and not values.get("Overwrite"):
            raise Error("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
        self.put({"name": name, "region": region, "value": values.get("Value", ""), "type": values.get("Type", "String"), "kms_key": values.get("KeyId")})
        return {"Version": self.items[region, name]["version"], "Tier": "Standard"}
