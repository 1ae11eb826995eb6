"""What steps elsewhere need to know of the model registry: only those that use it are told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from mdk_converters.findings import Finding
from mdk_converters.spec import Pipeline
from mdk_jupyter.project.reader import Environment, Project
from mdk_jupyter.project.settings import Target
from mdk_jupyter.registry import origin
from mdk_jupyter.remote.modules import local_modules
from mdk_jupyter.runtime.registering import ARTIFACTS, ORIGIN, REGISTRY, TOKEN
from mdk_jupyter.sources import Source

_USES = re.compile(r"\b(?:log_model|load_model)\b")
_LOADS = re.compile(r"\bload_model\b")
_EXACT = re.compile(r"""\bload_model\(\s*["'](?:models:/)?[\w.-]+[/@]v?\d+\.\d+\.\d+["']\s*[,)]""")


def tell_of_registry(
    pipeline: Pipeline, source: Source, project: Project, place: Environment, target: Target
) -> tuple[Pipeline, list[Finding]]:
    """Return the pipeline with what `mdk.log_model` and `mdk.load_model` need in the environment of their steps.

    The token is a secret of the platform, so its name alone is in what is sent. A step that loads what moves, such as
    `@champion`, is not cached: the platform's cache would not see it move.
    """
    registry, folder = place.settings.registry, place.settings.models_folder(target)
    users = {name: text for name, text in _codes(pipeline, source.folder) if _USES.search(text)}
    if not users:
        return pipeline, []
    facts = origin.about(_notebook(source), project.root)
    if project.file is not None:
        facts["project"] = project.name
    shared = {ORIGIN: json.dumps({**facts, "target": target}, sort_keys=True, ensure_ascii=False)}
    if folder is not None:
        shared[ARTIFACTS] = folder
    is_server = registry.url is not None and registry.url.startswith(("http://", "https://"))
    if is_server:
        shared[REGISTRY] = str(registry.url)
    components, findings = dict(pipeline.components), []
    for name, text in users.items():
        component = components[name]
        secrets = dict(component.secrets)
        if registry.token_secret is not None and is_server and TOKEN not in component.env:
            secrets.setdefault(TOKEN, registry.token_secret)
        changed: dict[str, object] = {"env": {**shared, **component.env}, "secrets": secrets}
        if len(_LOADS.findall(text)) > len(_EXACT.findall(text)):
            changed["cache"] = False
        components[name] = component.model_copy(update=changed)
        if is_server and TOKEN not in secrets and TOKEN not in component.env:
            findings.append(_no_token(name))
    return pipeline.model_copy(update={"components": components}), findings


def _notebook(source: Source) -> Path | None:
    if source.is_notebook:
        return source.path
    named = source.pipeline.metadata.notebook
    return path if named and (path := source.path.parent / named).is_file() else None


def _codes(pipeline: Pipeline, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each component with all code that its step runs: cells, definitions, and the user's modules."""
    for name, component in pipeline.components.items():
        texts = [pipeline.definitions[one].source for one in component.definitions]
        texts += [cell.source for cell in component.cells]
        modules = [path for path in local_modules(texts, folder.resolve()) if path.suffix == ".py"]
        texts += [path.read_text(encoding="utf-8", errors="replace") for path in modules]
        yield name, "\n".join(texts)


def _no_token(component: str) -> Finding:
    message = f"component {component!r} uses the model registry, and no secret with a token for it is named"
    fix = "name a secret of the platform in mdk.yaml: registry: {token_secret: NAME}"
    return Finding("MDK486", message, fix=fix, severity="warning", names=(component,))
