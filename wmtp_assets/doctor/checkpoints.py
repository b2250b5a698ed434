"""What a conversion would say of a checkpoint that is here, from its pickle index.

Names, shapes and dtypes, and the values of buffers that would be dropped; no weight is read. Only
where a checkpoint lies is torch imported, which takes most of the time.
"""

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wmtp_assets.catalog import Catalog, Model
from wmtp_assets.doctor.lines import Line, fail, ok
from wmtp_assets.doctor.plans import JOBS
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import require_inside
from wmtp_assets.store import Store

if TYPE_CHECKING:
    from wmtp_assets.models.safetensors.plan import ConversionPlan

SHOWN = 5


def look_at_checkpoints(
    jobs: list[str], catalog: Catalog, store: Store, mirror: Path | None = None
) -> "dict[str, ConversionPlan | BadInput]":
    """Plan the conversion of each model of the jobs whose checkpoint is in the storage.

    Args:
        mirror: A mirror folder; a checkpoint that is there and not yet here is looked at there.

    Returns:
        `folder` of the model's row -> its plan, or what the conversion would refuse.
    """
    if importlib.util.find_spec("torch") is None:
        return {}
    names = dict.fromkeys(name for job in jobs for name in JOBS[job])
    rows = (catalog.row(name) for name in names)
    found = {}
    for model in (row for row in rows if isinstance(row, Model)):
        try:
            homes = [(store.model(model.folder).raw, store.root)]
        except BadInput as error:
            found[model.folder] = error
            continue
        homes += [(mirror / model.repo.id, mirror)] if mirror else []
        sources = ((home / model.checkpoint, root) for home, root in homes)
        source = next((found for found in sources if found[0].is_file()), None)
        answer = _plan(model, *source) if source else None
        if answer is not None:
            found[model.folder] = answer
    return found


def _plan(model: Model, source: Path, root: Path) -> "ConversionPlan | BadInput | None":
    """None while files of the checkpoint are still to come."""
    from wmtp_assets.models.checkpoint.selection import require_computed_values
    from wmtp_assets.models.checkpoint.shards import source_files
    from wmtp_assets.models.configs import require_geometry
    from wmtp_assets.models.safetensors.plan import plan_model
    from wmtp_assets.models.strict_json import read_object

    stated = source.with_name(model.implementation.settings_file)
    try:
        if not all(path.is_file() for path in source_files(source)):
            return None
        for path in (source, *source_files(source)):
            require_inside(path, root)
        settings = read_object(stated) if stated.is_file() else model.geometry
        require_geometry(settings, model.geometry, stated)
        plan = plan_model(model, settings, source)
        require_computed_values(plan.selection)
    except BadInput as error:
        return error
    return plan


def checkpoint_lines(looked: "Mapping[str, ConversionPlan | BadInput]") -> Iterator[Line]:
    """One line for each checkpoint that is here."""
    for folder, answer in looked.items():
        what = f"checkpoint of {folder}"
        if isinstance(answer, BadInput):
            named = "; ".join(answer.culprits[:SHOWN])
            more = len(answer.culprits) - SHOWN
            hidden = f"; and {more} more" if more > 0 else ""
            yield fail(f"{what}: {answer.thing}: {named}{hidden}", answer.fix)
            continue
        dropped = list(answer.selection.dropped)
        message = f"{what}: {len(answer.kept)} tensors, {', '.join(answer.source_dtypes)}"
        if dropped:
            message += f"; not stored: {dropped[0]}"
            message += f" and {len(dropped) - 1} more" if dropped[1:] else ""
        if without := answer.checkpoint.without_crc:
            message += f"; written without CRCs, proven by SHA-256: {', '.join(without[:SHOWN])}"
        yield ok(message)
