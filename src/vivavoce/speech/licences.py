"""What the licence of a model's weights permits."""

from __future__ import annotations

from dataclasses import dataclass

from vivavoce.speech.catalogue import CATALOGUE
from vivavoce.speech.served import find_served


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence.

    Attributes:
        name: SPDX expression.
        non_commercial: it forbids commercial use.
    """

    name: str
    non_commercial: bool


def licence_of(weights: str) -> Licence | None:
    """The licence of weights by their id in the model store, or by what a server elsewhere calls them.

    None where it is not known: that is no permission.
    """
    model = CATALOGUE.get(weights) or find_served(weights)
    return None if model is None else Licence(model.licence, model.non_commercial)
