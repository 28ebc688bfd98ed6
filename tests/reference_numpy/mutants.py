"""Source code with one small thing wrong: an operator, a comparison, a sign or a number, chosen by a seed."""

from __future__ import annotations

import ast
import random
import types
from collections.abc import Callable, Collection, Iterator
from functools import partial

SWAPPED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
RENAMED = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "sum": "mean", "mean": "sum"}


class Mutant(ast.NodeTransformer):
    """Walks the code, counts the places that could be changed, and changes the one whose number is `place`."""

    def __init__(self, place: int | None = None, only: Collection[str] = ()):
        self.place, self.only = place, only
        self.places = 0
        self.change = ""
        self.tree = ast.Module([], [])

    def apply(self, source: str) -> None:
        self.tree = ast.parse(source)
        for statement in self.tree.body:
            if not self.only or getattr(statement, "name", None) in self.only:
                self.visit(statement)

    def _here(self, node: ast.AST, change: str) -> bool:
        self.places += 1
        if self.places - 1 != self.place:
            return False
        self.change = f"line {node.lineno}: {change}"
        return True

    # What a type annotation or an error message says changes no number.
    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        return node if node.arg == "strict" else self.generic_visit(node)  # a guard of zip that never fires

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.value = node.value and self.visit(node.value)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.args = self.visit(node.args)
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        swap = SWAPPED.get(type(node.op))
        if swap and self._here(node, f"{ast.unparse(node)} with {swap.__name__}"):
            node.op = swap()
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        swap = SWAPPED[type(node.op)]
        if self._here(node, f"{ast.unparse(node)} with {swap.__name__}"):
            node.op = swap()
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        swap = SWAPPED.get(type(node.op))
        if swap and self._here(node, f"{ast.unparse(node)} with {swap.__name__}"):
            node.op = swap()
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        swap = SWAPPED.get(type(node.ops[0]))
        if swap and self._here(node, f"{ast.unparse(node)} with {swap.__name__}"):
            node.ops[0] = swap()
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return node.operand if self._here(node, f"{ast.unparse(node)} without its operator") else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, bool):
            changed: bool | int | float = not node.value
        elif isinstance(node.value, int | float):
            changed = node.value + 1 if isinstance(node.value, int) else node.value * 2 or 1.0
        else:
            return node
        return ast.copy_location(ast.Constant(changed), node) if self._here(node, f"{node.value} → {changed}") else node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in RENAMED and self._here(node, f"{node.id} → {RENAMED[node.id]}"):
            node.id = RENAMED[node.id]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr in RENAMED and self._here(node, f"{node.attr} → {RENAMED[node.attr]}"):
            node.attr = RENAMED[node.attr]
        return node


def mutants(
    module: types.ModuleType, seeds: range, only: Collection[str] = ()
) -> Iterator[tuple[str, Callable[[], types.ModuleType]]]:
    """For every seed one random change of the module: what it is, and a function that runs the changed module.

    `only` names the functions and classes that may be changed.
    """
    with open(module.__file__, encoding="utf-8") as file:
        source = file.read()
    counter = Mutant(only=only)
    counter.apply(source)
    for seed in seeds:
        mutant = Mutant(random.Random(f"{module.__name__} {seed}").randrange(counter.places), only)
        mutant.apply(source)
        yield mutant.change, partial(_run, module, compile(mutant.tree, module.__file__, "exec"))


def _run(module: types.ModuleType, code: types.CodeType) -> types.ModuleType:
    wrong = types.ModuleType(module.__name__)
    exec(code, wrong.__dict__)
    return wrong
