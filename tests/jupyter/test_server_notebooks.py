"""Notebooks through the server: what they are as pipelines, saved or not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from jupyter_servers import CONFIG, FLOW, Client, notebook, write

pytest_plugins = ("pytest_jupyter.jupyter_server",)


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {**CONFIG, "MDKExtension": {"largest_request": 20_000}}


@pytest.fixture
def client(jp_fetch: Any) -> Client:
    return Client(jp_fetch)


def said(component: Any) -> dict[str, Any]:
    """The options that the cells of a component give."""
    return {name: value for name, value in component["options"].items() if value is not None}


async def test_a_notebook_is_what_its_cells_say(client: Client, jp_root_dir: Path) -> None:
    write(jp_root_dir / "flows/flow.ipynb", *FLOW)
    found = await client.post("check", {"path": "flows/flow.ipynb"})
    assert found["ok"] and found["findings"] == [] and found["style"] == "tags" and found["name"] == "flow"
    load, train, report = found["components"]
    assert [one["name"] for one in found["components"]] == ["load", "train", "report"]
    assert train["cells"] == ["c3"] and train["needs"] == ["load"] and train["inputs"] == {"rows": "load.rows"}
    assert load["outputs"] == {"rows": "list"} and report["options"]["metrics"] == ["score"]
    assert [(p["name"], p["type"], p["default"]) for p in found["parameters"]] == [("rate", "float", 0.5), ("steps", "int", 3)]  # fmt: skip
    assert [(c["id"], c["cell"], c["kind"], c["component"]) for c in found["cells"]][:2] == [
        ("c1", 1, "parameters", None),
        ("c2", 2, "component", "load"),
    ]


async def test_what_is_in_the_editor_counts_not_what_is_saved(client: Client, jp_root_dir: Path) -> None:
    write(jp_root_dir / "flow.ipynb", *FLOW)
    content = notebook(
        FLOW[0], ("component:load", "import os\n\nrows = ["), ("component:train after:load gpu:x", "b = 1")
    )
    found = await client.post("check", {"path": "flow.ipynb", "content": content})
    assert not found["ok"]
    syntax = next(one for one in found["findings"] if one["code"] == "MDK140")
    assert syntax["severity"] == "error" and syntax["fix"]
    assert (syntax["cell_id"], syntax["cell"], syntax["line"]) == ("c2", 2, 3)
    # What the cells name is there although the notebook is no pipeline.
    assert [(c["name"], c["cells"], c["needs"]) for c in found["components"]] == [
        ("load", ["c2"], []),
        ("train", ["c3"], ["load"]),
    ]
    assert [p["name"] for p in found["parameters"]] == ["rate", "steps"]
    new = await client.post("check", {"path": "not/yet/saved.ipynb", "content": notebook(*FLOW)})
    assert new["ok"] and new["name"] == "saved"


async def test_the_style_is_what_most_cells_use(client: Client) -> None:
    content = notebook(("", "%%component load\nrows = [1]"), ("", "%%component train --cpu 2\nmodel = rows"))
    found = await client.post("check", {"path": "a.ipynb", "content": content})
    assert found["style"] == "magic" and said(found["components"][1]) == {"cpu": 2}
    content = notebook(("", "rows = [1]"))
    content["cells"][0]["metadata"]["mdk"] = {"component": "load", "resources": {"memory": "2Gi"}}
    found = await client.post("check", {"path": "a.ipynb", "content": content})
    assert found["style"] == "metadata" and found["components"][0]["options"]["memory"] == "2Gi"


async def test_specs_and_scripts_are_read_too(client: Client, jp_root_dir: Path) -> None:
    write(jp_root_dir / "flow.ipynb", *FLOW)
    yaml = (await client.get("spec", path="flow.ipynb"))["yaml"]
    assert "\napiVersion: mdk/v1\n" in yaml
    (jp_root_dir / "flow.pipeline.yaml").write_text(yaml)
    found = await client.post("check", {"path": "flow.pipeline.yaml"})
    assert found["ok"] and [c["cells"] for c in found["components"]] == [["c2"], ["c3"], ["c4"]]
    broken = await client.post("check", {"path": "flow.pipeline.yaml", "content": "apiVersion: mdk/v9\n"})
    assert not broken["ok"] and broken["findings"]
    script = await client.post("check", {"path": "a.py", "content": '# %% tags=["component:a"]\nx = 1\n'})
    assert [c["name"] for c in script["components"]] == ["a"]
    # Open as a notebook, a script is one in the editor.
    cell = {"cell_type": "code", "metadata": {"tags": ["component:b"]}, "source": "x = 1"}
    content = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}
    assert [c["name"] for c in (await client.post("check", {"path": "a.py", "content": content}))["components"]] == [
        "b"
    ]
    unsaved = await client.post("spec", {"path": "b.ipynb", "content": notebook(*FLOW[:2])})
    assert "train" not in unsaved["yaml"] and "load" in unsaved["yaml"]
    refused = await client.refused(422, client.post("spec", {"path": "b.ipynb", "content": notebook(("", "x = 1"))}))
    assert refused["findings"][0]["code"] == "MDK121"


async def test_requests_that_make_no_sense(client: Client, jp_root_dir: Path) -> None:
    for path in ("../flow.ipynb", "a/../../b.ipynb", "..\\b.ipynb"):
        assert (await client.refused(400, client.post("check", {"path": path})))["findings"][0]["code"] == "MDK380"
    missing = await client.refused(400, client.post("check", {"path": "none.ipynb"}))
    assert missing["findings"][0]["code"] == "MDK354" and str(jp_root_dir) in missing["message"]
    wrong = await client.refused(400, client.post("check", {"path": 7, "more": 1}))
    assert {tuple(one["names"]) for one in wrong["findings"]} == {("path",), ("more",)}
    large = await client.refused(413, client.post("check", {"path": "a.ipynb", "content": "x" * 30_000}))
    assert "20000" in large["message"]
    nothing = await client.post("check", {"path": "a.ipynb", "content": {"cells": []}})
    assert not nothing["ok"] and nothing["findings"][0]["code"] == "MDK104"


async def test_of_many_checks_that_wait_the_newest_is_done(client: Client, jp_serverapp: Any) -> None:
    compiler = jp_serverapp.web_app.settings["mdk"].compiler
    done = []
    compile_ = compiler.do

    async def counted(function: Any, *given: Any) -> Any:
        done.append(given)
        return await compile_(function, *given)

    compiler.do = counted
    contents = [notebook(("component:a", f"x = {n}"), ("component:b", f"y{n} = x")) for n in range(8)]
    answers = await asyncio.gather(
        *(client.post("check", {"path": "a.ipynb", "content": content, "client": "one"}) for content in contents),
        client.post("check", {"path": "a.ipynb", "content": notebook(("component:other", "z = 1")), "client": "two"}),
    )
    assert len(done) < 9 and all(answer["ok"] for answer in answers)
    assert [c["name"] for c in answers[-1]["components"]] == ["other"]


async def test_about_a_project(client: Client, jp_root_dir: Path) -> None:
    (jp_root_dir / "deep/er").mkdir(parents=True)
    settings = {"target": "kfp", "environments": {"dev": {}, "prod": {"target": "vertex"}}}
    (jp_root_dir / "deep/mdk.yaml").write_text(json.dumps({"name": "churn", **settings}))
    found = await client.get("about", path="deep/er/a.ipynb")
    assert found["name"] == "churn" and found["project"] == "deep" and found["editable"]
    assert found["registry"]["kind"] == "embedded" and found["registry"]["where"] == "deep/.mdk/registry.db"
    assert [(e["name"], e["protected"], e["target"]) for e in found["environments"]] == [
        ("dev", False, "kfp"),
        ("prod", False, "vertex"),
    ]
    (jp_root_dir / "deep/operations.yaml").write_text("kind: Operations\n")
    found = await client.get("about", path="deep/er/a.ipynb")
    assert found["environments"][1]["protected"]
    assert [(e["name"], e["protected"]) for e in found["registry"]["environments"]] == [
        ("dev", False),
        ("stage", False),
        ("prod", True),
    ]
    (jp_root_dir / "deep/mdk.yaml").write_text(
        "name: churn\nregistry: {url: 'https://r.example.org', token_variable: T}"
    )
    remote = (await client.get("about", path="deep"))["registry"]
    assert (remote["where"], remote["kind"], remote["actor"]) == ("https://r.example.org", "remote", None)
    (jp_root_dir / "deep/mdk.yaml").write_text("name: churn\nregistry: {url: 'postgresql://ann:secret@db/r'}")
    assert "secret" not in json.dumps(await client.get("about", path="deep"))
    (jp_root_dir / "deep/mdk.yaml").write_text("nonsense: true")
    assert (await client.refused(400, client.get("about", path="deep")))["findings"][0]["code"].startswith("MDK44")
