"""Events that Python listens to: what a listener raises goes to the log alone."""

from __future__ import annotations

from typing import Any, Callable

from unreal._session import current
from unreal._values import _WrapperBase


class MulticastDelegateBase(_WrapperBase):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._calls: list[Callable[..., Any]] = []

    def is_bound(self) -> bool:
        return bool(self._calls)

    def add_callable(self, callable: Callable[..., Any]) -> None:
        self._calls.append(callable)

    def add_callable_unique(self, callable: Callable[..., Any]) -> None:
        if callable not in self._calls:
            self._calls.append(callable)

    def remove_callable(self, callable: Callable[..., Any]) -> None:
        self._calls = [each for each in self._calls if each != callable]

    def contains_callable(self, callable: Callable[..., Any]) -> bool:
        return callable in self._calls

    def clear(self) -> None:
        self._calls.clear()

    def broadcast(self, *args: Any) -> None:
        for call in list(self._calls):
            current()._call(call, *args)


class OnButtonClickedEvent(MulticastDelegateBase):
    pass
