"""Python functions that an experiment names: `my_model.py:build`, or `package.module:build`.

What they take is read from their source, so that nothing of anybody's is run to check an
experiment; they are imported when they are called.
"""

from __future__ import annotations

import ast
import difflib
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli.errors import NncliError
from nncli.signatures import Argument, arguments_of, arguments_of_imported

__all__ = [
    "CARRIED_OUT", "DATASETS", "MODELS", "Function", "mistakes_in", "plug_in", "plug_in_label",
    "plug_ins",
]  # fmt: skip

# The entry-point groups in which packages offer functions.
DATASETS = "nncli.datasets"
MODELS = "nncli.models"

# The context in which settings are read that were carried out already: what they name may be gone.
CARRIED_OUT = {"carried_out": True}


@dataclass(frozen=True)
class Function:
    """A function, by what an experiment calls it.

    Attributes:
        reference: `path/file.py:name`, or `package.module:name`.
    """

    reference: str

    @property
    def name(self) -> str:
        """Of the function itself."""
        return self.reference.rpartition(":")[2]

    @property
    def module(self) -> str:
        """The file or the module."""
        return self.reference.rpartition(":")[0]

    @property
    def file(self) -> Path | None:
        """Where its source stands, found without importing anything; None where it is not there."""
        if self.module.endswith(".py"):
            path = Path(self.module).expanduser()
            return path if path.is_file() else None
        *packages, last = self.module.split(".")
        for place in map(Path, sys.path):
            folder = place.joinpath(*packages)
            for path in (folder / f"{last}.py", folder / last / "__init__.py"):
                if path.is_file():
                    return path
        return _of_editable(self.module)

    def argument(self, name: str) -> Argument | None:
        """An argument, by its source; None where that shows none of this name."""
        defined = self._definition()
        found = [] if defined is None else arguments_of(defined, 0)
        return next((one for one in found if one.name == name), None)

    def described(self, positional: int) -> tuple[list[Argument], str]:
        """The arguments behind the first `positional`, and the first line of what the function says
        about itself; it is imported where its source shows neither.

        Raises:
            NncliError: it cannot be imported.
        """
        if defined := self._definition():
            return arguments_of(defined, positional), _first_line(ast.get_docstring(defined))
        with self._failing_with_a_sentence():
            found = getattr(self._imported(), self.name)
            return arguments_of_imported(found, positional), _first_line(found.__doc__)

    def _definition(self) -> ast.FunctionDef | None:
        """Where the source defines the function; None where it is made in another way."""
        try:
            tree = ast.parse(self.file.read_bytes()) if self.file else ast.Module([], [])
        except (OSError, SyntaxError, ValueError):
            return None
        return _defined(tree).get(self.name)

    def call(self, *arguments: Any, **settings: Any) -> Any:
        """Import the function and call it.

        Raises:
            NncliError: it cannot be imported, or raises something itself.
        """
        with self._failing_with_a_sentence():
            return getattr(self._imported(), self.name)(*arguments, **settings)

    @contextmanager
    def _failing_with_a_sentence(self) -> Iterator[None]:
        try:
            yield
        except NncliError:
            raise
        except Exception as error:  # it is somebody else's code
            place = _last_line(error, self.file)
            raise NncliError(
                f"{self.reference} failed{place}: {type(error).__name__}: {error}",
                hint="The traceback is shown with --debug.",
            ) from error

    def _imported(self) -> Any:
        import importlib
        import importlib.util

        if not self.module.endswith(".py"):
            return importlib.import_module(self.module)
        path = Path(self.module).expanduser()
        specification = importlib.util.spec_from_file_location(f"nncli_{path.stem}", path)
        assert specification is not None and specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        sys.modules[specification.name] = module  # dataclasses and pickles look there
        sys.path.insert(0, str(path.parent))  # for files beside it
        try:
            specification.loader.exec_module(module)
        finally:
            sys.path.remove(str(path.parent))
        return module


