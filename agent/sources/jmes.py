"""JMESPath as the agent searches by it: `length` counts what a list or an object holds.

The characters of a text, which JMESPath counts too, are never what somebody wants counted: where an API answers
"no access" instead of a list of sessions, nine would be online.
"""

from typing import Any

import jmespath
from jmespath.functions import Functions, signature


class _Functions(Functions):  # type: ignore[misc]
    @signature({"types": ["array", "object"]})  # type: ignore[untyped-decorator]
    def _func_length(self, counted: Any) -> int:
        return len(counted)


_OPTIONS = jmespath.Options(custom_functions=_Functions())


def search(expression: str, document: Any) -> Any:
    """Return what an expression finds; raise ValueError where a function of it does not take what is there."""
    return jmespath.compile(expression).search(document, _OPTIONS)  # the library keeps what it has compiled
