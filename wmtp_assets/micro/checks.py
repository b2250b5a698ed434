"""The checks of the micro models: one table of readings for the three of them."""

from collections.abc import Callable
from dataclasses import replace

import dagster as dg

from wmtp_assets import store
from wmtp_assets.catalog import Catalog, Micro
from wmtp_assets.checks import Reading, Seen, checks_on
from wmtp_assets.findings import Finding
from wmtp_assets.micro import findings, rho1
from wmtp_assets.micro.folder import MICRO_FIELDS, describe_micro, origin_of, plan_of
from wmtp_assets.propositions import ours
from wmtp_assets.setup import Setup
from wmtp_assets.weights import metadata, opening, proof, sums, weights_findings
from wmtp_assets.weights import tokenizer_findings as tokenizers
from wmtp_assets.weights.configs import CONFIG, GENERATION_CONFIG
from wmtp_assets.weights.header import read_header
from wmtp_assets.weights.stated import stated
from wmtp_assets.weights.tokenizer import TOKENIZER_FILES

Row = Callable[[Catalog], Micro]
# The rows that rho1_compatible scores; micro_ref lies downstream of them for that check.
SCORED_SET, SCORED_SPLIT = "mbpp", "train"


def _readings(row: Row, equal: str) -> tuple[Reading, ...]:
    """The readings that every micro model has; `equal` names the check against its origin."""

    def header(setup: Setup, seen: Seen) -> dict[str, Finding]:
        micro = row(setup.catalog)
        found = read_header(setup.store.model(micro.folder).weights)
        shapes = plan_of(setup.store, setup.catalog, micro).shapes
        return {
            weights_findings.COVERS: weights_findings.coverage_finding(found),
            weights_findings.NO_CLAIMS: weights_findings.claims_finding(found),
            weights_findings.ALL_FLOAT16: weights_findings.float16_finding(found),
            weights_findings.SHAPES_MATCH: weights_findings.shapes_finding(found, shapes),
        }

    def configs(setup: Setup, seen: Seen) -> dict[str, Finding]:
        micro = row(setup.catalog)
        plan = plan_of(setup.store, setup.catalog, micro)
        folder = setup.store.model(micro.folder)
        return {findings.CONFIGS_FOLLOW: findings.configs_finding(folder, plan)}

    def tokenizer(setup: Setup, seen: Seen) -> dict[str, Finding]:
        micro = row(setup.catalog)
        source = origin_of(setup.store, setup.catalog, micro).folder.tokenizer
        mine = setup.store.model(micro.folder).tokenizer
        return {findings.TOKENIZER_EQUAL: findings.tokenizer_finding(mine, source)}

    def described(setup: Setup, seen: Seen) -> dict[str, Finding]:
        micro = row(setup.catalog)
        expected = describe_micro(setup.store, setup.catalog, micro)
        path = setup.store.model(micro.folder).metadata
        return metadata.metadata_findings(path, expected, MICRO_FIELDS)

    def named(setup: Setup, seen: Seen) -> dict[str, Finding]:
        path = setup.store.model(row(setup.catalog).folder).sums
        return {sums.SUMS_COMPLETE: sums.sums_complete_finding(path)}

    def matching(setup: Setup, seen: Seen) -> dict[str, Finding]:
        path = setup.store.model(row(setup.catalog).folder).sums
        return {sums.SUMS_MATCH: sums.sums_match_finding(setup.store, path, seen.digests)}

    def values(setup: Setup, seen: Seen) -> dict[str, Finding]:
        micro = row(setup.catalog)
        mine = setup.store.model(micro.folder).weights
        source = origin_of(setup.store, setup.catalog, micro).folder.weights
        cuts = plan_of(setup.store, setup.catalog, micro).cuts
        return {
            proof.FINITE: proof.prove(read_header(mine), None, "float16").finite(),
            equal: findings.slices_finding(mine, source, cuts),
        }

    return (
        Reading(
            header,
            {
                **stated(
                    weights_findings.COVERS,
                    weights_findings.NO_CLAIMS,
                    weights_findings.ALL_FLOAT16,
                ),
                weights_findings.SHAPES_MATCH: ours(
                    "Names and shapes follow from source and catalog",
                    "this project cut the tensors",
                ),
            },
        ),
        Reading(
            configs,
            {
                findings.CONFIGS_FOLLOW: ours(
                    "The configs follow from source and catalog", "this project wrote the configs"
                )
            },
        ),
        Reading(
            tokenizer,
            {
                findings.TOKENIZER_EQUAL: ours(
                    "The tokenizer files are the source's", "this project copied them"
                )
            },
        ),
        Reading(
            described,
            {
                metadata.ON_DISK: ours(
                    "metadata.json says what is on disk, in catalog and lock",
                    "this project wrote it",
                ),
                metadata.STATES_FIELDS: ours(
                    "metadata.json states every field, target_device too", "this project wrote it"
                ),
            },
        ),
        Reading(named, stated(sums.SUMS_COMPLETE)),
        Reading(matching, stated(sums.SUMS_MATCH), deep=True),
        Reading(
            values,
            {
                **stated(proof.FINITE),
                equal: ours(
                    "Every tensor is the planned part of the model it was made of",
                    "this project cut the tensors",
                ),
            },
            deep=True,
        ),
    )


