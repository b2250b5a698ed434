"""All checks of this room."""

from wmtp_assets.models.meta_mtp.checks import meta_mtp_checks
from wmtp_assets.models.ref_sheared.checks import ref_sheared_checks
from wmtp_assets.models.starling_rm.checks import starling_rm_checks

model_checks = [*meta_mtp_checks, *ref_sheared_checks, *starling_rm_checks]
