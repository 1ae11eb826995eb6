"""GitOps: a file says which version serves where, a plan says what that changes, and applying it does just that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdk_jupyter.operations.proposal import Done, Proposal
    from mdk_jupyter.operations.proposing import carry_out, propose_challengers, propose_promotion, propose_rollback

__all__ = ["Done", "Proposal", "carry_out", "propose_challengers", "propose_promotion", "propose_rollback"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    from mdk_jupyter.operations import proposing

    return getattr(proposing, name)
