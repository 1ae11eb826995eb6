"""The specs beside the examples are what their notebooks give."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdk_converters.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["flights/flights", "wine/wine"])
def test_the_committed_spec_is_fresh(name: str) -> None:
    assert main([str(EXAMPLES / f"{name}.ipynb"), "--check"]) == 0
