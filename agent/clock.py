"""What the agent knows of the time where the person is. n8n hands over the time zone, because a phone number doesn't say it."""

import logging
from datetime import datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

logger = logging.getLogger(__name__)

# How many days are named one by one, and how far ahead a change of the offset is looked for.
DAYS_NAMED = 14
DAYS_AHEAD = 365


def now() -> datetime:
    return datetime.now(timezone.utc)


def zone_of(name: object) -> tzinfo:
    """Returns the time zone with this IANA name. Without one, or if nobody knows it, that's UTC."""
    if not name:
        return timezone.utc
    try:
        return ZoneInfo(str(name))
    except (KeyError, OSError, ValueError):
        logger.error("There's no time zone %s, so the agent's clock shows UTC", name)
        return timezone.utc


def offset_of(moment: datetime) -> str:
    """Returns the difference from UTC as ISO 8601 has it, such as +02:00."""
    return moment.isoformat(timespec="minutes")[-6:]


def described(moment: datetime, zone: tzinfo) -> str:
    """Returns date, weekday, time, zone, and offset, in words."""
    local = moment.astimezone(zone)
    return f"{local:%A, %B} {local.day}, {local:%Y, %H:%M} in {zone} (UTC{offset_of(local)})"


def calendar(zone: tzinfo) -> dict:
    """Returns the time, the coming days, and the days on which clocks change, for the model.

    Each day has the offset that it has at noon, because clocks change at night, and models work out neither days nor offsets reliably.
    """
    local = now().astimezone(zone)
    noons = [datetime.combine(local.date() + timedelta(days=n), time(12), zone) for n in range(DAYS_AHEAD)]
    changes = [after for before, after in zip([local, *noons], noons) if offset_of(before) != offset_of(after)]
    return {
        "now": described(local, zone),
        "today": f"{local:%Y-%m-%d}",
        "coming_days": [
            {"date": f"{noon:%Y-%m-%d}", "weekday": f"{noon:%A}", "offset": offset_of(noon)} for noon in noons[1 : DAYS_NAMED + 1]
        ],
        "offset_changes": [{"date": f"{noon:%Y-%m-%d}", "offset": offset_of(noon)} for noon in changes],
    }
