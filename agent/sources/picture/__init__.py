"""Picture and sound of channels, looked into as they arrive at the other probes (docs/picture.md)."""

from operator import attrgetter

from agent.sources.kind import SourceKind
from agent.sources.picture import metrics
from agent.sources.picture.settings import PictureDecoder, PictureSettings

SOURCE = SourceKind(
    title="Picture and sound",
    table="picture",
    settings=PictureSettings,
    key="channel",
    name=attrgetter("channel"),
    collectors="agent.sources.picture.source:collectors",
    metrics=metrics.ALL,
    extra="picture",
    limits=PictureDecoder,
    limits_table="picture_decoder",
    not_once="picture and sound are not part of “once”: what is frozen or silent shows only over time",
)
