"""The one error that bad input ends in: the thing, the culprits, the fix."""

from collections.abc import Iterable

from wmtp_assets.printable import printable
from wmtp_assets.setting_values import without_credentials

MAX_CULPRITS_SHOWN = 20


class BadInput(Exception):
    """Input or stored data that cannot be used, in words that can be shown.

    Args:
        thing: What was looked at and what is wrong with it, one clause.
        culprits: The offending names, files or rows; all are kept, the first 20 are shown.
        fix: What the person at the keyboard does next.
    """

    def __init__(self, thing: str, culprits: Iterable[object], fix: str):
        self.thing = without_credentials(printable(thing))
        self.culprits = [without_credentials(printable(c)) for c in culprits]
        self.fix = printable(fix)
        text = self.thing
        if self.culprits:
            text += ": " + "; ".join(self.culprits[:MAX_CULPRITS_SHOWN])
            hidden = len(self.culprits) - MAX_CULPRITS_SHOWN
            if hidden > 0:
                text += f"; and {hidden} more"
        super().__init__(f"{text}. Fix: {self.fix}")

    def __reduce__(self):
        """Errors of worker processes come pickled."""
        return BadInput, (self.thing, self.culprits, self.fix)
