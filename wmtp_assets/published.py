"""The catalog rows of the real thing; those of datasets and micro models come from their rooms.

Sources of the numbers: the repositories at the commits below, arithmetic on their published sizes,
and the plan's published result of 2025-11-14.
"""

from wmtp_assets.catalog import Catalog, Files, Model, Repo
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.models.micro.rows import MICROS

LLAMA_TOKENIZER_SHA256 = "9e556afd44213b6bd1be2b850ebbbd98f5481437a8021afaf58ee7fb1818d347"

META_MTP = Model(
    name="meta_mtp",
    folder="meta-llama-mtp",
    implementation="meta-mtp",
    repo=Repo(
        id="facebook/multi-token-prediction",
        kind="model",
        revision="main",
        licence="Multi-token Prediction Research License (18 June 2024)",
        gated=True,
        pins={
            "7B_1T_4/params.json": (
                "da72c26927811d7ae642fef5e197a975ca45e994c500420fbd7ccdffcf23723c"
            ),
            "tokenizer.model": LLAMA_TOKENIZER_SHA256,
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

REF_SHEARED = Model(
    name="ref_sheared",
    folder="ref-sheared-llama-2.7b",
    implementation="llama",
    repo=Repo(
        id="princeton-nlp/Sheared-LLaMA-2.7B",
        kind="model",
        revision="main",
        licence="Apache-2.0 and the Llama 2 Community License",
        pins={
            "config.json": "397d55e1785659fc8f06aa472285d8f9c672d760dd9df4a419584733417404f0",
            "generation_config.json": (
                "062a37a6d986c38231880f5cce4fa9a0145aeefcf8be9ab23ddf7d600c037aea"
            ),
            "pytorch_model.bin.index.json": (
                "166203b1abe5511370379afe798377fc694f30065e49dba2c563c453a2a63d22"
            ),
            "special_tokens_map.json": (
                "6fa06efa2785e450051989a6f8fb4416b10149ded485ddd3f127a40734f5cfd0"
            ),
            "tokenizer.json": "bcd04f0eadf90287bd26e1a183ac487d8a141b09b06aecb7725bbdd343640f2e",
            "tokenizer.model": LLAMA_TOKENIZER_SHA256,
            "tokenizer_config.json": (
                "f514e7c3008881b6ba7e6a0cdb44c71ce47dc335920dac143ae7bc788197e53a"
            ),
        },
    ),
    raw=(
        Files("pytorch_model-*-of-00002.bin", 2),
        Files("pytorch_model.bin.index.json"),
        Files("config.json"),
        Files("generation_config.json"),
        Files("tokenizer.json"),
        Files("tokenizer.model"),
        Files("tokenizer_config.json"),
        Files("special_tokens_map.json"),
    ),
    checkpoint="pytorch_model.bin.index.json",
    geometry={
        "hidden_size": 2560,
        "intermediate_size": 6912,
        "num_hidden_layers": 32,
        "num_attention_heads": 20,
        "num_key_value_heads": 20,
        "vocab_size": 32000,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-05,
        "tie_word_embeddings": False,
    },
    parameters=2_701_560_320,
    dtype="float16",
    raw_bytes=10_808_600_000,
    tokenizer_shared_with="meta-llama-mtp",
)

STARLING_RM = Model(
    name="starling_rm",
    folder="starling-rm-7b",
    implementation="starling-reward-model",
    repo=Repo(
        id="berkeley-nest/Starling-RM-7B-alpha",
        kind="model",
        revision="main",
        licence="LLaMA 2 Community License; trained on Nectar, non-commercial use",
        pins={
            "config.json": "dde3c35a539ac57a4a30238d7398a8e9333932a154e227ee455905f8b65d2c95",
            "pytorch_model.bin": "e822738b1730aee4bcd4695d25836907dd3b98dff1ac112260d89c2085c0a743",
        },
    ),
    raw=(Files("pytorch_model.bin"), Files("config.json")),
    checkpoint="pytorch_model.bin",
    geometry={
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "vocab_size": 32000,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-05,
        "tie_word_embeddings": False,
    },
    parameters=6_738_419_712,
    dtype="bfloat16",
    raw_bytes=26_691_526_656,
    status="optional",
)

PUBLISHED = Catalog(
    name="published",
    tokenizer_sha256=LLAMA_TOKENIZER_SHA256,
    models=(META_MTP, REF_SHEARED, STARLING_RM),
    micros=tuple(row.published for row in MICROS.values()),
    datasets=tuple(row.published for row in DATASETS.values()),
    accepted_findings=tuple(found for row in DATASETS.values() for found in row.accepted),
)
