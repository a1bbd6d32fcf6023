"""/invitation/*: three foreign keys to the user table hold a user fast."""
import datetime
import uuid

from . import db, times

TABLE = "LiteLLM_InvitationLink"


class Invitations:
    def __init__(self, app):
        self.app = app

    def routes(self):
        return {("POST", "/invitation/new"): self.new, ("GET", "/invitation/info"): self.info, ("POST", "/invitation/delete"): self.delete}

    async def new(self, request):
        user = self.app.check.body(request.json, {"user_id": "str"}, ("user_id",))["user_id"]
        now = times.utcnow()
        values = {"id": str(uuid.uuid4()), "user_id": user, "expires_at": now + datetime.timedelta(days=7), "created_at": now, "updated_at": now,
                  "created_by": "default_user_id", "updated_by": "default_user_id"}
        try:
            return self.app.db.insert(TABLE, values)
        except db.ForeignKeyViolation:
            raise self.app.errors.named(400, "User id does not exist in 'LiteLLM_UserTable'. Fix this by creating user via `/user/new`.") from None

    def find(self, ident):
        row = self.app.db.get(TABLE, id=ident)
        if not row:
            raise self.app.errors.detail(400, "Invitation id does not exist in the database.")
        return row

    async def info(self, request):
        return self.find(self.app.check.query_required(request.query, "invitation_id"))

    async def delete(self, request):
        row = self.find(self.app.check.body(request.json, {"invitation_id": "str"}, ("invitation_id",))["invitation_id"])
        self.app.db.delete(TABLE, id=row["id"])
        return row
