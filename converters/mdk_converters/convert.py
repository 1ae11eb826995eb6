"""Notebook -> pipeline spec."""

from __future__ import annotations

import hashlib
import json
import textwrap
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from mdk_converters.analysis import steering
from mdk_converters.analysis.dataflow import Dataflow
from mdk_converters.analysis.history import STATE, History, Record
from mdk_converters.analysis.own_modules import OwnModules
from mdk_converters.analysis.plan import Plan
from mdk_converters.analysis.syntax import Statement, parse_cell, with_percent
from mdk_converters.analysis.values import Value
from mdk_converters.findings import Finding
from mdk_converters.grammar import Options, Role, roles
from mdk_converters.graph import order
from mdk_converters.kale import kale_settings
from mdk_converters.notebook import Notebook
from mdk_converters.parameters import read_parameters
from mdk_converters.requirements import normalised, requirements
from mdk_converters.spec import (
    CellSource,
    Component,
    Definition,
    Metadata,
    Parameter,
    Pipeline,
    Resources,
    ValueType,
)

_OUTPUT_TYPES: dict[str, ValueType] = {
    "dataset": "dataset", "model": "model", "array": "array", "figure": "figure", "int": "int", "float": "float",
    "bool": "bool", "str": "str", "list": "list", "dict": "dict",
}  # fmt: skip
_OWN_MAGICS = ("%load_ext mdk_jupyter", "%reload_ext mdk_jupyter", "%mdk")


@dataclass(frozen=True, slots=True)
class Conversion:
    """The outcome: `pipeline` is None when a finding is an error."""

    pipeline: Pipeline | None
    findings: tuple[Finding, ...]


def convert(notebook: Notebook) -> Conversion:
    """Convert a notebook; never executes or imports what it contains.

    The pipeline gives what the notebook gives when it is run from top to bottom, or there is none and the findings
    say why. All findings are reported at once, in page order.

    Example:
        >>> from pathlib import Path
        >>> from mdk_converters.notebook import read_notebook
        >>> conversion = convert(read_notebook(Path("churn.ipynb")))
        >>> list(conversion.pipeline.components)
        ['load', 'train']
    """
    found, findings = roles(notebook)
    conversion = _Conversion(notebook, found, list(findings))
    conversion.read()
    unread = any(f.code == "MDK140" and f.severity == "error" for f in conversion.findings)
    pipeline = None if unread or not conversion.components else conversion.pipeline()
    if any(f.severity == "error" for f in conversion.findings):
        pipeline = None
    return Conversion(pipeline, tuple(sorted(conversion.findings, key=_page_order)))


def _page_order(finding: Finding) -> tuple[int, int, str, str]:
    return (finding.place.cell_number or 0, finding.place.line or 0, finding.code, finding.message)


