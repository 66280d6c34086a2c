"""The steps of one look, for `ott-agent probe`; a running agent keeps none."""

from dataclasses import dataclass, field
from typing import Literal

from agent.sources.streams.data_url import is_data

Verdict = Literal["ok", "fault", "remark", "not judged", "info"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done or concluded."""

    verdict: Verdict
    subject: str  # what it is about: "playlist", "segment 100 of variant 1", …
    text: str
    reason: str | None = None
    url: str | None = None  # of a request


@dataclass(slots=True)
class Journal:
    """Takes the steps; `keep` is False where nobody reads them."""

    keep: bool = False
    steps: list[Step] = field(default_factory=list)

    def note(
        self,
        verdict: Verdict,
        subject: str,
        text: str,
        *,
        reason: str | None = None,
        url: str | None = None,
    ) -> None:
        """Add a step."""
        if self.keep:
            if url is not None and is_data(url):
                url = "data:…"  # it may be long, or a key
            self.steps.append(Step(verdict, subject, text, reason, url))
