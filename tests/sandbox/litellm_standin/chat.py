"""/chat/completions and /v1/messages: who may call, which deployment answers, and the call to its endpoint."""
import asyncio
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from .errors import Answer

TEXT = "pong from the stand-in"


class Chat:
    def __init__(self, app):
        self.app, self.turn = app, 0

    def routes(self):
        return {("POST", "/chat/completions"): self.completions, ("POST", "/v1/chat/completions"): self.completions, ("POST", "/v1/messages"): self.messages}

    # ---- may this key use this model ------------------------------------------------------------------

    def allowed(self, caller):
        """The model names a key may use; None = all."""
        names = list(caller["models"] or [])
        team = self.app.db.get("LiteLLM_TeamTable", team_id=caller["team_id"]) if caller["team_id"] else None
        if "all-team-models" in names or not names:
            names = list(team["models"] or []) if team else []
        return None if not names or "all-proxy-models" in names else names

    def check_access(self, caller, model):
        if caller is None:
            return
        names = self.allowed(caller)
        if names is None or model in names:
            return
        if self.app.new:
            raise self.app.errors.proxy(403, "The requested model '%s' is not available for this API key, or the model name is invalid. Check the models "
                                        "available to you and try again." % model, "key_model_access_denied", "model")
        raise self.app.errors.proxy(401, "key not allowed to access model. This key can only access models=%r. Tried to access %s" % (names, model),
                                    "key_model_access_denied", "model")

    def pick(self, pod, model):
        """A deployment of that name, in turn; blocked ones take no calls."""
        found = [d for d in pod.loaded.values() if model in (d.name, d.ident) and not d.blocked]
        if not found:
            return None
        self.turn += 1
        return found[self.turn % len(found)]

    # ---- the two routes -------------------------------------------------------------------------------

    async def completions(self, call):
        body = call.json if isinstance(call.json, dict) else {}
        model = body.get("model")
        self.check_access(call.caller, model)
        chosen = self.pick(call.pod, model)
        if not chosen:
            raise self.no_model_openai(model)
        text = await self.answer_of(chosen)
        return {"id": "chatcmpl-" + str(uuid.uuid4()), "created": int(time.time()), "model": model, "object": "chat.completion",
                "choices": [{"finish_reason": "stop", "index": 0, "message": {"content": text, "role": "assistant"}}],
                "usage": {"completion_tokens": 20, "prompt_tokens": 10, "total_tokens": 30}}

    async def messages(self, call):
        body = call.json if isinstance(call.json, dict) else {}
        model = body.get("model")
        self.check_access(call.caller, model)
        chosen = self.pick(call.pod, model)
        if not chosen:
            raise self.no_model_anthropic(model)
        text = await self.answer_of(chosen)
        return {"id": "msg_" + uuid.uuid4().hex[:24], "type": "message", "role": "assistant", "model": model, "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 20}}

    def no_model_openai(self, model):
        text = "/chat/completions: Invalid model name passed in model=%s. Call `/v1/models` to view available models for your key." % model
        if not self.app.new:
            return self.app.errors.proxy(400, repr({"error": text}), "None", "None")
        problem = self.app.errors.proxy(400, text, "invalid_request_error", None)
        problem.body["error"]["provider_specific_fields"] = {"error": text}
        return problem

    def no_model_anthropic(self, model):
        text = "anthropic_messages: Invalid model name passed in model=%s. Call `/v1/models` to view available models for your key." % model
        if not self.app.new:
            return self.app.errors.proxy(400, "400: " + repr({"error": text}), "None", "None")
        return Answer(400, {"type": "error", "error": {"type": "invalid_request_error", "message": text, "provider_specific_fields": {"error": text}}})

    # ---- the endpoint of the deployment -----------------------------------------------------------------

    async def answer_of(self, chosen):
        params = chosen.params
        if params.get("mock_response"):
            return params["mock_response"]
        if params.get("aws_bedrock_runtime_endpoint"):
            return await asyncio.get_running_loop().run_in_executor(None, self.ask_bedrock, params)
        return TEXT

    def ask_bedrock(self, params):
        """One converse call to the endpoint; its refusals become the proxy's."""
        ident = params["model"].split("/")[-1]
        url = "%s/model/%s/converse" % (params["aws_bedrock_runtime_endpoint"].rstrip("/"), urllib.parse.quote(ident, safe=""))
        body = json.dumps({"messages": [{"role": "user", "content": [{"text": "ping"}]}]}).encode()
        ask = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        if params.get("api_key"):
            ask.add_header("Authorization", "Bearer " + params["api_key"])
        try:
            with urllib.request.urlopen(ask, timeout=30) as answer:
                return json.loads(answer.read())["output"]["message"]["content"][0]["text"]
        except urllib.error.HTTPError as problem:
            raise self.refused(problem.code, problem.read().decode("utf-8", "replace")) from None
        except (OSError, ValueError, KeyError, IndexError) as problem:
            raise self.refused(500, str(problem)) from None

    def refused(self, status, text):
        names = {401: "AuthenticationError", 403: "AuthenticationError", 404: "NotFoundError", 429: "RateLimitError", 400: "BadRequestError"}
        name = names.get(status, "InternalServerError")
        status = 401 if name == "AuthenticationError" else status
        return self.app.errors.proxy(status, "litellm.%s: BedrockException - %s" % (name, text), None if self.app.new else "None", None)
