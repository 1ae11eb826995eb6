"""What every finding of the registry means. `docs/errors.md` is written from this."""

from __future__ import annotations

from mdk_converters.codes import Code

CODES: dict[str, Code] = {
    # Not there
    "MDK500": Code(
        "There is no such model",
        "A model comes to be when its first version is registered; none was, under this name.",
        "mdk registry show flihgts",
        "List the models with `mdk registry list`.",
    ),
    "MDK501": Code(
        "There is no such version",
        "The model is known, and has no version of this number, or of this name on Vertex AI.",
        "flights/1.4.20",
        "List the versions with `mdk registry versions flights`.",
    ),
    "MDK502": Code(
        "The model has no champion there",
        "No version of it was published in this environment, or none yet at the moment that was asked for.",
        "flights@champion in stage, when only dev has one",
        "Publish a version there, or ask for another environment.",
    ),
    "MDK503": Code(
        "There is no such grant or token",
        "What should be taken away was never given, or was taken away before.",
        "mdk registry grant ada approver --revoke, when ada is a viewer",
        "List the grants or tokens, and name one of them.",
    ),
    "MDK504": Code(
        "Nothing is known to be made from it",
        "No version names this URI among its datasets, or none that you may see.",
        "the lineage of gs://bucket/filghts.parquet",
        "Write the URI as it was when the version was registered.",
    ),
    # In the way
    "MDK510": Code(
        "Somebody changed it in the meantime",
        "What you decided on was another state: the revision of the environment is higher than the one you saw.",
        "two people publish from the same plan",
        "Look at the champion as it is now, and decide again.",
    ),
    "MDK511": Code(
        "The version is in use",
        "It is champion, challenger or staged in an environment, which would be left with an archived version.",
        "archiving the champion of prod",
        "Publish another version there first.",
    ),
    "MDK512": Code(
        "The version is quarantined or archived",
        "Somebody took it out of use, with a reason. A rollback quarantines the version that it leaves.",
        "publishing the version that was rolled back yesterday",
        "Take the quarantine back when the reason is gone. Archived versions stay archived.",
    ),
    "MDK513": Code(
        "The same request is going on",
        "Another request with this idempotency key has not ended yet.",
        "a client that repeats a request before the first was answered",
        "Send it again in a moment: it will get the answer of the first.",
    ),
    "MDK514": Code(
        "There is nothing to roll back to",
        "No other version was champion in this environment, or all that were are quarantined or archived.",
        "mdk rollback flights --environment prod, after the first publishing",
        "Publish another version, or take a quarantine back.",
    ),
    "MDK515": Code(
        "The registry is of another version of mdk-jupyter",
        "A newer one has changed the database's schema, or wrote the export.",
        "a colleague updated mdk-jupyter and opened the shared database",
        "Update mdk-jupyter.",
    ),
    "MDK516": Code(
        "The version was never champion there",
        "A rollback asks no gates, so it goes back only to versions that passed them.",
        "mdk rollback flights --to 1.5.0, which was never published",
        "Publish it.",
    ),
    "MDK517": Code(
        "The version has no place in the environment",
        "Deployments report on versions that are staged, challengers or champion there.",
        "an endpoint that still serves a version that was replaced",
        "Promote the version, or remove the deployment.",
    ),
    # Refused by a policy
    "MDK518": Code(
        "The registry's schema is too old, and this account may not change it",
        "The server connects as a role that cannot alter tables, which is as it should be.",
        "mdk-jupyter was updated, and the server started before `mdk registry migrate`",
        "Run `mdk registry migrate --db URL` as the owner of the tables.",
    ),
    "MDK519": Code(
        "A role cannot be a service's role",
        "It is not there, it has more rights than can be taken from it, or the database is SQLite, which has no roles.",
        "mdk registry migrate --db postgresql://… --app-role postgres",
        "Make a role of its own for the server: `CREATE ROLE registry_app LOGIN`.",
    ),
    "MDK520": Code(
        "The policy does not let it pass",
        "One or more gates failed; the message names each with what it found.",
        "auc: auc is 0.79, not >= 0.8",
        "Meet the gates. `mdk registry promote --plan` shows them beforehand.",
    ),
    "MDK521": Code(
        "There is no glass to break",
        "The policy lets nobody pass its gates, not even in an emergency.",
        "break_glass: false in the policy of prod",
        "Meet the gates, or roll back: a rollback asks none.",
    ),
    "MDK522": Code(
        "The gate cannot be waived",
        "A waiver names a gate that the policy does not have, or does not let anybody set aside.",
        "waiving `approvals`",
        "Meet the gate, or ask an admin to make it waivable.",
    ),
    # Not allowed
    "MDK530": Code(
        "Your role does not allow it",
        "Roles are given by project and environment: viewer, contributor, approver, admin. An admin gives roles, and "
        "may not promote by that.",
        "a contributor publishes in prod",
        "Ask an admin for the role that the message names, or an approver to do it.",
    ),
    "MDK531": Code(
        "The environment is changed by somebody else alone",
        "Its policy names who changes champions and traffic there, such as the job that applies operations.yaml; a role "
        "is not enough.",
        "mdk registry publish flights/1.4.2 prod, where a pull request is the way",
        "Propose the change with `mdk promote` or `mdk rollback`. In an emergency an approver can break the glass.",
    ),
    # Makes no sense
    "MDK540": Code(
        "The reference names no version",
        "References are a name with a version, `@champion` or `@latest`, or the resource name of a model on Vertex AI.",
        "flights@best",
        "Write `flights/1.4.2`, `flights@champion` or `flights@latest`.",
    ),
    "MDK541": Code(
        "The list cannot be shown so",
        "The cursor belongs to another list, the page is empty or too long, or a sum has no label.",
        "limit=100000",
        "Take the cursor from the page before, and at most 1000 rows.",
    ),
    "MDK542": Code(
        "The condition cannot be read",
        "Gates and searches compare one metric with a number; gates also with the champion's.",
        "auc => 0.8",
        "Write `auc >= 0.8` or `auc >= champion - 0.01`.",
    ),
    "MDK543": Code(
        "The idempotency key was used before",
        "A key stands for one request. This one asks for something else than the first with the same key.",
        "one key for two promotions",
        "Make a new key for each request.",
    ),
    "MDK544": Code(
        "The environment or its shares make no sense",
        "The registry has no such environment, or the challengers' shares leave the champion less than nothing.",
        "challengers with 60 and 50 percent",
        "Name a known environment; let the shares add up to 100 at most, without the champion.",
    ),
    "MDK545": Code(
        "The environment is missing",
        "Each environment has a champion of its own, so `@champion` alone names no version.",
        "mdk registry show flights@champion",
        "Add `--environment prod`.",
    ),
    "MDK546": Code(
        "The registry cannot be opened",
        "Its URL is none of SQLite or PostgreSQL, or the driver is not installed.",
        "registry: {url: mysql://db/registry}",
        "Write `sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`; for the latter install `mdk-jupyter[postgres]`.",
    ),
    "MDK547": Code(
        "The version or project does not fit",
        "Versions are registered under major.minor, and all versions of a model belong to one project.",
        'mdk.log_model("flights", model, version="1.4.2")',
        'Write `version="1.4"`: the registry allocates the patch.',
    ),
    "MDK548": Code(
        "The policy, the import or the anchor cannot be read",
        "A gate lacks what its kind needs, a line is not one of an export, or a file or repository keeps no anchor.",
        "kind: label, without a key",
        "Complete the gate, export again, or name the file or repository that `mdk registry anchor` wrote to.",
    ),
    "MDK549": Code(
        "What was given is not valid",
        "A name, a number or a text is outside of what the registry keeps; the message names it.",
        "a model called `my model`, or a metric that is NaN",
        "Mend what the message names.",
    ),
}
