"""What keeps parameters of a command mere arguments: no program text, no options, no secrets."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from marshmallow import ValidationError

from ..domain.parameters import as_text
from .errors import BuildError

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_INTERPRETER = re.compile(
    r"(ba|da|z|k|mk|a|c|tc|fi|r)?sh|busybox|cmd|powershell|pwsh|python[\d.]*|pypy[\d.]*|perl|ruby|node|deno|bun|php"
    r"|lua[\d.]*|tclsh|expect|osascript|(g|m|n)?awk|g?sed|vim?|sqlite3|psql|mysql|mariadb"
)
_TEXT_OPTION = re.compile(r"-\w*[cCeErpx]\w*|/[cCkK]|--?(command|eval|execute|expression|print)(=.*)?", re.IGNORECASE)
_READS_ALL_AS_TEXT = re.compile(r"eval|ssh|rsh|su|(g|m|n)?awk|g?sed|expect|tclsh")
_NUMBER = re.compile(r"-\d+(\.\d+)?")
_SHORTEST_SECRET = 4


def command_is_plain(argv: Sequence[str]) -> None:
    """Refuse a command whose program, or program text for an interpreter, holds a parameter; raises ValidationError."""
    if argv and _REFERENCE.search(argv[0]):
        raise ValidationError({0: ["the program must not be a parameter"]})
    if any("\0" in element for element in argv):
        raise ValidationError("an argument must not hold a NUL")
    for index in _program_texts(argv):
        if _REFERENCE.search(argv[index]):
            raise ValidationError(
                {index: ["a parameter must not be part of a program; read it from the variable FDL_PARAM_<NAME>"]}
            )


def _program_texts(argv: Sequence[str]) -> Iterator[int]:
    """Yield the places of arguments that an interpreter among them reads as a program."""
    interpreted = everything = False
    for index, element in enumerate(argv):
        if everything or (interpreted and (_TEXT_OPTION.fullmatch(element) or _follows_option(argv, index))):
            yield index
        name = _program_name(element)
        interpreted = interpreted or _INTERPRETER.fullmatch(name) is not None
        everything = everything or _READS_ALL_AS_TEXT.fullmatch(name) is not None


def _follows_option(argv: Sequence[str], index: int) -> bool:
    return index > 0 and _TEXT_OPTION.fullmatch(argv[index - 1]) is not None


def _program_name(element: str) -> str:
    return PureWindowsPath(PurePosixPath(element).name).name.lower().removesuffix(".exe")


def require_no_secrets(templates: Sequence[str], values: Mapping[str, Any], secrets: Collection[str]) -> None:
    """Refuse secrets among arguments: every user of the machine reads the list of processes. Raises BuildError."""
    hidden = [as_text(values.get(name)) for name in secrets]
    for template in templates:
        for match in _REFERENCE.finditer(template):
            name = match[1].strip()
            shown = as_text(values.get(name))
            if name in secrets or any(len(text) >= _SHORTEST_SECRET and text in shown for text in hidden):
                raise BuildError(f"the secret '{name}' must not be an argument; read it from {variable_name(name)}")


def require_argument(template: str, argument: str, after_options: bool) -> None:
    """Refuse a resolved argument that a parameter turned into an option, or that no program can get."""
    if "\0" in argument:
        raise BuildError("a parameter brings a NUL into an argument")
    begins_with_parameter = template.startswith("${")
    if begins_with_parameter and argument.startswith("-") and not after_options and not _NUMBER.fullmatch(argument):
        raise BuildError(f"the argument {template} would be read as an option ({argument[:40]}); put '--' before it")


def variable_name(parameter: str) -> str:
    """Return the environment variable that holds a parameter."""
    return "FDL_PARAM_" + re.sub(r"[^A-Z0-9_]", "_", parameter.upper())
