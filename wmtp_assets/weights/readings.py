"""The readings that the stored models have in common, made from a row of the catalog.

Glue without a decision of its own: each judge picks paths, calls pure functions, names findings.
"""

from collections.abc import Callable

from wmtp_assets.catalog import Catalog, Model
from wmtp_assets.checks import Reading, Seen
from wmtp_assets.findings import Finding
from wmtp_assets.propositions import ours
from wmtp_assets.setup import Setup
from wmtp_assets.weights import metadata, proof, sums, weights_findings
from wmtp_assets.weights import tokenizer_findings as tokenizers
from wmtp_assets.weights.architecture import SHAPES
from wmtp_assets.weights.configs import model_settings, model_shapes
from wmtp_assets.weights.header import read_header
from wmtp_assets.weights.plan import plan_model
from wmtp_assets.weights.record import recorded_proof
from wmtp_assets.weights.shards import source_files
from wmtp_assets.weights.stated import stated

Row = Callable[[Catalog], Model]


def weights_readings(key: str, row: Row) -> tuple[Reading, ...]:
    """The readings of a safetensors asset: header, SHA256SUMS, the proof of every value."""

    def header(setup: Setup, seen: Seen) -> dict[str, Finding]:
        model = row(setup.catalog)
        folder = setup.store.model(model.folder)
        found = read_header(folder.weights)
        geometry = SHAPES[model.implementation](model.geometry)
        return {
            weights_findings.COVERS: weights_findings.coverage_finding(found),
            weights_findings.NO_CLAIMS: weights_findings.claims_finding(found),
            weights_findings.SHAPES_MATCH: weights_findings.shapes_finding(
                found, model_shapes(model, folder)
            ),
            weights_findings.CATALOG_MATCH: weights_findings.shapes_finding(
                found, geometry, model.parameters
            ),
        }

    def named(setup: Setup, seen: Seen) -> dict[str, Finding]:
        path = setup.store.model(row(setup.catalog).folder).sums
        return {sums.SUMS_COMPLETE: sums.sums_complete_finding(path)}

    def matching(setup: Setup, seen: Seen) -> dict[str, Finding]:
        path = setup.store.model(row(setup.catalog).folder).sums
        return {sums.SUMS_MATCH: sums.sums_match_finding(setup.store, path, seen.digests)}

    def values(setup: Setup, seen: Seen) -> dict[str, Finding]:
        model = row(setup.catalog)
        folder = setup.store.model(model.folder)
        found, source = read_header(folder.weights), folder.raw / model.checkpoint
        if not source.is_file() or not all(path.is_file() for path in source_files(source)):
            looked = proof.prove(found, None, model.dtype)
            earlier = recorded_proof(setup, seen, key, proof.EQUAL)
            return {proof.FINITE: looked.finite(), proof.EQUAL: earlier}
        published = plan_model(model, model_settings(model, folder), source)
        proven = proof.prove(found, published.kept, model.dtype)
        return {proof.FINITE: proven.finite(), proof.EQUAL: proven.equal()}

    return (
        Reading(
            header,
            {
                **stated(weights_findings.COVERS, weights_findings.NO_CLAIMS),
                weights_findings.SHAPES_MATCH: ours(
                    "Names and shapes are those of the model's config",
                    "this project selected the tensors",
                ),
                weights_findings.CATALOG_MATCH: ours(
                    "Names, shapes, parameters are the catalog's",
                    "this project selected the tensors, and loaders want exactly these",
                ),
            },
        ),
        Reading(named, stated(sums.SUMS_COMPLETE)),
        Reading(matching, stated(sums.SUMS_MATCH), deep=True),
        Reading(
            values,
            {
                **stated(proof.FINITE),
                proof.EQUAL: ours(
                    "Every tensor is the published one after the cast, bit for bit",
                    "this project cast the tensors",
                ),
            },
            deep=True,
        ),
    )


def metadata_reading(row: Row) -> Reading:
    """The reading of a metadata.json that every stored model has."""

    def judge(setup: Setup, seen: Seen) -> dict[str, Finding]:
        model = row(setup.catalog)
        expected = metadata.describe_model(setup.store, model)
        return metadata.metadata_findings(setup.store.model(model.folder).metadata, expected)

    return Reading(
        judge,
        {
            metadata.ON_DISK: ours(
                "metadata.json says what is on disk, in catalog and lock", "this project wrote it"
            ),
            metadata.STATES_FIELDS: ours(
                "metadata.json states every field, created_at among them", "this project wrote it"
            ),
        },
    )


def tokenizer_readings(row: Row) -> tuple[Reading, ...]:
    """The readings of a tokenizer folder."""

    def vocabulary(setup: Setup, seen: Seen) -> dict[str, Finding]:
        folder = setup.store.model(row(setup.catalog).folder).tokenizer
        return tokenizers.vocabulary_findings(folder, setup.catalog.tokenizer_sha256)

    def ids(setup: Setup, seen: Seen) -> dict[str, Finding]:
        folder = setup.store.model(row(setup.catalog).folder).tokenizer
        return {tokenizers.IDS_EQUAL: tokenizers.fast_ids_finding(folder)}

    def auto_ids(setup: Setup, seen: Seen) -> dict[str, Finding]:
        folder = setup.store.model(row(setup.catalog).folder).tokenizer
        return {tokenizers.AUTO_IDS_EQUAL: tokenizers.auto_ids_finding(folder)}

    return (
        Reading(
            vocabulary,
            {
                tokenizers.EXPECTED_SHA256: ours(
                    "tokenizer.model has the sha256 of the catalog",
                    "another vocabulary would change every count and id here",
                ),
                tokenizers.HAS_PIECES: ours(
                    "The vocabulary has 32,000 pieces",
                    "another vocabulary would change every count and id here",
                ),
                tokenizers.CONFIG_AS_BUILT: ours(
                    "The configs name vocabulary, class, special tokens",
                    "this project wrote the configs",
                ),
            },
        ),
        Reading(
            ids,
            {
                tokenizers.IDS_EQUAL: ours(
                    "tokenizer.json gives sentencepiece's ids",
                    "this project built or copied it, and wrong ids show no error",
                )
            },
        ),
        Reading(
            auto_ids,
            {
                tokenizers.AUTO_IDS_EQUAL: ours(
                    "AutoTokenizer gives sentencepiece's ids",
                    "this project completed the folder, and wrong ids show no error",
                )
            },
        ),
    )
