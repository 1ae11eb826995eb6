"""What every finding of operations means. `docs/errors.md` is written from this."""

from __future__ import annotations

from mdk_converters.codes import Code

CODES: dict[str, Code] = {
    # The file
    "MDK600": Code(
        "The file of operations cannot be read",
        "There is no such file, it may not be read, or it is not UTF-8 text.",
        "mdk ops plan, where there is no operations.yaml",
        "Name the file, or write one: `docs/operations.md` begins with an example.",
    ),
    "MDK601": Code(
        "The file of operations is not YAML",
        "A quote, a colon or the indentation is wrong in the line that is named, so nothing after it can be read.",
        "challengers: {1.5.0: 10",
        "Mend the line. An editor that knows the schema shows it while you type.",
    ),
    "MDK602": Code(
        "A key is missing",
        "Every entry says which version is the champion, and has a serial.",
        "flights: {champion: 1.4.2}",
        "Add the key that is named.",
    ),
    "MDK603": Code(
        "A value has the wrong type",
        "Serials and shares are whole numbers; versions, labels and reasons are text.",
        "serial: seventeen",
        "Write the value as the message says.",
    ),
    "MDK604": Code(
        "A key is there twice",
        "One of two equal keys would be dropped without a word.",
        "flights: …\nflights: …",
        "Keep one of the two.",
    ),
    "MDK605": Code(
        "An unknown key or environment",
        "What is not known is refused, for a key with a typo would do nothing while the job is green.",
        "chalengers: {1.5.0: 10}",
        "Mend the name; the message has the closest one.",
    ),
    "MDK606": Code(
        "A value that cannot be",
        "It has the right type, and makes no sense: shares above 100, a champion that is its own challenger, `1.4` for a "
        "version, the serial 0.",
        "challengers: {1.5.0: 60, 1.6.0: 60}",
        "Write what the message says.",
    ),
    # The plan
    "MDK610": Code(
        "The serial does not rise",
        "Each change of an entry has a serial above the last one that was applied. This entry is older, or was changed "
        "without a new serial: mostly another pull request was merged first.",
        "serial: 17, when 17 was applied with another champion",
        "See what was applied since (`mdk ops plan` of the main branch), and write the serial that is named.",
    ),
    "MDK611": Code(
        "`latest` in a protected environment",
        "Which version that is would be decided after the review. A pull request says which one it means.",
        "champion: latest, in prod",
        "Run `mdk ops pin`, which writes the version that `latest` means now.",
    ),
    "MDK612": Code(
        "The plan has moved",
        "The file, the registry or an answer of a gate is not what it was when the plan was made, so nothing is applied.",
        "two merges one after the other, both planned before the first",
        "Run `mdk ops plan` again, look at what it says, and apply that.",
    ),
    "MDK613": Code(
        "Something stands in the way",
        "A gate of the environment's policy fails, an approval is missing, or the version is quarantined. Nothing was "
        "changed, not even elsewhere.",
        "promoting a version that never was champion in stage",
        "The plan shows each gate. `mdk registry approve` gives an approval.",
    ),
    "MDK614": Code(
        "The file names a model that is not there",
        "No version was registered under this name, or you may not see it.",
        "flihgts: {champion: 1.4.2, serial: 1}",
        "Mend the name; the message has the closest one.",
    ),
    "MDK615": Code(
        "The file names a version that is not there",
        "The model has no version of this number.",
        "champion: 1.4.20",
        "List the versions with `mdk registry versions MODEL`.",
    ),
    "MDK617": Code(
        "The endpoint does not serve a model that should get traffic",
        "It was taken away between the plan and its application.",
        "somebody undeployed the challenger in the console",
        "Run `mdk ops plan` again; applying deploys what is missing.",
    ),
    # Git
    "MDK620": Code(
        "There is no git repository",
        "A protected environment changes by a pull request alone, and the project is in no repository.",
        "mdk promote flights 1.5.0 --to prod, in a folder without git",
        "Run `git init`, commit the project, and push it to where your team reviews.",
    ),
    "MDK621": Code(
        "Git does not do it",
        "A command of git failed; the message has what it said.",
        "no user.name and user.email are set",
        "Mend what git says, and try again.",
    ),
    "MDK623": Code(
        "The pull request cannot be opened",
        "The branch is pushed, and `gh` refused: nobody is logged in, or the repository is not on GitHub.",
        "gh auth status says: not logged in",
        "Open the pull request by hand; its text was printed.",
    ),
    "MDK624": Code(
        "It is as you want it already",
        "The version is the champion, or the file on the main branch names it and waits to be applied.",
        "mdk promote flights 1.5.0 --to prod, twice",
        "Nothing is to be done; or apply the file.",
    ),
    "MDK626": Code(
        "The file cannot be changed by itself",
        "The entry is written with anchors or aliases that other entries use too, so that changing it would change those.",
        "flights: *usual",
        "Write the change by hand, or write out what the anchor stands for.",
    ),
    # The first platform's format
    "MDK630": Code(
        "The file is of the first platform's format",
        "It lists operations to be done, not what should be, so there is nothing that could have drifted from it, and no "
        "entry that could be pinned or changed.",
        "mdk ops drift, where operations.yaml has `operations:`",
        "Write entries: `docs/operations.md` shows what each operation becomes.",
    ),
}
