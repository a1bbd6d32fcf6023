"""STS: AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity."""
import re
import time
import urllib.parse

from . import iam
from .errors import Error, element
from .http1 import Response

ACTIONS = ("AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity")
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}$", re.ASCII)


def form(request):
    return dict(urllib.parse.parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)) or request.query


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def answer(action, inner, request_id):
    text = ('<%sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <%sResult>\n%s\n  </%sResult>\n  <ResponseMetadata>\n    %s\n  </ResponseMetadata>\n'
            '</%sResponse>\n' % (action, action, inner, action, element("RequestId", request_id), action))
    return Response(200, text.encode(), {"Content-Type": "text/xml"})


class Sts:
    def __init__(self, app):
        self.app = app

    @staticmethod
    def action(request):
        return "sts:" + form(request).get("Action", "Unknown")

    def handle(self, request, identity):
        values = form(request)
        action = values.get("Action", "")
        if action not in ACTIONS or values.get("Version") != "2011-06-15":
            raise Error("InvalidAction", "Could not find operation %s for version %s" % (action, values.get("Version", "NO_VERSION_SPECIFIED")))
        if action == "AssumeRoleWithWebIdentity":
            return self.with_web_identity(values)
        if identity is None:
            raise Error("MissingAuthenticationToken")
        if action == "AssumeRole":
            return self.assume_role(values, identity)
        inner = element("Arn", identity.arn) + element("UserId", identity.user_id) + element("Account", iam.ACCOUNT)
        return answer(action, inner, self.app.request_id())

    @staticmethod
    def required(values, *names):
        for name in names:
            if not values.get(name):
                raise Error("ValidationError", "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null"
                            % (name[0].lower() + name[1:]))
        if not SESSION_NAME.match(values["RoleSessionName"]):
            raise Error("ValidationError", "1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must satisfy "
                        "regular expression pattern: [\\w+=,.@-]*" % values["RoleSessionName"])

    @staticmethod
    def duration(values, role):
        seconds = int(values.get("DurationSeconds", "3600"))
        if seconds < 900:
            raise Error("ValidationError", "1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value "
                        "greater than or equal to 900" % seconds)
        if seconds > role.max_duration_s:
            raise Error("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        return seconds

    def assume_role(self, values, identity):
        self.required(values, "RoleArn", "RoleSessionName")
        role = self.app.iam.roles.get(values["RoleArn"])
        refused = Error("AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s" % (identity.arn, values["RoleArn"]))
        if role is None or not iam.like(role.trust, identity.arn) or identity.why_not("sts:AssumeRole", role.arn, {}):
            raise refused
        if role.external_id is not None and values.get("ExternalId") != role.external_id:
            raise refused
        return self.credentials("AssumeRole", role, values, "")

    def with_web_identity(self, values):
        self.required(values, "RoleArn", "RoleSessionName", "WebIdentityToken")
        role, token = self.app.iam.roles.get(values["RoleArn"]), values["WebIdentityToken"]
        if role is None:
            raise Error("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
        if token in role.expired_tokens:
            raise Error("ExpiredTokenException", "Token expired: current date/time %d must be before the expiration date/time %d"
                        % (self.app.clock.now(), self.app.clock.now() - 60))
        if token.count(".") != 2:
            raise Error("InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
        if token not in role.web_identity_tokens:
            raise Error("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
        more = element("SubjectFromWebIdentityToken", "system:serviceaccount:sandbox:sandbox") + element("Audience", "sts.amazonaws.com") + \
            element("Provider", "https://oidc.example.org/id/SANDBOX")
        return self.credentials("AssumeRoleWithWebIdentity", role, values, more)

    def credentials(self, action, role, values, more):
        key = self.app.iam.session(role, values["RoleSessionName"], self.duration(values, role))
        inner = more + "<AssumedRoleUser>%s%s</AssumedRoleUser>" % (element("AssumedRoleId", key.identity.user_id), element("Arn", key.identity.arn))
        inner += "<Credentials>%s%s%s%s</Credentials>" % (element("AccessKeyId", key.access_key), element("SecretAccessKey", key.secret),
                                                         element("SessionToken", key.token), element("Expiration", moment(key.expires)))
        return answer(action, inner, self.app.request_id())
