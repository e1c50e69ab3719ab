from __future__ import annotations

import platform
from importlib import metadata

import pytest

from hythe.base.errors import Corrupt, Invalid
from hythe.bundle.lock import Difference, Lock, differences, take_lock


def test_a_lock_holds_what_is_asked_for_and_all_that_it_needs() -> None:
    lock = take_lock(["scikit-learn"])
    for name in ("scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl"):
        assert lock.distributions[name] == metadata.version(name)
    assert "pytest" not in lock.distributions
    assert lock.python == platform.python_version()
    assert lock.requirements == ("scikit-learn",)


def test_names_are_normalised_and_the_order_asked_for_does_not_matter() -> None:
    one, other = take_lock(["Scikit_Learn", "skops"]), take_lock(["skops", "Scikit_Learn"])
    assert one.encode() == other.encode()
    assert "scikit-learn" in one.distributions


def test_what_an_extra_needs_is_locked_only_when_asked_for() -> None:
    assert set(take_lock(["hythe"]).distributions) < set(take_lock(["hythe[sklearn]"]).distributions)
    assert "skops" in take_lock(["hythe[sklearn]"]).distributions
    assert "skops" not in take_lock(["hythe"]).distributions


def test_a_requirement_that_is_not_installed_is_refused_with_the_remedy() -> None:
    with pytest.raises(
        Invalid, match="the model needs 'no-such-thing', which is not installed here; install it"
    ):
        take_lock(["no-such-thing"])
    with pytest.raises(Invalid, match="is no requirement"):
        take_lock(["a b c"])


def test_the_lock_of_this_environment_does_not_differ_from_it() -> None:
    assert differences(take_lock(["scikit-learn", "pandas"])) == ()


def test_other_versions_missing_distributions_and_another_python_differ() -> None:
    lock = Lock("3.11.2", {"a": "1", "b": "2", "c": "3"})
    found = differences(lock, {"a": "1", "b": "2.1"}.get, "3.12.0")
    assert found == (
        Difference("python", "3.11.2", "3.12.0"),
        Difference("b", "2", "2.1"),
        Difference("c", "3", None),
    )


def test_a_patch_of_python_is_no_difference() -> None:
    assert differences(Lock("3.11.2", {}), python="3.11.9") == ()
    assert differences(Lock("3.1.2", {}), python="3.11.2") != ()


def test_a_lock_comes_back_and_bytes_that_are_none_are_corrupt() -> None:
    lock = take_lock(["numpy"])
    assert Lock.decode(lock.encode()) == lock
    with pytest.raises(Corrupt, match="the lock cannot be read"):
        Lock.decode(b"{}")


def test_pins_are_a_requirements_file() -> None:
    lock = take_lock(["numpy"])
    assert f"numpy=={metadata.version('numpy')}\n" in lock.pins()
