"""The checks of the documents: whether they agree with the record, the disk and each other."""

from itertools import zip_longest

import dagster as dg
from jinja2 import UndefinedError

from wmtp_assets.approval.covered_files import finished_files, unowned_files
from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import AssetState, CheckGroup
from wmtp_assets.checking.findings import Finding, verdict
from wmtp_assets.checking.propositions import ours
from wmtp_assets.deployment import Deployment
from wmtp_assets.documents.assets import (
    KEPT,
    checklist_paths,
    document_content,
    document_path,
)
from wmtp_assets.documents.checklist import judged_checks, render_checklist
from wmtp_assets.documents.dossier import Dossier, signed_readme
from wmtp_assets.documents.markdown import body
from wmtp_assets.documents.record import dossier_of
from wmtp_assets.documents.reports import render_report
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.steps import README, REPORTS, STEPS
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import read_text

NAMES_DIGEST = "names_the_storage_digest"
AGREES = "agrees_with_record_and_disk"
BOTH_FORMS = "json_and_markdown_agree"
ALL_STEPS = "covers_every_step_and_check"
NO_ORPHANS = "every_stored_file_belongs_to_an_asset"

# What JSON of another form raises where it is read as a checklist.
NO_CHECKLIST = (AttributeError, LookupError, TypeError, ValueError, UndefinedError)


def differing_lines(expected: str, found: str) -> list[str]:
    """The first line that differs, as it should be and as it is; then what only one text has."""
    want, have = expected.splitlines(), found.splitlines()
    if want == have:
        return []
    pairs = enumerate(zip_longest(want, have), start=1)
    number, (should, says) = next(row for row in pairs if row[1][0] != row[1][1])
    first = f"line {number} should be {_quoted(should)} and is {_quoted(says)}"
    wanted, there = set(want), set(have)
    lost = [f"lacks: {line[:200]}" for line in want if line not in there and line != should]
    odd = [f"says: {line[:200]}" for line in have if line not in wanted and line != says]
    return [first, *lost, *odd]


def _quoted(line: str | None) -> str:
    return "no line" if line is None else f'"{line[:200]}"'


def _text(deployment: Deployment, key: str) -> str:
    return read_text(document_path(deployment.store, key))


def _dossier(deployment: Deployment, state: AssetState) -> Dossier:
    context = state.context
    assert context is not None, "checks of documents read the record"
    return dossier_of(context.instance, context.resources.declared, deployment)


def _report_checks(*, key: str) -> dg.AssetChecksDefinition:
    def agrees(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        dossier = _dossier(deployment, state)
        if key == README and (entry := signed_readme(dossier, deployment.store.readme)):
            summary = f"as signed in decision {entry.decision.number:04d}: {KEPT}"
            return dict.fromkeys((AGREES, NAMES_DIGEST), Finding(True, summary))
        text = _text(deployment, key)
        wrong = differing_lines(body(render_report(key, dossier)), body(text))
        digest = dossier.evidence.storage_digest
        return {
            AGREES: verdict(wrong, "says what record and disk say now", "document is outdated"),
            NAMES_DIGEST: verdict(
                [] if f"`{digest}`" in text else [f"{digest} is not named"],
                f"describes storage {digest}",
                "document describes another storage",
            ),
        }

    def no_orphans(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        dossier = _dossier(deployment, state)
        made = (a.latest for a in dossier.evidence.assets if a.latest)
        recorded = {path for latest in made for path in latest.files} | set(dossier.approval.read)
        known = {*recorded, deployment.store.relative(deployment.store.readme)}
        return {
            NO_ORPHANS: verdict(
                unowned_files(finished_files(deployment.store.root), known),
                f"{len(recorded)} files, each of an asset",
                "files of no asset",
                recorded=len(recorded),
            )
        }

    extra = (
        [
            CheckGroup(
                no_orphans,
                {
                    NO_ORPHANS: ours(
                        "Every file in the folders of the layout is an asset's",
                        "this project answers for every file that it signs",
                    )
                },
            )
        ]
        if key == "reports/asset_inventory"
        else []
    )
    return checks_on(
        key,
        CheckGroup(
            agrees,
            {
                AGREES: ours(
                    "What the document says of the storage is so now",
                    "this project wrote the document",
                ),
                NAMES_DIGEST: ours(
                    "The document names the storage digest that it describes",
                    "this project wrote the document",
                ),
            },
        ),
        *extra,
        content=lambda deployment, digests: document_content(deployment, list(digests)),
        resources=frozenset({"declared"}),
    )


def _checklist_agrees(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
    as_json, as_markdown = checklist_paths(deployment.store)
    evidence = _dossier(deployment, state).evidence
    content = file_io.read_json(as_json)
    try:
        expected = render_checklist(content)
        steps = {row["step"]: row for row in content["steps"]}
        listed = {number: set(row.get("checks", ())) for number, row in steps.items()}
        digest_named = content["storage_digest"]
    except NO_CHECKLIST as error:
        fix = "run job report again"
        raise BadInput(f"the checklist is not one ({error!r})", [as_json], fix) from error
    missing = [f"step {step.number}" for step in STEPS if step.number not in steps]
    missing += [
        f"step {step.number}: {j.check.asset} {j.check.name}"
        for step in STEPS
        if step.number in steps and step.number < 10
        for j in judged_checks(step, evidence)
        if f"{j.check.asset} {j.check.name}" not in listed[step.number]
    ]
    wrong = differing_lines(expected, read_text(as_markdown))
    digest = evidence.storage_digest
    return {
        NAMES_DIGEST: verdict(
            [] if digest_named == digest else [digest_named],
            f"describes storage {digest}",
            f"storage is {digest}, the checklist describes",
        ),
        ALL_STEPS: verdict(
            missing,
            f"{len(steps)} steps, every check of theirs",
            "checklist is incomplete",
            steps=len(steps),
        ),
        BOTH_FORMS: verdict(wrong, "both forms say the same", "the Markdown differs"),
    }


document_checks = [
    *(_report_checks(key=key) for key in REPORTS),
    checks_on(
        "signoff/checklist",
        CheckGroup(
            _checklist_agrees,
            {
                NAMES_DIGEST: ours(
                    "The checklist names the storage digest that it describes",
                    "this project wrote the checklist",
                ),
                ALL_STEPS: ours(
                    "Every step of the plan and every check of it is listed",
                    "this project wrote the checklist",
                ),
                BOTH_FORMS: ours("JSON and Markdown say the same", "this project wrote both"),
            },
        ),
        content=lambda deployment, digests: document_content(deployment, list(digests)),
        resources=frozenset({"declared"}),
    ),
]
