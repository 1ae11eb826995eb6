"""Files that a pattern such as `*` must not carry away: secrets, and what tools keep for themselves."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import PurePosixPath

_FOLDERS = frozenset([".git", ".hg", ".svn", ".mdk", ".ipynb_checkpoints", "__pycache__", ".ssh", ".aws", ".gnupg"])
_FOLDERS_OF_TOOLS = frozenset([".venv", "node_modules", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".idea"])
_NAMES = (
    *(".env", ".env.*", "*.env", ".envrc", ".netrc", ".npmrc", ".pypirc", ".git-credentials", ".pgpass", ".boto"),
    *("*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "id_rsa*", "id_ed25519*"),
    *("id_ecdsa*", "id_dsa*", "*credentials*.json", "*service[-_]account*.json", "*secret*.json", "*secret*.y*ml"),
    *("client_secret*", "application_default_credentials.json", "*.pyc", ".DS_Store"),
)


def is_protected(name: str) -> bool:
    """Tell whether a file, named from the notebook's folder, only travels when it is declared by its own name.

    Example:
        >>> is_protected("conf/.env"), is_protected("data/flights.csv"), is_protected("client_secrets.py")
        (True, False, False)
    """
    path = PurePosixPath(name.lower())
    if not (_FOLDERS | _FOLDERS_OF_TOOLS).isdisjoint(path.parts[:-1]):
        return True
    if path.suffix == ".py":
        return False
    return any(fnmatch(path.name, pattern) for pattern in _NAMES)
