"""The boards, in the order in which they link to each other."""

from dashboards.boards import platform
from dashboards.model import Board

BOARDS: tuple[Board, ...] = (platform.BOARD,)
