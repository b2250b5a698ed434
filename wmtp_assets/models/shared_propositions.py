"""Propositions that stand on several models, whichever room made them."""

from wmtp_assets.checking.propositions import Proposition, ours
from wmtp_assets.models import card, configs, metadata
from wmtp_assets.models.safetensors import findings as weights_findings
from wmtp_assets.models.safetensors import opening, proof, sums

STATED: dict[str, Proposition] = {
    weights_findings.COVERS: ours(
        "The header parses and covers the file exactly",
        "this project wrote the file",
    ),
    weights_findings.NO_CLAIMS: ours(
        "The header claims the format and no dtype",
        "this project wrote the header",
    ),
    weights_findings.ALL_FLOAT16: ours(
        "Every tensor is float16 in the bytes",
        "this project cast the tensors",
    ),
    sums.SUMS_COMPLETE: ours(
        "SHA256SUMS names every other file of its folder, weights first",
        "this project wrote it, and training reads its first line for the weights",
    ),
    sums.SUMS_MATCH: ours(
        "SHA256SUMS holds the digests of the bytes",
        "this project hashed the files",
    ),
    metadata.ON_DISK: ours(
        "metadata.json says what is on disk, in catalog and lock",
        "this project wrote it",
    ),
    card.CARD_AGREES: ours(
        "README.md says what metadata.json says, and how to load it",
        "this project wrote it, and who loads or publishes the model goes by it",
    ),
    proof.FINITE: ours(
        "No value is infinite or not a number",
        "the cast must not lose a value, and training cannot use one that is lost",
    ),
    configs.GEOMETRY: ours(
        "config.json states the geometry of the catalog",
        "training builds the model from it",
    ),
    configs.REST_AS_PUBLISHED: ours(
        "Everything but the dtype is as published",
        "this project copied it",
    ),
    opening.COPIES: ours(
        "Configs and tokenizer in the folder are the stored ones",
        "this project copied them",
    ),
}


def stated(*checks: str) -> dict[str, Proposition]:
    """Check name -> its proposition, of some of these."""
    return {check: STATED[check] for check in checks}
