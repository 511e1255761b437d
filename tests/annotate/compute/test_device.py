from __future__ import annotations

import pytest
import torch

from annotate.compute.device import (
    autocast,
    choose_batch_size,
    choose_device,
    choose_dtype,
    choose_training_dtype,
    choose_workers,
)
from annotate.errors import ConfigError


def test_auto_takes_a_gpu_only_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device() == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device() == "cuda"


@pytest.mark.parametrize("name", ["cuda:99", "gpu", ""])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(ConfigError, match="'auto' or 'cpu'"):
        choose_device(name)


def test_a_cpu_computes_in_float32():
    assert choose_device("cpu") == "cpu"
    assert choose_dtype("cpu") == "float32"


@pytest.mark.parametrize("supported", [True, False])
def test_a_gpu_computes_in_bfloat16_where_it_can(monkeypatch, supported):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: supported)
    assert choose_dtype("cuda:1") == ("bfloat16" if supported else "float32")


@pytest.mark.parametrize("has_matrix_units", [True, False])
def test_a_network_learns_in_bfloat16_where_that_is_faster(monkeypatch, has_matrix_units):
    monkeypatch.setattr(
        torch.cpu, "get_capabilities", lambda: {"amx_bf16": has_matrix_units}, raising=False
    )
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert choose_training_dtype("cpu") == ("bfloat16" if has_matrix_units else "float32")
    assert choose_training_dtype("cuda:0") == "bfloat16"


def test_autocast_changes_the_format_only_when_asked():
    left = torch.ones(2, 2)
    for dtype in ("float32", "bfloat16"):
        with autocast("cpu", dtype):
            assert (left @ left).dtype == getattr(torch, dtype)


def test_a_gpu_gets_larger_batches_and_at_least_as_many_decoders():
    assert choose_batch_size("cuda") > choose_batch_size("cpu") > 0
    assert choose_workers("cuda") >= choose_workers("cpu") >= 1