def mistakes_in(
    function: Function,
    given: Mapping[str, Any],
    *,
    key: str,
    positional: int,
    context: Any = None,
) -> Iterator[tuple[str, str]]:
    """What is wrong with a function and the values for it, as the key and what is said about it.

    Args:
        function: that is named by the experiment.
        given: the values beside it.
        key: under which the experiment names it.
        positional: how many arguments come from nncli.
        context: in which the settings are read that name the function; nothing is wrong with what
            was `CARRIED_OUT`.
    """
    if context == CARRIED_OUT:
        return
    if not function.name.isidentifier() or not function.module:
        yield key, "names a function as my_file.py:function or package.module:function"
        return
    path = function.file
    if path is None:
        what = "file" if function.module.endswith(".py") else "module"
        yield key, f"there is no {what} {function.module}"
        return
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        yield key, f"{path}{where} is no Python: {error.args[0] if error.args else error}"
        return
    found = _defined(tree)
    if function.name not in found:
        if function.name in _imported_names(tree):
            return  # defined elsewhere: whoever calls it sees
        close = difflib.get_close_matches(function.name, found, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        yield key, f"{path} has no function {function.name}{meant}"
        return
    yield from _mistaken_arguments(function.name, found[function.name], given, key, positional)


def _mistaken_arguments(
    name: str, defined: ast.FunctionDef, given: Mapping[str, Any], key: str, positional: int
) -> Iterator[tuple[str, str]]:
    taken = len(defined.args.posonlyargs) + len(defined.args.args)
    if taken < positional and defined.args.vararg is None:
        yield key, f"{name} takes {taken} arguments, and nncli gives it {positional}"
        return
    own = {argument.name: argument for argument in arguments_of(defined, positional)}
    for word, value in given.items():
        if word in own:
            wrong = own[word].wrong(value)
            if wrong:
                yield word, wrong
        elif defined.args.kwarg is None:
            close = difflib.get_close_matches(word, own, n=1)
            known = f"it takes {', '.join(own)}" if own else "it takes none of its own"
            yield (
                word,
                f"{name} has no argument {word}; "
                + (f"did you mean {close[0]}?" if close else known),
            )
    for word, argument in own.items():
        if argument.default is None and word not in given:
            yield key, f"{name} needs {word}: a value beside {key}"


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _defined(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def _imported_names(tree: ast.Module) -> set[str]:
    """Names that the module has from elsewhere, or makes in another way than by `def`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            found |= {name.id for name in node.targets if isinstance(name, ast.Name)}
        elif isinstance(node, ast.ClassDef):
            found.add(node.name)
    return found


def _of_editable(module: str) -> Path | None:
    """The source of a module of a package that is installed from a folder of its own."""
    import importlib.util

    try:
        top = importlib.util.find_spec(module.partition(".")[0])
    except (ImportError, ValueError):
        return None
    if top is None:
        return None
    if "." not in module:
        return Path(top.origin) if top.origin else None
    *packages, last = module.split(".")[1:]
    for place in map(Path, top.submodule_search_locations or ()):
        for path in (
            place.joinpath(*packages, f"{last}.py"),
            place.joinpath(*packages, last, "__init__.py"),
        ):
            if path.is_file():
                return path
    return None


def _last_line(error: Exception, file: Path | None) -> str:
    """In which line of its own file a function failed."""
    if file is None:
        return ""
    own = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve() == file.resolve()
    ]
    return f" in line {own[-1]}" if own else ""


def plug_ins(group: str) -> dict[str, str]:
    """The functions that installed packages offer in an entry-point group, by name."""
    from importlib.metadata import entry_points

    return {entry.name: entry.value for entry in entry_points(group=group)}


def plug_in(group: str, name: Any) -> str | None:
    """The function that an installed package offers under `name`."""
    return plug_ins(group).get(name) if isinstance(name, str) else None


def plug_in_label(group: str, function: str) -> str | None:
    """The name under which an installed package offers `function`, as far as it can be part of a
    run's; None if none does."""
    for name, value in plug_ins(group).items():
        if value == function:
            return re.sub(r"[^\w.-]+", "-", name).strip("-_.") or None
    return None