def _small(row: Row) -> Reading:
    def judge(setup: Setup, seen: Seen) -> dict[str, Finding]:
        micro = row(setup.catalog)
        weights = setup.store.model(micro.folder).weights
        return {findings.SMALL_ENOUGH: findings.size_finding(weights, micro.max_bytes)}

    return Reading(
        judge,
        {
            findings.SMALL_ENOUGH: ours(
                "The whole file is under 50,000,000 bytes",
                "this project chose the geometry for the plan's limit",
            )
        },
    )


def _runs(row: Row) -> Reading:
    def judge(setup: Setup, seen: Seen) -> dict[str, Finding]:
        folder = setup.store.model(row(setup.catalog).folder)
        return {findings.FORWARD: findings.mtp_forward_finding(folder)}

    says = ours(
        "Logits are [batch, seq, future tokens, vocabulary], finite, with gradients",
        "this project made the model, and training starts from it",
    )
    return Reading(judge, {findings.FORWARD: says}, deep=True)


def _opens(setup: Setup, seen: Seen) -> dict[str, Finding]:
    micro = setup.catalog.micro_ref
    folder = setup.store.model(micro.folder)
    plan = plan_of(setup.store, setup.catalog, micro)
    copies = opening.copies_finding(
        [folder.configs / name for name in (CONFIG, GENERATION_CONFIG)]
        + [folder.tokenizer / name for name in TOKENIZER_FILES],
        folder.safetensors,
    )
    for finding in (copies, findings.configs_finding(folder, plan)):
        if not finding.passed:
            unopened = Finding(False, f"not opened: {finding.summary}", finding.evidence)
            names = (findings.FORWARD, tokenizers.AUTO_IDS_EQUAL)
            return {opening.COPIES: copies} | dict.fromkeys(names, unopened)
    return {
        opening.COPIES: copies,
        findings.FORWARD: findings.llama_forward_finding(folder.safetensors),
        tokenizers.AUTO_IDS_EQUAL: tokenizers.auto_ids_finding(folder.safetensors),
    }


def _scores(setup: Setup, seen: Seen) -> dict[str, Finding]:
    policy = setup.store.model(setup.catalog.micro_mtp.folder)
    reference = setup.store.model(setup.catalog.micro_ref.folder)
    rows = setup.store.dataset(SCORED_SET).small_jsonl(SCORED_SPLIT)
    found = rho1.rho1_finding(policy, reference, rows)
    # The record's digest is that of micro_ref alone: name the rest of what was judged.
    read = {
        setup.store.relative(path): store.sha256_of(path)
        for path in (policy.weights, reference.weights, rows)
    }
    evidence = {**found.evidence, "scored_sha256": read}
    if found.passed:
        evidence[rho1.EXCESS_TABLE] = dg.MetadataValue.md(evidence[rho1.EXCESS_TABLE])
    return {rho1.RHO1: replace(found, evidence=evidence)}


# asset key -> its readings
MICRO_READINGS: dict[str, tuple[Reading, ...]] = {
    "micro_mtp": (
        *_readings(lambda c: c.micro_mtp, findings.EQUAL_SLICES),
        _small(lambda c: c.micro_mtp),
        _runs(lambda c: c.micro_mtp),
    ),
    "micro_mtp_untied": (
        *_readings(lambda c: c.micro_mtp_untied, findings.EQUAL_TIED),
        _runs(lambda c: c.micro_mtp_untied),
    ),
    "micro_ref": (
        *_readings(lambda c: c.micro_ref, findings.EQUAL_SLICES),
        _small(lambda c: c.micro_ref),
        Reading(
            _opens,
            {
                **stated(opening.COPIES),
                findings.FORWARD: ours(
                    "transformers opens it; logits are finite, with gradients",
                    "this project made the model, and training starts from it",
                ),
                tokenizers.AUTO_IDS_EQUAL: ours(
                    "AutoTokenizer on the folder gives right ids",
                    "this project built tokenizer.json, and wrong ids show no error",
                ),
            },
            deep=True,
        ),
        Reading(
            _scores,
            {
                rho1.RHO1: ours(
                    "Rho-1 scores MBPP rows with micro_mtp and it: same ids, finite losses",
                    "this project made both models for it",
                )
            },
            deep=True,
        ),
    ),
}

micro_checks = [checks_on(key, *readings) for key, readings in MICRO_READINGS.items()]
