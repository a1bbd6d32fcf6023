"""/team/member_*: a membership lives in three places, the team's JSON list, the user's list and LiteLLM_TeamMembership."""
import asyncio
import uuid

from . import db, times
from .errors import LICENCE, OLD_LICENCE
from .writes import Writes

TABLE = "LiteLLM_TeamMembership"
LIMITS = {"max_budget_in_team": "max_budget", "tpm_limit": "tpm_limit", "rpm_limit": "rpm_limit", "budget_duration": "budget_duration",
          "allowed_models": "allowed_models", "temp_budget_increase": "temp_budget_increase", "temp_budget_expiry": "temp_budget_expiry"}
UPDATE_OLD = {"team_id": "str", "user_id": "str", "user_email": "str", "role": "any", "max_budget_in_team": "float", "tpm_limit": "int", "rpm_limit": "int"}
UPDATE_NEW = {**UPDATE_OLD, "budget_duration": "str", "allowed_models": "list", "temp_budget_increase": "float", "temp_budget_expiry": "any"}
WHO = {"created_by": "default_user_id", "updated_by": "default_user_id"}


def shown(member):
    return "user_id=%r user_email=%r role=%r" % (member.get("user_id"), member.get("user_email"), member.get("role"))


def listed(members):
    """Members as the error texts show them."""
    return "[%s]" % ", ".join("Member(user_id=%r, user_email=%r, role=%r)" % (m.get("user_id"), m.get("user_email"), m.get("role")) for m in members)


