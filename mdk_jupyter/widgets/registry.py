"""The registry in a notebook: models, versions, champions, and the buttons that change them. Imports ipywidgets."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets

from mdk_converters.findings import MDKError
from mdk_jupyter.operations.plan_text import done_sheet, proposal_sheet
from mdk_jupyter.operations.proposal import Done, Proposal
from mdk_jupyter.operations.proposing import carry_out, propose_promotion, propose_rollback
from mdk_jupyter.operations.workspace import Workspace
from mdk_jupyter.registry.domain import ENVIRONMENTS, Champion, ModelInfo, PromotionPlan, Version
from mdk_jupyter.registry.face import RegistryFace
from mdk_jupyter.widgets import registry_sheets
from mdk_jupyter.widgets.chart import chart_metrics, metric_chart
from mdk_jupyter.widgets.sheet import Sheet, style

MOST = 50  # versions and models that are shown; the filter finds the others


class Browser(ipywidgets.VBox):  # type: ignore[misc]
    """Filter, models, the versions of one, a metric as a chart, and promotion or rollback with a question before."""

    def __init__(self, registry: RegistryFace) -> None:
        self._registry = registry
        self._plan: PromotionPlan | Champion | Proposal | None = None
        self._versions: tuple[Version, ...] = ()
        wide = ipywidgets.Layout(width="auto")
        self.text = ipywidgets.Text(placeholder="filter models", continuous_update=False, layout=wide)
        self.model = ipywidgets.Dropdown(description="model", layout=wide)
        self.metric = ipywidgets.Dropdown(description="metric", layout=wide)
        self.again = ipywidgets.Button(description="Refresh", icon="refresh", tooltip="Ask the registry again")
        self.table = ipywidgets.HTML()
        self.chart = ipywidgets.HTML()
        self.version = ipywidgets.Dropdown(description="version", layout=wide)
        self.environment = ipywidgets.Dropdown(description="in", options=ENVIRONMENTS, layout=wide)
        self.reason = ipywidgets.Text(placeholder="reason", layout=ipywidgets.Layout(width="24em"))
        self.promote = ipywidgets.Button(description="Promote …", tooltip="Stage the version; shows what would change")
        self.publish = ipywidgets.Button(
            description="Publish …", tooltip="Make it the champion; shows what would change"
        )
        self.rollback = ipywidgets.Button(description="Roll back …", tooltip="Make the champion before it the champion")
        self.confirm = ipywidgets.Button(description="Yes, do it", button_style="warning")
        self.cancel = ipywidgets.Button(description="Cancel")
        self.said = ipywidgets.HTML()
        self.question = ipywidgets.HBox([self.confirm, self.cancel])
        self._verb = ""
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        super().__init__(
            [
                ipywidgets.HTML(f"<style>{style()}</style>"),
                ipywidgets.HBox([self.text, self.model, self.metric, self.again], layout=row),
                self.table,
                self.chart,
                ipywidgets.HBox(
                    [self.version, self.environment, self.reason, self.promote, self.publish, self.rollback], layout=row
                ),
                self.said,
                self.question,
            ]
        )
        self._listen()
        self.refresh()

    def _listen(self) -> None:
        self.text.observe(lambda _: self.refresh(), "value")
        self.model.observe(lambda _: self._show_model(), "value")
        self.metric.observe(lambda _: self._draw_chart(), "value")
        for choice in (self.version, self.environment):
            choice.observe(lambda _: self._forget(), "value")
        self.again.on_click(lambda _: self.refresh())
        for button, verb in ((self.promote, "promote"), (self.publish, "publish"), (self.rollback, "rollback")):
            button.on_click(lambda _, verb=verb: self._guard(lambda: self._prepare(verb)))
        self.confirm.on_click(lambda _: self._guard(self._carry_out))
        self.cancel.on_click(lambda _: self._forget())

    def refresh(self) -> None:
        """Ask the registry again, and show what there is."""
        self._guard(self._load_models)

    def _load_models(self) -> None:
        self._forget()
        page = self._registry.models(text=self.text.value or None, limit=MOST)
        _offer(self.model, [model.name for model in page.items])
        if page.items:
            self._show_model()
        else:
            self._versions = ()
            self.version.options = self.metric.options = ()
            self.chart.value = ""
            self.table.value = registry_sheets.models(page).html()

    def _show_model(self) -> None:
        if self.model.value:
            self._guard(self._load_versions)

    def _load_versions(self) -> None:
        name = self.model.value
        info: ModelInfo = self._registry.model(name)
        page = self._registry.versions(name, limit=MOST)
        self._versions = page.items
        sheet = registry_sheets.model(info, page, self._registry.deployments(name))
        self.table.value = sheet.html()
        _offer(self.version, [item.version for item in page.items])
        _offer(self.metric, chart_metrics(page.items))
        self._draw_chart()

    def _draw_chart(self) -> None:
        drawn = metric_chart(self._versions, self.metric.value) if self.metric.value else ""
        self.chart.value = f'<div class="mdk-run mdk-registry">{drawn}</div>' if drawn else ""

    def _prepare(self, verb: str) -> None:
        """Show what would change, and ask."""
        name, where = self.model.value, self.environment.value
        self._forget()
        if not name:
            return
        if verb != "promote" and self._is_protected(where):
            self._plan = proposal = self._propose(verb)
            said, question = proposal_sheet(proposal), f"Propose it by a pull request, on the branch {proposal.branch}?"
        elif verb == "rollback":
            champion = self._registry.champion(name, environment=where)
            self._plan = champion
            said = registry_sheets.champion(champion)
            question = f"Roll back from {champion.version.version} in {where}? The version is put into quarantine."
        else:
            reference = f"{name}/{self.version.value}"
            plan = self._registry.plan_promotion(reference, environment=where)
            self._plan = plan
            said = registry_sheets.plan(plan, self._registry.version(reference))
            question = f"{verb.capitalize()} {reference} in {where}?"
            if not (plan.may_publish if verb == "publish" else plan.may_promote):
                self._say(said)
                return
        self._verb = verb
        self._say(said, question)
        self.question.layout.display = "flex"

    def _carry_out(self) -> None:
        plan, reason, verb = self._plan, self.reason.value.strip() or None, self._verb
        if plan is None:
            return
        if reason is None:
            self._complain("say why, in the field `reason`: it is kept in the history")
            return
        done: Any
        if isinstance(plan, Proposal):
            done = carry_out(self._propose(verb), registry=self._registry)  # now that the reason is known
        elif isinstance(plan, Champion):
            done = self._registry.rollback(
                plan.model, environment=plan.environment, reason=reason, expected_revision=plan.revision
            )
        elif verb == "publish":
            done = self._registry.publish(
                f"{plan.model}/{plan.candidate}",
                environment=plan.environment,
                reason=reason,
                expected_revision=plan.revision,
            )
        else:
            done = self._registry.promote(
                f"{plan.model}/{plan.candidate}", to=plan.environment, reason=reason, expected_revision=plan.revision
            )
        self.reason.value = ""
        self._load_models()
        sheet = done_sheet(done) if isinstance(done, Done) else registry_sheets.sheet_of(done)
        if sheet is not None:
            self._say(sheet)

    def _is_protected(self, environment: str) -> bool:
        return Workspace.open(registry=self._registry).is_protected(environment)

    def _propose(self, verb: str) -> Proposal:
        """Return what it takes to change a protected environment: an edit of the file, on a branch."""
        name, where, reason = self.model.value, self.environment.value, self.reason.value.strip()
        if verb == "rollback":
            return propose_rollback(name, environment=where, reason=reason or "…", registry=self._registry)
        version = self.version.value
        return propose_promotion(name, version, to=where, reason=reason or None, registry=self._registry)

    def _forget(self) -> None:
        self._plan, self._verb = None, ""
        self.said.value = ""
        self.question.layout.display = "none"

    def _say(self, sheet: Sheet, question: str = "") -> None:
        asked = f'<div class="mdk-run"><b>{escape(question)}</b></div>' if question else ""
        self.said.value = sheet.html() + asked

    def _complain(self, message: str) -> None:
        self.said.value = f'<div class="mdk-run"><pre class="mdk-trouble" role="alert">{escape(message)}</pre></div>'

    def _guard(self, action: Any) -> None:
        """Do something; what the registry refuses is said below the buttons."""
        try:
            action()
        except MDKError as error:
            self._plan, self._verb = None, ""
            self.question.layout.display = "none"
            self._complain("\n".join(f"{f.code}: {f.message}\n  {f.fix}".rstrip() for f in error.findings))


def _offer(choice: ipywidgets.Dropdown, options: list[str]) -> None:
    """Let one of `options` be chosen: what was chosen before if it is among them, else the first."""
    before = choice.value
    choice.options = options
    if options:
        choice.value = before if before in options else options[0]


def show(registry: RegistryFace) -> None:
    """Show a registry in a notebook: as widgets, with its models as a table for whoever reads the saved notebook."""
    from IPython.display import display

    try:
        browser = Browser(registry)
    except MDKError as error:
        print("\n".join(f"{finding.code}: {finding.message}" for finding in error.findings))
        return
    saved = registry_sheets.models(registry.models(limit=MOST))._repr_mimebundle_()
    bundle = browser._repr_mimebundle_() or {}
    display({**saved, **bundle, "text/plain": saved["text/plain"]}, raw=True)  # type: ignore[no-untyped-call]
