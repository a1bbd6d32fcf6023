#!/usr/bin/python3
"""check_schema.py SCHEMA FILE: the part of JSON Schema that plan.schema.json uses, strictly."""
import json
import re
import sys

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
KNOWN = {"$schema", "$id", "$defs", "$ref", "title", "description", "type", "const", "enum", "pattern",
         "minimum", "required", "properties", "items", "additionalProperties", "anyOf"}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check(value, schema, root, at, faults):
    unknown = set(schema) - KNOWN
    if unknown:
        faults.append("%s: the schema uses %s, which this check does not know" % (at, sorted(unknown)))
    if "$ref" in schema:
        check(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, at, faults)
    if "anyOf" in schema:
        ways = []
        for part in schema["anyOf"]:
            way = []
            check(value, part, root, at, way)
            ways.append(way)
        if all(ways):
            faults.append("%s: fits none of anyOf" % at)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(is_type(value, name) for name in types):
        faults.append("%s: %r is no %s" % (at, value, types))
        return
    if "const" in schema and value != schema["const"]:
        faults.append("%s: %r is not %r" % (at, value, schema["const"]))
    if "enum" in schema and value not in schema["enum"]:
        faults.append("%s: %r is none of %s" % (at, value, schema["enum"]))
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        faults.append("%s: %r does not fit %s" % (at, value, schema["pattern"]))
    if "minimum" in schema and isinstance(value, int) and value < schema["minimum"]:
        faults.append("%s: %r is less than %s" % (at, value, schema["minimum"]))
    if isinstance(value, dict):
        check_map(value, schema, root, at, faults)
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            check(item, schema["items"], root, "%s[%d]" % (at, number), faults)


def check_map(value, schema, root, at, faults):
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            faults.append("%s: %s is missing" % (at, name))
    for name, item in value.items():
        if name in properties:
            check(item, properties[name], root, "%s.%s" % (at, name), faults)
        elif schema.get("additionalProperties") is False:
            faults.append("%s: %s is not in the schema" % (at, name))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        value = json.load(file)
    faults = []
    check(value, schema, schema, "$", faults)
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


main()
