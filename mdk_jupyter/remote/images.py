"""Which image a step runs in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mdk_converters.spec import Component
from mdk_jupyter.project.settings import DEFAULT_IMAGE

_REFERENCE = re.compile(
    r"(?P<host>[a-z0-9.-]+(:\d+)?/)?[a-z0-9._/-]+(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)


def resolve(component: Component, images: Mapping[str, str]) -> str | None:
    """Return the reference of a component's image; None: a plain Python, in which the step installs what it needs.

    `images` are those that the project names; anything else that a component says is a reference of its own.
    """
    if component.image is None:
        return None if component.is_container else images.get(DEFAULT_IMAGE)
    return images.get(component.image, component.image)


def is_name(image: str) -> bool:
    """Whether this can only be the name of an image in `mdk.yaml`: a reference has a registry, a tag or a digest.

    Example:
        >>> is_name("training"), is_name("python:3.12-slim"), is_name("registry.example.org/team/training")
        (True, False, False)
    """
    return not set(image) & set("/:@")


def is_reference(image: str) -> bool:
    """Whether a container runtime could read this."""
    return _REFERENCE.fullmatch(image) is not None


def is_pinned(image: str) -> bool:
    """Whether the reference always means the same image."""
    return "@sha256:" in image
