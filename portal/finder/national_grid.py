"""Converts eastings and northings of the national grid to latitude and longitude.

The postcode files give positions in metres of the Ordnance Survey's grid. The conversion is the
published one: the inverse projection onto the grid's own ellipsoid, then a seven-parameter Helmert
transformation to WGS 84. It is accurate to within five metres, much finer than the finder needs;
the OS's exact tables would be larger than the portal.
"""

from __future__ import annotations

import math

_AIRY = 6_377_563.396, 6_356_256.909
_WGS84 = 6_378_137.0, 6_356_752.314245
_SCALE, _FALSE_EAST, _FALSE_NORTH = 0.9996012717, 400_000.0, -100_000.0
_TRUE_ORIGIN = math.radians(49), math.radians(-2)
# Shifts in metres, scale change, and rotations in radians, from the OS's guide to coordinates.
_SHIFT = 446.448, -125.157, 542.060
_GROWTH = 1 - 20.4894e-6
_TURN = tuple(math.radians(seconds / 3600) for seconds in (0.1502, 0.2470, 0.8421))


def degrees(east: float, north: float) -> tuple[float, float]:
    """Latitude and longitude (WGS 84) of a point of the national grid, to within five metres."""
    x, y, z = _cartesian(*_geodetic(east, north), _AIRY)
    rx, ry, rz = _TURN
    return _latitude_longitude(
        _SHIFT[0] + x * _GROWTH - y * rz + z * ry,
        _SHIFT[1] + x * rz + y * _GROWTH - z * rx,
        _SHIFT[2] - x * ry + y * rx + z * _GROWTH,
    )


def _geodetic(east: float, north: float) -> tuple[float, float]:
    """Radians on the grid's own ellipsoid: the inverse of the transverse Mercator projection."""
    a, b = _AIRY
    first, meridian = _TRUE_ORIGIN
    e2 = 1 - (b / a) ** 2
    latitude = first
    arc = 0.0
    while True:
        latitude += (north - _FALSE_NORTH - arc) / (a * _SCALE)
        arc = _meridional_arc(latitude)
        if abs(north - _FALSE_NORTH - arc) < 0.01:
            break
    bend = 1 - e2 * math.sin(latitude) ** 2
    across = a * _SCALE / math.sqrt(bend)
    along = a * _SCALE * (1 - e2) / bend**1.5
    eta2 = across / along - 1
    t, secant = math.tan(latitude), 1 / math.cos(latitude)
    d = east - _FALSE_EAST
    d2 = (d / across) ** 2
    up = 1 - d2 / 12 * (5 + 3 * t**2 + eta2 - 9 * t**2 * eta2)
    up += d2**2 / 360 * (61 + 90 * t**2 + 45 * t**4)
    up *= t / (2 * along) * d * (d / across)
    over = 1 - d2 / 6 * (across / along + 2 * t**2)
    over += d2**2 / 120 * (5 + 28 * t**2 + 24 * t**4)
    over -= d2**3 / 5040 * (61 + 662 * t**2 + 1320 * t**4 + 720 * t**6)
    over *= secant * (d / across)
    return latitude - up, meridian + over


def _meridional_arc(latitude: float) -> float:
    a, b = _AIRY
    n = (a - b) / (a + b)
    less, plus = latitude - _TRUE_ORIGIN[0], latitude + _TRUE_ORIGIN[0]
    arc = (1 + n + 1.25 * n**2 + 1.25 * n**3) * less
    arc -= (3 * n + 3 * n**2 + 2.625 * n**3) * math.sin(less) * math.cos(plus)
    arc += (1.875 * n**2 + 1.875 * n**3) * math.sin(2 * less) * math.cos(2 * plus)
    arc -= 35 / 24 * n**3 * math.sin(3 * less) * math.cos(3 * plus)
    return b * _SCALE * arc


def _cartesian(
    latitude: float, longitude: float, ellipsoid: tuple[float, float]
) -> tuple[float, float, float]:
    a, b = ellipsoid
    e2 = 1 - (b / a) ** 2
    across = a / math.sqrt(1 - e2 * math.sin(latitude) ** 2)
    return (
        across * math.cos(latitude) * math.cos(longitude),
        across * math.cos(latitude) * math.sin(longitude),
        across * (1 - e2) * math.sin(latitude),
    )


def _latitude_longitude(x: float, y: float, z: float) -> tuple[float, float]:
    a, b = _WGS84
    e2 = 1 - (b / a) ** 2
    from_axis = math.hypot(x, y)
    latitude = math.atan2(z, from_axis * (1 - e2))
    for _ in range(4):
        across = a / math.sqrt(1 - e2 * math.sin(latitude) ** 2)
        latitude = math.atan2(z + e2 * across * math.sin(latitude), from_axis)
    return math.degrees(latitude), math.degrees(math.atan2(y, x))
