"""All assets of this room."""

from wmtp_assets.weights.meta_mtp.assets import meta_mtp_assets
from wmtp_assets.weights.ref_sheared.assets import ref_sheared_assets
from wmtp_assets.weights.starling_rm.assets import starling_rm_assets

weights_assets = [*meta_mtp_assets, *ref_sheared_assets, *starling_rm_assets]
