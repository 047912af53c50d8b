"""Points of the SM2 curve on plain integers: a table for each base point makes a product a sum of 64 of its entries.

gmssl computes on texts, at 17 to 25 ms a verification. Only for verifying: the time taken depends on the numbers.
"""

from functools import lru_cache
from itertools import accumulate
from operator import mul

from ..domain.sm2_keys import P

Affine = tuple[int, int]
_Jacobian = tuple[int, int, int]
_INFINITY: _Jacobian = (1, 1, 0)
_BITS = 4
_ROWS = 256 // _BITS
_SIZE = 1 << _BITS


class PointTable:
    """The multiples j * 16**i of a base point (j from 1 to 15, i from 0 to 63), with affine coordinates."""

    def __init__(self, base: Affine) -> None:
        self._rows: list[list[Affine]] = []
        for _ in range(_ROWS):
            row = _multiples(base)
            base = row.pop()
            self._rows.append(row)

    def times(self, factor: int) -> Affine | None:
        """Return `factor` (below 2**256) times the base point; None is the point at infinity."""
        total = _INFINITY
        for row in self._rows:
            digit = factor & (_SIZE - 1)
            factor >>= _BITS
            if digit:
                total = _add(total, row[digit - 1])
        return _to_affine([total])[0] if total[2] else None


@lru_cache(maxsize=64)
def table(x: int, y: int) -> PointTable:
    """Return the table of a point; building one takes some milliseconds, the last 64 are kept."""
    return PointTable((x, y))


def _multiples(base: Affine) -> list[Affine]:
    found: list[_Jacobian] = [(*base, 1)]
    for _ in range(_SIZE - 1):
        found.append(_add(found[-1], base))
    return _to_affine(found)


def _add(left: _Jacobian, right: Affine) -> _Jacobian:
    x1, y1, z1 = left
    if not z1:
        return (*right, 1)
    square = z1 * z1 % P
    h = (right[0] * square - x1) % P
    r = (right[1] * square * z1 - y1) % P
    if not h:
        return _INFINITY if r else _double(left)
    h2 = h * h % P
    h3 = h * h2 % P
    v = x1 * h2 % P
    x3 = (r * r - h3 - 2 * v) % P
    return x3, (r * (v - x3) - y1 * h3) % P, z1 * h % P


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    delta, gamma = z * z % P, y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P  # the curve has a = -3
    x3 = (alpha * alpha - 8 * beta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % P, 2 * y * z % P


def _to_affine(points: list[_Jacobian]) -> list[Affine]:
    """Convert finite points with one inversion for all of them."""
    products = list(accumulate((z for _, _, z in points), lambda a, b: mul(a, b) % P, initial=1))
    inverse = pow(products.pop(), -1, P)
    found = []
    for (x, y, z), before in zip(reversed(points), reversed(products), strict=True):
        own = inverse * before % P
        inverse = inverse * z % P
        square = own * own % P
        found.append((x * square % P, y * square * own % P))
    return found[::-1]
