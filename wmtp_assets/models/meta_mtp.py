"""Meta's multi-token model, 7B: the policy that training starts from."""

from wmtp_assets.catalog import TOKEN_COUNT_MODEL, Files, Model, Repo
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import ours
from wmtp_assets.models.meta_model import META, META_FORM
from wmtp_assets.models.row import METADATA, TOKENIZER, ModelRow
from wmtp_assets.models.stored_model import StoredModel
from wmtp_assets.models.tokenizer import findings as tokenizers
from wmtp_assets.models.tokenizer.files import LLAMA_SHA256

_PUBLISHED = Model(
    name="meta_mtp",
    folder="meta-llama-mtp",
    implementation=META,
    repo=Repo(
        id="facebook/multi-token-prediction",
        kind="model",
        revision="main",
        licence="Multi-token Prediction Research License (18 June 2024)",
        licence_name="multi-token-prediction-research-license",
        gated=True,
        pins={
            "7B_1T_4/params.json": (
                "da72c26927811d7ae642fef5e197a975ca45e994c500420fbd7ccdffcf23723c"
            ),
            "tokenizer.model": LLAMA_SHA256,
        },
    ),
    raw=(Files("7B_1T_4/consolidated.pth"), Files("7B_1T_4/params.json")),
    checkpoint="7B_1T_4/consolidated.pth",
    geometry={
        "dim": 4096,
        "n_layers": 32,
        "n_heads": 32,
        "n_kv_heads": 32,
        "vocab_size": 32000,
        "multiple_of": 256,
        "ffn_dim_multiplier": 1.0,
        "norm_eps": 1e-05,
        "n_future_tokens": 4,
        "rope_theta": 10000.0,
    },
    parameters=6_738_415_616,
    dtype="float16",
    raw_bytes=26_953_662_464,
)


def _same_tokenizer(stored: StoredModel) -> dict[str, Finding]:
    deployment = stored.deployment
    other = deployment.store.model(
        deployment.catalog.model(TOKEN_COUNT_MODEL).folder
    ).tokenizer_model
    found = tokenizers.same_bytes_finding(stored.folder.tokenizer_model, other)
    return {tokenizers.SAME_BYTES: found}


META_MTP = ModelRow(
    published=_PUBLISHED,
    form=META_FORM,
    title="Meta MTP",
    release="Meta 7B_1T_4",
    raw="Meta 7B multi-token prediction: checkpoint as published (gated).",
    step=3,
    extra_deps=(f"{TOKEN_COUNT_MODEL}/{TOKENIZER}",),
    checks={
        METADATA: (
            CheckGroup(
                _same_tokenizer,
                {
                    tokenizers.SAME_BYTES: ours(
                        "Meta's and Sheared-LLaMA's tokenizer have the same bytes",
                        "Rho-1 scores one model's ids with the other, "
                        "and the filter counts for both",
                    )
                },
            ),
        ),
    },
)
