"""Inventory, migration notes and README of the storage, each a pure function of the dossier."""

from collections.abc import Callable, Iterator

from wmtp_assets.approval.chain import Role
from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.backup.state import judge_backup
from wmtp_assets.catalog import STORAGE_VERSION
from wmtp_assets.documents import plan_notes
from wmtp_assets.documents.completion import completion_report
from wmtp_assets.documents.dossier import Dossier
from wmtp_assets.documents.markdown import bullets, table, tasks
from wmtp_assets.documents.page import page, signed_page, stored_bytes
from wmtp_assets.evidence.judge import Evidence, Outcome
from wmtp_assets.markup import Markup, code, link

Render = Callable[[Dossier], str]


def asset_inventory(dossier: Dossier) -> str:
    """Every artifact and every file of it, with size and digest."""
    evidence = dossier.evidence
    assets = [
        (
            code(a.key),
            a.description,
            len(a.latest.files) if a.latest else "not materialized",
            f"{stored_bytes([a]):,}" if a.latest else "",
            code(a.latest.version) if a.latest else "",
        )
        for a in evidence.artifacts
    ]
    files = [
        (code(path), f"{facts['size_bytes']:,}", code(facts["sha256"]), code(a.key))
        for a in evidence.artifacts
        if a.latest
        for path, facts in sorted(a.latest.files.items())
    ]
    return page(
        "Phase 1 asset inventory",
        dossier,
        "## Artifacts",
        table(("asset", "what it is", "files", "bytes", "content"), assets),
        "## Files",
        table(("file", "bytes", "sha256", "asset"), files),
        _on_disk(evidence),
    )


def migration_notes(dossier: Dossier) -> str:
    """What differs from the plan and why, where old scripts went, risks, open action items."""
    catalog = dossier.catalog
    accepted = [
        (Markup(f"{code(f.asset)} {code(f.check)}"), f.found, f.reason)
        for f in catalog.accepted_findings
    ]
    risks = [
        (r.risk, r.effect, r.answer, Markup(", ".join(map(code, r.checks))))
        for r in plan_notes.RISKS
    ]
    return page(
        "Migration notes",
        dossier,
        "## What differs from the plan",
        table(("plan", "here", "why"), [map(Markup, row) for row in plan_notes.DIFFERENCES]),
        "## Where the old scripts went",
        table(("script", "asset", "check"), plan_notes.OLD_SCRIPTS),
        "## Risks and what answers them",
        table(("risk", "effect", "answer", "checks"), risks),
        "## Problem names that repeat inside a split",
        _repeated_names(dossier.evidence),
        "## Accepted findings of published data",
        table(("check", "found", "reason"), accepted) if accepted else "None.\n",
        snapshot=("## Action items", tasks(_action_items(dossier)) or "None.\n"),
    )


def storage_readme(dossier: Dossier) -> str:
    """How the storage is laid out, verified and read; the same bytes for the same storage.

    It lies in the storage and is signed with it, so that it says nothing of the approval itself.
    """
    evidence, catalog = dossier.evidence, dossier.catalog
    repos = [
        (link(row.repo.id, row.repo.url), row.repo.licence, "yes" if row.repo.gated else "no")
        for row in (*catalog.models, *catalog.datasets)
    ]
    revisions = [
        (code(a.key), a.latest.metadata["revision"])
        for a in evidence.artifacts
        if a.latest and "revision" in a.latest.metadata
    ]
    return signed_page(
        f"WMTP storage {STORAGE_VERSION}",
        dossier,
        "## Layout",
        "`models_v2/<model>/{raw,safetensors,configs,tokenizer,metadata.json}`,\n"
        "`datasets_v2/<dataset>/{raw,processed,stats}`, `datasets_local_small/<dataset>_small`,\n"
        "`sources.lock.json` (what was downloaded), `signoff/` (approvals).\n",
        "## Verify with stock tools",
        VERIFY,
        "## Verify with this project",
        VERIFY_HERE,
        "## Version history",
        table(("version", "what changed"), plan_notes.VERSION_HISTORY),
        "## Sources and licences",
        table(("repository", "licence", "gated"), repos),
        "## Revisions",
        table(("asset", "commit"), revisions),
        "## Questions",
        "\n".join(f"**{question}** {answer}\n" for question, answer in plan_notes.FAQ),
    )


VERIFY = """The weights, and each decision of a reviewer (`signoff/0001`, `0002`, ...):

```
for folder in models_v2/*/safetensors signoff/*; do
  [ -f "$folder/SHA256SUMS" ] && (cd "$folder" && sha256sum -c SHA256SUMS)
done
```

All of a signed storage, without network, with the public key of the reviewer (not kept here; a key
that comes with the files proves nothing). `pip install model-signing==1.1.1 pyopenssl`, then, in
this folder, with the number of the newest approval:

```
model_signing verify key . --signature signoff/0001/storage.sig --public_key reviewer.pub \\
  --ignore-paths signoff --ignore-paths .sources.lock.json.guard \\
  $(find . -type d -name .cache -exec echo --ignore-paths {} ';')
model_signing verify key signoff/0001/decision.json --signature signoff/0001/decision.sig \\
  --public_key reviewer.pub
```
"""

VERIFY_HERE = """Decisions, every byte, signature; needs no Dagster:

```
python -m wmtp_assets.signoff verify STORAGE_ROOT --public-key reviewer.pub
```

Every check again, from the project's folder:

```
dagster job execute -m wmtp_assets.definitions -j verify_storage_deep
python -m wmtp_assets.signoff status
```
"""

# report asset key -> how it is rendered
RENDERERS: dict[str, Render] = {
    "reports/storage_readme": storage_readme,
    "reports/asset_inventory": asset_inventory,
    "reports/migration_notes": migration_notes,
    "reports/completion_report": completion_report,
}


def _action_items(dossier: Dossier) -> Iterator[tuple[bool, str]]:
    """What is open: checks that did not pass, warnings, decisions that are missing."""
    for judged in dossier.evidence.of_artifacts:
        if judged.outcome != Outcome.PASSED:
            decision = dossier.acknowledged(judged)
            told = f"; acknowledged in decision {decision.number:04d}" if decision else ""
            yield decision is not None, judged.line + told
    approval = dossier.approval
    if approval.state != ApprovalState.APPROVED:
        yield False, f"{approval.state}: {approval.summary}"
    if approval.of(Role.PRODUCT_OWNER) is None:
        yield False, "the product owner has not decided yet"
    met, says = judge_backup(dossier.backup, approval)
    if not met:
        yield False, f"back up the approved storage and tag it (plan, Step 11): {says}"


def _on_disk(evidence: Evidence) -> str:
    differing = [line for a in evidence.artifacts for line in a.differing]
    if not differing:
        return "On disk: all as recorded.\n"
    return f"On disk, not as recorded:\n\n{bullets(differing)}"


def _repeated_names(evidence: Evidence) -> str:
    rows = [
        (code(a.key), name)
        for a in evidence.artifacts
        if a.latest
        for name in a.latest.metadata.get("repeated_names", ())
    ]
    return table(("split", "published name -> written name"), rows) if rows else "None.\n"
