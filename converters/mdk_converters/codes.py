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
        "A component may have several cells, and its options may stand on any of them, but only one value can hold.",
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
    "MDK129": Code(
        "A parameter is given twice",
        "The parameters cell assigns one name more than once. The last value is the default.",
        "epochs = 10\nepochs = 20",
        "Keep one of the assignments.",
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
        "The tag begins like one of Kale's, but does not have its form; or it stands on a cell that has no step.",
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
    # The parameters cell
    "MDK135": Code(
        "The parameters cell does more than assign parameters",
        "Parameters are known before anything runs, so their cell holds assignments of literal values and "
        "imports; nothing in it is executed to find them.",
        "epochs = 10\nprint(epochs)",
        "Move the statement to a component, or to an untagged cell if components share it.",
    ),
    "MDK136": Code(
        "The value of a parameter is not a literal",
        "A parameter's default must be known without running code: a number, text, true or false, None, a "
        "list, a dict, or arithmetic on these.",
        'start = datetime.now()\nlimit = float("inf")',
        "Write the value itself, or compute it in a component.",
    ),
    "MDK137": Code(
        "The value has a type that no parameter can have",
        "Parameters are given on the command line and to remote services, so they are int, float, bool, str, "
        "None, or lists and dicts of these with text as keys.",
        "size = (64, 64)",
        "Use a list or text, and convert it in the component: size = [64, 64].",
    ),
    "MDK138": Code(
        "The annotation of a parameter does not fit",
        "The annotation decides the type of the parameter. This one is no type that a parameter can have, or "
        "the value is of another type.",
        "epochs: int = 2.5",
        "Change the annotation or the value.",
    ),
    "MDK139": Code(
        "Internal error",
        "The converter failed on this notebook. That is a mistake of the kit, not of the notebook; "
        "nothing was written.",
        "none is known",
        "Report it, with the notebook's cells and what --debug shows.",
    ),
    # From cells to components
    "MDK140": Code(
        "A cell is not Python",
        "Neither Python nor IPython can parse it, so nothing can be said of what it needs. In an untagged cell this is a "
        "warning: the notebook itself would stop there.",
        "# component:train\nmodel.fit(X y)",
        "Mend the syntax, or tag the cell `skip`.",
    ),
    "MDK141": Code(
        "A component reads a value that only an untagged cell makes",
        "Untagged cells are exploration and do not run in the pipeline. Their imports, functions, classes and literal "
        "constants are carried into the components that use them; computed values are not.",
        "# untagged\ndf = pd.read_csv('a.csv')\n\n# component:train\nmodel.fit(df[['x']], df['y'])",
        "Tag the cell as part of a component, its own or the one that reads the value.",
    ),
    "MDK142": Code(
        "A component reads a value that an untagged cell changed",
        "In the notebook the component sees the change; in the pipeline the untagged cell does not run, so the answer "
        "would silently differ.",
        "# component:load\ndf = load()\n\n# untagged\ndf['x'] = 0\n\n# component:train\ntrain(df)",
        "Tag the cell as part of a component, or let it change a copy.",
    ),
    "MDK143": Code(
        "A component reads a value of a skipped cell",
        "A cell tagged `skip` is never part of the pipeline, and nothing is carried from it.",
        "# skip\nthreshold = 3\n\n# component:clean\nrows = [r for r in rows if r > threshold]",
        "Remove the tag, or define the value elsewhere.",
    ),
    "MDK144": Code(
        "A name is read that nothing defines before",
        "Run from top to bottom, the notebook stops with a NameError here. Often the cell that defines the name stands "
        "further down, or was deleted.",
        "# component:train\nmodel.fit(X, y)   # no cell above binds X",
        "Define the name above the cell.",
    ),
    "MDK145": Code(
        "A deleted name is read",
        "An earlier cell deletes the name, so the notebook stops with a NameError here.",
        "# component:load\ndel raw\n\n# component:report\nprint(len(raw))",
        "Delete it later, or define it again.",
    ),
    "MDK146": Code(
        "The cells of two components alternate and need two versions of one name",
        "A step receives its inputs once, before its first cell, and hands on what its last cell leaves. When its cells "
        "stand before and after a cell of another component that changes the same name, one version is not enough.",
        "# component:a\nx = 1\n\n# component:b\nx = x + 1\n\n# component:a\nprint(x)",
        "Give the later cells a component of their own, or use two names.",
    ),
    "MDK147": Code(
        "Components wait for each other in a ring",
        "Each needs a value, a file or the declared end of the next, so none can start. This happens when the cells of a "
        "component stand apart on the page.",
        "# component:a\nx = 1\n\n# component:b\ny = x + 1\n\n# component:a\nz = y + 1",
        "Split one of the components.",
    ),
    "MDK148": Code(
        "A value cannot travel between components",
        "Generators, open files, connections, locks, threads and the like exist in one process only.",
        "# component:open\ndb = sqlite3.connect('a.db')\n\n# component:query\ndb.execute('select 1')",
        "Make the value in the component that uses it, or hand on what it gives: a list, a table, a path.",
    ),
    "MDK149": Code(
        "A component reads IPython's history",
        "`_`, `__`, `_5`, `Out` and `In` are what a session remembers. A step has a session of its own.",
        "# component:load\ndf.mean()\n\n# component:report\nprint(_)",
        "Give the value a name where it is made.",
    ),
    "MDK151": Code(
        "A component uses a local file",
        "On this machine a step runs in the notebook's folder and finds the file; a remote step does not. Reported as a "
        "warning.",
        "# component:load\ndf = pd.read_csv('data/a.csv')",
        "Declare it with the tag `file:data/a.csv`, so that it travels with the step, or read it from a bucket.",
    ),
    "MDK152": Code(
        "An untagged cell changes interpreter state that a component depends on",
        "Drawing random numbers moves a global generator; a computed setting is in force for all cells below. The "
        "untagged cell does not run in the pipeline, so what follows would differ.",
        "np.random.seed(0)\n\n# untagged, between components\nnp.random.rand(3)\n\n# component:split\nnp.random.permutation(10)",
        "Tag the cell, or use a generator of its own: `rng = np.random.default_rng(0)`.",
    ),
    "MDK153": Code(
        "A magic is not known",
        "It may read and bind any name, so the component is taken to depend on everything above it, and everything below "
        "on it. Reported as a warning.",
        "# component:query\n%%sql\nselect * from t",
        "Nothing, if the order of the page suits the pipeline.",
    ),
    "MDK154": Code(
        "A component depends on a setting that is computed",
        "Some settings of libraries cannot be read back and handed on; they travel as the code that makes them, if that "
        "code needs only constants.",
        "# component:setup\nconfig.LIMIT = measure()\n\n# component:run\nconfig.run()",
        "Set it with plain values in an untagged cell, or in each component that needs it.",
    ),
    "MDK155": Code(
        "A component reads a file that an untagged cell writes",
        "The untagged cell does not run in the pipeline, so the file would be missing or old.",
        "# untagged\n%%writefile helper.py\nX = 1\n\n# component:use\nprint(open('helper.py').read())",
        "Tag the cell as part of a component.",
    ),
    "MDK156": Code(
        "A component calls %mdk itself",
        "The step would start the pipeline that it is a step of.",
        "# component:train\n%mdk run local",
        "Move the line to an untagged cell.",
    ),
    "MDK157": Code(
        "An option names a value that the component does not have",
        "`outputs:`, `metrics:` and `changes:` name variables that the component's cells bind or change.",
        "# component:train, metrics:acu\nauc = 0.9",
        "Check the spelling.",
    ),
    "MDK158": Code(
        "A component uses a module that was written anew after it was imported",
        "The notebook goes on with the module as it was imported first; a step imports it afresh and finds the new one.",
        "# component:one\n%%writefile rates.py\nLOW = 1\n\n# component:two\nimport rates\n\n"
        "# component:three\n%%writefile rates.py\nLOW = 2\n\n# component:four\nprint(rates.LOW)",
        "Reload it in the component, with importlib.reload, or give the new module another name.",
    ),
    # Conditions and loops
    "MDK159": Code(
        "A parameter is a float, and its value an int",
        "The annotation decides: the pipeline takes the value as a float, and where it is printed, or told from an int, "
        "the notebook differs.",
        "rate: float = 1",
        "Write the value as a float: `rate: float = 1.0`.",
    ),
    "MDK160": Code(
        "A value cannot decide about a component",
        "`when` reads parameters, and numbers, texts and flags that an earlier component makes; `foreach` reads a list "
        "among them. A value of an untagged cell does not exist in the pipeline.",
        '# untagged\nauc = 0.9\n\n%%component deploy --when "auc > 0.8"\n...',
        "Make the value in a component above, or in the parameters cell.",
    ),
    "MDK161": Code(
        "The notebook does not know of a condition or loop",
        "A notebook that is run from top to bottom knows nothing of tags and metadata. It skips and repeats cells by "
        "their own `%%component` line, when the extension is loaded; tags and metadata may say the same.",
        "# a cell tagged component:deploy, when:auc > 0.8",
        "Begin each cell of the component with the line that the message gives.",
    ),
    "MDK162": Code(
        "A component depends on one that may be skipped, and does not say so",
        "In the pipeline it is skipped as well. The notebook skips a cell only where its own line says what it comes "
        "after, or has the same condition.",
        '%%component deploy --when "auc > 0.8"\nurl = upload()\n\n%%component tell\nprint(url)',
        "Write `--after deploy` into the line of each of its cells, or give it the same `--when`.",
    ),
    "MDK163": Code(
        "A repeated component has several cells",
        "`foreach` runs a cell again for each item; a notebook cannot do that with cells apart from each other.",
        '%%component train --foreach "lr in rates"\nmodel = fit(lr)\n\n%%component train\nscore = test(model)',
        "Merge the cells into one, or repeat each as a component of its own.",
    ),
    "MDK164": Code(
        "The runs of a repeated component depend on each other",
        "In a pipeline each run starts from the same values, at the same time as the others. A run that adds to a value "
        "from outside, draws random numbers without a seed of its own or writes one file would differ there.",
        '%%component train --foreach "lr in rates"\nscores.append(fit(lr).score())',
        "Bind a new name, which becomes the list of all runs; seed inside the component; put the item into file names.",
    ),
    "MDK165": Code(
        "A name in a repeated component cannot be used",
        "What the cell assigns becomes a list of all runs. That cannot be done for names bound from within a function or "
        "`exec`, nor for classes; and the item needs a name of its own.",
        '%%component train --foreach "lr in rates"\nclass Net:\n    ...',
        "Assign the name in the cell itself; define classes in an untagged cell; call the item by another name.",
    ),
    # The pipeline spec
    "MDK200": Code(
        "The spec cannot be opened",
        "There is no file of that name, it is a folder, its permissions forbid reading it, or it is not UTF-8.",
        "mdk run local chrun.pipeline.yaml",
        "Check the name, the folder and the permissions; save the file as UTF-8.",
    ),
    "MDK201": Code(
        "The spec is not the YAML that is wanted",
        "The text is no YAML, or uses what a spec does not: tags, several documents, keys that are not text.",
        "metadata: {name: churn",
        "Look at the line and column that the message names; check indentation, brackets and quotes.",
    ),
    "MDK202": Code(
        "Something is missing in the spec",
        "A key without which the pipeline has no meaning is not there.",
        "apiVersion: mdk/v1\nkind: Pipeline\nmetadata: {name: churn}",
        "Add the key that the message names.",
    ),
    "MDK203": Code(
        "A value in the spec has the wrong type",
        "The key wants another type of value, or one of a few words. Nothing is converted in silence.",
        "cache: off",
        "Write the value as the message says, here `cache: false`.",
    ),
    "MDK204": Code(
        "A key is in the spec twice",
        "Of two values under one key, YAML readers keep one in silence. Here this is an error.",
        "outputs: {model: model, model: value}",
        "Keep one of the two.",
    ),
    "MDK205": Code(
        "A key in the spec is not known",
        "It is misspelt, is in the wrong place, or is from a newer version of the format.",
        "ressources: {cpu: 4}",
        "Use the key that the message proposes, or take it out.",
    ),
    "MDK210": Code(
        "An input has no source",
        "An input names a component and one of its outputs, as in `flights: load.flights`. One of them does not exist.",
        "train:\n  inputs: {flights: lod.flights}",
        "Mend the name, or add the output to the component that makes it.",
    ),
    "MDK211": Code(
        "A definition does not exist",
        "A component lists carried code that the spec does not hold.",
        "train:\n  definitions: [import]",
        "Mend the name, or add the definition under `definitions`.",
    ),
    "MDK212": Code(
        "A parameter does not exist",
        "A component reads a parameter that the pipeline does not declare.",
        "train:\n  parameters: [learning_rat]",
        "Mend the name, or declare it under `parameters`.",
    ),
    "MDK213": Code(
        "A default does not have the declared type",
        "The default of a parameter must be of its type; null suits every type.",
        "epochs: {type: int, default: ten}",
        "Change the default or the type.",
    ),
    "MDK214": Code(
        "A component to wait for does not exist",
        "`after` names components of the same pipeline.",
        "train:\n  after: [validat]",
        "Mend the name or take it out.",
    ),
    "MDK215": Code(
        "Components wait for each other",
        "Inputs and `after` go in a circle, so that none of these components can be first.",
        "load:\n  after: [train]\ntrain:\n  inputs: {flights: load.flights}",
        "Take one of the inputs or `after` entries out, or merge the components.",
    ),
    "MDK216": Code(
        "A name cannot be used",
        "Components are named with letters, digits, _ and -; inputs, outputs and parameters are Python "
        "variables; interpreter state begins with `state.`; files are named after the pipeline.",
        "components:\n  train model: …",
        "Choose a name of the form that the message gives.",
    ),
    "MDK217": Code(
        "An amount cannot be used",
        "Memory is written 512Mi or 16Gi, time 90s, 30m or 2h, accelerators TYPE:COUNT; cpu is above zero.",
        "resources: {memory: 16}",
        "Write number and unit.",
    ),
    "MDK218": Code(
        "Two cells have one id",
        "Messages, executed notebooks and the cache tell cells apart by their id.",
        "cells:\n  - {id: a, source: x = 1}\n  - {id: a, source: y = 2}",
        "Give every cell its own id.",
    ),
    "MDK219": Code(
        "A component does not have this input or output",
        "`optional` lists inputs of the component, `metrics` its outputs.",
        "train:\n  outputs: {model: model}\n  metrics: [auc]",
        "Mend the name, or add it to the inputs or outputs.",
    ),
    "MDK220": Code(
        "A text cannot be written to a file",
        "It holds half a surrogate pair, which is no character; UTF-8 and YAML have no way to write it.",
        'a notebook whose cell source holds "\\ud83d" alone',
        "Take the broken character out.",
    ),
    "MDK221": Code(
        "A condition or loop cannot be used",
        "`when` is a condition over names and plain values, `foreach` is ITEM in ITEMS. The names are parameters, or "
        "`control` says which component makes them.",
        "deploy:\n  when: auc > limit\n  control: {auc: evaluate.auc}",
        "Mend the text, or add the name to `control` or to the parameters.",
    ),
    "MDK222": Code(
        "A container component cannot be used",
        "A component with `command` or `args` is a container: it has an image, and no cells. Its command names values "
        "as {{inputs.parameters.NAME}}, {{inputs.artifacts.NAME.uri}}, {{outputs.artifacts.NAME.uri}} or "
        "{{outputs.parameters.NAME.path}}, which are parameters, inputs and outputs of the component.",
        'score:\n  image: spark:3.5\n  args: ["{{inputs.artifacts.flihgts.uri}}"]',
        "Mend the name, add the image, or take the cells out.",
    ),
    # Kubeflow Pipelines
    "MDK400": Code(
        "Two names are one on the server",
        "Kubeflow Pipelines writes tasks in small letters with hyphens, and values in ASCII letters; `mdk_bundle`, "
        "`mdk_metrics`, `mdk_notebook` and `mdk_html` are the kit's.",
        "components `clean data` and `clean-data`",
        "Call one of them otherwise.",
    ),
    "MDK401": Code(
        "The pipeline has another name on the server",
        "Names of pipelines there are small letters, digits and hyphens, at most 128, and begin with a letter.",
        "a notebook called Kündigungen (2).ipynb",
        "Nothing has to be done; a plain name of the notebook is the same everywhere.",
    ),
    "MDK402": Code(
        "A default does not arrive as it is",
        "Parameters travel as JSON, numbers among them as floating-point numbers: whole numbers beyond 2**53, infinity "
        "and not-a-number do not survive.",
        "seed = 2**60",
        "Give it as text and convert it in a component.",
    ),
    "MDK403": Code(
        "The type of a value that decides is not known",
        "The server reads the value of a condition, and has to be told its type.",
        "deploy:\n  when: auc > 0.8\n  control: {auc: evaluate.auc}\n\nwith evaluate's outputs: {auc: value}",
        "Annotate the variable where it is assigned (`auc: float = …`), or write the kind under `outputs`.",
    ),
    "MDK404": Code(
        "A component waits for two conditions",
        "A server runs what is behind a condition as one block. A component that waits for components of two blocks, "
        "neither of which is within the other, belongs into neither.",
        "report:\n  after: [deploy, notify]\n\nwhere `deploy` and `notify` have different conditions",
        "Give both the same condition, or compute the conditions in one component and let one wait for the other.",
    ),
    "MDK405": Code(
        "A condition cannot be decided by the server",
        "Types are known beforehand there: what Python refuses when it runs is refused at once, and so are numbers "
        "beyond 2**53 and comparisons of flags with numbers.",
        "when: stage < 3, where stage is a text",
        "Compare values of one type, or compute a flag in a component.",
    ),
    "MDK406": Code(
        "The items of a loop have no one type",
        "The server hands each item over as a value of one type, which is read from the default of the list.",
        "rates = [1, 0.1]",
        "Give the list a default with items of one type, such as [1.0, 0.1].",
    ),
    "MDK407": Code(
        "The pipeline is large",
        "Servers keep the compiled pipeline in stores that are made for small entries: beyond about 1 MiB, submitting "
        "it can fail.",
        "a pipeline of 500 components",
        "Split the pipeline, or move code from cells into a module.",
    ),
    "MDK408": Code(
        "A container component has no code",
        "Scripts and step notebooks are made of cells; a component with `command` or `args` has none.",
        "score:\n  image: spark:3.5\n  command: [spark-submit, score.py]",
        "Write the component as cells, or use another target.",
    ),
}
