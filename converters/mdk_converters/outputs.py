"""Where the results of a conversion go, and whether what is there is up to date."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path

from mdk_converters.spec import Pipeline

Files = Mapping[Path, str]


def result_folder(notebook: Path, output: Path | None, *, several: bool) -> Path:
    """Return the folder of the result: one file lies beside its notebook, several in a folder of their own.

    `output` is another folder, or the one file itself.
    """
    if output is None:
        return notebook.with_name(f"{notebook.stem}.steps") if several else notebook.parent
    return output if several or output.is_dir() else output.parent


def destinations(
    pipeline: Pipeline, texts: Mapping[str, str], notebook: Path, output: Path | None, *, several: bool
) -> Files:
    """Return where each text goes; a lone one is called after the notebook, not after the pipeline."""
    folder = result_folder(notebook, output, several=several)
    if several:
        return {folder / name: text for name, text in texts.items()}
    [(name, text)] = texts.items()
    own_name = notebook.stem + name.removeprefix(pipeline.metadata.name)
    return {output if output and not output.is_dir() else folder / own_name: text}


def with_notebook_path(pipeline: Pipeline, notebook: Path, folder: Path) -> Pipeline:
    """Return the pipeline with the way from its spec, in `folder`, to its notebook."""
    try:
        way = Path(os.path.relpath(notebook, folder)).as_posix()
    except ValueError:  # on Windows there is no way from one drive to another
        way = notebook.absolute().as_posix()
    metadata = pipeline.metadata.model_copy(update={"notebook": way})
    return pipeline.model_copy(update={"metadata": metadata})


def write(files: Files) -> bool:
    """Write what differs from what is there; return whether anything did.

    Raises:
        OSError: a file cannot be written. Each file is whole, old or new.
    """
    changed = False
    for path, text in files.items():
        if _current(path) != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, text)
            changed = True
    for path in leftovers(files):
        path.unlink()
        changed = True
    return changed


def differences(files: Files) -> str:
    """Return what writing would change, as a unified diff; "" if nothing."""
    wanted: dict[Path, str | None] = {**files, **dict.fromkeys(leftovers(files))}
    return "".join(_difference(path, _current(path), text) for path, text in wanted.items())


def leftovers(files: Files) -> Iterator[Path]:
    """Find the step notebooks of components that no longer exist, beside those of this pipeline."""
    for folder, name in {(path.parent, path.name.split(".")[0]) for path in files if path.suffix == ".ipynb"}:
        for path in sorted(folder.glob(f"{name}.*.ipynb")):
            if path not in files and '"mdk-begin"' in (_current(path) or ""):
                yield path


def _current(path: Path) -> str | None:
    """Return a file's text, with the line ends that the kit writes: git may have changed them."""
    if not path.is_file():
        return None
    return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")


def _difference(path: Path, current: str | None, wanted: str | None) -> str:
    if current == wanted:
        return ""
    name = path.as_posix()
    lines = unified_diff(
        (current or "").splitlines(keepends=True),
        (wanted or "").splitlines(keepends=True),
        "/dev/null" if current is None else name,
        "/dev/null" if wanted is None else f"{name} (as the notebook gives it)",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _replace(path: Path, text: str) -> None:
    target = Path(os.path.realpath(path))  # a link stays a link
    if target.exists() and not target.is_file() and not target.is_dir():  # such as /dev/null
        target.write_bytes(text.encode())
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with temporary.open("xb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
