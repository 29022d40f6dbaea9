"""The number formats a model can be kept or computed in.

Knows nothing of models, and of tensors neither: the page reads it before torch is there.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """One floating-point format: a sign, an exponent, a mantissa (IEEE 754-2019, section 3.4)."""

    name: str           # as a visitor reads it
    torch_name: str     # the attribute of torch with this format
    exponent_bits: int  # decide how large a number can be
    mantissa_bits: int  # decide how fine: numbers near 1 lie 2 ** -mantissa_bits apart

    @property
    def bits(self) -> int:
        """Length of one number, the sign included."""
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def bytes(self) -> int:
        """Room of one number in a file."""
        return self.bits // 8

    @property
    def largest(self) -> float:
        """The largest finite number; beyond it lies infinity."""
        return (2 - 2.0**-self.mantissa_bits) * 2.0 ** (2 ** (self.exponent_bits - 1) - 1)

    @property
    def epsilon(self) -> float:
        """Distance from 1 to the next larger number."""
        return 2.0**-self.mantissa_bits


FORMATS = {format.name: format for format in (
    Format("fp32", "float32", exponent_bits=8, mantissa_bits=23),
    Format("fp16", "float16", exponent_bits=5, mantissa_bits=10),
    Format("bf16", "bfloat16", exponent_bits=8, mantissa_bits=7),
)}


def format_named(name: str) -> Format:
    """The format with this name."""
    if name not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {name}")
    return FORMATS[name]
