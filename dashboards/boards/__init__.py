"""The dashboards, in the order in which they link to each other."""

from dashboards.boards import (
    appeals,
    billing,
    busy_hour,
    channels,
    edge,
    node,
    ottwatch,
    platform,
    quality,
    sites,
    streams,
    tickets,
)
from dashboards.model import Board

BOARDS: tuple[Board, ...] = (
    platform.BOARD,
    sites.BOARD,
    node.BOARD,
    edge.BOARD,
    quality.BOARD,
    streams.BOARD,
    channels.BOARD,
    busy_hour.BOARD,
    billing.BOARD,
    tickets.BOARD,
    appeals.BOARD,
    ottwatch.BOARD,
)
