"""What the module of a dataset states, and nothing that computes more than words."""

from collections.abc import Callable
from dataclasses import dataclass

from wmtp_assets.catalog import AcceptedFinding, Dataset
from wmtp_assets.datasets.facts import Facts
from wmtp_assets.datasets.field_types import ALLOWED, wrong_types
from wmtp_assets.datasets.formats import DESCRIPTIONS, Format
from wmtp_assets.datasets.problem import Problem, Row
from wmtp_assets.errors import BadInput


@dataclass(frozen=True)
class DatasetRow:
    """One stored dataset.

    Attributes:
        published: Its row of the catalog of the real thing.
        read: A published row, and the name to write instead of its own if any -> a problem.
        raw: The first line that a person reads of its raw files.
        small: The same of its small sets.
        stats: The same of its statistics.
        looked_for_in: Training sets whose statistics look for this dataset: it is a benchmark.
        article: "a" or "an", for sentences such as "an MBPP prompt".
        counted_elsewhere: Why the published counts of labelled rows may be other ones than this
            project's: a difference is then a finding that warns. Without it, it is an error.
        accepted: Findings of the published data that are known beforehand.
    """

    published: Dataset
    format: Format
    facts: Facts
    read: Callable[[Row, str | None], Problem]
    raw: str
    small: str
    stats: str
    looked_for_in: tuple[str, ...] = ()
    article: str = "a"
    counted_elsewhere: str = ""
    accepted: tuple[AcceptedFinding, ...] = ()

    def __post_init__(self) -> None:
        wrong = [text for field in self.format.fields.items() for text in wrong_types(*field)]
        if wrong:
            module = f"wmtp_assets/datasets/{self.name}.py"
            thing = f"fields of {self.name} have a type that is not allowed"
            raise BadInput(thing, wrong, f"in {module}, Format.fields: {ALLOWED}")

    @property
    def name(self) -> str:
        """What asset keys, folders and jobs call it."""
        return self.published.name

    @property
    def title(self) -> str:
        """What people call it."""
        return self.published.title

    @property
    def splits(self) -> tuple[str, ...]:
        """Split names in their published order; each is an asset of its own."""
        return tuple(split.name for split in self.published.splits)

    @property
    def descriptions(self) -> dict[str, str]:
        """Field -> what it holds."""
        return {**DESCRIPTIONS, "input": self.facts.input}
