"""Where a micro model comes from, and its plan: of the catalog alone, or of what is stored."""

from dataclasses import dataclass

from wmtp_assets.catalog import Catalog, Micro, Model
from wmtp_assets.folders import ModelFolder
from wmtp_assets.models.configs import CONFIG, PARAMS, read_params
from wmtp_assets.models.meta_model import META
from wmtp_assets.models.micro.cuts import MicroPlan, plan_llama, plan_mtp
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tensor_shapes import ModelSettings
from wmtp_assets.store import Store


@dataclass(frozen=True)
class Origin:
    """Where a micro model comes from: the published model, and the folder that is cut."""

    model: Model
    folder: ModelFolder


def source_of(catalog: Catalog, micro: Micro) -> Model | Micro:
    """The row of what is cut: a stored model, or another micro model."""
    return {row.name: row for row in (*catalog.models, *catalog.micros)}[micro.source]


def origin_of(here: Store, catalog: Catalog, micro: Micro) -> Origin:
    """The folder that is cut, and the published model that it comes from in the end."""
    source = source_of(catalog, micro)
    return Origin(_model_of(catalog, micro), here.model(source.folder))


def plan_of(here: Store, catalog: Catalog, micro: Micro) -> MicroPlan:
    """Plan a micro model from the stored configs of its origin.

    Raises:
        BadInput: The configs are missing or unsound, or the origin is too small.
    """
    configs = origin_of(here, catalog, micro).folder.configs
    if _is_mtp(catalog, micro):
        return _plan(catalog, micro, read_params(configs / PARAMS))
    return _plan(catalog, micro, read_object(configs / CONFIG))


def plan_from_catalog(catalog: Catalog, micro: Micro) -> MicroPlan:
    """Plan a micro model before anything is stored.

    Raises:
        BadInput: The row does not fit to the geometry of its model.
    """
    source = source_of(catalog, micro)
    if isinstance(source, Model):
        return _plan(catalog, micro, source.geometry)
    return _plan(catalog, micro, plan_from_catalog(catalog, source).settings)


def _plan(catalog: Catalog, micro: Micro, settings: ModelSettings) -> MicroPlan:
    source = source_of(catalog, micro)
    if _is_mtp(catalog, micro):
        # config.json says whether the output is tied, params.json does not.
        return plan_mtp(micro, settings, from_tied=isinstance(source, Micro) and source.tied)
    return plan_llama(micro, settings)


def _is_mtp(catalog: Catalog, micro: Micro) -> bool:
    return _model_of(catalog, micro).implementation == META


def _model_of(catalog: Catalog, micro: Micro) -> Model:
    source = source_of(catalog, micro)
    return source if isinstance(source, Model) else _model_of(catalog, source)
