"""The upstream watch: which commit the main branch of each repository is at, looked up daily.

An observation changes nothing on the disk: the UI shows "upstream changed" on the raw asset whose
files are of another commit, and the lock is obeyed until job renew_lock is told otherwise.
"""

from collections.abc import Mapping

from wmtp_assets.catalog import Repo
from wmtp_assets.source import Source

WATCHED = "main"


def moved(repo: Repo, main: str, locked: str | None) -> str:
    """One sentence: where main is, and where the lock."""
    if locked is None:
        return f"{repo.id}: main is at {main}; nothing is locked yet"
    if locked == main:
        return f"{repo.id}: main is at the locked commit {main}"
    # Where the catalog pins a commit, the lock can follow only after the catalog.
    follow = "job renew_lock shows the difference"
    if repo.revision != WATCHED:
        follow = f"the catalog pins {repo.revision}; to follow, change its revision there first"
    return f"{repo.id}: main moved to {main}, the lock holds {locked}; {follow}"


def observed(source: Source, repo: Repo, locked: str | None) -> tuple[str, Mapping[str, str]]:
    """Ask the source for the commit of main; returns it with what a person wants to read.

    Raises:
        BadInput: The source does not answer; the fix is that of a fetch.
    """
    main = source.list_files(repo, WATCHED).commit
    facts = {"main_commit": main, "locked_commit": locked or "none"}
    return main, {**facts, "says": moved(repo, main, locked)}
