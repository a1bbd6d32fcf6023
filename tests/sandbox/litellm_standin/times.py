"""Durations and reset times as LiteLLM reckons them."""
import datetime
import re

DURATION = re.compile(r"^(\d+)(s|m|h|d|w|mo)$")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def utcnow():
    """The time now, UTC, in whole milliseconds: what a timestamp(3) column can hold."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def parse(text):
    """(number, unit) or None."""
    found = DURATION.match(text or "")
    return (int(found.group(1)), found.group(2)) if found else None


def next_month(day, months=1):
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = (datetime.date(year + (month == 11), (month + 1) % 12 + 1, 1) - datetime.timedelta(days=1)).day
    return day.replace(year=year, month=month + 1, day=min(day.day, last))


def after(text, start=None):
    """now + duration; ValueError for what cannot be read."""
    start = start or utcnow()
    found = parse(text)
    if not found:
        raise ValueError("Unsupported duration unit, passed duration: %s" % text)
    number, unit = found
    if unit == "mo":
        return next_month(start, number)
    return start + datetime.timedelta(seconds=number * UNITS[unit])


def reset_at(text):
    """When a budget window ends: on a calendar boundary; an unreadable text means tomorrow."""
    now = utcnow()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    found = parse(text)
    if not found:
        return midnight + datetime.timedelta(days=1)
    number, unit = found
    if unit == "d":
        return reset_day(now, midnight, number)
    if unit == "w":
        return next_monday(midnight) + datetime.timedelta(weeks=number - 1)
    if unit == "mo":
        return next_month(midnight.replace(day=1), number)
    return reset_clock(now, midnight, number, UNITS[unit])


def reset_day(now, midnight, number):
    if number == 30:
        return next_month(midnight.replace(day=1))
    if number == 7:
        return next_monday(midnight)
    return midnight + datetime.timedelta(days=number)


def next_monday(midnight):
    return midnight + datetime.timedelta(days=7 - midnight.weekday())


def reset_clock(now, midnight, number, size):
    """The next multiple of the window, counted from midnight."""
    window = number * size
    passed = int((now - midnight).total_seconds())
    return midnight + datetime.timedelta(seconds=(passed // window + 1) * window)


def text(value):
    """ISO text with Z; no fraction when it is zero."""
    return value.isoformat(timespec="microseconds" if value.microsecond else "seconds") + "Z"


def from_database(value):
    """The database's own text of a timestamp, as the API shows it."""
    value = value.replace(" ", "T")
    whole, dot, fraction = value.partition(".")
    return whole + dot + fraction.ljust(6, "0") + "Z" if dot else whole + "Z"
