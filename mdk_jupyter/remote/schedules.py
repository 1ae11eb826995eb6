"""Schedules: a cron line such as `0 6 * * 1`, with `TZ=Europe/Berlin ` before it where it means the times of a zone."""

from __future__ import annotations

import re

OFF = "off"
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _DAYS),
)
_PART = re.compile(r"(?:[*?]|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")


def zone_and_fields(text: str) -> tuple[str, str]:
    """Split a schedule into its time zone, empty where it names none, and the five fields.

    Example:
        >>> zone_and_fields("TZ=Europe/Berlin 0 6 * * 1")
        ('Europe/Berlin', '0 6 * * 1')
    """
    match = re.fullmatch(r"(?:CRON_)?TZ=(\S*)\s+(.*)", text.strip(), re.DOTALL)
    return (match[1], match[2]) if match else ("", text)


def with_seconds(text: str) -> str:
    """Return a schedule as those read it for whom seconds come first."""
    zone, fields = zone_and_fields(text)
    return f"TZ={zone} 0 {fields}" if zone else f"0 {fields}"


def schedule_problem(text: str) -> str | None:
    """Say what is wrong with a schedule; None where nothing is.

    Example:
        >>> schedule_problem("0 25 * * *")
        'its hour is 25, which is not from 0 to 23'
    """
    zone, rest = zone_and_fields(text)
    if zone and not _is_zone(zone):
        return f"there is no time zone {zone}"
    fields = rest.split()
    if len(fields) != len(_FIELDS):
        return f"it has {len(fields)} field{'s' if len(fields) != 1 else ''}, not {len(_FIELDS)}"
    found = (_field_problem(field, *about) for field, about in zip(fields, _FIELDS, strict=True))
    return next((problem for problem in found if problem), None)


def _field_problem(field: str, name: str, least: int, most: int, words: tuple[str, ...]) -> str | None:
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None or (match["step"] is not None and int(match["step"]) == 0):
            return f"its {name} is {field}, which cannot be read"
        bounds = []
        for value in filter(None, (match["first"], match["last"])):
            number = words.index(value.upper()) + least if value.upper() in words else _number(value)
            if number is None or not least <= number <= most:
                return f"its {name} is {value}, which is not from {least} to {most}"
            bounds.append(number)
        if bounds != sorted(bounds):
            return f"its {name} is {part}, which ends before it begins"
    return None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _is_zone(name: str) -> bool:
    """Whether there is such a time zone; where this machine knows none at all, the service has to tell."""
    from zoneinfo import available_timezones

    known = available_timezones()
    return name in known or not known
