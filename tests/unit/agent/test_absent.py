import importlib.util
import sys

import pytest

from agent.runtime.absent import absent


def test_a_package_is_not_found_within_and_found_afterwards() -> None:
    with absent("this"), pytest.raises(ModuleNotFoundError):
        importlib.import_module("this")
    assert importlib.util.find_spec("this") is not None
    assert "this" not in sys.modules


def test_it_is_found_again_after_an_error_within() -> None:
    with pytest.raises(RuntimeError), absent("this"):
        raise RuntimeError
    assert "this" not in sys.modules


def test_one_that_is_loaded_stays() -> None:
    with absent("json"):
        assert importlib.import_module("json") is sys.modules["json"]
    assert sys.modules["json"] is not None
