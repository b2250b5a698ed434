"""The check groups that the stored models have in common.

Glue without a decision of its own: each judge picks paths, calls pure functions, names findings.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import ours
from wmtp_assets.models import metadata
from wmtp_assets.models.card import CARD_AGREES, card_finding
from wmtp_assets.models.checkpoint.shards import source_files
from wmtp_assets.models.checkpoint.tensors import TensorAt
from wmtp_assets.models.configs import model_settings, model_shapes
from wmtp_assets.models.recorded_proof import recorded_proof
from wmtp_assets.models.safetensors import findings as weights_findings
from wmtp_assets.models.safetensors import proof, sums
from wmtp_assets.models.safetensors.header import Header, read_header
from wmtp_assets.models.safetensors.plan import plan_model
from wmtp_assets.models.shared_propositions import stated
from wmtp_assets.models.stored_model import StoredMicro, StoredModel, StoredWeights
from wmtp_assets.models.tokenizer import findings as tokenizers

Stored = TypeVar("Stored", StoredModel, StoredMicro)


def _header(stored: StoredModel) -> dict[str, Finding]:
    model, found = stored.row, read_header(stored.folder.weights)
    shapes = model_shapes(model, stored.folder)
    geometry = model.implementation.shapes(model.geometry)
    return {
        weights_findings.COVERS: weights_findings.coverage_finding(found),
        weights_findings.NO_CLAIMS: weights_findings.claims_finding(found),
        weights_findings.SHAPES_MATCH: weights_findings.shapes_finding(found, shapes),
        weights_findings.CATALOG_MATCH: weights_findings.shapes_finding(
            found, geometry, model.parameters
        ),
    }


def _float16(stored: StoredWeights) -> dict[str, Finding]:
    header = read_header(stored.folder.weights)
    return {weights_findings.ALL_FLOAT16: weights_findings.float16_finding(header)}


def _sums_complete(stored: StoredWeights) -> dict[str, Finding]:
    folder = stored.folder
    return {sums.SUMS_COMPLETE: sums.sums_complete_finding(folder.sums, folder.weights)}


def _sums_match(stored: StoredWeights) -> dict[str, Finding]:
    store, path, digests = stored.deployment.store, stored.folder.sums, stored.state.digests
    return {sums.SUMS_MATCH: sums.sums_match_finding(store, path, digests)}


def _values(stored: StoredModel) -> dict[str, Finding]:
    model, folder = stored.row, stored.folder
    found, source = read_header(folder.weights), folder.raw / model.checkpoint
    if not source.is_file() or not all(path.is_file() for path in source_files(source)):
        looked = prove_and_note(stored, found, None, model.dtype)
        earlier = recorded_proof(stored.deployment, stored.state, stored.key, proof.EQUAL)
        return {proof.FINITE: looked.finite(), proof.EQUAL: earlier}
    published = plan_model(model, model_settings(model, folder), source)
    proven = prove_and_note(stored, found, published.kept, model.dtype)
    return {proof.FINITE: proven.finite(), proof.EQUAL: proven.equal()}


def prove_and_note(
    stored: StoredWeights, header: Header, source: Iterable[TensorAt] | None, dtype: str
) -> proof.Proof:
    """The proof of the weights; the digest of what it read goes to the checks that compare it."""
    weights = stored.folder.weights
    seen = stored.state.reading(f"{stored.key}: {weights.name}", weights.stat().st_size)
    proven = proof.prove(header, source, dtype, seen)
    if proven.sha256:
        path = stored.deployment.store.relative(weights)
        stored.state.digests.note(path, proven.sha256)
    return proven


def _metadata(stored: StoredModel) -> dict[str, Finding]:
    deployment = stored.deployment
    expected = metadata.describe_model(deployment.store, deployment.catalog, stored.row)
    return metadata.metadata_findings(stored.folder.metadata, expected)


def _vocabulary(stored: StoredModel) -> dict[str, Finding]:
    sha256 = stored.deployment.catalog.tokenizer_sha256
    return tokenizers.vocabulary_findings(stored.folder.tokenizer, sha256)


def _ids(stored: StoredModel) -> dict[str, Finding]:
    return {tokenizers.IDS_EQUAL: tokenizers.fast_ids_finding(stored.folder.tokenizer)}


def _auto_ids(stored: StoredModel) -> dict[str, Finding]:
    return {tokenizers.AUTO_IDS_EQUAL: tokenizers.auto_ids_finding(stored.folder.tokenizer)}


def card_checks(build: Callable[[Stored], bytes]) -> CheckGroup:
    """The check of a card; `build` makes what it has to be, of the disk as it is now."""

    def judge(stored: Stored) -> dict[str, Finding]:
        return {CARD_AGREES: card_finding(stored.folder, build(stored))}

    return CheckGroup(judge, stated(CARD_AGREES))


# Of SHA256SUMS beside the weights.
SUMS_CHECKS = (
    CheckGroup(_sums_complete, stated(sums.SUMS_COMPLETE)),
    CheckGroup(_sums_match, stated(sums.SUMS_MATCH), deep=True),
)
FLOAT16_CHECKS = CheckGroup(_float16, stated(weights_findings.ALL_FLOAT16))
# Of a safetensors asset.
WEIGHTS_CHECKS = (
    CheckGroup(
        _header,
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
    # Before the sums: its pass hashes the weights for them.
    CheckGroup(
        _values,
        {
            **stated(proof.FINITE),
            proof.EQUAL: ours(
                "Every tensor is the published one after the cast, bit for bit",
                "this project cast the tensors",
            ),
        },
        deep=True,
    ),
    *SUMS_CHECKS,
)
METADATA_CHECKS = CheckGroup(
    _metadata,
    {
        **stated(metadata.ON_DISK),
        metadata.STATES_FIELDS: ours(
            "metadata.json states every field, created_at among them", "this project wrote it"
        ),
    },
)
TOKENIZER_CHECKS = (
    CheckGroup(
        _vocabulary,
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
    CheckGroup(
        _ids,
        {
            tokenizers.IDS_EQUAL: ours(
                "tokenizer.json gives sentencepiece's ids",
                "this project built or copied it, and wrong ids show no error",
            )
        },
    ),
    CheckGroup(
        _auto_ids,
        {
            tokenizers.AUTO_IDS_EQUAL: ours(
                "AutoTokenizer gives sentencepiece's ids",
                "this project completed the folder, and wrong ids show no error",
            )
        },
    ),
)
