"""All stored models by name, in the order that everything else keeps."""

from wmtp_assets.models.meta_mtp import META_MTP
from wmtp_assets.models.ref_sheared import REF_SHEARED
from wmtp_assets.models.row import ModelRow
from wmtp_assets.models.starling_rm import STARLING_RM

MODELS: dict[str, ModelRow] = {row.name: row for row in (META_MTP, REF_SHEARED, STARLING_RM)}
REQUIRED: dict[str, ModelRow] = {n: row for n, row in MODELS.items() if not row.optional}
OPTIONAL: dict[str, ModelRow] = {n: row for n, row in MODELS.items() if row.optional}
# The only jobs that make optional models; they are in the graph where these are.
OPTIONAL_JOBS = tuple(row.job.name for row in OPTIONAL.values() if row.job)
