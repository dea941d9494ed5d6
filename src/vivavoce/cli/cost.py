"""The `vivavoce cost` command: what a study cost, to the cent, and what it would have cost elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vivavoce.session.money import cents, dollars, in_cents, shares_in_cents, written
from vivavoce.session.usage import OURSELVES

if TYPE_CHECKING:
    from vivavoce.ops.cost import Alternative, Bill


AS_IT_WAS = "as it was"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("cost")(cost)


def cost(
    study: Annotated[str, typer.Argument(help="Id of a published study.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON for programs; amounts in micro-dollars.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option(help="Make the study's ledger anew from its sessions' logs first.")
    ] = False,
    machine_hour_usd: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Compare with a machine at this price an hour. Default: VIVAVOCE_MONEY__MACHINE_HOUR_USD.",
        ),
    ] = None,
    machine_sessions: Annotated[
        int | None,
        typer.Option(min=1, help="Sessions that machine carries at once. Default: VIVAVOCE_HOST__SLOTS."),
    ] = None,
) -> None:
    """Explain what a study cost: by session, provider, model and kind; and compare managed with self-hosted."""
    from vivavoce.ops.cost import bill, compare
    from vivavoce.settings import load
    from vivavoce.storage.open import open_storage
    from vivavoce.voice.prices import managed, voices

    settings = load()

    async def read() -> Bill:
        async with open_storage(settings, exclusive=False, create=False) as storage:
            if rebuild:
                await storage.studies.get(study)
                await storage.ledger.rebuild(study)
            return await bill(storage, study, settings.money)

    found = asyncio.run(read())
    hour_usd = settings.money.machine_hour_usd if machine_hour_usd is None else Decimal(str(machine_hour_usd))
    others = compare(
        found,
        managed(),
        voices(settings),
        hour_usd=hour_usd,
        sessions=machine_sessions or settings.host.slots,
    )
    if as_json:
        typer.echo(json.dumps(_as_json(found, others), indent=2, ensure_ascii=False))
    elif found.lines:
        _print(found, others)
    else:
        typer.echo(f"Study {study} has cost nothing so far.")
        _print_standing(found)


def _as_json(found: Bill, others: list[Alternative]) -> dict[str, Any]:
    return {
        "study": found.study_id,
        "currency": "USD",
        "unit": "micro-dollars",
        "total": found.total,
        "cap": found.cap,
        "held": found.standing.held,
        "seconds": round(found.seconds, 3),
        "sessions": found.by(lambda line: line.session_id),
        "providers": found.by(lambda line: line.provider),
        "models": found.by(lambda line: f"{line.provider}/{line.model}"),
        "kinds": found.by(lambda line: line.part),
        "lines": [asdict(line) for line in found.lines],
        "alternatives": [asdict(other) for other in others],
    }


def _print(found: Bill, others: list[Alternative]) -> None:
    sessions = len(found.by(lambda line: line.session_id))
    typer.echo(
        f"Study {found.study_id}: {in_cents(cents(found.total))} for {sessions} "
        f"session{'s' if sessions != 1 else ''}, {_time(found.seconds)} of interviews"
    )
    _print_standing(found)
    _table("By session", found.by(lambda line: line.session_id))
    _table("By provider", found.by(lambda line: _payee(line.provider)))
    _table("By model", found.by(lambda line: f"{line.provider}/{line.model}"))
    _table("By kind", found.by(lambda line: line.part))
    _print_use(found)
    _print_others(found, others)


def _print_use(found: Bill) -> None:
    """What was used of each model, at which price, and what that came to."""
    rows = found.by(lambda line: (line.part, line.provider, line.model, line.price))
    shares = shares_in_cents(list(rows.values()))
    width = max(len(f"{provider}/{model}") for _, provider, model, _ in rows)
    typer.echo("\nWhat was used\n-------------")
    for row, share in zip(rows, shares, strict=True):
        part, provider, model, price = row
        lines = [line for line in found.lines if (line.part, line.provider, line.model, line.price) == row]
        counts = {
            "tokens in": sum(line.input_tokens for line in lines),
            "of them sound": sum(line.input_audio_tokens for line in lines),
            "of them cached": sum(line.cached_tokens for line in lines),
            "tokens out": sum(line.output_tokens for line in lines),
            "of those sound": sum(line.output_audio_tokens for line in lines),
            "characters": sum(line.characters for line in lines),
        }
        seconds = sum(line.seconds for line in lines)
        told = [f"{count:,} {what}" for what, count in counts.items() if count]
        told += [_time(seconds)] if seconds else []
        name = f"{provider}/{model}"
        typer.echo(
            f"{part:<9}{name:<{width}}  {in_cents(share):>10}  {', '.join(told) or 'nothing'} (price: {price})"
        )


def _payee(provider: str) -> str:
    return f"{provider} (machines of yours)" if provider == OURSELVES else provider


def _time(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 60 else f"{seconds / 60:.1f} minutes"


def _print_standing(found: Bill) -> None:
    if found.cap is not None:
        percent = 100 * found.standing.spent / found.cap
        typer.echo(
            f"{percent:.0f} % of {written(found.cap)} spent, {written(found.standing.held)} set aside for sessions"
            f" under way, {written(found.standing.left(found.cap))} left"
        )


def _table(title: str, sums: Mapping[str, int]) -> None:
    typer.echo(f"\n{title}\n{'-' * len(title)}")
    width = max(len(name) for name in sums)
    # The rows add up to the total that is shown, to the cent.
    for name, share in zip(sums, shares_in_cents(list(sums.values())), strict=True):
        typer.echo(f"{name:<{width}}  {in_cents(share):>10}")


def _print_others(found: Bill, others: list[Alternative]) -> None:
    minutes = Decimal(str(found.seconds)) / 60
    if not minutes:
        return
    title = "For the same interviews"
    width = max(len(other.name) for other in others) if others else 0
    typer.echo(f"\n{title}\n{'-' * len(title)}")
    width = max(width, len(AS_IT_WAS))
    typer.echo(f"{'':<{width}}  {'a minute':>10}{'the study':>12}")
    for name, amount in ((AS_IT_WAS, found.total), *((other.name, other.amount) for other in others)):
        a_minute = f"${dollars(amount) / minutes:.4f}"
        typer.echo(f"{name:<{width}}  {a_minute:>10}{in_cents(cents(amount)):>12}")
    for other in others:
        if other.even_at is not None:
            typer.echo(
                f"The machine costs no more than the cheapest of these with {other.even_at:.1f} sessions at once,"
                " hour by hour."
            )
