"""operations.yaml: what it may say, what is found wrong with it, and how it is changed without touching the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mdk_jupyter.operations.desired import Operations
from mdk_jupyter.operations.edit import EMPTY, Value, with_entry
from mdk_jupyter.operations.errors import OperationsError
from mdk_jupyter.operations.legacy import is_legacy, parse_legacy
from mdk_jupyter.operations.reader import parse
from mdk_jupyter.operations.schema import json_schema, schema_text

WHOLE = """\
# yaml-language-server: $schema=docs/operations.schema.json
apiVersion: mdk/v1
kind: Operations

environments:
  dev:
    models:
      flights: {champion: latest, serial: 3}
  prod:
    # what our customers see
    models:
      flights:            # the big one
        champion: 1.4.2   # since the summer
        challengers:
          1.5.0: 10       # percent
          "1.6.0": 5
        quarantined: {1.3.9: too many false alarms}
        waivers: {card: it is written next week}
        labels: {team: growth, tier: "1"}
        notes: |
          first line
          second line
        endpoint: projects/p/locations/europe-west3/endpoints/12
        serial: 17
        reason: 'better: on December'

      # a small one
      taxis:
        champion: 2.0.0
        serial: 1
"""
LEGACY = """\
metadata: {config_version: "1.0", description: demo, author: ada}
environments:
  train:
    api_settings:
      expanded_model_registry_endpoint: https://registry.example.org
      project_id: p-dev
      region: us-central1
      deployment_environment: train
    operations:
      - type: publish_primary
        name: first
        target: {model_name: churn, model_inference_reference: 1.0.0}
        champion_status: {publish_status: champion, deployment_status: {inference_type: batch-inference}}
        demoted_status: {publish_status: archived}
      - type: rollback_primary
        target:
          vertex_ai_model_resource_name: projects/1/locations/l/models/2
          vertex_ai_model_version_id: 3
      - type: update_deployment_status
        target: {model_name: churn, model_inference_reference: latest}
        updated_status: {publish_status: challenger, challenger_model_ids: [], deployment_status: {a: 0.1}}
