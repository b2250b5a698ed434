"""What the row of a micro model states, and nothing that computes."""

from dataclasses import dataclass

from wmtp_assets.catalog import Implementation, Micro


@dataclass(frozen=True)
class MicroRow:
    """One micro model.

    Attributes:
        published: Its row of the catalog.
        implementation: That of the model that it comes from.
        description: What a person reads of it.
        scored_with: The micro policy that Rho-1 scores rows with, where this is the reference.
    """

    published: Micro
    implementation: Implementation
    description: str
    scored_with: str | None = None

    @property
    def name(self) -> str:
        """What its asset key and its jobs call it."""
        return self.published.name
