"""What a user names, a notebook or a spec, as a pipeline."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from mdk_converters.findings import Finding, NotebookError
from mdk_converters.spec import Pipeline
from mdk_jupyter.errors import UsageError

NOTEBOOKS = (".ipynb", ".py")
SPECS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Source:
    """A pipeline and where it comes from. `folder` is where its steps run: the notebook's."""

    path: Path
    pipeline: Pipeline
    folder: Path
    findings: tuple[Finding, ...] = ()  # warnings and notes

    @property
    def is_notebook(self) -> bool:
        return self.path.suffix in NOTEBOOKS


def read_source(path: Path) -> Source:
    """Read a spec, or convert a notebook.

    Raises:
        UsageError: there is no such file (MDK354), or it is neither notebook nor spec (MDK355).
        NotebookError, SpecError: what is wrong with it, all at once.
    """
    check_source(path)
    if path.suffix in SPECS:
        from mdk_converters.spec_reader import load_spec

        pipeline = load_spec(path)
        notebook = path.parent / (pipeline.metadata.notebook or "")
        return Source(path, pipeline, notebook.parent if notebook.is_file() else path.parent)
    from mdk_converters.convert import convert
    from mdk_converters.notebook import read_notebook

    conversion = convert(read_notebook(path))
    if conversion.pipeline is None:
        raise NotebookError(conversion.findings)
    return Source(path, conversion.pipeline, path.parent, conversion.findings)


def cell_numbers(source: Source) -> dict[str, int]:
    """Return the numbers of the notebook's cells by their ids; empty where the notebook is not at hand."""
    from mdk_converters.notebook import read_notebook

    named = source.pipeline.metadata.notebook
    notebook = source.path if source.is_notebook else source.path.parent / named if named else None
    if notebook is None:
        return {}
    try:
        return {cell.id: cell.number for cell in read_notebook(notebook).cells}
    except NotebookError:  # moved away since the spec was made
        return {}


def check_source(path: Path) -> None:
    """Refuse what cannot be a notebook or a spec.

    Raises:
        UsageError: MDK354, MDK355.
    """
    if path.is_dir():
        finding = Finding("MDK355", f"{path} is a folder", fix="name the notebook or spec inside it")
    elif path.suffix not in (*NOTEBOOKS, *SPECS):
        finding = Finding(
            "MDK355",
            f"{path} is neither a notebook nor a pipeline spec",
            fix="name a notebook (.ipynb, or .py with `# %%` cells) or a spec (.pipeline.yaml)",
        )
    elif not path.exists():
        names = [near.name for near in path.parent.glob("*") if near.suffix in (*NOTEBOOKS, *SPECS)]
        close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
        finding = Finding(
            "MDK354",
            f"{path} does not exist" + (f"; did you mean {close[0]}?" if close else ""),
            fix="check the name and the folder",
        )
    else:
        return
    raise UsageError([finding])


def only_source(folder: Path) -> Path:
    """Return the one notebook of a folder, or else its one spec.

    Raises:
        UsageError: MDK356 when there is none, or the choice is the user's.
    """
    notebooks = sorted(folder.glob("*.ipynb"))
    specs = sorted(path for suffix in SPECS for path in folder.glob(f"*.pipeline{suffix}"))
    found = notebooks or specs
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(path.name for path in found[:5]) + (" …" if len(found) > 5 else "")
        finding = Finding("MDK356", f"which one? {folder.absolute()} has {names}", fix="name the notebook to work on")
    else:
        finding = Finding(
            "MDK356", f"there is no notebook in {folder.absolute()}", fix="name the notebook, or go to its folder"
        )
    raise UsageError([finding])
