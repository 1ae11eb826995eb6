"""What all that travels has in common: names, numbers, and that it never changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

ENVIRONMENTS = ("dev", "stage", "prod")
"""The environments that a registry knows by itself, in the order in which versions move on."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]
Environment = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Percent = Annotated[int, Field(ge=0, le=100)]
MetricValue = bool | int | Annotated[float, Field(allow_inf_nan=False)] | str
MetricName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Labels = dict[
    Annotated[str, StringConstraints(min_length=1, max_length=100)], Annotated[str, StringConstraints(max_length=300)]
]


class Frozen(BaseModel):
    """A value: it never changes, and takes no fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What notebooks show."""
        from mdk_jupyter.widgets.registry_sheets import sheet_of

        sheet = sheet_of(self)
        return sheet._repr_mimebundle_() if sheet is not None else {"text/plain": repr(self)}


Metrics = Mapping[str, MetricValue]
