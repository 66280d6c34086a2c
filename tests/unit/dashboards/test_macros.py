import pytest

from dashboards import macros


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ('up{node=~"$node"}', 'up{node=~"v"}'),
        ('up{node=~"${node:regex}"}', 'up{node=~"v"}'),
        ('up{node=~"[[node]]"}', 'up{node=~"v"}'),
        ("rate(up[$__rate_interval])", "rate(up[25s])"),
        ("rate(up[${__range_s}s])", "rate(up[21600s])"),
        ("${__field.labels.node}", "v"),
        ('label_replace(up, "a", "$1", "b", "(.*)")', 'label_replace(up, "a", "$1", "b", "(.*)")'),
    ],
)
def test_expand(text: str, filled: str) -> None:
    assert macros.expand(text, lambda name: macros.BUILT_IN.get(name, "v")) == filled
