"""All assets of this room."""

from wmtp_assets.models.meta_mtp.assets import meta_mtp_assets
from wmtp_assets.models.ref_sheared.assets import ref_sheared_assets
from wmtp_assets.models.starling_rm.assets import starling_rm_assets

model_assets = [*meta_mtp_assets, *ref_sheared_assets, *starling_rm_assets]
