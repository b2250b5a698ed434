"""README.md of the small sets: the card that `datasets.load_dataset(folder)` obeys."""

from collections.abc import Mapping

from wmtp_assets.catalog import Dataset
from wmtp_assets.datasets.convert.tally import CORRECT, INCORRECT, ROWS
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.card import head_of, head_text, notice_text
from wmtp_assets.datasets.small.lines import RANKED_BYTES, SEED
from wmtp_assets.datasets.small.select import SmallSet


def small_title(dataset: Dataset) -> str:
    """What the small sets of a dataset are called."""
    return f"{dataset.title}, small sets"


def build_small_card(dataset: Dataset, commit: str, sets: Mapping[str, SmallSet]) -> bytes:
    """The content of README.md; `sets` are by split."""
    facts = DATASETS[dataset.name].facts
    title = small_title(dataset)
    files = {split: written.files[0].path.name for split, written in sets.items()}
    labelled = DATASETS[dataset.name].format.labelled
    columns = [ROWS, CORRECT, INCORRECT] if labelled else [ROWS]
    counts = [
        "| " + " | ".join(["split", *columns, "at most", "drawn from", "its sha256"]) + " |",
        "|" + "---|" * (len(columns) + 4),
    ]
    for split, written in sets.items():
        stats, drawn = written.stats, written.stats["drawn_from"]
        numbers = [*(stats[name] for name in columns), stats["limit"]]
        row = [split, *map(str, numbers), f"`{drawn['file']}`", f"`{drawn['sha256']}`"]
        counts.append("| " + " | ".join(row) + " |")
    labels = f"## Labels\n\n{facts.labels}\n\n" if facts.labels else ""
    table = "\n".join(counts)
    text = f"""{head_text(head_of(dataset, title, files))}
# {title}
{notice_text(dataset)}
For a laptop: rows of `datasets_v2/{dataset.name}/processed`, unchanged and in their order. Where
rows have them, both classes share a set evenly and difficulties take turns; within those, the rows
with the lowest hash of the seed "{SEED}" and their own last {RANKED_BYTES} bytes are taken. Made
from [{dataset.repo.id}]({dataset.repo.url}) at commit `{commit}`; licence of the data:
{dataset.repo.licence}.

{table}

`<split>_small_metadata.json`: `metadata` is aligned with the lines, `stats.source_indices` has the
lines of the split that were taken, from 0.

{labels}```python
import datasets

data = datasets.load_dataset("path/to/this/folder")
```
"""
    return text.encode()
