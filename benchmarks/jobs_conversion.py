"""The conversion of a job alone, as on a machine that does nothing else, for `benchmarks.jobs`.

    python -m benchmarks.jobs_conversion FOLDER

FOLDER holds plan.pickle (the job, the catalog) and the mirror; what is made lands in `alone`. Job
`datasets`: CodeContests' train split, with all processors. Job `models`: Meta MTP's weights.
"""

import os
import pickle
import sys
from pathlib import Path

from wmtp_assets.catalog import MAX_TOKENS, TOKEN_COUNT_MODEL, Catalog


def convert_train(catalog: Catalog, mirror: Path, out: Path) -> None:
    """CodeContests' train split."""
    from wmtp_assets.datasets.convert.split import convert_split
    from wmtp_assets.datasets.convert.tokens import LengthFilter
    from wmtp_assets.folders import DatasetFolder

    row = catalog.dataset("codecontests")
    train = row.splits[0]
    tokenizer = mirror / catalog.model(TOKEN_COUNT_MODEL).repo.id / "tokenizer.model"
    settings = LengthFilter(tokenizer, catalog.tokenizer_sha256, MAX_TOKENS)
    sources = sorted((mirror / row.repo.id).glob(train.files.pattern))
    folder = DatasetFolder(out, out / "small")
    convert_split(row.name, train.name, sources, folder, settings, workers=os.cpu_count() or 1)


def convert_weights(catalog: Catalog, mirror: Path, out: Path) -> None:
    """Meta MTP's weights."""
    from wmtp_assets.models.checkpoint.naming import naming_of
    from wmtp_assets.models.checkpoint.selection import dropped_rules
    from wmtp_assets.models.safetensors.convert import convert

    row = catalog.model("meta_mtp")
    convert(
        mirror / row.repo.id / row.checkpoint,
        out / "model.safetensors",
        row.implementation.shapes(row.geometry),
        dropped=dropped_rules(row.implementation, row.geometry),
        dtype=row.dtype,
        naming=naming_of(row),
    )


CONVERSIONS = {"datasets": convert_train, "models": convert_weights}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    job, catalog = pickle.loads((folder / "plan.pickle").read_bytes())
    (folder / "alone").mkdir()
    CONVERSIONS[job](catalog, folder / "mirror", folder / "alone")
