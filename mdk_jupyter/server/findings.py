"""Findings as the browser gets them."""

from __future__ import annotations

from collections.abc import Iterable

from mdk_converters.findings import Finding
from mdk_jupyter.server.models import Finding as Shown
from mdk_jupyter.server.models import Severity

_SEVERITIES: dict[str, Severity] = {"error": "error", "warning": "warning", "note": "info"}


def shown(findings: Iterable[Finding]) -> list[Shown]:
    """Return findings as they travel: with their places in the notebook, without the file's name."""
    return [
        Shown(
            code=finding.code,
            severity=_SEVERITIES[finding.severity],
            message=finding.message,
            fix=finding.fix,
            cell_id=finding.place.cell_id,
            cell=finding.place.cell_number,
            line=finding.place.line,
            column=finding.place.column,
            names=list(finding.names),
        )
        for finding in findings
    ]
