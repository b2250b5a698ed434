"""What is known of a dataset beyond its bytes: citation, licence, how labels came about.

The card and croissant.json quote it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """Words about one dataset.

    Attributes:
        licence_id: The identifier that dataset cards use.
        published: The day of the paper, as croissant.json wants a date.
        rows: How a published row becomes records, one sentence a list item.
        labels: How is_correct came about and what is wrong with it; "" where there is none.
        difficulty: What the published numbers of difficulty mean; "" where there are none.
        input: What the field `input` holds.
        tags: What the rows are about, as dataset cards name it.
        programs: Whether the solutions are programs.
    """

    summary: str
    licence_id: str
    licence_url: str
    citation: str
    published: str
    rows: tuple[str, ...]
    labels: str = ""
    difficulty: str = ""
    input: str = "Empty."
    tags: tuple[str, ...] = ("code",)
    programs: bool = False

    @property
    def solutions(self) -> str:
        """What its solutions are called, in the plural."""
        return "programs" if self.programs else "solutions"

    def licence_of(self, licence: str, published: str) -> tuple[str, str]:
        """Identifier and address of a licence; of another than the published one, `other` and it.

        Args:
            licence: What the rows are under.
            published: What the published rows are under.
        """
        if licence == published:
            return self.licence_id, self.licence_url
        return "other", licence


# Of datasets without labels.
NO_INPUT = "`input` is empty; there is no is_correct, every solution is the reference solution."
# One sentence for the three of the plan: their stored schemas are held against it.
TESTS_OR_EMPTY = "CodeContests: the first two public tests; empty otherwise."
