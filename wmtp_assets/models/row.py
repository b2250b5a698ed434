"""What the module of a model states, and nothing that computes more than words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from wmtp_assets.catalog import Model
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.folders import ModelFolder

TOKENIZER, SAFETENSORS, CONFIGS, METADATA = "tokenizer", "safetensors", "configs", "metadata"

# Check groups by the part of a model that they look at.
ChecksOfParts = Mapping[str, tuple[CheckGroup, ...]]


class Configs(NamedTuple):
    """The files of configs/, and what the record says of them."""

    files: Sequence[StoredFile]
    facts: Mapping[str, Any]


class Job(NamedTuple):
    """A job of one model alone."""

    name: str
    description: str


def no_extra_files(folder: ModelFolder) -> list[Path]:
    """For weights that stand alone in their folder."""
    return []


@dataclass(frozen=True)
class StoredForm:
    """In which form models of an implementation are stored: what their rows have in common.

    Attributes:
        write_configs: Writes configs/ from raw/; raises BadInput on settings of another model.
        configs: What a person reads of the configs, behind the title of the model.
        safetensors: The same of the weights.
        configs_kinds: Dagster's kinds of configs/.
        beside: The stored files that are copied next to the weights.
        has_tokenizer: Whether the model has a tokenizer folder.
        checks: The check groups that only this form has.
    """

    write_configs: Callable[[Model, ModelFolder], Configs]
    configs: str
    safetensors: str
    checks: ChecksOfParts
    configs_kinds: frozenset[str] = frozenset({"json"})
    beside: Callable[[ModelFolder], list[Path]] = no_extra_files
    has_tokenizer: bool = True


@dataclass(frozen=True)
class ModelRow:
    """One stored model.

    Attributes:
        published: Its row of the catalog of the real thing.
        title: What people call it.
        release: What they call exactly this one.
        raw: The first line that a person reads of its raw files.
        metadata: What a person reads of its metadata.json and card, behind the title.
        step: The step of the plan that asks for it; None where it is optional.
        group: The group of its assets; its name, where none is given.
        job: A job of its own.
        waits_for: Further assets that must be there before its metadata.json is judged.
        checks: Check groups that no other model has.
    """

    published: Model
    form: StoredForm
    title: str
    release: str
    raw: str
    metadata: str = "metadata.json and card: source, licence, dtype, digests."
    step: int | None = None
    group: str = ""
    job: Job | None = None
    extra_deps: tuple[str, ...] = ()
    checks: ChecksOfParts = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What asset keys call it."""
        return self.published.name

    @property
    def optional(self) -> bool:
        """Whether it is in the graph only where somebody asks for it."""
        return self.published.status == "optional"

    @property
    def group_name(self) -> str:
        """The group that its assets are shown in."""
        return self.group or self.name

    @property
    def summary(self) -> str:
        """The sentence of its card."""
        return self.descriptions[SAFETENSORS]

    @property
    def parts(self) -> tuple[str, ...]:
        """What is made of its raw files; each part is an asset."""
        made = (SAFETENSORS, CONFIGS, METADATA)
        return (TOKENIZER, *made) if self.form.has_tokenizer else made

    @property
    def descriptions(self) -> dict[str, str]:
        """Part -> the first line that a person reads of it."""
        lines = {
            TOKENIZER: "tokenizer: tokenizer.model, and a tokenizer.json with equal ids.",
            CONFIGS: self.form.configs,
            SAFETENSORS: self.form.safetensors,
            METADATA: self.metadata,
        }
        return {part: f"{self.title} {lines[part]}" for part in self.parts}
