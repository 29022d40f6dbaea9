"""A format is its exponent and its mantissa; torch says the same of each."""

import subprocess
import sys

import pytest
import torch

from moe_core.precision.formats import FORMATS, format_named


@pytest.mark.parametrize("name", ["fp32", "fp16", "bf16"])
def test_every_figure_is_the_one_that_torch_gives(name):
    format = FORMATS[name]
    theirs = torch.finfo(getattr(torch, format.torch_name))
    assert (format.bits, format.largest, format.epsilon) == (theirs.bits, theirs.max, theirs.eps)
    assert format.bytes == theirs.bits // 8


def test_fp16_ends_at_65504_and_bf16_does_not():
    assert FORMATS["fp16"].largest == 65504
    assert FORMATS["bf16"].largest > 1e38


def test_an_unknown_format_is_named_with_the_allowed_ones():
    with pytest.raises(ValueError, match="format must be one of fp32, fp16, bf16, got int8"):
        format_named("int8")


def test_formats_and_comparisons_are_there_before_torch_is():
    code = ("import sys, moe_core.precision.formats, moe_core.precision.comparison;"
            "sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
