"""What the stand-in is told when it starts."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

STATE = ".standin"  # under the root; no bucket can have this name


@dataclass(frozen=True, slots=True)
class Settings:
    """Where files are, and how steps run."""

    root: Path
    interpreter: str = sys.executable  # in place of the `python3` of all images
    secret_files: Path | None = None  # one file for each secret
    parallel: int = 4  # steps at once
    url: str = ""  # how the server is reached
    token: str | None = None  # that requests have to carry
    key: str = field(default_factory=lambda: secrets.token_hex(16))  # opens the routes that are for steps

    @property
    def state(self) -> Path:
        """The folder of all that is not an object."""
        return self.root / STATE
