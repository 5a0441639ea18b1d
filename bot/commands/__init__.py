"""Commands in comments: `/repair` and what may follow it."""

from bot.commands.command import Command, Fault, Malformed, Question, Unclear, Verb
from bot.commands.grammar import parse
from bot.commands.task import Task, task

__all__ = ["Command", "Fault", "Malformed", "Question", "Task", "Unclear", "Verb", "parse", "task"]
