"""What a file of operations may say: by environment and model, which version should be the champion, and what else."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import Field

from mdk_converters.spec import Strict

SCHEMA_ID = "urn:mdk-jupyter:operations:v1"
LATEST = "latest"  # the newest version, whichever that is; not in a protected environment
_NOT_CONTENT = {"serial", "reason"}


def digest(value: Any) -> str:
    """Return the sha256 of a value of JSON, the same for the same value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Entry(Strict):
    """What one environment should have of one model."""

    champion: str = Field(description="Version that serves, such as 1.4.2; or latest, where nothing is protected.")
    challengers: dict[str, int] = Field(
        default={}, description="Version -> percent of the traffic; the champion has the rest."
    )
    quarantined: dict[str, str] = Field(
        default={}, description="Version -> why it may not be used any more, here or elsewhere."
    )
    waivers: dict[str, str] = Field(
        default={}, description="Gate -> why it is set aside for this champion; only gates whose policy allows it."
    )
    labels: dict[str, str] = Field(default={}, description="Labels that the champion has.")
    notes: str | None = Field(default=None, description="A remark for the history.")
    endpoint: str | None = Field(
        default=None, description="projects/…/locations/…/endpoints/… on Vertex AI whose traffic follows."
    )
    serial: int = Field(description="Rises by one with each change of this entry.")
    reason: str | None = Field(default=None, description="Why it was changed last; it is kept in the history.")

    def digest(self) -> str:
        """Return what tells one content from another: the sha256 of all but serial and reason."""
        return digest(self.model_dump(exclude=_NOT_CONTENT))


class EnvironmentEntries(Strict):
    """What one environment should have."""

    models: dict[str, Entry] = Field(default={}, description="Model -> what the environment should have of it.")


class Operations(Strict):
    """The file as a whole."""

    api_version: Literal["mdk/v1"] = Field(alias="apiVersion", description="Version of this format.")
    kind: Literal["Operations"] = Field(description="What this file is.")
    environments: dict[str, EnvironmentEntries] = Field(description="Environment, such as prod -> what it should have.")
