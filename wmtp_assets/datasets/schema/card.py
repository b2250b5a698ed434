"""README.md of a processed dataset: the card that `datasets.load_dataset(folder)` obeys.

Its YAML head names the JSONL of each split and the type of every field: `datasets` then ignores
the other files of the folder, and guesses no type from the first rows.
"""

import itertools
from collections.abc import Mapping
from typing import Any

from wmtp_assets.catalog import Dataset
from wmtp_assets.datasets.convert.tally import SplitCounts
from wmtp_assets.datasets.convert.tokens import LengthFilter
from wmtp_assets.datasets.field_types import walk_type
from wmtp_assets.datasets.formats import FieldType
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.schema_json import StoredSplit
from wmtp_assets.errors import BadInput
from wmtp_assets.files.strict import parse_yaml
from wmtp_assets.markup import code, text

FENCE = "---\n"
FEATURE_TYPES = {str: "string", int: "int64", bool: "bool"}


def card_head(dataset: Dataset, splits: list[StoredSplit]) -> dict[str, Any]:
    """The YAML head of a processed dataset."""
    return head_of(dataset, dataset.title, {split.name: split.file for split in splits})


def head_of(dataset: Dataset, title: str, files: Mapping[str, str]) -> dict[str, Any]:
    """The YAML head of a folder: licence, configs (split -> file), features."""
    stated = DATASETS[dataset.name]
    licence, _ = stated.facts.licence_of(dataset.repo.licence, stated.published.repo.licence)
    data_files = [{"split": split, "path": path} for split, path in files.items()]
    return {
        "pretty_name": title,
        "license": licence,
        "task_categories": ["text-generation"],
        "tags": list(stated.facts.tags),
        "configs": [{"config_name": "default", "data_files": data_files}],
        "dataset_info": {"features": [_feature(*field) for field in stated.format.fields.items()]},
    }


def head_text(head: Mapping[str, Any]) -> str:
    """A YAML head between its fences."""
    import yaml

    return f"{FENCE}{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}{FENCE}"


def notice_text(dataset: Dataset) -> str:
    """The notice of a card as a paragraph, where there is one."""
    return f"\n> {dataset.repo.notice}\n" if dataset.repo.notice else ""


def build_card(
    dataset: Dataset, commit: str, splits: list[StoredSplit], settings: LengthFilter
) -> bytes:
    """The content of README.md."""
    facts = DATASETS[dataset.name].facts
    labels = f"## Labels\n\n{facts.labels}\n\n" if facts.labels else ""
    items = "\n".join(f"- {item}" for item in facts.rows)
    repeated = "\n".join(
        f"- {split.name}: {code(name['name'])} (row {name['row']} of {text(name['file'])}) is "
        f"written {code(name['written'])}"
        for split in splits
        for name in split.facts.repeated_names
    )
    names = f"## Names that repeat\n\n{repeated}\n\n" if repeated else ""
    holders = "programs hold" if facts.programs else "texts may hold"
    card = f"""{head_text(card_head(dataset, splits))}
# {dataset.title}, processed for WMTP training
{notice_text(dataset)}
{facts.summary}. Made from [{dataset.repo.id}]({dataset.repo.url}) at commit `{commit}`;
licence of the data: {dataset.repo.licence}.

## Rows

{_counts_table(dataset, splits)}

{items}
- A record is kept when its instruction, input and output, each encoded on its own without special
  tokens, have at most {settings.max_tokens:,} tokens together
  (tokenizer.model `{settings.tokenizer_sha256}`).

{labels}{names}## Files

- `<split>.jsonl`: UTF-8, one record a line, lines end with a line feed and nothing else does
  ({holders} carriage returns and U+2028: split the bytes at "\\n").
- `<split>_metadata.json`: `metadata` is a list aligned with the lines; `stats` has the counts.
- `schema.json`, `croissant.json`: fields, digests, sizes.

```python
import datasets

data = datasets.load_dataset("path/to/this/folder")
```

## Citation

{facts.citation}
"""
    return card.encode()


def read_head(text: bytes) -> Any:
    """Parse the YAML head of a card.

    Raises:
        BadInput: The card has no head, or it is not plain YAML.
    """
    try:
        opening, head, _ = text.split(FENCE.encode(), 2)
        if opening:
            raise ValueError("text before the YAML head")
        return parse_yaml(head)
    except ValueError as error:
        raise BadInput(
            f"the card has no readable YAML head ({error})",
            ["README.md"],
            "materialize the schema of the dataset again",
        ) from error


def _feature(name: str, kind: FieldType) -> dict[str, Any]:
    def plain(of: type) -> dict[str, Any]:
        return {"dtype": FEATURE_TYPES[of]}

    described = walk_type(
        kind,
        plain,
        many=lambda items: {"list": items["dtype"]},
        struct=lambda parts: {"struct": [{"name": part, **of} for part, of in parts.items()]},
    )
    return {"name": name, **described}


def _counts_table(dataset: Dataset, splits: list[StoredSplit]) -> str:
    form = DATASETS[dataset.name].format
    labels = ["correct", "incorrect"] if form.labelled else []
    reasons = _reasons(dataset.name, splits)
    dropped = [reason.replace("_", " ") for reason in reasons]
    columns = ["split", "published rows", "candidates", "records", *labels]
    columns += [f"dropped: {reason}" for reason in dropped]
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for split in splits:
        numbers = " | ".join(f"{n:,}" for n in _numbers(split.facts.tally, dataset.name, reasons))
        lines.append(f"| {split.name} | {numbers} |")
    return "\n".join(lines)


def _reasons(dataset: str, splits: list[StoredSplit]) -> list[str]:
    """Every reason that some split states, those of the format first."""
    form = DATASETS[dataset].format
    stated = (split.facts.tally.reasons(form) for split in splits)
    return list(dict.fromkeys([*form.dropped, *itertools.chain.from_iterable(stated)]))


def _numbers(tally: SplitCounts, dataset: str, reasons: list[str]) -> list[int]:
    form = DATASETS[dataset].format
    labels = [tally.by_class(True), tally.by_class(False)] if form.labelled else []
    dropped = [tally.dropped[reason] for reason in reasons]
    return [tally.source_rows, tally.candidates, tally.rows, *labels, *dropped]
