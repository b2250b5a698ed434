"""What the documents tell about the plan itself: tables, and nothing that computes."""

from dataclasses import dataclass

from wmtp_assets.catalog import PIECES
from wmtp_assets.datasets.rows import BENCHMARKS, DATASETS
from wmtp_assets.models.micro.rows import GEOMETRY, MAX_BYTES, MICROS

_EMBEDDING = f"{PIECES} x {GEOMETRY.dim}"
# float16, as the input and once more as the output.
_UNTIED_MB = f"{2 * 2 * PIECES * GEOMETRY.dim / 1e6:.1f} MB"

# (what the plan says, what is done instead, why)
DIFFERENCES = (
    (
        "The originals are float16; save_file labels them so",
        "They are cast to float16, and the check reads the bytes",
        "Meta's checkpoint is float32 by its size: 6,738,415,616 parameters x 4 = 26.95 GB",
    ),
    (
        "Micro models: 4 layers, 512 wide, vocabulary 32000, float16, below 50 MB",
        f"Output tied to the input embedding, FFN {GEOMETRY.ffn}; micro-mtp-untied stores both",
        f"An untied {_EMBEDDING} input and output is {_UNTIED_MB} alone",
    ),
    (
        "`touch SHA256SUMS` in Step 1",
        "SHA256SUMS appears last, with the digests of its folder",
        "An empty SHA256SUMS fails `sha256sum -c`",
    ),
    (
        "The reward model is left out in Step 2 and counted in the summary",
        "Optional, in its own job `reward_model`",
        "The plan contradicts itself; no Phase 1 experiment needs it",
    ),
    (
        "Older notes name microsoft/rho-1",
        "princeton-nlp/Sheared-LLaMA-2.7B",
        "It is what the plan itself uses; no such repository is known",
    ),
    ("uv and black", "pip and ruff (check and format)", "One tool for both, no second installer"),
    (
        "`hf download` of whatever main holds",
        "Pinned or locked commits and digests (sources.lock.json)",
        "A moved branch must not change a storage silently",
    ),
    (
        "tokenizer_config.json with `model_type: sentencepiece`",
        "It stays, beside a tokenizer.json built for exactly this vocabulary",
        "With tokenizer.model alone AutoTokenizer returns wrong ids without an error",
    ),
    (
        "task_id is `{name}_correct_{i}`",
        "The n-th problem of the same name in a split is written `{name}__{n}`, or with the next "
        "number that no other problem has",
        "Names repeat across source platforms; task_id has to be unique",
    ),
    (
        "The checklist is ticked by hand",
        "The checklist is derived from the asset checks",
        "A tick proves nothing about the bytes on disk",
    ),
)

# (old script, asset, check)
OLD_SCRIPTS = (
    (
        "verify_mtp_model.py",
        "meta_mtp/safetensors, meta_mtp/configs, meta_mtp/metadata",
        "every_tensor_is_float16, tensors_equal_source, names_and_shapes_match_architecture, "
        "rope_theta_and_future_tokens_as_published, parameters_agree_across_files",
    ),
    (
        "convert_sharded_to_safetensors.py",
        "ref_sheared/safetensors",
        "tensors_equal_source, opens_with_transformers",
    ),
    (
        "prepare_local_small_model.py",
        "micro_mtp, micro_mtp_untied",
        "tensors_equal_slices_of_source, tensors_equal_tied_model, file_is_under_50_million_bytes",
    ),
    (
        "prepare_micro_reference.py",
        "micro_ref",
        "tensors_equal_slices_of_source, file_is_under_50_million_bytes",
    ),
    (
        "setup_models.py",
        "meta_mtp/*, ref_sheared/*; job models",
        "files_match_expected_sha256, settings_match_catalog_geometry, metadata_agrees_with_disk",
    ),
    (
        "setup_datasets.py",
        ", ".join(f"{name}/*" for name in DATASETS) + "; job datasets",
        "row_counts_equal_catalog, no_record_over_token_limit, counts_add_up_to_source",
    ),
    (
        "validate_datasets.py",
        "every split, schema, stats and small set",
        "lines_parse_to_one_schema, schema_json_agrees_with_splits, stats_equal_recount, "
        "small_sets_are_subsets_of_their_splits",
    ),
    (
        "pytest -k micro",
        ", ".join(MICROS),
        "forward_pass_is_finite_with_gradients, every_tensor_is_float16",
    ),
    ("Rho-1 comparison script (Step 5)", "micro_ref", "rho1_compatible"),
)


@dataclass(frozen=True)
class Risk:
    """A risk of the plan, what answers it, and the checks that say whether it came true."""

    risk: str
    effect: str
    answer: str
    checks: tuple[str, ...]


RISKS = (
    Risk(
        "Download from the Hub breaks off",
        "delay",
        "downloads go on where they stopped, in the next run too; WMTP_SOURCE=mirror",
        ("files_match_expected_sha256", "files_of_the_catalog_are_locked"),
    ),
    Risk(
        "The conversion to safetensors fails",
        "model does not load",
        "raw stays; the new file appears by rename, whole or not at all",
        ("header_covers_the_file_exactly", "tensors_equal_source", "opens_with_transformers"),
    ),
    Risk(
        "dtype differs",
        "training error",
        "the checks read header and bytes, not a label",
        (
            "every_tensor_is_float16",
            "every_tensor_keeps_published_dtype",
            "config_json_says_stored_dtype",
        ),
    ),
    Risk(
        "Splits are contaminated",
        "evaluation is distorted",
        "problems are compared across splits and with the benchmarks; small sets have a fixed seed",
        (
            "splits_share_no_problem",
            "no_near_duplicates_across_splits",
            *(f"no_overlap_with_{name}" for name in BENCHMARKS),
        ),
    ),
    Risk(
        "Documents are outdated",
        "confusion in later phases",
        "documents are assets, written after every run that can change them",
        ("names_the_storage_digest", "agrees_with_record_and_disk"),
    ),
)

VERSION_HISTORY = (
    ("v2.0.0", "Everything downloaded and converted anew by the asset graph; older assets removed"),
)

FAQ = (
    (
        "Why is there no Hugging Face class for meta-llama-mtp?",
        "None exists. Keys are Meta's; `from_pretrained` and vLLM do not open it. "
        "The project README has a loading snippet.",
    ),
    (
        "Why are the micro models' embeddings shared?",
        f"A stored output of {_EMBEDDING} would break the {MAX_BYTES // 10**6} MB limit; use "
        "micro-mtp-untied for loaders with a strict key set.",
    ),
    (
        "May raw/ be removed?",
        "The conversions stay proven by the record, and rerunning one downloads it again. But an "
        "approval covers raw/ too: it is suspended, and `signoff verify` names what is missing.",
    ),
    (
        "A literal <s> in the text gives id 1 with AutoTokenizer. Why?",
        "transformers reads literal <s>, </s>, <unk> as special tokens; sentencepiece does not. "
        "Token counts of this storage are sentencepiece's.",
    ),
    (
        "Who approved this storage, and is it still what was approved?",
        "`python -m wmtp_assets.signoff verify .` reads every byte and says so, without Dagster. "
        "Give it --public-key to hold the signature against the reviewer's key.",
    ),
)
