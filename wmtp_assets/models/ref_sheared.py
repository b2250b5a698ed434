"""Sheared-LLaMA 2.7B: the reference of Rho-1; its tokenizer counts for the datasets."""

from wmtp_assets.catalog import Files, Model, Repo
from wmtp_assets.models.llama import LLAMA, LLAMA_FORM
from wmtp_assets.models.row import Job, ModelRow
from wmtp_assets.models.tokenizer.files import LLAMA_SHA256

_PUBLISHED = Model(
    name="ref_sheared",
    folder="ref-sheared-llama-2.7b",
    implementation=LLAMA,
    repo=Repo(
        id="princeton-nlp/Sheared-LLaMA-2.7B",
        kind="model",
        revision="main",
        licence="Apache-2.0 and the Llama 2 Community License",
        licence_name="apache-2.0-and-llama2",
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
            "tokenizer.model": LLAMA_SHA256,
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

REF_SHEARED = ModelRow(
    published=_PUBLISHED,
    form=LLAMA_FORM,
    title="Sheared-LLaMA",
    release="Sheared-LLaMA-2.7B",
    raw="Sheared-LLaMA reference: sharded checkpoint, configs, tokenizer as published.",
    metadata="metadata.json and card: source, licence, dtype, shared tokenizer.",
    step=4,
    job=Job(
        "reference_model",
        "Materializes and checks the Sheared-LLaMA reference; needs no Meta licence.",
    ),
)
