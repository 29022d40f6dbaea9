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


@dataclass(frozen=True)
class IntegerFormat:
    """Whole numbers times a scale; every group of neighbours in a row shares one scale, an fp16 number.

    Groups of 32 with an fp16 scale are what llama.cpp calls Q8_0 and Q4_0.
    """

    name: str
    bits: int        # of one code; codes reach from -2 ** (bits - 1) to 2 ** (bits - 1) - 1
    group: int = 32  # numbers that share a scale

    @property
    def highest(self) -> int:
        """The largest code."""
        return 2 ** (self.bits - 1) - 1


INTEGER_FORMATS = {format.name: format for format in (
    IntegerFormat("int8", 8), IntegerFormat("int4", 4), IntegerFormat("int2", 2))}
STORAGE_FORMATS = FORMATS | INTEGER_FORMATS  # every format that parameters can be kept in

ENGINES = ("compute", "storage")
ROUTERS = ("short", "fp32", "alone")  # routers in the format too, kept in fp32, or the only ones to leave it


def format_named(name: str) -> Format:
    """The floating-point format with this name."""
    if name not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {name}")
    return FORMATS[name]


def storage_format_named(name: str) -> Format | IntegerFormat:
    """The format with this name, whole numbers included."""
    if name not in STORAGE_FORMATS:
        raise ValueError(f"format must be one of {', '.join(STORAGE_FORMATS)}, got {name}")
    return STORAGE_FORMATS[name]


def engines_of(format: str) -> tuple[str, ...]:
    """Whole numbers are only stored: no processor kernel of ours computes in them."""
    return ENGINES if isinstance(storage_format_named(format), Format) else ("storage",)


def matrix_bytes(rows: int, columns: int, format: str, scale_bytes: int = 2) -> int:
    """Room of a matrix in a file: its numbers, and for whole numbers the scales of the groups of each row.

    The last group of a row is filled up; onnxruntime keeps scales in fp32 (scale_bytes = 4).
    """
    kind = storage_format_named(format)
    if isinstance(kind, Format):
        return rows * columns * kind.bytes
    groups = -(-columns // kind.group)
    return rows * groups * (kind.group * kind.bits // 8 + scale_bytes)
