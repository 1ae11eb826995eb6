"""Any sequence of files and of changes by hand: applying makes it so, once is enough, and drift's patch tells the truth."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from registries import ADA, BOB, artifact

from mdk_jupyter.operations.apply import Situation, apply
from mdk_jupyter.operations.edit import EMPTY, with_entry
from mdk_jupyter.operations.reader import parse
from mdk_jupyter.operations.workspace import Workspace
from mdk_jupyter.registry.changes import Standing
from mdk_jupyter.registry.embedded import embedded
from mdk_jupyter.registry.errors import RegistryError
from mdk_jupyter.registry.policy import LONE
from mdk_jupyter.registry.service import Registry

VERSIONS = [f"1.0.{number}" for number in range(4)]
versions = st.sampled_from(VERSIONS)
shares = st.dictionaries(versions, st.integers(0, 25), max_size=3)


class GitOps(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mdk-gitops-"))
        self.service = Registry.open(f"sqlite:///{self.folder / 'registry.db'}", policies=LONE)
        for number, version in enumerate(VERSIONS):
            self.service.register(ADA, "flights", artifact=artifact(number), version="1.0")
            self.service.publish(BOB, f"flights/{version}", environment="stage")
        (self.folder / "mdk.yaml").write_text("name: travel\nenvironments: {prod: {protected: true}}\n")
        self.workspace = Workspace.open(self.folder, registry=embedded(self.service, BOB))
        self.file = parse(EMPTY)
        self.plans: list[str] = []

    def teardown(self) -> None:
        self.service.close()
        shutil.rmtree(self.folder)

    def standing(self) -> Standing:
        return self.service.observe(BOB, "prod", names=["flights"])[0]

    def is_usable(self, *wanted: str) -> bool:
        return all(self.service.version(BOB, f"flights/{version}").status == "active" for version in wanted)

    def look(self) -> Situation:
        return self.workspace.look(self.file, {})

    def carry_out(self, wanted: str | None = None) -> list[str]:
        chosen = wanted or self.look().plan.hash
        self.plans.append(chosen)
        report = apply(self.workspace.registry, self.look, chosen)
        return [one.state for one in report.environments]

    @rule(champion=versions, challengers=shares, labels=st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy")))
    def merge_and_apply(self, champion: str, challengers: dict[str, int], labels: dict[str, str]) -> None:
        challengers = {version: share for version, share in challengers.items() if version != champion}
        if not self.is_usable(champion, *challengers):
            return
        now = self.standing()
        entry = self.file.entry("prod", "flights")
        serial = max(entry.serial if entry else 0, (now.applied.serial or 0) if now.applied else 0) + 1
        values: dict[str, Any] = {"champion": champion, "challengers": challengers or None, "labels": labels or None}
        self.file = with_entry(self.file, "prod", "flights", {**values, "quarantined": None, "serial": serial})
        assert self.carry_out() == ["applied"]
        self.holds(champion, challengers, labels)
        assert self.workspace.look(self.file, {}).plan.environments == ()
        assert self.workspace.drift(self.file).models == ()
        records = self.service.verify(BOB).records
        assert self.carry_out(self.plans[-1]) == ["already"]
        assert self.service.verify(BOB).records == records, "a second time nothing is written"

    @rule(
        version=versions,
        verb=st.sampled_from(["publish", "rollback", "challenge", "quarantine", "lift"]),
        others=shares,
    )
    def somebody_by_hand(self, version: str, verb: str, others: dict[str, int]) -> None:
        reference = f"flights/{version}"
        with contextlib.suppress(RegistryError):
            if verb == "publish":
                self.service.promote(BOB, reference, to="prod")
                self.service.publish(BOB, reference, environment="prod", reason="by hand")
            elif verb == "rollback":
                self.service.rollback(BOB, "flights", environment="prod", reason="by hand")
            elif verb == "challenge":
                self.service.set_challengers(BOB, "flights", environment="prod", challengers=others, reason="by hand")
            elif verb == "quarantine":
                self.service.quarantine(BOB, reference, reason="by hand")
            else:
                self.service.unquarantine(BOB, reference, reason="by hand")

    @rule()
    def bring_the_file_up_to_date(self) -> None:
        now = self.standing()
        drift = self.workspace.drift(self.file)
        entry = self.file.entry("prod", "flights")
        same = entry is not None and (entry.champion, entry.challengers) == (now.champion, now.challengers)
        assert bool(drift.patch) == (not same and now.champion is not None)
        if not drift.patch:
            return
        self.file = parse(patched(self.file.text, drift.patch, self.folder))
        adopted = self.file.entry("prod", "flights")
        assert adopted is not None and (adopted.champion, adopted.challengers) == (now.champion, now.challengers)
        (plan,) = self.workspace.look(self.file, {}).plan.models
        if plan.blocked:  # a champion or challenger is quarantined
            return
        assert {difference.name for difference in plan.differences} <= {"serial", "notes"}
        assert self.carry_out() == ["applied"]
        assert self.standing().revision == now.revision
        assert self.workspace.drift(self.file).models == ()

    @invariant()
    def the_history_is_whole(self) -> None:
        if hasattr(self, "service"):
            assert self.service.verify(BOB).whole

    def holds(self, champion: str, challengers: dict[str, int], labels: dict[str, str]) -> None:
        now = self.standing()
        assert (now.champion, now.challengers) == (champion, challengers)
        assert labels.items() <= now.labels.items()


def patched(text: str, patch: str, folder: Path) -> str:
    """Apply a patch as git does."""
    import subprocess

    (folder / "operations.yaml").write_text(text)
    subprocess.run(["git", "apply", "-"], cwd=folder, input=patch, text=True, check=True)
    result = (folder / "operations.yaml").read_text()
    (folder / "operations.yaml").unlink()
    return result


TestGitOps = GitOps.TestCase
TestGitOps.settings = settings(max_examples=25, stateful_step_count=12, suppress_health_check=list(HealthCheck))
