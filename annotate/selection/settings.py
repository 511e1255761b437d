"""Settings that come as text, such as the 0.9 of ``threshold:0.9``."""

from __future__ import annotations

from annotate.errors import ConfigError


def read_share(value: float | str, what: str) -> float:
    """Return ``value`` as a number from 0 to 1, or raise ConfigError naming ``what``."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ConfigError(f"{what} must be a number from 0 to 1; got {value!r}.")
    return number


def read_count(value: int | str, what: str) -> int:
    """Return ``value`` as a whole number of 1 or more, or raise ConfigError naming ``what``."""
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise ConfigError(f"{what} must be a whole number of 1 or more; got {value!r}.")
    return number
