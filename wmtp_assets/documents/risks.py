"""The risks of the plan: what answers each one, and the checks that show whether it came true."""

from dataclasses import dataclass

from wmtp_assets.datasets.rows import BENCHMARKS


@dataclass(frozen=True)
class Risk:
    """A risk of the plan, what answers it, and the checks that show whether it came true."""

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
