"""Validation of bodies and queries, with the wording of the API (422)."""

ROLES = ("proxy_admin", "proxy_admin_viewer", "internal_user", "internal_user_viewer")
ROLE_TEXT = ("<LitellmUserRoles.PROXY_ADMIN: 'proxy_admin'>, <LitellmUserRoles.PROXY_ADMIN_VIEW_ONLY: 'proxy_admin_viewer'>, "
             "<LitellmUserRoles.INTERNAL_USER: 'internal_user'> or <LitellmUserRoles.INTERNAL_USER_VIEW_ONLY: 'internal_user_viewer'>")
MEMBER_ROLES = ("admin", "user")
LIMIT_TYPES = ("guaranteed_throughput", "best_effort_throughput", "dynamic")
KEY_TYPES = ("llm_api", "management", "read_only", "default")


def literal_text(values):
    shown = ["'%s'" % v for v in values]
    return ", ".join(shown[:-1]) + " or " + shown[-1]


def number(value, whole):
    """(value, None) or (None, (kind, message))."""
    name = "integer" if whole else "number"
    kind = "int" if whole else "float"
    if isinstance(value, bool):
        return int(value) if whole else float(value), None
    if isinstance(value, str):
        try:
            return int(value) if whole else float(value), None
        except ValueError:
            return None, (kind + "_parsing", "Input should be a valid %s, unable to parse string as a%s %s" % (name, "n" if whole else "", name))
    if isinstance(value, (int, float)):
        if whole and value != int(value):
            return None, ("int_from_float", "Input should be a valid integer, got a number with a fractional part")
        return int(value) if whole else float(value), None
    return None, (kind + "_type", "Input should be a valid " + name)


def boolean(value):
    if isinstance(value, bool):
        return value, None
    known = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False, 1: True, 0: False}
    key = value.lower() if isinstance(value, str) else value
    if isinstance(key, (str, int, float)) and key in known:
        return known[key], None
    if isinstance(value, str):
        return None, ("bool_parsing", "Input should be a valid boolean, unable to interpret input")
    return None, ("bool_type", "Input should be a valid boolean")


def convert(value, kind):
    """The value as the field's type, or the complaint."""
    if kind == "float":
        return number(value, False)
    if kind == "int":
        return number(value, True)
    if kind == "bool":
        return boolean(value)
    if kind == "str":
        return (value, None) if isinstance(value, str) else (None, ("string_type", "Input should be a valid string"))
    if kind == "list":
        return (value, None) if isinstance(value, list) else (None, ("list_type", "Input should be a valid list"))
    if kind == "dict":
        return (value, None) if isinstance(value, dict) else (None, ("dict_type", "Input should be a valid dictionary"))
    return value, None


class Checker:
    def __init__(self, errors):
        self.errors = errors

    def literal(self, value, allowed, where, text=None):
        if value not in allowed:
            text = text or literal_text(allowed)
            raise self.errors.invalid("literal_error", where, "Input should be " + text, value, {"expected": text})

    def missing(self, body, name, where=("body",)):
        if name not in body:
            raise self.errors.invalid("missing", tuple(where) + (name,), "Field required", body)

    def fail(self, body, text):
        raise self.errors.invalid("value_error", ("body",), "Value error, " + text, body, {"error": {}})

    def body(self, body, fields, required=()):
        """The declared fields that were sent, converted; null passes. Unknown fields are dropped."""
        if not isinstance(body, dict):
            raise self.errors.uncaught()
        for name in required:
            self.missing(body, name)
        out = {}
        for name, value in body.items():
            if name not in fields:
                continue
            if value is not None or name in required:
                value, complaint = convert(value, fields[name])
                if complaint:
                    raise self.errors.invalid(complaint[0], ("body", name), complaint[1], body[name])
            out[name] = value
        return out

    def query_int(self, query, name, default, low=1, high=None):
        text = query.get(name)
        if text is None:
            return default
        try:
            value = int(text)
        except ValueError:
            raise self.errors.invalid("int_parsing", ("query", name),
                                      "Input should be a valid integer, unable to parse string as an integer", text) from None
        if value < low:
            raise self.errors.invalid("greater_than_equal", ("query", name), "Input should be greater than or equal to %d" % low, text, {"ge": low})
        if high is not None and value > high:
            raise self.errors.invalid("less_than_equal", ("query", name), "Input should be less than or equal to %d" % high, text, {"le": high})
        return value

    def query_required(self, query, name):
        if name not in query:
            raise self.errors.invalid("missing", ("query", name), "Field required", None)
        return query[name]
