"""A user's mistake, shown in a notebook as its text alone."""

from __future__ import annotations

from mdk_converters.findings import Finding, MDKError


class Refusal(MDKError):
    """What a magic raises: IPython shows the findings and no traceback.

    It is still an exception: the cell fails, so that papermill and nbclient stop there.
    """

    @classmethod
    def of(cls, error: MDKError) -> Refusal:
        """Return `error` as a refusal."""
        return cls(error.findings)

    def __str__(self) -> str:
        return "\n".join(describe(finding) for finding in self.findings)

    def _render_traceback_(self) -> list[str]:
        """IPython's protocol for exceptions that draw themselves."""
        return str(self).split("\n")


class Cancelled(KeyboardInterrupt):
    """A run was interrupted, and with it the cell: what comes after it does not run."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def describe(finding: Finding) -> str:
    """Return a finding as the lines that a person reads: what, where, the line itself, what to do."""
    place = finding.place
    severity = "" if finding.severity == "error" else f"{finding.severity}: "
    lines = [f"{severity}{finding.code} {finding.message}"]
    if place.notebook is not None or place.cell_number is not None:
        lines.append(f"  in {place}")
    if place.text is not None:
        lines.append(f"    {place.text}")
    if finding.fix:
        lines.append(f"  {finding.fix}")
    return "\n".join(lines)
