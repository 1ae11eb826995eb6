"""`mdk.yaml`: what it says, what environments make of it, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdk_converters.findings import Finding
from mdk_jupyter.errors import ProjectError
from mdk_jupyter.project.reader import load_project, parse_project
from mdk_jupyter.project.schema import json_schema, schema_text
from mdk_jupyter.project.settings import ProjectFile, Settings, merged

ROOT = Path(__file__).parents[2]
WHOLE = """\
name: churn
owner: Growth Team
labels: {team: growth, cost_centre: 0042}
images:
  default: europe-docker.pkg.dev/p/r/base@sha256:aa
registry: {url: "https://registry.example.org"}
target: vertex
vertex:
  project_id: churn-dev
  region: europe-west3
  pipeline_root: gs://churn-dev/pipelines
  caching: true
kfp: {host: https://kubeflow.example.org, token_variable: KFP_TOKEN}
environments:
  dev: {}
  prod:
    labels: {tier: gold}
    images: {gpu: registry/gpu:1}
    target: kfp
    vertex: {project_id: churn-prod, service_account: runner@churn-prod.iam.gserviceaccount.com}
"""


def refused(text: str) -> tuple[Finding, ...]:
    with pytest.raises(ProjectError) as caught:
        parse_project(text)
    return caught.value.findings


def test_environments_are_merged_over_what_holds_everywhere(tmp_path: Path) -> None:
    (tmp_path / "mdk.yaml").write_text(WHOLE)
    (tmp_path / "deep" / "down").mkdir(parents=True)
    project = load_project(tmp_path / "deep" / "down")
    assert (project.root, project.name) == (tmp_path, "churn")

    prod = project.environment("prod").settings
    assert prod.labels == {"team": "growth", "cost_centre": "0042", "tier": "gold"}, "text stays as it is written"
    assert prod.images == {"default": "europe-docker.pkg.dev/p/r/base@sha256:aa", "gpu": "registry/gpu:1"}
    assert (prod.target, prod.owner, prod.registry.url) == ("kfp", "Growth Team", "https://registry.example.org")
    assert (prod.vertex.project_id, prod.vertex.region, prod.vertex.caching) == ("churn-prod", "europe-west3", True)

    assert project.environment().name == "dev"
    assert project.environment("dev").settings.vertex.project_id == "churn-dev"
    with pytest.raises(ProjectError) as caught:
        project.environment("prd")
    assert caught.value.code == "MDK446" and caught.value.findings[0].fix == 'did you mean "prod"?'


def test_without_a_file_there_is_nothing_of_anybody(tmp_path: Path) -> None:
    project = load_project(tmp_path)
    assert project.file is None and project.environment().name == ""
    assert project.environment().settings == Settings()
    assert not [v for v in Settings().model_dump_json(exclude_none=True).split('"') if "://" in v or "@" in v]
    with pytest.raises(ProjectError):
        project.environment("prod")


@pytest.mark.parametrize(
    ("line", "code", "said", "fix"),
    [
        ("ownr: ana", "MDK445", 'unknown key "ownr"', "owner"),
        ("vertex: {regin: europe-west3}", "MDK445", 'vertex: unknown key "regin"', "region"),
        ("kfp: {token: abc}", "MDK445", "does not belong into a file", "token_variable"),
        ("target: vertx", "MDK443", "not one of vertex, kfp", "vertex"),
        ("vertex: {caching: off}", "MDK443", "expected true or false", "without quotes"),
        ("vertex: {pipeline_root: s3://bucket}", "MDK447", "vertex.pipeline_root: 's3://bucket'", "gs://"),
        ("vertex: {region: Europe}", "MDK447", "vertex.region: 'Europe' is not a region", "europe-west3"),
        ("vertex: {network: main}", "MDK447", "is not a network", "projects/"),
        ("kfp: {host: kubeflow}", "MDK447", "kfp.host", "https://"),
        ("kfp: {token_variable: A, token_file: b}", "MDK447", "named twice", "keep one"),
        ("registry: here", "MDK443", "expected a mapping", ""),
        ("images: {default: a b}", "MDK447", "images.default", "registry/"),
        ("environments: {Prod: {}}", "MDK447", "name of an environment", "small letters"),
        ("environments: {dev: {name: x}}", "MDK445", 'environments.dev: unknown key "name"', ""),
        ("environments: {dev: {vertex: {region: X}}}", "MDK447", "environments.dev.vertex.region", ""),
        ("labels: {a: 1, a: 2}", "MDK444", 'key "a" is there twice', "keep one"),
        ("labels: {a: !x 1}", "MDK441", "tag !x", "leave it out"),
        ("labels: {a: [1]}", "MDK443", "labels.a: expected text, found a list", ""),
    ],
)
def test_what_is_wrong_is_told_with_line_and_fix(line: str, code: str, said: str, fix: str) -> None:
    (finding,) = refused(f"name: churn\n{line}\n")
    assert (finding.code, finding.place.line, finding.place.text) == (code, 2, line)
    assert said in finding.message and fix in finding.fix


def test_everything_wrong_is_told_at_once() -> None:
    found = refused("ownr: ana\ntarget: x\nvertex: {region: 5, x: 1}")
    assert sorted((f.code, f.place.line) for f in found) == [("MDK442", 1), ("MDK443", 2), ("MDK445", 1), ("MDK445", 3)]
    assert refused("")[0].code == "MDK442"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "mdk.yaml").write_bytes(b"name: \xff")
    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path)
    assert caught.value.code == "MDK440"


def test_the_published_schema_is_this_one_and_takes_the_example() -> None:
    jsonschema: Any = pytest.importorskip("jsonschema")
    import yaml

    published = (ROOT / "docs" / "project.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(), "run python -m mdk_jupyter.project.schema > docs/project.schema.json"
    validator = jsonschema.Draft7Validator(json_schema())
    jsonschema.Draft7Validator.check_schema(json_schema())
    assert not list(validator.iter_errors(yaml.safe_load(WHOLE)))
    assert list(validator.iter_errors({"name": "x", "vertex": {"regin": "y"}}))
    assert "anyOf" not in json.dumps(json_schema()["definitions"]["Vertex"])


TEXTS = st.dictionaries(st.sampled_from("abc"), st.text(max_size=3))
SETTINGS = st.builds(
    lambda labels, images, owner: Settings(
        **{"labels": labels, "images": images, **({"owner": owner} if owner else {})}
    ),
    TEXTS,
    TEXTS,
    st.sampled_from(["", "x", "y"]),
)


@given(SETTINGS, SETTINGS)
def test_merging_keeps_what_the_environment_does_not_say(base: Settings, over: Settings) -> None:
    both = merged(base, over)
    assert both.labels == {**base.labels, **over.labels} and both.images == {**base.images, **over.images}
    assert both.owner == (over.owner or base.owner)
    assert merged(base, Settings()) == base and merged(both, over) == both


def test_the_page_shows_a_file_that_is_right() -> None:
    page = (ROOT / "docs" / "project-file.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    assert isinstance(parse_project(example), ProjectFile)
    for model in json_schema()["definitions"].values():
        for key in model["properties"]:
            assert f"`{key}`" in page, f"docs/project-file.md says nothing of {key}"
