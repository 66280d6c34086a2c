"""Synchronisation of a packet stream by its sync bytes (TR 101 290, 1.1 and 1.2; hysteresis as proposed there)."""

import numpy as np
from numpy.typing import NDArray

_LOCK = 5  # good sync bytes in a row
_LOSE = 2  # bad ones


class Synchronisation:
    """The state of one channel. It begins without synchronisation, which is no loss."""

    def __init__(self) -> None:
        self.locked = False
        self._run = 0

    def take(self, good: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], int, int]:
        """Take whether each packet has its sync byte, (n,).

        Returns which packets can be judged, (n,); the number of wrong sync bytes; the number of losses.
        """
        if self.locked and good.all():
            self._run = 0
            return good, 0, 0
        usable = np.zeros(len(good), np.bool_)
        wrong = losses = 0
        for index, is_good in enumerate(good.tolist()):
            if self.locked:
                usable[index] = is_good
                wrong += not is_good
                self._run = 0 if is_good else self._run + 1
                if self._run == _LOSE:
                    self.locked, self._run = False, 0
                    losses += 1
            else:
                self._run = self._run + 1 if is_good else 0
                if self._run == _LOCK:
                    self.locked, self._run = True, 0
                    usable[index] = True
        return usable, wrong, losses

    def lose(self) -> None:
        """Note that nothing comes any more."""
        self.locked, self._run = False, 0
