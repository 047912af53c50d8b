"""SHELL: runs a program. Its arguments are a list; no shell ever reads text made of parameters."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from ..domain.parameters import as_text
from ..domain.records import Counts
from ..domain.states import Level
from .assignments import no_doubles
from .command_rules import command_is_plain, require_argument, require_no_secrets, variable_name
from .context import FlowContext
from .errors import BuildError, NodeError
from .lines import whole_characters
from .output_assignments import Output, OutputAssignmentSchema
from .program import Command, Program
from .schema_fields import NameValues, Pairs

MOST_LINES = 1000
_LONGEST_VARIABLE = 100_000  # characters; Linux takes 128 KiB a variable
_SHOWN_ERROR = 500


def _are_variables(pairs: Pairs) -> None:
    for name, value in pairs:
        if "=" in name or "\0" in name + value:
            raise ValidationError(f"'{name}' is no variable")


class ShellSchema(Schema):
    """The configuration of a SHELL node."""

    command = fields.List(fields.Str(), required=True, validate=[validate.Length(1, 1000), command_is_plain])
    cwd = fields.Str(load_default="")
    env = NameValues(load_default=(), validate=_are_variables)
    exitCodes = fields.List(
        fields.Int(strict=True, validate=validate.Range(0, 255)), load_default=lambda: [0], validate=validate.Length(1)
    )
    logOutput = fields.Str(load_default="INFO", validate=validate.OneOf(("INFO", "BASIC")))
    assign = fields.List(
        fields.Nested(OutputAssignmentSchema), load_default=list, validate=[validate.Length(max=256), no_doubles]
    )


class Shell:
    """Runs a program under a supervisor; `python` is the interpreter of that, empty: the service's own."""

    schema: type[Schema] = ShellSchema
    is_container = False

    def __init__(self, python: str = "") -> None:
        self._python = python

    def connections(self, config: Mapping[str, Any]) -> Iterable[str]:
        """Return none."""
        return ()

    def run(self, config: Mapping[str, Any], context: FlowContext) -> Counts:
        """Run the program; raises NodeError for an exit code that is no success, BuildError for a bad argument."""
        command = _command(config, context)
        output, last_error = Output(config["assign"]), [""]
        log = LineLog(context, Level[config["logOutput"]])

        def on_out(line: str) -> None:
            output.take(line)
            log.write(line)

        def on_error(line: str) -> None:
            last_error[0] = line or last_error[0]
            log.write(line)

        code = Program(command, self._python).run(context, on_out, on_error)
        if code not in config["exitCodes"]:
            said = f": {last_error[0][:_SHOWN_ERROR]}" if last_error[0] else ""
            raise NodeError(f"{command.argv[0]} ended with exit code {code}{said}")
        values = output.values(code)
        if values:
            context.assign(values)
        context.log(Level.BASIC, f"exit code {code}" + (f"; assigned {', '.join(values)}" if values else ""))
        return Counts()


class LineLog:
    """Writes output to the run log, the first lines of it."""

    def __init__(self, context: FlowContext, level: Level) -> None:
        self._write: Callable[[Level, str], None] = context.log
        self._level = level
        self._lines = 0

    def write(self, line: str, level: Level | None = None) -> None:
        """Log a line; the first one too many is replaced by a remark, the others are dropped."""
        self._lines += 1
        if self._lines <= MOST_LINES:
            self._write(level or self._level, whole_characters(line))
        elif self._lines == MOST_LINES + 1:
            self._write(Level.WARN, f"the output has more than {MOST_LINES} lines; the others are not kept")


def _command(config: Mapping[str, Any], context: FlowContext) -> Command:
    templates = tuple(config["command"])
    require_no_secrets(templates, context.values(), context.secrets())
    argv = []
    for index, template in enumerate(templates):
        argument = context.resolve(template)
        require_argument(template, argument, "--" in templates[:index])
        argv.append(argument)
    env = {**_parameters(context), **{name: context.resolve(value) for name, value in config["env"]}}
    cwd = context.resolve(config["cwd"])
    if "\0" in "".join((cwd, *env.values())):
        raise BuildError("a parameter brings a NUL into the environment or the directory")
    return Command(tuple(argv), cwd, env)


def _parameters(context: FlowContext) -> dict[str, str]:
    env = {}
    for name, value in context.values().items():
        text = as_text(value)
        if len(text) <= _LONGEST_VARIABLE and "\0" not in text:
            env[variable_name(name)] = text
        else:
            context.log(Level.WARN, f"'{name}' does not fit into a variable; {variable_name(name)} is not set")
    return env
