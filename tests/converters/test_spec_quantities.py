"""Amounts of memory, time and accelerators."""

from __future__ import annotations

import pytest

from mdk_converters.quantities import gpu_type_and_count, memory_bytes, seconds


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("16Gi", 16 * 2**30),
        ("512M", 512_000_000),
        ("1.5Gi", 3 * 2**29),
        ("2000000k", 2_000_000_000),
        ("1Mi", 2**20),
        ("4294967296", 2**32),
    ],
)
def test_memory(text: str, amount: int) -> None:
    assert memory_bytes(text) == amount


@pytest.mark.parametrize("text", ["", "16", "16GB", "Gi", "-1Gi", "1e9", "16 Gi", "١٦Gi", "0Gi", "16gi"])
def test_what_is_no_memory(text: str) -> None:
    with pytest.raises(ValueError, match="Mi"):
        memory_bytes(text)


@pytest.mark.parametrize(("text", "amount"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d2h3m4s", 93784)])
def test_time(text: str, amount: int) -> None:
    assert seconds(text) == amount


@pytest.mark.parametrize("text", ["", "90", "0s", "30min", "1m1h", "-5m", "1.5h", "5 m"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as|longer than zero"):
        seconds(text)


def test_accelerators() -> None:
    assert gpu_type_and_count("nvidia-tesla-t4:2") == ("nvidia-tesla-t4", 2)
    assert gpu_type_and_count("nvidia.com/gpu") == ("nvidia.com/gpu", 1)


@pytest.mark.parametrize("text", ["", "2", "t4:0", "t4:", "t4:x", "t4:1:2", "a b"])
def test_what_is_no_accelerator(text: str) -> None:
    with pytest.raises(ValueError, match="TYPE"):
        gpu_type_and_count(text)