"""
FREE = {"labels", "waivers", "quarantined", "challengers", "models", "deployment_status"}  # whose keys are names


def keys_of(text: str) -> list[tuple[int, int, str]]:
    """Return line, column and text of every key that the format knows, in whatever depth."""

    def walk(node: Any) -> Iterator[Any]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield key
                if key.value in FREE:
                    for inner in [one for _, one in value.value] if isinstance(value, yaml.MappingNode) else []:
                        yield from walk(inner)
                else:
                    yield from walk(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield from walk(item)

    found = walk(yaml.compose(text, Loader=yaml.SafeLoader))
    return [(key.start_mark.line, key.start_mark.column, key.value) for key in found]


def misspelt(text: str, place: tuple[int, int, str], swap: int) -> tuple[str, str]:
    """Swap two letters of a key, or double the last one where they are the same."""
    line, column, key = place
    at = swap % max(len(key) - 1, 1)
    wrong = key[:at] + key[at : at + 2][::-1] + key[at + 2 :]
    wrong = wrong if wrong != key else key + key[-1]
    lines = text.split("\n")
    lines[line] = lines[line][:column] + wrong + lines[line][column + len(key) :]
    return "\n".join(lines), wrong


@settings(max_examples=150)
@given(st.data())
def test_a_typo_in_every_key_is_found_in_its_line(data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(keys_of(WHOLE)))
    text, wrong = misspelt(WHOLE, place, data.draw(st.integers(0, 20)))
    assert not is_legacy(text)
    with pytest.raises(OperationsError) as caught:
        parse(text)
    finding = next(one for one in caught.value.findings if wrong in (one.names or ()))
    assert finding.code == "MDK605" and finding.place.line == place[0] + 1
    assert place[2] in finding.fix or place[2] in finding.message, "the close match is named"


@settings(max_examples=120)
@given(st.data())
def test_a_typo_in_every_key_of_the_old_format_is_found(data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(keys_of(LEGACY)))
    text, wrong = misspelt(LEGACY, place, data.draw(st.integers(0, 20)))
    with pytest.raises(OperationsError) as caught:
        parse_legacy(text, "operations.yml") if is_legacy(text) else parse(text)
    assert any(wrong in (one.names or ()) and one.place.line for one in caught.value.findings)


def test_keys_are_all_of_them() -> None:
    """The properties above go through every key that there is."""
    entry = {"champion", "waivers", "challengers", "quarantined", "labels", "notes", "endpoint", "serial", "reason"}
    assert {key for _, _, key in keys_of(WHOLE)} == {
        *entry, "apiVersion", "kind", "environments", "models", "dev", "prod", "flights", "taxis",
    } - {"flights", "taxis"}  # fmt: skip
    assert "challenger_model_ids" in {key for _, _, key in keys_of(LEGACY)}


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("champion: 1.4.2", "champion: 1.4", "MDK606", "is not a version"),
        ("champion: 1.4.2", "champion: newest", "MDK606", "is not a version"),
        ("champion: 1.4.2", "champion: 1.5.0", "MDK606", "is the champion"),
        ("champion: 1.4.2", "champion: 1.3.9", "MDK606", "is the champion"),
        ("1.5.0: 10", "1.5.0: 96", "MDK606", "sum to 101 percent"),
        ("1.5.0: 10", "1.5.0: 110", "MDK606", "110 is not a share"),
        ("1.5.0: 10", "1.3.9: 10", "MDK606", "quarantined"),
        ("1.5.0: 10", "1.5.0: 0.1", "MDK603", "a whole number"),
        ("serial: 17", "serial: 0", "MDK606", "is not a serial"),
        ("serial: 17", "serial: seventeen", "MDK603", "a whole number"),
        ("serial: 17", "serial: 017", "MDK603", "leading zero"),
        ("        serial: 17\n", "", "MDK602", '"serial" is missing'),
        ("apiVersion: mdk/v1", "apiVersion: mdk/v9", "MDK603", "mdk/v9"),
        ("endpoint: projects/p/", "endpoint: p/", "MDK606", "is not an endpoint"),
        ("taxis:\n", "flights:\n", "MDK604", "there twice"),
        ("taxis:\n", "my taxis:\n", "MDK606", "model's name"),
        ("  prod:", "  pord:", "MDK605", "no such environment"),
        ("  dev:\n    models:\n      flights: {champion: latest, serial: 3}\n", "  dev:\n", "MDK603", "a mapping"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(old: str, new: str, code: str, said: str) -> None:
    text = WHOLE.replace(old, new, 1)
    assert text != WHOLE
    with pytest.raises(OperationsError) as caught:
        parse(text)
    assert [one.code for one in caught.value.findings] == [code]
    assert said in caught.value.findings[0].message + caught.value.findings[0].fix
    assert caught.value.findings[0].place.line


def test_all_that_is_wrong_is_said_at_once() -> None:
    text = (
        WHOLE.replace("champion: 1.4.2", "champoin: 1.4.2")
        .replace("champion: 2.0.0", "champion: 2")
        .replace("kind: Operations", "knid: Operations")
    )
    with pytest.raises(OperationsError) as caught:
        parse(text)
    assert {finding.place.line for finding in caught.value.findings} >= {3, 12, 13}


def test_the_published_schema_is_the_one_of_the_models(tmp_path: Path) -> None:
    published = Path(__file__).parents[2] / "docs/operations.schema.json"
    assert published.read_text(encoding="utf-8") == schema_text(), "run `make docs`"
    schema = json_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    good = yaml.safe_load(WHOLE.replace("'", '"'))
    assert list(validator.iter_errors(good)) == []
    wrong: list[dict[str, Any]] = [
        {"environments": {"pord": {}}},
        {"environments": {"prod": {"models": {"m": {"champion": "1.4", "serial": 1}}}}},
        {"environments": {"prod": {"models": {"m": {"champion": "1.4.0", "serial": 0}}}}},
        {"environments": {"prod": {"models": {"m": {"champion": "1.4.0"}}}}},
        {"environments": {"prod": {"models": {"m": {"champion": "1.4.0", "serial": 1, "x": 1}}}}},
    ]
    for change in wrong:
        assert list(validator.iter_errors({**good, **change})), change


def test_the_page_shows_a_file_that_is_right() -> None:
    page = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")
    example = parse(page.split("```yaml\n")[1].split("```")[0])
    entry = example.entry("prod", "flights")
    keys = set(json_schema()["definitions"]["Entry"]["properties"])
    assert entry is not None and entry.model_fields_set == keys
    for key in keys:
        assert f"| `{key}` |" in page, f"docs/operations.md says nothing of {key}"


# Changing it

_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)
_number = st.builds("{}.{}.{}".format, *[st.integers(0, 30)] * 3)
_changes = st.fixed_dictionaries(
    {"champion": st.just("9.9.9"), "serial": st.integers(1, 99)},
    optional={
        "challengers": st.none() | st.dictionaries(_number, st.integers(0, 20), max_size=4),
        "quarantined": st.none() | st.just({}),
        "labels": st.none() | st.dictionaries(_text, _text, max_size=3),
        "notes": st.none() | _text,
        "reason": st.none() | _text,
    },
)
_FLOW = '{"apiVersion": "mdk/v1", "kind": "Operations", "environments": {"prod": {"models": {}}}}'


@settings(max_examples=200)
@given(
    text=st.sampled_from([WHOLE, EMPTY, _FLOW, WHOLE.replace("\n", "\r\n"), WHOLE.rstrip("\n")]),
    environment=st.sampled_from(["dev", "stage", "prod"]),
    model=st.sampled_from(["flights", "taxis", "other"]),
    first=_changes,
    second=_changes,
)
def test_a_change_says_what_was_meant_and_touches_nothing_else(
    text: str, environment: str, model: str, first: dict[str, Value], second: dict[str, Value]
) -> None:
    before = parse(text)
    after = with_entry(with_entry(before, environment, model, first), environment, model, second)
    entry = after.entry(environment, model)
    assert entry is not None
    meant = {key: value for key, value in {**first, **second}.items() if value is not None}
    written = entry.model_dump(exclude_unset=True)
    assert {key: written.get(key) for key in meant} == meant
    for one, name, old in before.entries():
        if (one, name) != (environment, model):
            assert after.entry(one, name) == old
    comments = [line.partition("#")[2].strip() for line in text.split("\n") if "#" in line]
    kept = [comment for comment in comments if comment != "percent"]  # of a challenger, which may go
    for comment in kept:
        assert comment in after.text


def test_a_change_is_a_diff_of_its_lines_alone() -> None:
    after = with_entry(
        parse(WHOLE), "prod", "flights", {"champion": "1.5.0", "challengers": {"1.6.0": 5}, "serial": 18}
    )
    changed = [line for line in WHOLE.split("\n") if line not in after.text.split("\n")]
    assert changed == [
        "        champion: 1.4.2   # since the summer",
        "          1.5.0: 10       # percent",
        "        serial: 17",
    ]
    assert "        champion: 1.5.0   # since the summer\n" in after.text


def test_what_others_share_by_an_anchor_is_not_changed() -> None:
    text = WHOLE.replace("      taxis:\n        champion: 2.0.0\n        serial: 1\n", "      taxis: *one\n").replace(
        "      flights:            # the big one", "      flights: &one       # the big one"
    )
    with pytest.raises(OperationsError) as caught:
        with_entry(parse(text), "prod", "taxis", {"champion": "3.0.0"})
    assert caught.value.code == "MDK626"


def test_every_key_of_the_model_is_in_the_whole_example() -> None:
    dumped = parse(WHOLE).operations.model_dump(by_alias=True, exclude_unset=True)
    assert set(dumped["environments"]["prod"]["models"]["flights"]) == set(
        json_schema()["definitions"]["Entry"]["properties"]
    )
    assert json.loads(json.dumps(dumped)) == dumped
    assert isinstance(Operations.model_validate(dumped), Operations)