class Members:
    def __init__(self, app):
        self.app, self.writes = app, Writes(app)

    def routes(self):
        return {("POST", "/team/member_add"): self.add, ("POST", "/team/member_update"): self.update, ("POST", "/team/member_delete"): self.delete}

    # ---- add --------------------------------------------------------------------------------------

    def read_add(self, body):
        check = self.app.check
        sent = check.body(body, {"team_id": "str", "member": "any", "max_budget_in_team": "float", "budget_duration": "str"}, ("member", "team_id"))
        members = sent["member"] if isinstance(sent["member"], list) else [sent["member"]]
        for member in members:
            if not isinstance(member, dict):
                raise self.app.errors.invalid("dict_type", ("body", "member"), "Input should be a valid dictionary", member)
            check.missing(member, "role")
            check.literal(member["role"], ("admin", "user"), ("body", "role"))
            if not member.get("user_id") and not member.get("user_email"):
                check.fail(member, "Either user id or user email must be provided")
        return sent, [{"user_id": m.get("user_id"), "user_email": m.get("user_email"), "role": m["role"]} for m in members]

    def team_or_404(self, ident):
        row = self.app.db.get("LiteLLM_TeamTable", team_id=ident)
        if not row:
            raise self.app.errors.detail(404, "Team doesn't exist in db. Team=%s. Create team via `/team/new` call." % ident)
        return row

    @staticmethod
    def is_in(member, members):
        return any((member.get("user_id") and m.get("user_id") == member["user_id"]) or
                   (member.get("user_email") and m.get("user_email") == member["user_email"]) for m in members)

    def refuse_known(self, sent, members, present):
        """A single person who is in already, or a list of nobody else: 400."""
        known = [m for m in members if self.is_in(m, present)]
        if not isinstance(sent["member"], list) and known:
            text = "User already in team. Member: user_id=%s, user_email=%s. Existing members=%s" % (
                members[0]["user_id"], members[0]["user_email"], listed(present))
            raise self.app.errors.proxy(400, text, "team_member_already_in_team", "member")
        if isinstance(sent["member"], list) and members and len(known) == len(members):
            raise self.app.errors.proxy(400, "All users are already in team. Existing members=%s" % listed(present), "team_member_already_in_team", "member")

    async def add(self, request):
        """1.106 locks the team, 1.81 reads, waits for other calls and writes: parallel calls lose members there."""
        sent, members = self.read_add(request.json)
        if not self.app.new:
            return await self.add_members(sent, members)
        lock = self.app.team_locks.setdefault(sent["team_id"], asyncio.Lock())
        async with lock:
            return await self.add_members(sent, members)

    async def add_members(self, sent, members):
        team = self.team_or_404(sent["team_id"])
        present = list(team["members_with_roles"] or [])
        if any(m["role"] == "admin" for m in members):
            raise self.app.errors.detail(400, "Assigning team admins is a premium feature. " + LICENCE)
        if self.app.new:
            self.refuse_known(sent, members, present)
            members = [m for m in members if not self.is_in(m, present)]
        elif self.default_id(team) is None or not isinstance(sent["member"], list):
            self.refuse_known(sent, members, present)
        if not self.app.new:
            await asyncio.sleep(max(self.app.faults.latency, 0.01))
        users, memberships = [], []
        for member in members:
            user, membership = self.enrol(team, member, sent.get("max_budget_in_team"))
            users.append(self.app.shapes.user_item(user))
            if membership:
                memberships.append(membership)
            if not self.is_in(member, present):
                present.append(member)
        row = self.app.db.update("LiteLLM_TeamTable", {"team_id": team["team_id"]}, {"members_with_roles": present})
        return {**self.app.shapes.team(row), "updated_users": users, "updated_team_memberships": memberships}

    @staticmethod
    def default_id(team):
        return (team["metadata"] or {}).get("team_member_budget_id")

    def find_user(self, member):
        if member.get("user_id"):
            return self.app.db.get("LiteLLM_UserTable", user_id=member["user_id"])
        return self.app.db.row('SELECT * FROM "LiteLLM_UserTable" WHERE lower(user_email) = lower(%s) ORDER BY created_at LIMIT 1', (member["user_email"],))

    def enrol(self, team, member, budget):
        """The user's row (made when there is none), the team in its list, and the membership. Fills in the member's ids."""
        ident, known = team["team_id"], self.find_user(member)
        if known is None:
            user = self.app.db.insert("LiteLLM_UserTable", {
                "user_id": member.get("user_id") or str(uuid.uuid4()), "user_email": member.get("user_email"), "teams": [ident], "user_role": "internal_user"})
            shown_user = user
        else:
            pushed = known["teams"] if self.app.new and ident in (known["teams"] or []) else (known["teams"] or []) + [ident]
            user = self.app.db.update("LiteLLM_UserTable", {"user_id": known["user_id"]}, {"teams": pushed})
            # 1.106 answers with the list as it was before
            shown_user = {**user, "teams": known["teams"]} if self.app.new else user
        member["user_id"] = user["user_id"]
        if known is not None:
            member["user_email"] = member.get("user_email") or user["user_email"]
        return shown_user, self.join(team, member, budget)

    def join(self, team, member, budget):
        """The row of LiteLLM_TeamMembership: for everybody on 1.106, for those with a budget on 1.81."""
        ident = self.default_id(team)
        if budget is not None:
            ident = self.app.db.insert("LiteLLM_BudgetTable", {"budget_id": str(uuid.uuid4()), "max_budget": budget, **WHO})["budget_id"]
        if ident is None and not self.app.new:
            return None
        try:
            row = self.app.db.insert(TABLE, {"user_id": member["user_id"], "team_id": team["team_id"], "budget_id": ident})
        except db.UniqueViolation:
            if self.app.new:
                row = self.app.db.get(TABLE, user_id=member["user_id"], team_id=team["team_id"])
            else:
                raise self.app.errors.detail(500, "Unable to add user - %s, to team - %s, for reason - Unique constraint failed on the fields: "
                                             "(`user_id`,`team_id`)" % (shown(member), team["team_id"])) from None
        return self.app.shapes.membership(row, self.app.db.get("LiteLLM_BudgetTable", budget_id=row["budget_id"]) if row["budget_id"] else None)

    # ---- change -----------------------------------------------------------------------------------

    def team_or_400(self, ident):
        row = self.app.db.get("LiteLLM_TeamTable", team_id=ident)
        if not row:
            raise self.app.errors.detail(400, "Team id=%s does not exist in db" % ident)
        return row

    def read_named(self, body, fields):
        sent = self.app.check.body(body, fields, ("team_id",))
        if not sent.get("user_id") and not sent.get("user_email"):
            self.app.check.fail(body, "Either user id or user email must be provided")
        return sent

    async def update(self, request):
        sent = self.read_named(request.json, UPDATE_NEW if self.app.new else UPDATE_OLD)
        if sent.get("role") is not None:
            self.app.check.literal(sent["role"], ("admin", "user"), ("body", "role"))
        if sent.get("role") == "admin":
            raise self.app.errors.plain(400, "Assigning team admins is a premium feature. " + OLD_LICENCE)
        team = self.team_or_400(sent["team_id"])
        self.writes.check_duration(sent)
        user = sent.get("user_id") or self.by_email(team, sent)
        self.set_role(team, user, sent.get("role"))
        if self.app.new:
            self.merge_limits(user, team, sent)
        else:
            self.replace_limits(user, team, sent)
        return self.update_answer(sent, user)

    def update_answer(self, sent, user):
        out = {"user_id": user, "user_email": sent.get("user_email"), "team_id": sent["team_id"]}
        names = ("max_budget_in_team", "tpm_limit", "rpm_limit")
        if self.app.new:
            names += ("budget_duration", "allowed_models", "temp_budget_increase", "temp_budget_expiry")
        out.update({n: sent.get(n) for n in names})
        return out

    def by_email(self, team, sent):
        for member in team["members_with_roles"] or []:
            if member.get("user_email") and member["user_email"] == sent["user_email"]:
                return member["user_id"]
        names = ("user_id", "user_email", "team_id", "max_budget_in_team", "role", "tpm_limit", "rpm_limit")
        if self.app.new:
            names += ("budget_duration", "allowed_models", "temp_budget_increase", "temp_budget_expiry")
        text = " ".join("%s=%r" % (n, sent.get(n)) for n in names)
        raise self.app.errors.detail(400, "User id doesn't exist in team table. Data=%s" % text)

    def set_role(self, team, user, role):
        members = team["members_with_roles"] or []
        if role is None or not any(m.get("user_id") == user and m.get("role") != role for m in members):
            return
        members = [{**m, "role": role} if m.get("user_id") == user else m for m in members]
        self.app.db.update("LiteLLM_TeamTable", {"team_id": team["team_id"]}, {"members_with_roles": members})

    def attach(self, user, team, budget):
        """Point the membership (made when there is none) to a budget."""
        if not self.app.db.update(TABLE, {"user_id": user, "team_id": team["team_id"]}, {"budget_id": budget}) and budget:
            self.app.db.insert(TABLE, {"user_id": user, "team_id": team["team_id"], "budget_id": budget})

    def replace_limits(self, user, team, sent):
        """1.81: what is not sent is none, and each call with a limit makes a new budget row."""
        limits = {LIMITS[n]: sent[n] for n in ("max_budget_in_team", "tpm_limit", "rpm_limit") if sent.get(n) is not None}
        budget = None
        if limits:
            budget = self.app.db.insert("LiteLLM_BudgetTable", {"budget_id": str(uuid.uuid4()), **limits, **WHO})["budget_id"]
        self.attach(user, team, budget)

    def merge_limits(self, user, team, sent):
        """1.106: what is not sent stays, null clears, and without any limit left the budget is detached."""
        touched = {LIMITS[n]: sent[n] for n in LIMITS if n in sent}
        if not touched:
            return
        membership = self.app.db.get(TABLE, user_id=user, team_id=team["team_id"])
        ident = membership["budget_id"] if membership else None
        own = ident is not None and ident != self.default_id(team)
        budget = self.app.db.get("LiteLLM_BudgetTable", budget_id=ident) if own else None
        self.writes.window(touched)
        kept = {c: (budget or {}).get(c) for c in list(LIMITS.values()) + ["budget_reset_at"]}
        kept.update(touched)
        if all(kept[c] in (None, []) for c in LIMITS.values()):
            self.attach(user, team, None)
            return
        if budget:
            self.app.db.update("LiteLLM_BudgetTable", {"budget_id": ident}, touched)
        else:
            made = self.app.db.insert("LiteLLM_BudgetTable", {"budget_id": str(uuid.uuid4()), **touched, **WHO})
            self.attach(user, team, made["budget_id"])

    # ---- remove -----------------------------------------------------------------------------------

    async def delete(self, request):
        sent = self.read_named(request.json, {"team_id": "str", "user_id": "str", "user_email": "str"})
        team = self.team_or_400(sent["team_id"])
        members = team["members_with_roles"] or []
        gone = [m for m in members if self.is_in(sent, [m])]
        if not gone:
            raise self.app.errors.detail(400, "User not found in team")
        idents = [m["user_id"] for m in gone if m.get("user_id")]
        with self.app.db.transaction():
            row = self.app.db.update("LiteLLM_TeamTable", {"team_id": team["team_id"]}, {"members_with_roles": [m for m in members if m not in gone]})
            self.app.db.run('UPDATE "LiteLLM_UserTable" SET teams = array_remove(teams, %s), updated_at = %s WHERE user_id = ANY(%s)',
                            (team["team_id"], times.utcnow(), idents))
            self.app.db.run('DELETE FROM "LiteLLM_TeamMembership" WHERE team_id = %s AND user_id = ANY(%s)', (team["team_id"], idents))
            self.app.keys.bury("team_id = %s AND user_id = ANY(%s)", (team["team_id"], idents))
        return self.app.shapes.team(row)
