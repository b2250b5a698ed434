"""The form of a check group, and what is known of the asset that it reads.

Without Dagster: the rows of models name check groups, and the doctor reads rows where Dagster may
be missing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wmtp_assets.checking.digests import Digests
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import Proposition
from wmtp_assets.printable import reporter
from wmtp_assets.progress import Seen, reading, unseen

if TYPE_CHECKING:
    import dagster as dg


@dataclass(frozen=True)
class AssetState:
    """What is known of the asset when its checks begin.

    Attributes:
        metadata: The metadata of its latest materialization; None if there is none.
        files: Path as recorded -> size_bytes, sha256, mtime_ns at materialization.
        digests: Path as recorded -> sha256 now, of the files that are on disk; from the bytes
            when a deep check is among those running. A group that reads a file whole notes its
            digest there, so that nobody reads it again.
        context: The running check step, for checks of the record itself.
        selected: The names of the checks that are to run; None if all are.
        shared: What a group read for others of the same run too: name -> what they agree on.
    """

    metadata: Mapping[str, Any] | None
    files: Mapping[str, Mapping[str, Any]]
    digests: Digests
    context: "dg.AssetCheckExecutionContext | None" = None
    selected: Collection[str] | None = None
    shared: dict[str, Any] = field(default_factory=dict)

    def reading(self, title: str, total_bytes: int) -> Seen:
        """Tell in the log of the run how far a long reading is."""
        if self.context is None:
            return unseen
        return reading(title, total_bytes, reporter(self.context.log.info))

    def runs(self, names: Iterable[str]) -> bool:
        """Whether one of these checks is to run."""
        return self.selected is None or any(name in self.selected for name in names)


@dataclass(frozen=True)
class CheckGroup:
    """A function that reads an asset once, and the propositions that it decides.

    Attributes:
        evaluate: Called with the deployment and the state of the asset; returns a Finding for
            each name in `propositions`. In tables for several assets it takes a `StoredAsset`.
        propositions: Check name -> what is true when it passes, and of which kind it is.
        deep: Whether it reads every byte; quick ones look at headers, sizes and configs.
    """

    evaluate: Callable[..., Mapping[str, Finding]]
    propositions: Mapping[str, Proposition]
    deep: bool = False
