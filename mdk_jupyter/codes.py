"""What every finding of the platform means. `docs/errors.md` is written from this."""

from __future__ import annotations

from mdk_converters.codes import Code
from mdk_jupyter.operations.codes import CODES as OPERATIONS
from mdk_jupyter.registry.api.codes import CODES as REGISTRY_SERVER
from mdk_jupyter.registry.codes import CODES as REGISTRY

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
    "MDK340": Code(
        "The process that drove the run is gone",
        "Runs are driven by a process of the kernel server. It was killed, mostly for want of memory.",
        "kill -9 of that process",
        "Run again: steps that came to their end are not run a second time.",
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
        "Make room, as with `mdk cache prune`; old runs themselves are in `.mdk/runs`. Then run again.",
    ),
    "MDK352": Code(
        "There is no such run",
        "Runs are named by their id, by either end of it, or `latest` (`latest~1` is the one before); the name given fits "
        "none, or several.",
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
    # Looking at runs
    "MDK370": Code(
        "The run has no such step",
        "Steps are named as the components of the pipeline; one that was repeated has a number: `train[0]`.",
        "mdk runs open trian",
        "Take a name from `mdk runs show`.",
    ),
    "MDK371": Code(
        "A step was not executed",
        "There is an executed notebook of every step that was started. This one was not, because the run failed or "
        "ended before, or its files were removed.",
        "mdk runs open report  # of a run that failed in `train`",
        "Name a step that was started.",
    ),
    "MDK372": Code(
        "Parity needs a notebook",
        "`mdk check --parity` compares a pipeline with its notebook when that is run from top to bottom; a spec "
        "cannot be run that way.",
        "mdk check --parity churn.pipeline.yaml",
        "Name the notebook.",
    ),
    "MDK373": Code(
        "The pipeline gives something else than the notebook",
        "`mdk check --parity` ran both, and a value or metric differs. Without a seed chance decides, and times differ "
        "anyway; for anything else there is a mistake in the reading of the notebook.",
        "model = RandomForestClassifier().fit(X, y)  # without random_state",
        "Set a seed, and leave times and paths out of values. If neither is the cause, report the notebook.",
    ),
    "MDK374": Code(
        "A value was not compared",
        "It cannot be stored or looked at, so `mdk check --parity` says nothing about it.",
        "figure, axes = plt.subplots()  # in `plot`, shown again in `report`",
        "Nothing needs to be done. To have it compared, hand on what it is made of.",
    ),
    # The Jupyter server
    "MDK380": Code(
        "A path leads out of the server's root",
        "Notebooks and runs are named by Jupyter's contents paths, which begin at the server's root folder.",
        "POST mdk/check with the path ../other/flow.ipynb",
        "Start the Jupyter server in a folder above the notebook.",
    ),
    "MDK381": Code(
        "An answer took too long",
        "The server waits only so long for a notebook to be read, a registry or a service; the rest of it goes on.",
        "a registry behind a network that lets nothing through",
        "Try again. `MDKExtension.registry_seconds` and its kin in jupyter_server_config.py set the times.",
    ),
    "MDK382": Code(
        "A request to the Jupyter server is not understood",
        "An argument or a part of the body is missing, unknown or of the wrong type.",
        "GET mdk/runs?limit=many",
        "Reload the page, so that browser and server have the same version.",
    ),
    "MDK419": Code(
        "A container component cannot run on this machine",
        "The component has a command and an image of its own instead of cells. Runs on this machine start kernels, no "
        "containers.",
        "score:\n  image: spark:3.5\n  command: [spark-submit, score.py]",
        "Submit the pipeline, or leave the step out with `--only` or `--until`.",
    ),
    # The project file
    "MDK440": Code(
        "The project file cannot be opened",
        "Its permissions forbid reading it, or it is not UTF-8.",
        "mdk submit  # beside an mdk.yaml that only another user may read",
        "Check the permissions; save the file as UTF-8.",
    ),
    "MDK441": Code(
        "The project file is not the YAML that is wanted",
        "The text is no YAML, or uses what a project file does not: tags, several documents, keys that are not text.",
        "labels: {team: growth",
        "Look at the line and column that the message names; check indentation, brackets and quotes.",
    ),
    "MDK442": Code(
        "Something is missing in the project file",
        "A project has a name.",
        "vertex: {region: europe-west3}",
        "Add the key that the message names.",
    ),
    "MDK443": Code(
        "A value in the project file has the wrong type",
        "The key wants another type of value, or one of a few words. Nothing is converted in silence.",
        "target: vertx",
        "Write the value as the message says.",
    ),
    "MDK444": Code(
        "A key is in the project file twice",
        "Of two values under one key, YAML readers keep one in silence. Here this is an error.",
        "labels: {team: growth, team: sales}",
        "Keep one of the two.",
    ),
    "MDK445": Code(
        "A key in the project file is not known",
        "It is misspelt, in the wrong place, or something that does not belong into a file, such as a token.",
        "vertex: {regin: europe-west3}",
        "Use the key that the message proposes, or take it out.",
    ),
    "MDK446": Code(
        "There is no such environment",
        "`--env` names an environment of `mdk.yaml`, and it is not there.",
        "mdk submit --env prd",
        "Mend the name, or add it under `environments:`.",
    ),
    "MDK447": Code(
        "A setting does not have its form",
        "Regions, buckets, networks, keys and URLs are written in one way, and a typing error is found best here.",
        "vertex: {pipeline_root: my-bucket}",
        "Write it as the message shows.",
    ),
    # Submitting
    "MDK460": Code(
        "No target is set",
        "`mdk submit` does not guess whose cloud is meant.",
        "mdk submit churn.ipynb  # without mdk.yaml",
        "Write `target: vertex` or `target: kfp` into mdk.yaml, or give `--target`.",
    ),
    "MDK461": Code(
        "A setting of the target is missing",
        "Without it nothing can be sent. There are no defaults: they would be somebody's project.",
        "target: vertex  # and no vertex.pipeline_root",
        "Add the line that the message shows to mdk.yaml.",
    ),
    "MDK462": Code(
        "The region is not known",
        "It is none of those in which Vertex AI Pipelines was offered when this version was made.",
        "vertex: {region: europe-west33}",
        "Mend the name; if the region is new, nothing needs to be done.",
    ),
    "MDK463": Code(
        "The token is missing",
        "`mdk.yaml` says where the token of the Kubeflow server is kept, and it is not there.",
        "kfp: {token_variable: KFP_TOKEN}",
        "Set the variable, or write the file.",
    ),
    "MDK464": Code(
        "The image of a component is not usable",
        "It is neither a name under `images:` of mdk.yaml nor a reference of an image in a registry.",
        "component:train image:trainig",
        "Mend the name, add it to mdk.yaml, or write the whole reference.",
    ),
    "MDK465": Code(
        "A label cannot be used",
        "Labels begin with a letter, are told apart by small letters, digits, `_` and `-`, and one is Google's own.",
        'labels: {"2nd team": growth}',
        "Call the label otherwise.",
    ),
    "MDK466": Code(
        "A label is written otherwise",
        "Google Cloud takes small letters, digits, `_` and `-` alone.",
        "labels: {Team: Growth & Sales}",
        "Nothing needs to be done; write it so in mdk.yaml to have it the same everywhere.",
    ),
    "MDK467": Code(
        "The value of a parameter does not arrive as it is",
        "The servers know JSON with floating-point numbers alone, lists with items of one type, and mappings without an "
        "order.",
        "rates = [0.1, 1.0], and -p rates='[0.1, 1]'",
        "Give items of the declared type and keys in alphabetical order, or give the value as text.",
    ),
    "MDK468": Code(
        "The parameters are too large",
        "Parameters are for settings. The servers refuse more than 10,000 bytes of them.",
        "-p customers='[…10,000 numbers…]'",
        "Put the data into a file in a bucket, and give its address.",
    ),
    "MDK469": Code(
        "The pipeline is too large",
        "Its name or its compiled form is longer than the servers take.",
        "a notebook of 5,000 components",
        "Split the pipeline, move code into modules, or shorten the name.",
    ),
    "MDK470": Code(
        "The schedule cannot be read",
        "It has five fields: minute, hour, day of the month, month and weekday, with TZ=ZONE before them if wanted.",
        "mdk submit --schedule daily",
        'Write it so: --schedule "0 6 * * 1", or --schedule off to end it.',
    ),
    "MDK471": Code(
        "There are no credentials",
        "Google's libraries find none on this machine, or what they find is no longer valid.",
        "mdk submit  # before gcloud auth application-default login",
        "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a file with a key.",
    ),
    "MDK472": Code(
        "The service refuses the credentials",
        "The token or account is unknown there, or has run out.",
        "kfp: {token_variable: KFP_TOKEN}  # with the token of yesterday",
        "Get new credentials, and repeat the command: nothing was sent twice.",
    ),
    "MDK473": Code(
        "A permission is missing",
        "The service knows who you are, and does not let you do this.",
        "mdk submit --env prod",
        "Ask for the role that the message names, then repeat the command.",
    ),
    "MDK474": Code(
        "A quota is used up",
        "The service asked to wait, and it still did after several tries.",
        "sixty submissions within a minute",
        "Repeat the command later; what was sent is not sent again.",
    ),
    "MDK475": Code(
        "The service cannot be reached",
        "The network is down, the address is wrong, or the service is.",
        'vertex: {api_endpoint: "http://127.0.0.1:1"}',
        "Check the network and the address, and repeat the command: the same plan makes one run alone.",
    ),
    "MDK476": Code(
        "The service refuses the pipeline",
        "It found something wrong that could not be seen from here; the message is its own.",
        "a service account of another project",
        "Mend what the message names.",
    ),
    "MDK477": Code(
        "Something does not exist there",
        "A bucket, project, experiment or job of that name is not there, or you may not see it.",
        'vertex: {pipeline_root: "gs://no-such-bucket/pipelines"}',
        "Mend the name, or create it.",
    ),
    "MDK478": Code(
        "A package for the target is missing",
        "The libraries of the services are extras, since most of the kit works without.",
        "pip install mdk-jupyter  # without [vertex]",
        "Install the extra that the message names.",
    ),
    "MDK479": Code(
        "The submission was not confirmed",
        "The plan is for an environment named prod, and the answer was not yes.",
        "mdk submit --env prod",
        "Say yes, or give --yes.",
    ),
    "MDK480": Code(
        "A remote step failed",
        "The service reported it; the step's own words could not be had.",
        "a step that needs more memory than its machine has",
        "Look at the job at the link that `mdk runs show` prints.",
    ),
    "MDK481": Code(
        "The run's process is not known",
        "Runs on this machine write down which process drives them, and this one could not.",
        "mdk runs cancel latest  # of a run whose user has no folder for such notes",
        "Press Ctrl-C where it runs.",
    ),
    "MDK482": Code(
        "An artifact cannot be fetched",
        "It is no longer in the bucket, or was never written.",
        "mdk runs open train  # after the bucket was cleared",
        "Run the pipeline again.",
    ),
    "MDK483": Code(
        "A requirement has no version to be built with",
        "`mdk build` writes the versions of this environment into images, and the package is not here, or has a "
        "version that the component does not want.",
        "component:train requirement:scikit-learn>=99",
        "Install it here, or mend the requirement.",
    ),
    "MDK484": Code(
        "A package is not installed here",
        "A component imports it under a name that no installed package has, mostly in a `try`. Nothing is installed on a "
        "remote machine that is not here: anybody may own that name.",
        "try: import fast_json\nexcept ImportError: import json as fast_json",
        "If the step needs it, name a version: `requirement:fast-json==1.2`.",
    ),
    "MDK485": Code(
        "The target has no volumes",
        "Persistent volume claims belong to a Kubernetes cluster; Vertex AI Pipelines has none.",
        "component:train volume:/data=training-data, with target: vertex",
        "Use a bucket, or submit to Kubeflow Pipelines.",
    ),
    # Standing in for a cloud
    "MDK486": Code(
        "A step uses the model registry without a token",
        "The registry is a server, and nothing names the secret that holds a token for steps on the platform.",
        "mdk.log_model(…) in a component, with `registry: {url: https://…}` in mdk.yaml",
        "Name a secret of Secret Manager or of the cluster: `registry: {token_secret: registry-token}`.",
    ),
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
    # What travels to containers, and what goes wrong there
    "MDK420": Code(
        "A declared file is missing",
        "A component declares a file that it needs in its container, and there is none of that name beside the "
        "notebook.",
        "component:load file:data/flights.csv",
        "Correct the tag `file:`, or put the file there.",
    ),
    "MDK421": Code(
        "The files are too large to travel",
        "Modules and declared files go into one bundle that every step fetches; it takes 100 MiB.",
        "component:load file:data/*, with a folder of videos",
        "Keep large data in a bucket or a database, and let the component read it from there.",
    ),
    "MDK422": Code(
        "A declared file is outside of the notebook's folder",
        "In a container there is the notebook's folder and nothing around it.",
        "component:load file:../shared/flights.csv",
        "Put the file into the notebook's folder, and name it from there.",
    ),
    "MDK425": Code(
        "A container cannot read its arguments",
        "The pipeline was compiled by another version of mdk-jupyter than the one that runs in the container, or the "
        "compiled file was edited.",
        "an image with an old mdk-jupyter in it",
        "Compile and submit the pipeline again.",
    ),
    "MDK426": Code(
        "A parameter's value does not fit its type",
        "The platform gave a value that is not of the declared type. Nothing is rounded or guessed.",
        "rows = 1.5, set in the platform's own page, for `rows: int`",
        "Give a value of the declared type.",
    ),
    "MDK427": Code(
        "An artifact was made by somebody else",
        "Steps only load what the same pipeline made by the same code: to load a value may be to run code.",
        "an artifact put in its place by hand, or by a run from before the last change",
        "Let a component of the pipeline make it; submit the pipeline again.",
    ),
    "MDK428": Code(
        "Requirements cannot be installed",
        "The image lacks packages that the component needs, and pip could not get them.",
        "requirements: [scikit-lern]",
        "Mend the requirement, or use an image that has the packages.",
    ),
    "MDK429": Code(
        "A secret cannot be read",
        "On Vertex AI a step reads its secrets from Secret Manager by name, as the account that it runs as.",
        "secret:API_KEY=weather-key, where no secret has that name",
        "Check the name, and give the step's account the role Secret Manager Secret Accessor.",
    ),
    "MDK430": Code(
        "A cell needs IPython",
        "The cell has a magic or a `!` command, and the container's image has no IPython.",
        "%timeit model.fit(x, y)",
        "Add `ipython` to the requirements of the component, or use an image that has it.",
    ),
    "MDK431": Code(
        "The platform cannot read a value",
        "What `when` and `foreach` read must be a plain number, text or flag of the announced type, and items must be "
        "plain values: the platform itself compares and counts them.",
        "foreach: model in models",
        "Loop over names or settings, and make the object in the component.",
    ),
    # The model registry, from the side of those who use it
    "MDK550": Code(
        "The registry cannot be reached",
        "The server did not answer, or the registry's file cannot be opened. What was asked for may be asked again.",
        "registry: {url: https://registry.example.org}",
        "Check the address in mdk.yaml or MDK_REGISTRY, the network, and that the server runs.",
    ),
    "MDK551": Code(
        "There is no token for the registry",
        "mdk.yaml names a variable or file that is not there; or the token would travel unencrypted.",
        "registry: {url: https://registry.example.org, token_variable: MY_TOKEN}",
        "Set the variable, or put the token into the file; use an https:// address.",
    ),
    "MDK552": Code(
        "A model cannot be stored",
        "Something in the model only lives in this process, such as an open file or a connection.",
        "mdk.log_model('flights', pipeline_with_an_open_file)",
        "Log the fitted model without it.",
    ),
    "MDK553": Code(
        "Nothing here reads the model's address",
        "Models in buckets are read and written through fsspec, which needs a package for each kind of storage.",
        "registry: {artifacts: gs://BUCKET/models}",
        "Install fsspec and the package for the storage: gcsfs, s3fs, adlfs.",
    ),
    "MDK554": Code(
        "A model from elsewhere is a pickle",
        "To load a pickle is to run the code in it. It is taken from this project and its bucket alone.",
        "mdk.load_model('fraud@champion', environment='prod')",
        "If you trust who made it: `allow_pickle=True`, or name its bucket in mdk.yaml under `registry: {artifacts: …}`.",
    ),
    "MDK555": Code(
        "A version has no digest",
        "It was registered without one, so nobody can tell whether the bytes are those that were registered.",
        "mdk.load_model('imported/1.0.0')",
        "Load it from its address yourself, or register it again with `mdk.log_model`.",
    ),
    "MDK556": Code(
        "A container has no model registry",
        "It knows no server to ask, or no bucket for the model's bytes; or the server refuses.",
        "mdk.load_model('flights@champion') in a step on Vertex AI, where the registry is a file on this machine",
        "Submit with `mdk submit`, which hands on what mdk.yaml says of the registry; or give the component "
        "MDK_REGISTRY and MDK_REGISTRY_ARTIFACTS by `env`, and MDK_REGISTRY_TOKEN by `secret`.",
    ),
    "MDK557": Code(
        "The policy does not let the version pass",
        "A gate failed, an approval is missing, or it was not where it had to be before. Nothing was changed.",
        "mdk promote flights/1.3.0 prod",
        "The plan shows each gate. Some can be set aside with `--waive GATE=REASON`; emergencies have `--break-glass`.",
    ),
    "MDK558": Code(
        "A policy file is not valid",
        "The file does not say what a policy can say.",
        "gates: [{name: auc, expression: auc > 0.8}]",
        "Write `gates: [{name: auc, kind: metric, expression: auc >= champion}]`; docs/registry.md has all keys.",
    ),
    "MDK559": Code(
        "Nobody is there to ask",
        "What changes where a model serves asks first, and the command has no terminal.",
        "mdk promote flights/1.3.0 prod < /dev/null",
        "Look at `--plan`, then add `--yes`.",
    ),
    **REGISTRY,
    **REGISTRY_SERVER,
    **OPERATIONS,
}
