"""What every finding of the platform means. `docs/errors.md` is written from this."""

from __future__ import annotations

from mdk_converters.codes import Code

CODES: dict[str, Code] = {
    # Artifacts and what runs inside a step
    "MDK320": Code(
        "An artifact is missing",
        "The run store no longer has the bytes of a value that an earlier component handed on.",
        "`.mdk/` was emptied by hand while a run was under way",
        "Run the pipeline again with `--no-cache`, so that the value is made anew.",
    ),
    "MDK321": Code(
        "An artifact is damaged",
        "The bytes in the run store are not those that were stored: their sha256 differs.",
        "a file under `.mdk/` was edited, or the disk has a fault",
        "Run the pipeline again with `--no-cache`, so that the value is made anew.",
    ),
    "MDK322": Code(
        "A value cannot travel",
        "Each component runs in its own process, and this value belongs to the process that made it.",
        "connection = sqlite3.connect('sales.db')  # in `load`, used in `train`",
        "Make the value in the component that uses it, or put both cells into one component.",
    ),
    "MDK323": Code(
        "A component changes an input that it does not hand on",
        "The component changed a value in place where no reading of the code could tell, and a later component reads "
        "it: in the notebook it would see the change, in the pipeline it would not.",
        "tidy(flights)  # a function of a library, which changes its argument",
        "Tag a cell of the component with `changes:flights`.",
    ),
    "MDK324": Code(
        "A metric is not a number, text or flag",
        "Metrics are compared between runs, so each is a single plain value.",
        "mdk.log_metrics(confusion=[[50, 3], [2, 45]])",
        "Log single numbers; hand the rest on as an output of the component.",
    ),
    "MDK325": Code(
        "A format is not installed",
        "The value was stored by a serializer of another package, which is missing here.",
        "an artifact of the format `geoparquet`, in an environment without the package that adds it",
        "Install the package in the environment of the component that reads the value.",
    ),
    "MDK326": Code(
        "The artifact store cannot be written",
        "The disk is full, or the folder `.mdk` is read-only.",
        "a home directory over its quota",
        "Free some space, or mend the rights of the folder.",
    ),
    "MDK327": Code(
        "A value cannot be read back",
        "Its library refused to build it again, most often because a package is missing or has another version.",
        "a model made with a package that only one component installs",
        "Give both components the same packages, and run again with `--no-cache`.",
    ),
    "MDK328": Code(
        "The notebook is not a step of a run",
        "It was written for one step of a pipeline and does nothing by itself.",
        "an executed notebook under `.mdk/runs/`, run again by hand",
        "Run the pipeline with `mdk run local`.",
    ),
    "MDK329": Code(
        "A state of the interpreter cannot be set",
        "A component set a working folder, a locale or an option that a later component depends on, and that the "
        "later component's process cannot have.",
        "os.chdir('output')  # the folder is deleted before the next component runs",
        "Set it in the later component, or make sure that it exists there.",
    ),
    "MDK360": Code(
        "The notebook of this kernel cannot be found",
        "A kernel is not told which notebook it runs. Jupyter's servers and VS Code can be asked; elsewhere nobody "
        "knows.",
        "`%mdk run local` in Colab, in a console, or under `jupyter execute`",
        "Name the notebook once in the session: `%mdk use NAME.ipynb`. Or in the command: `%mdk run local NAME.ipynb`.",
    ),
    "MDK361": Code(
        "The notebook named with %mdk use is not there",
        "Paths are taken from the kernel's current folder, which `os.chdir` may have changed.",
        "%mdk use chrun.ipynb",
        "Mend the path; the message lists notebooks of that folder.",
    ),
    "MDK362": Code(
        "The notebook on disk is older than the one on the screen",
        "A run reads the file. A cell was run since the file was last saved, and the file does not hold it.",
        "a cell edited and run, then `%mdk run local` without saving",
        "Save the notebook, and run again.",
    ),
    "MDK363": Code(
        "The %mdk line cannot be read",
        "Quotes are not closed, or a word is missing or one too many.",
        "%mdk run local -p name='x",
        "Write the command as in a terminal; `%mdk --help` lists the commands.",
    ),
}