class _Conversion:
    """One notebook on its way: roles -> history -> dataflow -> pipeline."""

    def __init__(self, notebook: Notebook, found: list[Role], findings: list[Finding]) -> None:
        self.notebook = notebook
        self.roles = found
        self.findings = findings
        self.components = list(dict.fromkeys(r.component for r in found if r.component is not None))
        self.options: dict[str, Options] = {r.component: r.options for r in found if r.component is not None}
        self.parameters: dict[str, Parameter] = {}
        self.own = OwnModules(_written_modules(found), Path(notebook.path).parent)
        self.history = History(self.own)
        self.bodies: dict[str, steering.Body] = {}  # of repeated components

    # --- reading

    def read(self) -> None:
        for role in self.roles:
            if role.kind == "parameters":
                self._read_parameters(role)
            else:
                self._read_cell(role)

    def _read_parameters(self, role: Role) -> None:
        cell = read_parameters(role, self.notebook)
        self.findings += cell.findings
        carried = Role("exploration", role.cell, role.source, line_offset=role.line_offset)
        for statement in cell.imports:
            self.history.read(carried, statement)
        statements = _statements_by_name(role)
        for parameter in cell.parameters:
            self.parameters[parameter.name] = Parameter(
                type=parameter.type, default=parameter.default, description=parameter.description
            )
            kind = parameter.type if parameter.type not in {"list", "dict"} else ""
            value = (
                Value(kind=kind, const=parameter.default) if kind else self.history.run.new(parameter.type, fuzzy=False)
            )
            if parameter.name in statements:
                self.history.declare(role, statements[parameter.name], parameter.name, value)

    def _read_cell(self, role: Role) -> None:
        try:
            statements = parse_cell(with_percent(role.source, self.history.run.names))
        except SyntaxError as error:
            line = (error.lineno or 1) + role.line_offset
            if role.kind in {"component", "exploration"}:
                self.findings.append(
                    Finding(
                        "MDK140",
                        f"the cell is not Python: {error.msg}",
                        self.notebook.place(role.cell, line, error.offset),
                        "mend the syntax, or tag the cell `skip`",
                        severity="error" if role.kind == "component" else "warning",
                    )
                )
            return
        body = steering.begin(self.history, role)
        for statement in statements:
            source = statement.source.strip()
            if source.startswith(_OWN_MAGICS):
                if source.startswith("%mdk ") and role.kind == "component":
                    self._refuse_own_magic(role, statement)
                continue
            self._note_unknown_magic(role, self.history.read(role, statement))
        if body is not None and role.component is not None:
            steering.end(self.history, role, body, statements)
            self.bodies[role.component] = body

    def _refuse_own_magic(self, role: Role, statement: Statement) -> None:
        self.findings.append(
            Finding(
                "MDK156",
                f"component {role.component!r} calls %mdk itself",
                self.notebook.place(role.cell, statement.line + role.line_offset),
                "move the line to an untagged cell",
            )
        )

    def _note_unknown_magic(self, role: Role, record: Record) -> None:
        magic = record.effects.unknown_magic
        if magic is None or role.kind != "component":
            return
        self.findings.append(
            Finding(
                "MDK153",
                f"{magic} is not known here; it is taken to read and change everything",
                self.notebook.place(role.cell, record.statement.line + role.line_offset),
                "nothing needs to be done if the extension only shows something",
                severity="warning",
                names=(magic,),
            )
        )

    # --- building

    def pipeline(self) -> Pipeline | None:
        after = {name: set(options.after) & set(self.components) for name, options in self.options.items()}
        self._note_changes()
        misread = frozenset(f.place.cell_number or 0 for f in self.findings if f.severity == "error")
        flow = Dataflow(self.notebook, self.history, self.components, after, misread)
        flow.solve({name: (*options.outputs, *options.metrics) for name, options in self.options.items()})
        steering.check(flow, self.roles, self.bodies, self.options)
        self.findings += flow.findings.values()
        if any(f.severity == "error" for f in self.findings):
            return None
        self._warn_of_files()
        ids = _definition_ids(flow)
        kale = kale_settings(self.notebook)
        components = {name: self._component(flow, plan, ids) for name, plan in flow.plans.items()}
        components = self._with_producers_requirements(components)
        pipeline = Pipeline(
            apiVersion="mdk/v1",
            metadata=Metadata(
                name=(kale.name if kale else None) or self.notebook.name,
                notebook=Path(self.notebook.path).name,
                kernel=self.notebook.kernel,
                digest=_digest(self.notebook),
                description=kale.description if kale else None,
            ),
            parameters=self.parameters,
            definitions={ids[i]: _definition(self.history.records[i]) for i in sorted(ids)},
            components=components,
        )
        ranked = order(pipeline)
        return (
            pipeline
            if ranked == list(components)
            else pipeline.model_copy(update={"components": {name: components[name] for name in ranked}})
        )

    def _note_changes(self) -> None:
        """`changes:NAME`: the user says that a component changes a name in place."""
        for component, options in self.options.items():
            own = [r for r in self.history.records if r.component == component]
            for name in options.changes if own else ():
                if name not in self.history.events:
                    self.findings.append(
                        Finding(
                            "MDK157",
                            f"component {component!r} is said to change {name!r}, which no cell defines",
                            self.notebook.place(own[-1].role.cell),
                            "check the spelling",
                            names=(name,),
                        )
                    )
                    continue
                objects = own[-1].names.get(name, frozenset())
                touched = self.history.run.heap.reach(objects) or objects
                own[-1].effects.mutated.update(dict.fromkeys(touched, True))
                for other, held in own[-1].names.items():
                    if other == name or self.history.run.heap.reach(held) & touched:
                        self.history.add_change(other, own[-1])

    def _component(self, flow: Dataflow, plan: Plan, ids: dict[int, str]) -> Component:
        options = self.options[plan.name]
        gpu = options.gpu
        given = Resources(cpu=options.cpu, memory=options.memory, gpu=gpu)
        rank = {name: number for number, name in enumerate(self.history.events)}
        names = sorted(plan.inputs, key=lambda n: (n.startswith(STATE), rank.get(n, len(rank)), n))
        handed = sorted(plan.outputs, key=lambda n: (n.startswith(STATE), rank.get(n, len(rank)), n))
        produced = {*plan.inputs.values(), *plan.control.values()}
        body = self.bodies.get(plan.name)
        kinds = plan.outputs if body is None else {name: body.values.get(name) for name in plan.outputs}
        return Component(
            description=options.description,
            definitions=[ids[index] for index in sorted(plan.carried)],
            parameters=[name for name in self.parameters if name in plan.parameters],
            inputs={name: f"{plan.inputs[name]}.{name}" for name in names},
            optional=[name for name in names if not name.startswith(STATE) and plan.needs[name] == 0],
            outputs={name: _output_type(name, kinds[name]) for name in handed},
            after=[name for name in self.components if name in plan.after and name not in produced],
            when=options.when,
            foreach=options.foreach,
            control={name: f"{plan.control[name]}.{name}" for name in sorted(plan.control)},
            metrics=list(options.metrics),
            resources=given if given != Resources() else None,
            image=options.image,
            retries=options.retries or 0,
            timeout=options.timeout,
            cache=options.cache if options.cache is not None else True,
            env=dict(options.env),
            secrets=dict(options.secrets),
            volumes=dict(options.volumes),
            labels=dict(options.labels),
            annotations=dict(options.annotations),
            requirements=self._requirements(plan),
            files=list(options.files),
            cells=[
                CellSource(id=role.cell.id, line_offset=role.line_offset, source=role.source)
                for role in self.roles
                if role.component == plan.name
            ],
        )

    def _requirements(self, plan: Plan) -> list[str]:
        own = [*plan.records, *plan.carried.values()]
        modules = {module for record in own for module in record.effects.modules}
        named = {normalised(r) for r in requirements(modules, [], self.own.names)}
        installed = []
        for record in self.history.records:
            for line in record.effects.requirements:
                if record.component in {None, plan.name} or normalised(line) in named:
                    installed.append(line)
        return requirements(modules, [*installed, *self.options[plan.name].requirements], self.own.names)

    def _with_producers_requirements(self, components: dict[str, Component]) -> dict[str, Component]:
        """What a component receives must be loadable in it: it needs what its producers need."""
        found = dict(components)
        for _ in found:
            changed = False
            for name, component in found.items():
                lines = {normalised(line): line for line in component.requirements}
                for source in component.inputs.values():
                    producer, _, value = source.partition(".")
                    if found[producer].outputs.get(value) in {"int", "float", "bool", "str", "state"}:
                        continue
                    for line in found[producer].requirements:
                        lines.setdefault(normalised(line), line)
                merged = [lines[key] for key in sorted(lines)]
                if merged != component.requirements:
                    found[name] = component.model_copy(update={"requirements": merged})
                    changed = True
            if not changed:
                break
        return found

    def _warn_of_files(self) -> None:
        """A step finds local files on this machine, but not on another one."""
        seen = set()
        for record in self.history.records:
            for mode, path in record.effects.files:
                if record.component is None or path is None or "://" in path or (record.component, path) in seen:
                    continue
                if any(fnmatch(path, pattern) for pattern in self.options[record.component].files):
                    continue
                seen.add((record.component, path))
                verb = {"r": "reads", "w": "writes", "rw": "reads and writes"}[mode]
                self.findings.append(
                    Finding(
                        "MDK151",
                        f"component {record.component!r} {verb} the local file {path!r}",
                        self.notebook.place(record.role.cell, record.statement.line + record.role.line_offset),
                        f"this works on this machine; for remote targets tag the component `file:{path}` or use a bucket",
                        severity="warning",
                        names=(path,),
                    )
                )


