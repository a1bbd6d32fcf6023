"""The application: state shared by the pods, authentication and routing."""
import asyncio
import hashlib
import itertools
import json
import re
import sys
import traceback

from . import budgets, chat, check, cipher, credentials, db, errors, faults, http1, invitations, keys, members, models, pods, shapes, system, teams, users

HELD_BACK = re.compile(r"^/(chat/completions|v1/chat/completions|v1/messages|models|v1/models|model/info|v1/model/info|v2/model/info|key/info|health/.*)$")


class Call:
    """A request as the handlers see it."""
    __slots__ = ("method", "path", "query", "headers", "json", "pod", "captured", "caller", "secret")

    def __init__(self, request):
        self.method, self.path, self.query, self.headers, self.pod = request.method, request.path, request.query, request.headers, request.pod
        self.json, self.captured, self.caller, self.secret = None, None, None, None


class App:
    def __init__(self, options):
        self.version, self.new = options.version, version_tuple(options.version) >= (1, 106)
        self.master_key = options.master_key
        self.errors, self.shapes = errors.Errors(self.new), shapes.Shapes(self.new)
        self.check = check.Checker(self.errors)
        self.cipher = cipher.Cipher(options.salt_key or options.master_key)
        self.db = db.Database(options.database_url)
        self.db.prepare(self.new)
        self.config_models = read_config(options.config)
        self.team_locks, self.table_cache = {}, {}
        self.pods = [pods.Pod(self, n) for n in range(options.pods)]
        self.faults = faults.Faults(self, options.latency_ms)
        self.reload_interval = options.reload_interval
        self.exact, self.patterns = {}, []
        self.collect_routes()
        self.reload()

    def collect_routes(self):
        self.budgets = budgets.Budgets(self)
        self.keys, self.members, self.teams = keys.Keys(self), members.Members(self), teams.Teams(self)
        for part in (system.System(self), models.Models(self), self.teams, self.members, users.Users(self), self.keys, self.budgets,
                     credentials.Credentials(self), invitations.Invitations(self), chat.Chat(self)):
            for (method, path), handler in part.routes().items():
                if "*" in path:
                    pattern = re.compile("^" + re.escape(path).replace(r"\*", "([^/]+)") + "$")
                    self.patterns.append((method, pattern, handler))
                else:
                    self.exact.setdefault(path, {})[method] = handler

    # ---- rows of models ---------------------------------------------------------------------------

    def model_row(self, ident):
        return self.db.row('SELECT *, xmin::text AS xmin FROM "LiteLLM_ProxyModelTable" WHERE model_id = %s', (ident,))

    def model_rows(self, idents):
        if not idents:
            return []
        return self.db.rows('SELECT *, xmin::text AS xmin FROM "LiteLLM_ProxyModelTable" WHERE model_id = ANY(%s) ORDER BY created_at, model_id', (idents,))

    def models_since(self, when):
        """Rows written since, for a pod that has just written one itself."""
        when = when.rstrip("Z") if len(when) > 4 else "2000-01-01"
        return self.db.rows('SELECT *, xmin::text AS xmin FROM "LiteLLM_ProxyModelTable" WHERE updated_at >= %s ORDER BY updated_at', (when,))

    def model_versions(self):
        return dict(self.db.cursor('SELECT model_id, xmin::text FROM "LiteLLM_ProxyModelTable"').fetchall())

    def table_deployment(self, ident):
        row = self.model_row(ident)
        return self.pods[0].deployment(row) if row else None

    def table_search(self, text, skip, start=0, limit=None):
        """Rows by LIKE, as deployments; % and _ of the text are wildcards. What was rendered once is kept while the row is unchanged."""
        if limit is not None and limit <= 0:
            return []
        found = self.db.cursor('SELECT model_id, xmin::text FROM "LiteLLM_ProxyModelTable" WHERE model_name ILIKE %s AND NOT (model_id = ANY(%s)) '
                               "ORDER BY model_id LIMIT %s OFFSET %s", ("%" + text + "%", skip, limit, start)).fetchall()
        cache = self.table_cache
        stale = [i for i, version in found if i not in cache or cache[i].version != version]
        for row in self.model_rows(stale):
            cache[row["model_id"]] = self.pods[0].deployment(row)
        return [cache[i] for i, _ in found]

    def table_count(self, text, skip):
        return self.db.value('SELECT count(*) FROM "LiteLLM_ProxyModelTable" WHERE model_name ILIKE %s AND NOT (model_id = ANY(%s))', ("%" + text + "%", skip))

    def read_credentials(self):
        return {r["credential_name"]: r for r in self.db.rows('SELECT * FROM "LiteLLM_CredentialsTable" ORDER BY created_at')}

    def reload(self):
        for pod in self.pods:
            pod.poll(forced=True)

    def wipe(self):
        self.db.wipe()
        self.table_cache = {}
        for pod in self.pods:
            pod.reset()

    async def poll_forever(self):
        while True:
            await asyncio.sleep(self.reload_interval)
            for pod in self.pods:
                pod.poll()

    # ---- requests ---------------------------------------------------------------------------------

    async def handle(self, request):
        if request.path.startswith("/_sandbox/"):
            return self.faults.control(request)
        return await self.faults.around(request, self.carry_out)

    async def carry_out(self, request):
        try:
            body = await self.answer(request)
            status, close, headers = 200, False, ()
        except errors.Answer as problem:
            body, status, close, headers = problem.body, problem.status, problem.close, ()
        except Exception:                                    # the proxy answers 500 too, and the reason goes to its log
            traceback.print_exc(file=sys.stderr)
            problem = self.errors.uncaught()
            body, status, close, headers = problem.body, 500, True, ()
        if isinstance(body, http1.Response):
            return body
        data, kind = errors.to_bytes(body)
        return http1.Response(status, data, kind, headers, close)

    async def answer(self, request):
        handler, call = self.route(request)
        if handler is None:
            raise self.errors.plain(404, "Not Found")
        if request.method in ("POST", "PATCH", "DELETE", "PUT"):
            call.json = self.parse(request)
        if not getattr(handler, "open_to_all", False):
            self.authenticate(call)
        return await handler(call)

    def route(self, request):
        call = Call(request)
        methods = self.exact.get(request.path)
        if methods:
            if request.method not in methods:
                raise self.errors.plain(405, "Method Not Allowed")
            return methods[request.method], call
        path = request.target.partition("?")[0]
        for method, pattern, handler in self.patterns:
            found = pattern.match(path)
            if found and method == request.method:
                call.captured = http1.urllib.parse.unquote(found.group(1))
                if "/" in call.captured:
                    break
                return handler, call
        return None, call

    def parse(self, request):
        if not request.body:
            return {} if request.method == "DELETE" else None
        try:
            return json.loads(request.body)
        except ValueError as problem:
            position = getattr(problem, "pos", 0)
            reason = getattr(problem, "msg", "Invalid encoding")
            raise self.errors.invalid("json_invalid", ("body", position), "JSON decode error", {}, {"error": reason}) from None

    # ---- who calls --------------------------------------------------------------------------------

    def authenticate(self, call):
        """The master key may do all; another key is looked up by its hash and may call models and read."""
        sent = call.headers.get("authorization", "")
        key = sent[7:].strip() if sent.lower().startswith("bearer ") else sent or call.headers.get("x-api-key", "")
        if not key:
            raise self.errors.proxy(401, "Authentication Error, No api key passed in.", "auth_error", "None")
        call.secret = key
        if key == self.master_key:
            return
        if not key.startswith("sk-"):
            text = "LiteLLM Virtual Key expected. Received=****, expected to start with 'sk-'."
            raise self.errors.proxy(401, text if self.new else "Authentication Error, " + text, "auth_error", "None")
        token = hashlib.sha256(key.encode()).hexdigest()
        row = self.db.get("LiteLLM_VerificationToken", token=token)
        if row is None:
            raise self.errors.proxy(401, "Authentication Error, Invalid proxy server token passed. Received API Key = sk-...%s, Key Hash (Token) =%s. "
                                    "Unable to find token in cache or `LiteLLM_VerificationTokenTable`" % (key[-4:], token), "token_not_found_in_db", "key")
        self.may_use(row, call)
        call.caller = row

    def may_use(self, row, call):
        if row["blocked"]:
            text = "Key is blocked. Update via `/key/unblock` if you're %s." % ("an admin" if self.new else "admin")
            raise self.errors.proxy(401, "Authentication Error, " + text, "auth_error", "None")
        if row["expires"] and row["expires"] < system.times.text(system.times.utcnow()):
            raise self.errors.proxy(401, "Authentication Error - Expired Key. Key Expiry time %s and current time %s" % (
                row["expires"], system.times.text(system.times.utcnow())), "expired_key", "None")
        if not HELD_BACK.match(call.path):
            user = row["user_id"] or "unknown"
            raise self.errors.proxy(401, "Authentication Error, Only proxy admin can be used to generate, delete, update info for new keys/users/teams. "
                                    "Route=%s. Your role=unknown. Your user_id=%s" % (call.path, "*" * len(user) if self.new else user), "auth_error", "None")


def version_tuple(text):
    return tuple(int(n) for n in re.findall(r"\d+", text)[:2])


def read_config(path):
    """Models of a configuration file: db_model false, an id made from name and parameters when none is given."""
    if not path:
        return []
    with open(path, encoding="utf-8") as text:
        listed = json.load(text).get("model_list", [])
    out = []
    for item in listed:
        params, info = item.get("litellm_params", {}), dict(item.get("model_info", {}))
        ident = str(info.get("id") or hashlib.sha256(json.dumps([item["model_name"], params], sort_keys=True).encode()).hexdigest())
        out.append(pods.Deployment(ident, item["model_name"], params, info, db_model=False))
    return out


async def run(options, ready):
    """Start the pods, call ready(ports) and serve until cancelled."""
    app, counter = App(options), itertools.count(1)
    servers, ports = [], []
    for pod in app.pods:
        port = options.port + pod.number if options.port else 0
        server = await http1.listen(port, pod, app.handle, counter, lambda number: None)
        servers.append(server)
        ports.append(server.sockets[0].getsockname()[1])
    ready(ports)
    poller = asyncio.ensure_future(app.poll_forever())
    try:
        await asyncio.gather(*(s.serve_forever() for s in servers))
    finally:
        poller.cancel()
