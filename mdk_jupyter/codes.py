"""What every finding of the platform means. `docs/errors.md` is written from this."""

from __future__ import annotations

from mdk_converters.codes import Code

CODES: dict[str, Code] = {
    # Running a pipeline on this machine
    "MDK300": Code(
        "A step failed",
        "A cell of the component raised an exception. The steps that need its values were not started.",
        "model.fit(flights)  # ValueError: Input X contains NaN.",
        "Mend the cell that the message names. The step's executed notebook shows what came before.",
    ),
    "MDK301": Code(
        "The kernel of a step died",
        "The process that ran the step is gone: the system killed it, mostly for want of memory, native code crashed, "
        "or the code ended the process.",
        "rows = [0] * 10**12",
        "Use less memory in the step, or update the library that crashed; the message says which it was.",
    ),
    "MDK302": Code(
        "The kernel of a step did not start",
        "The step's process ended before it could run a cell, did not answer, or its environment lacks mdk-jupyter.",
        "a notebook whose kernel belongs to an environment without mdk-jupyter",
        "Run `pip install mdk-jupyter` in the kernel's environment, or select another kernel in the notebook.",
    ),
    "MDK303": Code(
        "A step took too long",
        "The component has a timeout, and its cells were not done by then.",
        "component:train timeout:10m",
        "Give the component more time or less to do.",
    ),
    "MDK304": Code(
        "A step asks for input",
        "Steps run with nobody at the keyboard, so `input()` and `getpass()` would wait for ever.",
        "city = input('Which city? ')",
        "Make the answer a parameter: assign it in a cell tagged `parameters`, and give it with `-p city=Oslo`.",
    ),
    "MDK305": Code(
        "A step ended itself",
        "A cell called `sys.exit()`, `exit()` or `quit()`. What the component should hand on was not handed on.",
        "if df.empty: sys.exit()",
        "Let the cell come to its end. To stop early, raise an exception that says why.",
    ),
    "MDK306": Code(
        "The pipeline has no such parameter",
        "Parameters are the names assigned in the cell tagged `parameters`; the name given is none of them.",
        "mdk run local churn.ipynb -p learning_rat=0.5",
        "Mend the name, or assign it in the `parameters` cell.",
    ),
    "MDK307": Code(
        "A parameter's value does not fit its type",
        "The type comes from the `parameters` cell: from the annotation, or from the default. Nothing is rounded or "
        "guessed.",
        "epochs = 3 in the notebook, and -p epochs=1.5",
        "Give a value of the declared type, or declare another type: `epochs: float = 3`.",
    ),
    "MDK308": Code(
        "The parameters cannot be read",
        "`-p` takes NAME=VALUE; `--params` takes a YAML or JSON file that holds one mapping of names to values.",
        "mdk run local churn.ipynb -p 0.5",
        "Write `-p learning_rate=0.5`, or `learning_rate: 0.5` in the file.",
    ),
    "MDK309": Code(
        "A step ended without handing on its values",
        "All cells were done, and yet the step's result is missing or unreadable.",
        "_mdk = None  # the name that the first cell of a step's notebook imports",
        "Look into the step's executed notebook for a cell that stands in the way.",
    ),
    "MDK310": Code(
        "A declared file is missing",
        "With `--isolated` each step runs in an empty folder, which gets the files that its component declares; one "
        "of them is not beside the notebook.",
        "component:load file:data/flights.csv",
        "Correct the tag `file:`, or put the file there.",
    ),
    "MDK311": Code(
        "A parameter was not given",
        "The spec declares the parameter without a default, so every run must give its value.",
        "mdk run local churn.pipeline.yaml, with `parameters: {region: {type: str}}`",
        "Give it with `-p region=north`, or add a default to the spec.",
    ),
    "MDK312": Code(
        "There is no such step",
        "`--from`, `--only` and `--until` name components of the pipeline; the name given is none of them.",
        "mdk run local --from trian",
        "Take a name from the message.",
    ),
    "MDK313": Code(
        "The options of the run cannot be followed",
        "Two of them contradict each other, or a size or time cannot be read.",
        "mdk run local --only train --no-cache",
        "Leave one of them out, or write it as the message says.",
    ),
    "MDK314": Code(
        "What a step reads is not in the cache",
        "With `--only` the other steps do not run; what the chosen one reads was made by earlier runs. Since then the "
        "code or data of a step before it changed, or its result was removed.",
        "mdk run local --only train, after an edit of `load`",
        "Run up to that step once, with `--until`, or leave out `--only`.",
    ),
    "MDK318": Code(
        "A condition cannot be decided",
        "`when` compares numbers, texts, flags and None. The value is something else, is not there, or cannot be "
        "compared with the other side.",
        '%%component deploy --when "auc > 0.8", with auc = "high"',
        "Hand on a plain value under a name of its own, such as `auc = float(scores.mean())`.",
    ),
    "MDK319": Code(
        "A component cannot be repeated",
        "`foreach` takes a list or a tuple, whose items are there before the component starts.",
        '%%component train --foreach "lr in rates", with rates = np.linspace(0, 1, 3)',
        "Make it a list in the component that hands it on: `rates = list(np.linspace(0, 1, 3))`.",
    ),
    # Artifacts and what runs inside a step
    "MDK320": Code(
        "An artifact is missing",
        "The store no longer has the bytes of a value. It keeps those of the newest 20 runs of each folder, and those "
        "that results in the cache need; `mdk cache prune --all` removes all.",
        "run.load('model') of a run of last year",
        "Run the pipeline again: what is missing is made anew.",
    ),
    "MDK321": Code(
        "An artifact is damaged",
        "The bytes in the run store are not those that were stored: their sha256 differs.",
        "a file under `.mdk/` was edited, or the disk has a fault",
        "Run the pipeline again: a damaged value is noticed, dropped, and made anew.",
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
    "MDK330": Code(
        "Two inputs were one object",
        "In the notebook the two names share an object, so that a change through one is seen through the other. Here "
        "they come from different components, as separate copies, and the component changes one of them.",
        "report = library.wrap(model)  # in `report`; then model.fit(...) in `refit`, which also uses `report`",
        "Tag the component that makes the later of the two with `changes:` and the other's name, so that both are "
        "handed on together.",
    ),
    # The run store and the commands
    "MDK350": Code(
        "The run store cannot be written",
        "A run keeps its notebooks and values in `.mdk/` beside the notebook, and that folder cannot be written.",
        "a notebook on a read-only share",
        "Copy the notebook to a folder that you can write to.",
    ),
    "MDK351": Code(
        "The disk is full",
        "A file of the run, or one that a step writes, could not be written to its end.",
        "a home directory over its quota",
        "Make room: old runs are in `.mdk/runs`, their values in `.mdk/artifacts`. Then run again.",
    ),
    "MDK352": Code(
        "There is no such run",
        "Runs are named by their id, by either end of it, or `latest`; the name given fits none, or several.",
        "mdk runs show 2024",
        "Take an id from `mdk runs`.",
    ),
    "MDK353": Code(
        "The record of a run cannot be read",
        "Its `run.json` was edited or damaged, or another version of mdk-jupyter wrote it.",
        "an older `.mdk/` after an upgrade",
        "Look at the folder that the message names, or delete it.",
    ),
    "MDK354": Code(
        "The file does not exist",
        "There is no notebook or spec of that name.",
        "mdk run local chrun.ipynb",
        "Check the name and the folder.",
    ),
    "MDK355": Code(
        "The file is neither notebook nor spec",
        "Notebooks end in `.ipynb` (or `.py`, with `# %%` cells), specs in `.yaml`.",
        "mdk run local churn.csv",
        "Name a notebook or a pipeline spec.",
    ),
    "MDK356": Code(
        "No notebook was named",
        "Without a name, a command works on the only notebook of the folder; there is none, or there are several.",
        "mdk run local",
        "Name the notebook.",
    ),
    "MDK357": Code(
        "The command cannot be understood",
        "A command or an option is misspelt, or a value is missing.",
        "mdk rnu",
        "See `mdk --help`, and `--help` of each command.",
    ),
    "MDK358": Code(
        "The store is in use",
        "`mdk cache prune` removes nothing while a run uses the store.",
        "mdk cache prune, beside a run of an hour",
        "Wait for the run's end, or cancel it.",
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
    # Standing in for a cloud
    "MDK490": Code(
        "The stand-in is not installed",
        "`mdk dev vertex` is a web server, and its packages come with an extra of mdk-jupyter.",
        "mdk dev vertex, after `pip install mdk-jupyter`",
        "Run `pip install 'mdk-jupyter[standin]'`.",
    ),
    "MDK491": Code(
        "An option of the stand-in names what is not there",
        "`--python` names an interpreter, `--secrets` a folder that exists, `--root` one that can be written, "
        "`--token-file` a file with a token or one that can be made.",
        "mdk dev vertex --python python9",
        "Mend the path that the message names.",
    ),
    "MDK492": Code(
        "The stand-in's port or folder is in use",
        "Another server listens on the port, or another stand-in keeps its jobs in the folder.",
        "mdk dev vertex, in a second terminal",
        "Stop the other one, or give another `--port` and `--root`.",
    ),
}
