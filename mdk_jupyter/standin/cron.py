"""When a schedule fires next."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mdk_jupyter.standin.answers import Refused

_ZONE = re.compile(r"(?:CRON_)?TZ=(\S+)\s+(.*)", re.DOTALL)


def following(cron: str, after: datetime, *, seconds: bool = False) -> datetime:
    """Return the first time after another one at which a cron expression fires.

    `seconds` says that the expression begins with a field for seconds, as in Kubeflow. `TZ=Europe/Oslo ` before it
    names the time zone; it is UTC otherwise.

    Raises:
        Refused: it is no cron expression, there is no such time zone, or it never fires.

    Example:
        >>> following("TZ=Europe/Oslo 0 9 * * *", datetime(2026, 7, 1, tzinfo=UTC)).isoformat()
        '2026-07-01T07:00:00+00:00'
    """
    from croniter import croniter
    from croniter.croniter import CroniterError

    match = _ZONE.fullmatch(cron.strip())
    zone, expression = (match[1], match[2]) if match else ("UTC", cron)
    fields = len(expression.split())
    if not expression.strip().startswith("@") and fields != (6 if seconds else 5):
        raise Refused(400, f"Invalid cron expression {cron!r}: it has {fields} fields, not {6 if seconds else 5}.")
    try:
        local = after.astimezone(ZoneInfo(zone))
        time: datetime = croniter(expression, local, second_at_beginning=seconds).get_next(datetime)
    except (ZoneInfoNotFoundError, ValueError, KeyError, CroniterError) as error:
        raise Refused(400, f"Invalid cron expression {cron!r}: {error}") from None
    return time.astimezone(UTC)


def every(seconds: int, after: datetime) -> datetime:
    """Return the time one interval after another.

    Raises:
        Refused: the interval is not positive.
    """
    if seconds < 1:
        raise Refused(400, f"The interval of a schedule is positive, not {seconds} seconds.")
    return after + timedelta(seconds=seconds)
