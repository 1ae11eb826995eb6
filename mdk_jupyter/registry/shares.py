"""Shares of the traffic: what challengers may have."""

from __future__ import annotations

from collections.abc import Mapping

from mdk_jupyter.registry.errors import InvalidError


def check_shares(shares: Mapping[str, int]) -> None:
    """Refuse percents that cannot be those of challengers.

    Raises:
        InvalidError: one is not within 0 and 100, or all together leave the champion less than nothing (MDK544).
    """
    whole = sum(shares.values())
    if whole > 100 or any(not 0 <= share <= 100 for share in shares.values()):
        message = (
            f"the shares of the challengers are not within 0 and 100, and leave the champion {100 - whole} percent"
        )
        raise InvalidError("MDK544", message, "Write whole percents, which are 100 together at most.")
