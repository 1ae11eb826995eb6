"""Magics and shell lines: what IPython's own commands do to names, state and files."""

from __future__ import annotations

import ast
import re
from itertools import pairwise

from mdk_converters.analysis import knowledge, syntax
from mdk_converters.analysis.calls import Calls
from mdk_converters.analysis.effects import Need
from mdk_converters.analysis.values import ATOM, NONE, UNKNOWN, Value

_SHELL_NAMES = re.compile(r"(?<!\{)\{([^{}]+)\}|\$\{?([A-Za-z_]\w*)")


class Magics(Calls):
    def run_magic(self, method: str, arguments: list[str]) -> Value:
        if method == "run_line_magic" and arguments:
            return self._line_magic(arguments[0], arguments[1] if len(arguments) > 1 else "")
        if method in {"system", "getoutput"} and arguments:
            self._shell(arguments[0])
            return self.new("list", fuzzy=False) if method == "getoutput" else NONE
        if method == "run_cell_magic" and len(arguments) == 3:
            self._cell_magic(*arguments)
            return NONE
        if method in {"run_cell", "ex", "ev", "run_code", "push", "safe_execfile"}:
            self.effects.dynamic = f"get_ipython().{method}"
        return UNKNOWN

    def _line_magic(self, name: str, line: str) -> Value:
        self._expand(line)
        if name in {"pip", "conda", "mamba", "uv"}:
            self._install(line)
            return NONE
        if name in {
            "matplotlib",
            "config",
            "precision",
            "autoreload",
            "load_ext",
            "reload_ext",
            "xmode",
            "pprint",
            "colors",
            "autosave",
            "gui",
            "autoawait",
            "automagic",
        }:
            self.effects.magics.append(name)
            return NONE
        if name in {"env", "set_env"} and ("=" in line or " " in line.strip()):
            self.effects.states.append(("environ", "set"))
        elif name in {"cd", "pushd", "popd"}:
            self.effects.states.append(("cwd", "set"))
        elif name in {"sx", "system", "sc"}:
            self._shell(line)
            return self.new("list", fuzzy=False)
        elif name in {
            "run",
            "load",
            "reset",
            "reset_selective",
            "store",
            "macro",
            "rerun",
            "recall",
            "pylab",
            "sql",
            "R",
            "edit",
            "xdel",
            "bigquery",
            "spark",
            "alias",
            "notebook",
            "runfile",
            "import",
        }:
            self.effects.dynamic = f"%{name}"
        elif name in {"timeit", "time", "prun"}:
            return self._embedded(line)
        elif name in knowledge.HARMLESS_COMMANDS or name in {
            "who", "who_ls", "whos", "psearch", "pinfo", "pinfo2", "pdoc", "psource", "pfile", "pdef", "history", "hist",
            "lsmagic", "magic", "quickref", "debug", "pdb", "tb", "logstart", "logstop", "notebook_info", "mdk", "less",
            "more", "man", "ll", "lx", "la", "tensorboard", "doctest_mode", "page", "pycat", "cls", "clear", "mkdir", "rm",
            "cp", "mv", "rmdir", "cat", "memit", "watermark", "version_information", "nbdev_export",
        }:  # fmt: skip
            if name in {"mkdir", "rm", "cp", "mv", "rmdir"}:
                self.effects.files.append(("rw", None))
            elif name in knowledge.READING_COMMANDS:
                self.effects.files.append(("r", None))
        else:
            self.effects.dynamic = f"%{name}"
            self.effects.unknown_magic = f"%{name}"
        return NONE

    def _cell_magic(self, name: str, line: str, body: str) -> None:
        self._expand(line)
        if name in {"writefile", "file"}:
            words = [w for w in line.split() if not w.startswith("-")]
            self.effects.files.append(("w", words[-1] if words and "{" not in line and "$" not in line else None))
        elif name in syntax.PROGRAM_CELL_MAGICS:
            self.effects.files.append(("rw", None))
            words = line.split()
            for option, variable in pairwise(words):
                if option in {"--out", "--err", "--proc"}:
                    self.store_name(variable, ATOM)
            if name in {"system", "sx", "!"}:
                self._expand(body)
        elif name in syntax.SHOWN_CELL_MAGICS:
            return
        else:
            self.effects.dynamic = f"%%{name}"
            self.effects.unknown_magic = f"%%{name}"

    def _shell(self, command: str) -> None:
        self._expand(command)
        words = command.split()
        if words[:1] == ["pip"] or words[:3] == ["python", "-m", "pip"] or words[:2] == ["uv", "pip"]:
            self._install(command.partition("pip")[2])
        elif words and words[0] in knowledge.READING_COMMANDS and not set(command) & set(">;&|"):
            self.effects.files.append(("r", None))
        elif not words or words[0] not in knowledge.HARMLESS_COMMANDS or set(command) & set(">;&|"):
            self.effects.files.append(("rw", None))

    def _install(self, line: str) -> None:
        words = line.replace('"', "").replace("'", "").split()
        if "install" not in words:
            return
        skip = False
        for word in words[words.index("install") + 1 :]:
            if skip or word.startswith("-"):
                skip = word in {"-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url",
                                "-f", "--find-links", "-t", "--target", "-e", "--editable"}  # fmt: skip
                continue
            if word in {"&&", "|", ";", ">", "2>&1", "#"}:
                break
            if word[0].isalpha() and word not in self.effects.requirements:
                self.effects.requirements.append(word)

    def _expand(self, text: str) -> None:
        """Read the names in `{name}` and `$name`, as IPython expands them."""
        for expression, name in _SHELL_NAMES.findall(text):
            if name:
                if name in self.names:
                    self.load(name)
                continue
            try:
                parsed = ast.parse(expression.strip(), mode="eval").body
            except (SyntaxError, ValueError):
                continue
            if all(n.id in self.names for n in ast.walk(parsed) if isinstance(n, ast.Name)):
                self.evaluate(parsed)

    def _embedded(self, line: str) -> Value:
        code = re.sub(r"^(\s*-\w+\s*\d*)+", "", line).strip()
        try:
            body = ast.parse(code).body
        except (SyntaxError, ValueError):
            return UNKNOWN
        with self.at_most(Need.CERTAIN):
            self.run_block(body)
        return UNKNOWN
