"""Matrices in plain Python: for images without a framework, and the base of fakes in tests."""

import math
import platform
import random
from array import array
from dataclasses import dataclass
from operator import mul

from aiconform.agent.engines.protocol import Device, DType


@dataclass(frozen=True)
class Matrix:
    values: "array[float]"  # single precision, row by row
    rows: int
    columns: int

    def row(self, i: int) -> "array[float]":
        return self.values[i * self.columns : (i + 1) * self.columns]


class PythonEngine:
    """Slow and right. Its rates say something about the interpreter, little about the machine."""

    name = "python"
    version: "str | None" = platform.python_version()
    backend = "cpu"
    largest_size: "int | None" = 64

    def devices(self) -> "tuple[Device, ...]":
        return (Device(name="cpu", kind="cpu"),)

    def place(
        self, values: bytes, *, rows: int, columns: int, device: Device, dtype: DType
    ) -> Matrix:
        return Matrix(array("f", values), rows, columns)

    def noise(self, *, rows: int, columns: int, device: Device, dtype: DType, seed: int) -> Matrix:
        source = random.Random(seed)
        width = 1 / math.sqrt(columns)
        values = (source.gauss(0.0, width) for _ in range(rows * columns))
        return Matrix(array("f", values), rows, columns)

    def matmul(self, left: Matrix, right: Matrix, *, into: "Matrix | None" = None) -> Matrix:
        columns = [right.values[j :: right.columns] for j in range(right.columns)]
        rows = (left.row(i) for i in range(left.rows))
        values = array("f", (sum(map(mul, row, column)) for row in rows for column in columns))
        return Matrix(values, left.rows, right.columns)

    def copy(self, source: Matrix) -> Matrix:
        return Matrix(source.values[:], source.rows, source.columns)

    def wait(self, *arrays: Matrix) -> None:
        """All is done when a call returns."""

    def fetch(self, array: Matrix) -> bytes:
        return array.values.tobytes()
