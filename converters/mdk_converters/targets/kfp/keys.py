"""What Kubeflow Pipelines calls things: it knows fewer letters than Python and notebooks do."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from mdk_converters.spec import STATE

BUNDLE = "mdk_bundle"  # the parameter with the bundle's URI, and the input of every step
BUNDLE_TASK = "mdk-bundle"
METRICS, NOTEBOOK, HTML = "mdk_metrics", "mdk_notebook", "mdk_html"  # outputs of every step

_LONGEST_NAME = 128  # of a pipeline


def key(name: str) -> str:
    """Return the key of a parameter or artifact that is called `name` in the notebook.

    Example:
        >>> key("flights"), key("state.numpy_random"), key("größe")
        ('flights', 'state__numpy_random', 'x_6772c3b6c39f65')
    """
    if name.startswith(STATE):
        state = name.removeprefix(STATE)
        return f"state__{state}" if state.isascii() and state.isidentifier() else f"state__x_{state.encode().hex()}"
    if name.isascii() and name.isidentifier():
        return name
    return f"x_{name.encode().hex()}"


def value_key(name: str) -> str:
    """Return the key of the output parameter that tells conditions and loops the value of `name`."""
    return f"value_of_{key(name)}"


def task_name(component: str) -> str:
    """Return the name of a component's task.

    Example:
        >>> task_name("Train_model"), task_name("日本")
        ('train-model', 'x-c5ee71ed')
    """
    return _plain(component) or f"x-{hashlib.sha256(component.encode()).hexdigest()[:8]}"


def pipeline_name(name: str) -> str:
    """Return a pipeline's name as the servers take it: small letters, digits and hyphens, at most 128.

    Example:
        >>> pipeline_name("Große Kündigung 2")
        'groe-kundigung-2'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return (_plain(plain) or task_name(name))[:_LONGEST_NAME].rstrip("-")


def channel(*parts: str) -> str:
    """Return the name under which a value enters or leaves a block of tasks."""
    return f"pipelinechannel--{'-'.join(parts)}"


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-") if name.isascii() else ""
