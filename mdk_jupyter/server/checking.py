"""Notebooks as they are on disk or in an editor, and the pipelines that they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from mdk_converters.findings import Finding, MDKError, NotebookError
from mdk_converters.grammar import Options, Role, roles
from mdk_converters.graph import dependencies
from mdk_converters.notebook import Notebook, parse_notebook
from mdk_converters.spec import Component as SpecComponent
from mdk_converters.spec import Pipeline
from mdk_converters.spellings import style_of
from mdk_jupyter.server.findings import shown
from mdk_jupyter.server.models import CellRole, Checked, Component, ComponentOptions, ParameterInfo, Spec
from mdk_jupyter.sources import SPECS, check_source

Content = Mapping[str, Any] | str | None
"""A notebook in an editor: an object, or the text of a script or spec. None stands for the file on disk."""


def check(file: Path, content: Content) -> Checked:
    """Return what a notebook or spec is as a pipeline, and all that is wrong with it.

    Raises:
        UsageError: there is no such file (MDK354), or it is neither notebook nor spec (MDK355).
    """
    if content is None:
        check_source(file)
    try:
        if file.suffix in SPECS:
            return _checked_spec(file, content)
        notebook = _notebook(file, content)
    except MDKError as error:
        return _broken(file, error.findings)
    from mdk_converters.convert import convert

    conversion = convert(notebook)
    found, _ = roles(notebook)
    return Checked(
        name=conversion.pipeline.metadata.name if conversion.pipeline else notebook.name,
        components=_components(found, conversion.pipeline),
        parameters=_parameters(conversion.pipeline) if conversion.pipeline else _read_parameters(notebook, found),
        findings=shown(conversion.findings),
        cells=[CellRole(id=r.cell.id, cell=r.cell.number, kind=r.kind, component=r.component) for r in found],
        style=style_of(notebook),
        ok=conversion.pipeline is not None,
    )


def spec(file: Path, content: Content) -> Spec:
    """Return the pipeline spec of a notebook.

    Raises:
        UsageError: there is no such file, or it is no notebook.
        NotebookError: what is wrong with it, all at once.
    """
    from mdk_converters.convert import convert
    from mdk_converters.spec_writer import dump_spec

    if content is None:
        check_source(file)
    if file.suffix in SPECS:
        return Spec(yaml=content if isinstance(content, str) else file.read_text(encoding="utf-8"))
    conversion = convert(_notebook(file, content))
    if conversion.pipeline is None:
        raise NotebookError(conversion.findings)
    return Spec(yaml=dump_spec(conversion.pipeline))


def _notebook(file: Path, content: Content) -> Notebook:
    if content is None:
        from mdk_converters.notebook import read_notebook

        return read_notebook(file)
    if isinstance(content, str):
        return parse_notebook(content, path=str(file))
    # A script that is open as a notebook is one in the editor.
    return parse_notebook(json.dumps(content), path=str(file.with_suffix(".ipynb")))


def _checked_spec(file: Path, content: Content) -> Checked:
    from mdk_converters.spec_reader import load_spec, parse_spec

    pipeline = parse_spec(content, str(file)) if isinstance(content, str) else load_spec(file)
    return Checked(
        name=pipeline.metadata.name,
        components=_components([], pipeline),
        parameters=_parameters(pipeline),
        findings=[],
        cells=[],
        style="tags",
        ok=True,
    )


def _broken(file: Path, findings: Sequence[Finding]) -> Checked:
    """Return the answer for what cannot even be read."""
    return Checked(
        name=file.stem, components=[], parameters=[], findings=shown(findings), cells=[], style="tags", ok=False
    )


def _components(found: Sequence[Role], pipeline: Pipeline | None) -> list[Component]:
    """Return the components in the order of the pipeline, or of the page where there is none."""
    members: dict[str, list[Role]] = {}
    for role in found:
        if role.component is not None:
            members.setdefault(role.component, []).append(role)
    if pipeline is None:
        return [_from_cells(name, cells, members) for name, cells in members.items()]
    waits = dependencies(pipeline)
    ranked = list(pipeline.components)
    return [
        Component(
            name=name,
            cells=[cell.id for cell in component.cells],
            after=component.after,
            inputs={i: source for i, source in component.inputs.items() if not i.startswith("state.")},
            outputs={o: kind for o, kind in component.outputs.items() if not o.startswith("state.")},
            options=_options(members[name][0].options) if name in members else _options_of(component),
            needs=sorted(waits[name], key=ranked.index),
        )
        for name, component in pipeline.components.items()
    ]


def _from_cells(name: str, cells: Sequence[Role], members: Mapping[str, Any]) -> Component:
    options = cells[0].options
    after = [other for other in options.after if other in members and other != name]
    ids = [role.cell.id for role in cells]
    return Component(name=name, cells=ids, after=after, options=_options(options), needs=after)


def _options(options: Options) -> ComponentOptions:
    """Return what is said; an option that is empty was not given."""
    values = {field.name: getattr(options, field.name) for field in fields(options)}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return ComponentOptions.model_validate(
        {name: value for name, value in plain.items() if value not in (None, [], {})}
    )


def _options_of(component: SpecComponent) -> ComponentOptions:
    """Return the options of a component of a spec, as far as they are not the usual ones."""
    said = component.model_dump(exclude_defaults=True, include=set(ComponentOptions.model_fields))
    said.pop("outputs", None)  # all that it hands on, in a spec
    resources = component.resources.model_dump(exclude_none=True) if component.resources else {}
    return ComponentOptions(**said, **resources)


def _parameters(pipeline: Pipeline) -> list[ParameterInfo]:
    return [
        ParameterInfo(name=name, type=p.type, default=p.default, required=p.required, description=p.description)
        for name, p in pipeline.parameters.items()
    ]


def _read_parameters(notebook: Notebook, found: Sequence[Role]) -> list[ParameterInfo]:
    """Return the parameters of a notebook that is no pipeline yet."""
    from mdk_converters.parameters import read_parameters

    return [
        ParameterInfo(name=p.name, type=p.type, default=p.default, description=p.description)
        for role in found
        if role.kind == "parameters"
        for p in read_parameters(role, notebook).parameters
    ]
