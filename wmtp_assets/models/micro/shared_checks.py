"""The check groups of the micro models: what they have in common, and what only some have."""

from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import ours
from wmtp_assets.folders import ModelFolder
from wmtp_assets.models import metadata
from wmtp_assets.models.llama import LLAMA
from wmtp_assets.models.meta_model import META
from wmtp_assets.models.micro import findings
from wmtp_assets.models.micro.cuts import DTYPE, MicroPlan
from wmtp_assets.models.micro.folder import MICRO_FIELDS, describe_micro
from wmtp_assets.models.micro.origin import origin_of, plan_of
from wmtp_assets.models.safetensors import findings as weights_findings
from wmtp_assets.models.safetensors import opening, proof
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.shared_checks import prove_and_note
from wmtp_assets.models.shared_propositions import stated
from wmtp_assets.models.stored_model import StoredMicro
from wmtp_assets.models.tokenizer import findings as tokenizers


def _plan(stored: StoredMicro) -> MicroPlan:
    return plan_of(stored.deployment.store, stored.deployment.catalog, stored.row)


def _origin(stored: StoredMicro) -> ModelFolder:
    return origin_of(stored.deployment.store, stored.deployment.catalog, stored.row).folder


def _header(stored: StoredMicro) -> dict[str, Finding]:
    found, shapes = read_header(stored.folder.weights), _plan(stored).shapes
    return {
        weights_findings.COVERS: weights_findings.coverage_finding(found),
        weights_findings.NO_CLAIMS: weights_findings.claims_finding(found),
        weights_findings.ALL_FLOAT16: weights_findings.float16_finding(found),
        weights_findings.SHAPES_MATCH: weights_findings.shapes_finding(found, shapes),
    }


def _configs(stored: StoredMicro) -> dict[str, Finding]:
    return {findings.CONFIGS_FOLLOW: findings.configs_finding(stored.folder, _plan(stored))}


def _tokenizer(stored: StoredMicro) -> dict[str, Finding]:
    mine, source = stored.folder.tokenizer, _origin(stored).tokenizer
    return {findings.TOKENIZER_EQUAL: findings.tokenizer_finding(mine, source)}


def _described(stored: StoredMicro) -> dict[str, Finding]:
    expected = describe_micro(stored.deployment.store, stored.deployment.catalog, stored.row)
    return metadata.metadata_findings(stored.folder.metadata, expected, MICRO_FIELDS)


def _small(stored: StoredMicro) -> dict[str, Finding]:
    assert stored.row.max_bytes is not None, stored.key
    found = findings.size_finding(stored.folder.weights, stored.row.max_bytes)
    return {findings.SMALL_ENOUGH: found}


def _runs(stored: StoredMicro) -> dict[str, Finding]:
    return {findings.FORWARD: findings.mtp_forward_finding(stored.folder)}


def _opens(stored: StoredMicro) -> dict[str, Finding]:
    folder = stored.folder
    copies = opening.copies_finding(folder)
    for finding in (copies, findings.configs_finding(folder, _plan(stored))):
        if not finding.passed:
            unopened = Finding(False, f"not opened: {finding.summary}", finding.evidence)
            names = (findings.FORWARD, tokenizers.AUTO_IDS_EQUAL)
            return {opening.COPIES: copies} | dict.fromkeys(names, unopened)
    return {
        opening.COPIES: copies,
        findings.FORWARD: findings.llama_forward_finding(folder.safetensors),
        tokenizers.AUTO_IDS_EQUAL: tokenizers.auto_ids_finding(folder.safetensors),
    }


def values_checks(equal: str) -> CheckGroup:
    """The reading of every value; `equal` names the check against the origin."""

    def judge(stored: StoredMicro) -> dict[str, Finding]:
        mine, source = stored.folder.weights, _origin(stored).weights
        return {
            proof.FINITE: prove_and_note(stored, read_header(mine), None, DTYPE).finite(),
            equal: findings.slices_finding(mine, source, _plan(stored).cuts),
        }

    return CheckGroup(
        judge,
        {
            **stated(proof.FINITE),
            equal: ours(
                "Every tensor is the planned part of the model it was made of",
                "this project cut the tensors",
            ),
        },
        deep=True,
    )


def size_checks(max_bytes: int) -> CheckGroup:
    """The limit of the whole file."""
    return CheckGroup(
        _small,
        {
            findings.SMALL_ENOUGH: ours(
                f"The whole file is under {max_bytes:,} bytes",
                "this project chose the geometry for the plan's limit",
            )
        },
    )


# What every micro model has, but for the values and the sums after them.
SHARED_CHECKS = (
    CheckGroup(
        _header,
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
    CheckGroup(
        _configs,
        {
            findings.CONFIGS_FOLLOW: ours(
                "The configs follow from source and catalog", "this project wrote the configs"
            )
        },
    ),
    CheckGroup(
        _tokenizer,
        {
            findings.TOKENIZER_EQUAL: ours(
                "The tokenizer files are the source's", "this project copied them"
            )
        },
    ),
    CheckGroup(
        _described,
        {
            **stated(metadata.ON_DISK),
            metadata.STATES_FIELDS: ours(
                "metadata.json states every field, target_device too", "this project wrote it"
            ),
        },
    ),
)
_RUNS_CHECKS = CheckGroup(
    _runs,
    {
        findings.FORWARD: ours(
            "Logits are [batch, seq, future tokens, vocabulary], finite, with gradients",
            "this project made the model, and training starts from it",
        )
    },
    deep=True,
)
_OPENS_CHECKS = CheckGroup(
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
)
# implementation -> what training needs of it
RUNNING_CHECKS = {META.name: _RUNS_CHECKS, LLAMA.name: _OPENS_CHECKS}
