"""Nuke scripts parsed by real Tcl: what a saved script holds, told apart from what wrote it.

A script is a program in Tcl: each node is a command with one argument, its knobs; `push`, `set`
and `stack` say what it is connected to. Tcl itself runs it here, in an interpreter from which every
other command was taken.
"""

from __future__ import annotations

import tkinter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

NOT_NODES = {"version", "add_layer", "define_window_layout_xml"}


@dataclass
class NkNode:
    """A node of a script.

    Attributes:
        kind: its class.
        knobs: what the script says of its knobs, in order; `addUserKnob` may come often.
        inputs: the nodes that it is connected to.
        children: the nodes inside, for a group.
    """

    kind: str
    knobs: list[tuple[str, str]]
    inputs: list[NkNode | None] = field(default_factory=list)
    children: list[NkNode] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.knob("name") or ""

    def knob(self, name: str) -> str | None:
        """Return a knob's value as the script has it; None where the script is silent."""
        return next((value for known, value in self.knobs if known == name), None)

    def user_knobs(self) -> dict[str, list[str]]:
        """Return the definitions of the knobs that were added, by name, as words."""
        defined = (split(value) for known, value in self.knobs if known == "addUserKnob")
        return {words[1]: words for words in defined if len(words) > 1}

    def find(self, name: str) -> NkNode:
        """Return the node of that name inside, at any depth.

        Raises:
            KeyError: there is none.
        """
        for node in self.walk():
            if node.name == name:
                return node
        raise KeyError(name)

    def walk(self) -> Iterator[NkNode]:
        """Yield every node inside."""
        for node in self.children:
            yield node
            yield from node.walk()


def split(text: str) -> list[str]:
    """Return the words of a list of Tcl."""
    return [str(word) for word in tkinter.Tcl().tk.splitlist(text)]


class _Machine:
    """Runs a script: Tcl calls back for every command that it does not know."""

    def __init__(self) -> None:
        self.tcl = tkinter.Tcl()
        self.script = NkNode("script", [])
        self.groups: list[tuple[NkNode, list[Any]]] = [(self.script, [])]
        self.kept: list[NkNode | None] = []
        for name, call in (("node_", self.node), ("push_", self.push), ("stack_", self.stack)):
            self.tcl.createcommand(name, call)
        self.tcl.eval(
            "interp create -safe script\n"
            "foreach name [interp eval script {info commands}] {"
            " if {$name ne {set}} { interp hide script $name } }\n"
            "interp alias script unknown {} node_\n"
            "interp alias script push {} push_\n"
            "interp alias script stack {} stack_\n"
        )

    def run(self, text: str) -> NkNode:
        self.tcl.call("interp", "eval", "script", text)
        if len(self.groups) != 1:
            raise ValueError("a Group has no end_group")
        return self.script

    def push(self, value: str) -> str:
        number = str(value)
        self.groups[-1][1].append(None if number == "0" else self.kept[int(number) - 1])
        return ""

    def stack(self, index: str) -> str:
        self.kept.append(self.groups[-1][1][-1 - int(index)])
        return str(len(self.kept))

    def node(self, kind: str, *arguments: str) -> str:
        if kind == "end_group":
            self.groups.pop()
        elif kind not in NOT_NODES:
            self._add(str(kind), split(str(arguments[0])))
        return ""

    def _add(self, kind: str, words: list[str]) -> None:
        if len(words) % 2:
            raise ValueError(f"{kind}: a knob has no value")
        node = NkNode(kind, [(words[at], words[at + 1]) for at in range(0, len(words), 2)])
        inside, stack = self.groups[-1]
        if kind == "Root":
            self.script.knobs = node.knobs
            return
        for _ in range(_count(node)):
            node.inputs.append(stack.pop() if stack else None)
        inside.children.append(node)
        stack.append(node)
        if kind == "Group":
            self.groups.append((node, []))


def _count(node: NkNode) -> int:
    given = node.knob("inputs") or ("0" if node.kind in ("Input", "Read") else "1")
    return sum(int(part) for part in given.split("+"))


def parse_script(text: str) -> NkNode:
    """Let Tcl run a script and return what it makes.

    Raises:
        ValueError: a group is not closed, or a knob has no value.
        tkinter.TclError: it is no Tcl.
    """
    return _Machine().run(text)
