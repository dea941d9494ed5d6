"""The guard models of the settings, shared by the sessions of a process."""

from __future__ import annotations

from vivavoce.moderator.guard.chain import Chain
from vivavoce.moderator.guard.llama import LlamaGuard
from vivavoce.protocol.guard import Guard
from vivavoce.session.usage import Used, unmetered
from vivavoce.settings import GuardSettings


class Guards:
    """Opens each when it is first wanted.

    Args:
        settings: the profiles.
    """

    def __init__(self, settings: GuardSettings) -> None:
        self._settings = settings
        self._open: dict[str, LlamaGuard] = {}

    def chain(self, policy: Guard, *, used: Used = unmetered) -> Chain:
        """The judges of a study. Nothing is connected yet.

        Args:
            policy: of the study.
            used: told what each request to a judge used.

        Raises:
            GuardUnknown: the policy names one that the settings do not have.
        """
        judges = [self._judge(name).counted(used) for name in self._settings.chosen(policy.models)]
        return Chain(judges, policy)

    def _judge(self, name: str) -> LlamaGuard:
        if name not in self._open:
            profile = self._settings.profiles[name]
            self._open[name] = LlamaGuard(
                name,
                base_url=profile.base_url,
                model=profile.model,
                api_key=profile.api_key.get_secret_value() if profile.api_key is not None else None,
            )
        return self._open[name]

    async def aclose(self) -> None:
        """Close every connection."""
        for judge in self._open.values():
            await judge.aclose()
        self._open.clear()
