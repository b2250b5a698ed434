"""What the documents tell about the plan itself: tables, and nothing that computes."""

# (what the plan says, what is done instead, why)
DIFFERENCES = (
    (
        "The originals are float16; save_file labels them so",
        "They are cast to float16, and the check reads the bytes",
        "Meta's checkpoint is float32: 6,738,415,616 parameters x 4 = 26.95 GB, its size",
    ),
    (
        "Micro models: 4 layers, 512 wide, vocabulary 32000, float16, below 50 MB",
        "Output tied to the input embedding, FFN 704; micro-mtp-untied stores both",
        "An untied 32000 x 512 input and output is 65.5 MB alone",
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
        "The n-th problem of the same name in a split is written `{name}__{n}`",
        "Names repeat across source platforms; task_id has to be unique",
    ),
    (
        "The checklist is ticked by hand",
        "The checklist is derived from the asset checks",
        "A tick proves nothing about the bytes on disk",
    ),
)

# (old script, where its work went)
OLD_SCRIPTS = (
    ("verify_mtp_model.py", "checks of meta_mtp/safetensors, meta_mtp/configs, meta_mtp/metadata"),
    ("convert_sharded_to_safetensors.py", "ref_sheared/safetensors"),
    ("prepare_local_small_model.py", "micro_mtp, micro_mtp_untied"),
    ("prepare_micro_reference.py", "micro_ref"),
    ("setup_models.py", "meta_mtp/*, ref_sheared/*; job models"),
    ("setup_datasets.py", "codecontests/*, mbpp/*, humaneval/*; job datasets"),
    ("validate_datasets.py", "checks of every split, schema, stats and small set"),
    ("pytest -k micro", "checks of micro_mtp, micro_mtp_untied, micro_ref"),
    ("Rho-1 comparison script (Step 5)", "check rho1_compatible of micro_ref"),
)

# (risk of the plan, effect, what answers it)
RISKS = (
    (
        "Download from the Hub breaks off",
        "delay",
        "raw assets keep what is proven; WMTP_SOURCE=mirror; files_match_expected_sha256",
    ),
    (
        "The conversion to safetensors fails",
        "model does not load",
        "raw stays; atomic rename; the header and equality checks of the safetensors assets",
    ),
    ("dtype differs", "training error", "dtype checks read the header and the bytes, not a label"),
    (
        "Splits are contaminated",
        "evaluation is distorted",
        "splits_share_no_problem, no_near_duplicates_across_splits; fixed seed of the small sets",
    ),
    (
        "Documents are outdated",
        "confusion in later phases",
        "documents are assets; their checks compare them with the record and the disk",
    ),
)

PHASE_2_CONDITIONS = (
    "every check of Steps 0-10 passed, or warned and acknowledged",
    "the disk equals the record (`verify_storage_deep`)",
    "the approval by reviewer and product owner is recorded (Step 11)",
    "the approved storage is backed up and tagged",
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
        "A stored output of 32000 x 512 would break the 50 MB limit; use micro-mtp-untied for "
        "loaders with a strict key set.",
    ),
    (
        "May raw/ be removed?",
        "Yes, after the checks passed; rerunning a conversion downloads it again.",
    ),
    (
        "A literal <s> in the text gives id 1 with AutoTokenizer. Why?",
        "transformers reads literal <s>, </s>, <unk> as special tokens; sentencepiece does not. "
        "Token counts of this storage are sentencepiece's.",
    ),
)
