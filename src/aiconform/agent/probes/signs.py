"""
Products of matrices of ±1, known exactly beforehand.

Every partial sum is a small integer, so any order of accumulation gives the same bits in float32,
float16 and bfloat16, and the tolerance is zero. A row of signs is one Python integer with a bit for
each column (1 means +1), so that dot products are `xor` and a population count, exact and fast.
"""

import hashlib
import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import mul

# Chance that a wrong row passes one random vector of {-1, 0, 1} is at most 1/3.
VECTORS = 8


def sign_row(seed: int, matrix: str, row: int, columns: int) -> int:
    """The signs of one row, from a counter-based hash: every engine and machine has the same."""
    key = f"{seed}/{matrix}/{row}".encode()
    return int.from_bytes(hashlib.shake_128(key).digest(columns // 8), "little")


@dataclass(frozen=True)
class Wrong:
    """One element of a product that is not what it must be."""

    row: int
    column: int
    expected: int
    got: float


class SignProduct:
    """
    C = A · B with A and B of ±1, `size` a multiple of 8 and at most 4096.

    Sums are even and, but for one in 10^14, within 512: exact in bfloat16 and float16 as well.
    """

    def __init__(self, *, seed: int, size: int) -> None:
        if size % 8 or not 8 <= size <= 4096:
            raise ValueError(f"size {size} is not a multiple of 8 between 8 and 4096")
        self.seed = seed
        self.size = size
        self.left = [sign_row(seed, "A", i, size) for i in range(size)]
        self.right = [sign_row(seed, "B", i, size) for i in range(size)]

    def left_values(self) -> bytes:
        return _as_floats(self.left, self.size)

    def right_values(self) -> bytes:
        return _as_floats(self.right, self.size)

    def right_transposed_values(self) -> bytes:
        return _as_floats(self._columns, self.size)

    def expected(self, row: int, column: int) -> int:
        return self.size - 2 * (self.left[row] ^ self._columns[column]).bit_count()

    def expected_row(self, row: int) -> "array[float]":
        return array("f", (self.expected(row, column) for column in range(self.size)))

    def wrong_rows(self, product: bytes, *, vectors: int = VECTORS) -> "list[int]":
        """
        Rows of `product` that differ from A · B (Freivalds: C · x against A · (B · x)).

        A wrong row stays unnoticed with probability at most 3^-vectors. All in exact integers:
        floats hold them up to 2^53, the sums stay below 2^25.
        """
        rows = list(_rows(product, self.size))
        chosen = random.Random(self.seed)
        wrong: "set[int]" = set()
        for _ in range(vectors):
            x = [chosen.choice((-1, 0, 1)) for _ in range(self.size)]
            should = self._times(x)
            wrong.update(i for i, row in enumerate(rows) if sum(map(mul, row, x)) != should[i])
        return sorted(wrong)

    def wrong_elements(self, product: bytes) -> "Iterator[Wrong]":
        """Every wrong element of the rows that `wrong_rows` finds."""
        for i in self.wrong_rows(product):
            row = array("f", product[4 * i * self.size : 4 * (i + 1) * self.size])
            for j, got in enumerate(row):
                if got != self.expected(i, j):  # true for NaN too
                    yield Wrong(row=i, column=j, expected=self.expected(i, j), got=got)

    def _times(self, x: Sequence[int]) -> "list[int]":
        """A · (B · x)."""
        plus, minus = _mask(e == 1 for e in x), _mask(e == -1 for e in x)
        inner = [_signed_sum(row, plus) - _signed_sum(row, minus) for row in self.right]
        # A · y with y cut into bit planes: one population count per row and plane. The offset
        # makes y positive, and falls out again below.
        offset = self.size
        planes = [
            _mask(((y + offset) >> p) & 1 == 1 for y in inner)
            for p in range((2 * offset).bit_length())
        ]
        ones = (1 << self.size) - 1
        return [
            sum(_signed_sum(row, plane) << p for p, plane in enumerate(planes))
            - offset * _signed_sum(row, ones)
            for row in self.left
        ]

    @cached_property
    def _columns(self) -> "list[int]":
        """Columns of B as integers; needed only to locate a fault or for whole rows."""
        bits = (format(row, f"0{self.size}b")[::-1] for row in self.right)
        return [int("".join(column)[::-1], 2) for column in zip(*bits, strict=True)]


def _signed_sum(row: int, mask: int) -> int:
    """Sum of a row's signs over the columns in `mask`."""
    return 2 * (row & mask).bit_count() - mask.bit_count()


def _mask(bits: "Iterator[bool] | Sequence[bool]") -> int:
    return int("".join("1" if bit else "0" for bit in bits)[::-1], 2)


_EIGHT_SIGNS = [
    array("f", (1.0 if byte >> bit & 1 else -1.0 for bit in range(8))).tobytes()
    for byte in range(256)
]


def _as_floats(rows: Sequence[int], columns: int) -> bytes:
    packed = chain.from_iterable(row.to_bytes(columns // 8, "little") for row in rows)
    return b"".join(map(_EIGHT_SIGNS.__getitem__, packed))


def _rows(product: bytes, columns: int) -> "Iterator[array[float]]":
    for start in range(0, len(product), 4 * columns):
        yield array("f", product[start : start + 4 * columns])
