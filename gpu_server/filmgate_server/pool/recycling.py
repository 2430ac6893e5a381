"""Which workers are worn and give way to fresh ones."""

from __future__ import annotations

from collections.abc import Sequence

from filmgate_server.pool.member import Member, State
from filmgate_server.pool.settings import PoolSettings


def retire_worn(members: Sequence[Member], settings: PoolSettings, now_s: float) -> None:
    """Give a worn worker no more work of its own, and let it go once it is idle.

    One at a time, and only while every other one is at work: they take over what it would do. What
    keeps dying is not waited for; a broken device would else keep the others from being renewed.

    Args:
        members: all of them.
        settings: say when a worker is worn.
        now_s: the time.
    """
    if all(member.is_at_work or member.is_failing for member in members):
        worn = next((member for member in members if _may_retire(member, settings)), None)
        if worn is not None:
            worn.retiring = True
    for member in members:
        if member.retiring and member.state is State.READY and not member.executions:
            member.let_go(now_s)


def _may_retire(member: Member, settings: PoolSettings) -> bool:
    return member.is_at_work and _is_worn(member, settings)


def _is_worn(member: Member, settings: PoolSettings) -> bool:
    jobs, growth_bytes = settings.recycle_jobs, settings.recycle_growth_bytes
    return 0 < jobs <= member.answered or 0 < growth_bytes < member.beat.growth_bytes