def _statements_by_name(role: Role) -> dict[str, Statement]:
    import ast

    found: dict[str, Statement] = {}
    try:
        statements = parse_cell(role.source)
    except SyntaxError:
        return found
    for statement in statements:
        for node in ast.walk(statement.node):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                found[node.id] = statement
    return found


def _written_modules(found: list[Role]) -> dict[str, str]:
    """Return the sources of the modules that cells write with `%%writefile name.py`."""
    written: dict[str, str] = {}
    for role in found:
        line, _, body = role.source.partition("\n")
        words = line.split()
        if words[:1] in (["%%writefile"], ["%%file"]) and words[-1].endswith(".py"):
            name = words[-1].removeprefix("./").removesuffix(".py").replace("/", ".")
            written[name] = f"{written.get(name, '')}\n{body}" if "-a" in words else body
    return written


def _output_type(name: str, value: Value | None) -> ValueType:
    if name.startswith(STATE):
        return "state"
    return _OUTPUT_TYPES.get(value.kind, "value") if value is not None else "value"


def _definition_ids(flow: Dataflow) -> dict[int, str]:
    carried = {index: record for plan in flow.plans.values() for index, record in plan.carried.items()}
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for index in sorted(carried):
        record = carried[index]
        stem = _definition_stem(record)
        number, name = 1, stem
        while name in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name)
        ids[index] = name
    return ids


def _definition_stem(record: Record) -> str:
    name = next(iter(record.effects.binds), None)
    if record.effects.star is not None:
        return f"import-all-{record.effects.star.replace('.', '-')}"
    if record.carriage == "setting":
        state = record.effects.states[0][0].replace("module:", "").replace("_", "-")
        return f"set-{state}"
    if record.carriage == "magic":
        return f"magic-{record.effects.magics[0]}"
    prefix = {"import": "import", "constant": "constant"}.get(record.carriage or "", "define")
    return f"{prefix}-{name}" if name else prefix


def _definition(record: Record) -> Definition:
    return Definition(
        cell=record.role.cell.id,
        line=record.statement.line + record.role.line_offset,
        source=textwrap.dedent(record.statement.source),
    )


def _digest(notebook: Notebook) -> str:
    """Digest of what the pipeline is made from: code, tags and kernel; not outputs, counts or text cells."""
    told = [
        [cell.source, sorted(cell.tags), cell.metadata.get("mdk")] for cell in notebook.cells if cell.kind == "code"
    ]
    text = json.dumps([notebook.kernel, told], sort_keys=True, ensure_ascii=False, default=str)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
