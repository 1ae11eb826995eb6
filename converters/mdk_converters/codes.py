"""What every finding of the compiler means. `docs/errors.md` is written from this."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: what it is, why it is one, a notebook or spec that has it, and the way out."""

    title: str
    why: str
    example: str
    fix: str


CODES: dict[str, Code] = {
    # Reading the notebook
    "MDK100": Code(
        "The notebook cannot be opened",
        "There is no file of that name, it is a folder, or its permissions forbid reading it.",
        "mdk-nbconvert chrun.ipynb",
        "Check the name, the folder and the permissions.",
    ),
    "MDK101": Code(
        "The notebook is empty",
        "The file has no content. A save that was cut off, or a full disk, leaves such files behind.",
        "an .ipynb file of 0 bytes",
        "Save the notebook again in Jupyter, or restore it from version control or `.ipynb_checkpoints/`.",
    ),
    "MDK102": Code(
        "The notebook is not JSON",
        "A notebook is a JSON file. This one is cut off, was damaged by a merge, or is something else.",
        '{"cells": [{"cell_type": "code", "sou',
        "Look at the line and column that the message names, or restore the notebook.",
    ),
    "MDK103": Code(
        "The file is not a notebook",
        "It is JSON, but has no list of cells; or it is a script without `# %%` lines.",
        '{"name": "churn", "version": 1}',
        "Give a notebook, or a script in the percent format.",
    ),
    "MDK104": Code(
        "The notebook's format is not supported",
        "Formats 3 and 4 are read. Older ones come from before 2013; newer ones do not exist yet.",
        '{"nbformat": 2, "worksheets": [...]}',
        "Open and save the notebook in a current Jupyter, or run `jupyter nbconvert --to notebook`.",
    ),
    "MDK105": Code(
        "The notebook is of another language",
        "Its kernel is not a Python kernel, so that its cells cannot be analysed.",
        '"kernelspec": {"name": "ir", "language": "R"}',
        "Choose a Python kernel, or run this notebook outside the pipeline.",
    ),
    "MDK106": Code(
        "The notebook has no code cells",
        "A component is made of code cells; this notebook has none, or only markdown.",
        "a notebook of notes",
        "Write the steps as code cells and tag them.",
    ),
    "MDK107": Code(
        "A cell is damaged",
        "The cell is no object, has an unknown type, or its source is no text.",
        '{"cell_type": "code", "source": 7}',
        "Repair the cell, or save the notebook again in Jupyter.",
    ),
    "MDK108": Code(
        "A cell is of another language",
        "VS Code notes a language for each cell. A Python kernel does not run cells of another one. An "
        "untagged cell is left out with a note; a cell of a component is an error.",
        '"metadata": {"tags": ["component:load"], "vscode": {"languageId": "sql"}}',
        "Set the cell's language to Python if that is what it holds, or remove its tag.",
    ),
    "MDK109": Code(
        "The result cannot be written",
        "The folder or file forbids it, the disk is full, or two notebooks would give the same file. "
        "Files are replaced as a whole: what was there before is still there.",
        "mdk-nbconvert churn.ipynb, in a folder that may not be written to",
        "Check the folder and its permissions, or name another place with -o.",
    ),
    # What cells are for
    "MDK110": Code(
        "An unknown option or a misspelt tag",
        "Options are never dropped in silence. A tag that is nearly one of ours is taken for a slip; tags "
        "of other tools, such as `hide-input`, are left alone.",
        "%%component train --cpus 4",
        "Write the word that the message proposes.",
    ),
    "MDK111": Code(
        "An option has an unusable value",
        "The value does not have the form that the option needs.",
        "the tag memory:16GB",
        "Write the value as in the message, here memory:16Gi or memory:16G.",
    ),
    "MDK112": Code(
        "A cell says two things",
        "Tags, `metadata.mdk` and the `%%component` line mean the same. Where two of them speak of one "
        "thing, they must agree.",
        "the tag cpu:2 on a cell that begins with %%component train --cpu 4",
        "Say it once, or the same in both.",
    ),
    "MDK113": Code(
        "A component has an unusable name",
        "Names become names of files and of remote tasks: letters, digits, `-` and `_`, beginning with a "
        "letter, at most 63 of them.",
        "the tag component:train model",
        "Use a name such as the one that the message proposes.",
    ),
    "MDK114": Code(
        "Two components have nearly the same name",
        "Remote targets write names in small letters with hyphens, where these two would become one.",
        "component:load_data and component:load-data",
        "Give both cells the same name, or tell the components apart.",
    ),
    "MDK115": Code(
        "The cells of a component disagree",
        "A component may have several cells, and its options may stand on any of them, but only one value "
        "can hold.",
        "cpu:2 on the first cell of train and cpu:4 on the second",
        "Give the option once.",
    ),
    "MDK116": Code(
        "A component is to run after one that does not exist",
        "`after` names no component of this notebook, or the component itself.",
        "the tags component:train and after:laod",
        "Write the name of a component.",
    ),
    "MDK117": Code(
        "Two parameters cells",
        "As for papermill, one cell holds the parameters of a notebook.",
        "two cells tagged parameters",
        "Move all parameters into one cell.",
    ),
    "MDK118": Code(
        "A cell has two roles",
        "A cell belongs to one component, or holds the parameters, or is skipped.",
        "a cell tagged parameters and component:load",
        "Keep one role, or split the cell.",
    ),
    "MDK119": Code(
        "An option without a component",
        "Options such as `cpu` say something about a component, but the cell belongs to none.",
        "a cell whose only tag is cpu:4",
        "Tag the cell component:NAME as well, or remove the option.",
    ),
    "MDK120": Code(
        "The %%component line cannot be read",
        "The line names no component or two, an option lacks its value, quotes are not closed, or the "
        "line is not the first of its cell, where IPython would not see it either.",
        "%%component train --cpu",
        "Write `%%component NAME --option value` as the first line of the cell.",
    ),
    "MDK121": Code(
        "No component",
        "No cell of the notebook belongs to a component, so there is nothing to run.",
        "a notebook without tags",
        "Tag the cells of each step component:NAME, or begin them with %%component NAME.",
    ),
    "MDK122": Code(
        "metadata.mdk is not an object",
        "The cell's `metadata.mdk` holds what a form writes: an object with the component and its options.",
        '"mdk": "train"',
        'Write for example "mdk": {"component": "train", "resources": {"cpu": 4}}.',
    ),
    "MDK123": Code(
        "Values injected by papermill are left out",
        "The notebook is the output of an earlier papermill run, which added a cell of parameter values. "
        "The pipeline has its parameters from the parameters cell.",
        "a cell tagged injected-parameters",
        "Nothing, or pass the values to the run: -p name=value.",
    ),
    "MDK124": Code(
        "A tag on a cell that is not code",
        "Only code cells make up components.",
        "a markdown cell tagged component:load",
        "Tag the code cells.",
    ),
    "MDK126": Code(
        "The committed result is out of date",
        "`--check` found that the notebook gives something else than the file beside it, or that there is "
        "none. The difference is shown.",
        "mdk-nbconvert --check churn.ipynb, after a change of the notebook alone",
        "Run mdk-nbconvert without --check and commit the result.",
    ),
    # Kale
    "MDK130": Code(
        "Kale's tags and this kit's are mixed",
        "A notebook is read in one dialect. In Kale's, untagged cells belong to the step before them; "
        "here they are exploration.",
        "a cell tagged step:load and another tagged component:train",
        "Use the tags of one of them: component:NAME for step:NAME, after:NAME for prev:NAME.",
    ),
    "MDK131": Code(
        "A setting of Kale has no meaning here",
        "The notebook converts; the setting that the message names has no effect on the pipeline.",
        '"kubeflow_notebook": {"volumes": [...]}',
        "Nothing, or remove the setting.",
    ),
    "MDK132": Code(
        "A Kale tag cannot be read",
        "The tag begins like one of Kale's, but does not have its form; or it stands on a cell that has "
        "no step.",
        "limit:nvidia.com/gpu",
        "Write the tag as Kale documents it, such as limit:nvidia.com/gpu:1.",
    ),
    "MDK133": Code(
        "A Kale metric cannot be found",
        "A pipeline-metrics cell names variables, one print(NAME) per line. This line names none, or no "
        "step makes the variable.",
        "print(f'auc = {auc}')",
        "Write print(auc), where a step assigns auc.",
    ),
    "MDK134": Code(
        "A cell refers to another notebook",
        "Kale composes pipelines of several notebooks. Here a pipeline is made from one notebook.",
        "a cell tagged notebook:preprocessing",
        "Move that notebook's cells into this one.",
    ),
    "MDK139": Code(
        "Internal error",
        "The converter failed on this notebook. That is a mistake of the kit, not of the notebook; "
        "nothing was written.",
        "none is known",
        "Report it, with the notebook's cells and what --debug shows.",
    ),
}
