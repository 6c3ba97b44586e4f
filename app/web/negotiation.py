"""Content negotiation (RFC 9110, section 12)."""

from collections.abc import Sequence
from functools import lru_cache


@lru_cache(maxsize=256)
def choose_media_type(accept: str, offers: Sequence[str]) -> str | None:
    """The offer with the highest weight in Accept, the first of equal ones; None where it accepts none."""
    weights = _weights(accept)

    def weight(offer: str) -> float:
        # The most specific range decides, whatever the others say.
        ranges = (offer, f"{offer.partition('/')[0]}/*", "*/*")
        return next((weights[name] for name in ranges if name in weights), 0.0)

    best = max(offers, key=weight)
    return best if weight(best) > 0 else None


@lru_cache(maxsize=256)
def choose_coding(accept_encoding: str, offers: Sequence[str]) -> str | None:
    """The coding with the highest weight in Accept-Encoding, the first of equal ones; None for identity."""
    weights = _weights(accept_encoding)

    def weight(offer: str) -> float:
        return weights.get(offer, weights.get("*", 0.0))

    best = max(offers, key=weight)
    return best if weight(best) > 0 and weight(best) >= weights.get("identity", 0.0) else None


def _weights(field: str) -> dict[str, float]:
    """``text/html, */*;q=0.5`` as {"text/html": 1.0, "*/*": 0.5}. A malformed weight is 0."""
    weights: dict[str, float] = {}
    for element in field.lower().split(","):
        name, *parameters = (part.strip() for part in element.split(";"))
        weights[name] = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weights[name] = float(parameter[2:])
                except ValueError:
                    weights[name] = 0.0
    return weights
