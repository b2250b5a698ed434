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
    """

    summary: str
    licence_id: str
    licence_url: str
    citation: str
    published: str
    rows: tuple[str, ...]
    labels: str = ""


NO_INPUT = "`input` is empty; there is no is_correct, every solution is the reference solution."
