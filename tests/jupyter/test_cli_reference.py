"""Every code is explained, and the page of explanations is the current one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from mdk_converters.codes import CODES as COMPILER
from mdk_jupyter.codes import CODES as PLATFORM
from mdk_jupyter.reference import main, reference

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "converters", ROOT / "mdk_jupyter", ROOT / "magics"]


def codes_in_use() -> dict[str, str]:
    """Return the codes that sources give to findings, each with a file that does."""
    found = {}
    for path in (path for folder in SOURCES for path in folder.rglob("*.py") if path.name != "codes.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and re.fullmatch(r"MDK\d{3}", str(node.value)):
                found[str(node.value)] = path.name
    return found


def test_every_code_in_use_is_explained_and_no_other() -> None:
    used, explained = codes_in_use(), {*COMPILER, *PLATFORM}
    assert len(used) > 50
    assert {code: where for code, where in used.items() if code not in explained} == {}
    assert explained - set(used) == set()


def test_the_catalogues_do_not_overlap() -> None:
    assert not set(COMPILER) & set(PLATFORM)
    assert all(code < "MDK300" or "MDK400" <= code < "MDK419" for code in COMPILER)
    assert all(code >= "MDK300" for code in PLATFORM)


def test_the_page_is_current(tmp_path: Path) -> None:
    page = ROOT / "docs/errors.md"
    assert page.read_text(encoding="utf-8") == reference(), "run `make docs`"
    assert main(["--check", str(page)]) == 0
    copy = tmp_path / "errors.md"
    assert main(["--check", str(copy)]) == 1
    assert main([str(copy)]) == 0 and copy.read_text(encoding="utf-8") == reference()
    text = reference()
    assert all(f"### {code} " in text for code in (*COMPILER, *PLATFORM))
