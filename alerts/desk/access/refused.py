"""Why something about accounts, tokens or targets was not done: a word, which pages and the program put into a text."""


class RefusedError(ValueError):
    """Nothing was changed; `reason` is a key under `refused.` in the texts."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason, values)
        self.reason = reason
        self.values = values
