"""The split assets: raw parquet -> <split>.jsonl and its line metadata; and the room's list."""

import time
from typing import Any

import dagster as dg

from wmtp_assets.catalog import TOKEN_COUNT_MODEL
from wmtp_assets.datasets.convert.inputs import (
    length_filter,
    raw_commit,
    source_files,
    split_row,
)
from wmtp_assets.datasets.convert.tally import (
    CANDIDATES,
    CORRECT,
    DROPPED,
    INCORRECT,
    ROWS,
    SOURCE_ROWS,
)
from wmtp_assets.datasets.field_types import walk_type
from wmtp_assets.datasets.formats import FieldType
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.assets import schema_assets
from wmtp_assets.datasets.small.assets import small_assets
from wmtp_assets.deployment import Deployment
from wmtp_assets.printable import printable, reporter
from wmtp_assets.priority import priority_tags
from wmtp_assets.record import materialized

TOKEN_COUNTING = "token_counting"
COLUMN_TYPES = {str: "string", int: "int", bool: "bool"}


def split_asset(*, dataset: str, split: str) -> dg.AssetsDefinition:
    """One split of one dataset as token-filtered Alpaca JSONL."""
    title = DATASETS[dataset].title

    @dg.asset(
        key=[dataset, split],
        group_name=dataset,
        deps=[dg.AssetKey([dataset, "raw"]), dg.AssetKey([TOKEN_COUNT_MODEL, "tokenizer"])],
        kinds={"dataset", "json"},
        op_tags=priority_tags(split),
        code_version="2",
        description=f"{title} {split}: Alpaca JSONL, at most 2048 tokens a record.",
    )
    def processed(
        context: dg.AssetExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.MaterializeResult:
        from wmtp_assets.datasets.convert.split import ROWS_PER_SECOND, convert_split
        from wmtp_assets.datasets.convert.tokens import load_counter

        started = time.monotonic()
        row = deployment.catalog.dataset(dataset)
        folder = deployment.store.dataset(dataset)
        tokens = length_filter(deployment.catalog, deployment.store)
        converted = convert_split(
            dataset,
            split,
            source_files(deployment.store, row, split_row(row, split)),
            folder,
            tokens,
            workers=deployment.workers,
            scheduler=deployment.scheduler,
            report=reporter(context.log.info),
        )
        rows = converted.stats[ROWS]
        return materialized(
            deployment,
            folder.jsonl(split),
            converted.files,
            repo=row.repo,
            commit=raw_commit(deployment.store, row),
            started=started,
            work_bytes=converted.source_bytes,
            **{
                "dagster/row_count": rows,
                "dagster/column_schema": dg.MetadataValue.table_schema(column_schema(dataset)),
                ROWS_PER_SECOND: round(rows / max(converted.seconds, 1e-6)),
                TOKEN_COUNTING: load_counter(tokens.tokenizer, tokens.tokenizer_sha256).method,
                **numbers(converted.stats),
            },
        )

    return processed


def column_schema(dataset: str) -> dg.TableSchema:
    """The fields of a record as Dagster's table schema."""
    row = DATASETS[dataset]
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, column_type(kind), row.descriptions[name])
            for name, kind in row.format.fields.items()
        ]
    )


def column_type(kind: FieldType) -> str:
    """A field type as a person reads it."""
    return walk_type(
        kind,
        plain=lambda of: COLUMN_TYPES[of],
        many=lambda items: f"list<{items}>",
        struct=lambda parts: f"struct<{', '.join(map(': '.join, parts.items()))}>",
    )


def numbers(stats: dict[str, Any]) -> dict[str, Any]:
    """The counts of a split as numeric metadata, which Dagster plots over time."""
    names = (SOURCE_ROWS, CANDIDATES, CORRECT, INCORRECT)
    dropped = {f"{DROPPED}_{reason}": count for reason, count in stats[DROPPED].items()}
    repeated = stats.get("repeated_names", [])
    return {
        **{name: stats[name] for name in names if name in stats},
        **dropped,
        "repeated_names": [printable(f"{name['name']} -> {name['written']}") for name in repeated],
    }


split_assets = {
    f"{dataset}/{split}": split_asset(dataset=dataset, split=split)
    for dataset, row in DATASETS.items()
    for split in row.splits
}

dataset_assets = [*split_assets.values(), *schema_assets.values(), *small_assets.values()]
