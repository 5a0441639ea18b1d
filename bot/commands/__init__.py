"""Commands in comments: `/repair` and what may follow it."""

from bot.commands.grammar import Command, Fault, Malformed, Question, Unclear, Verb, parse
from bot.commands.task import Task, task

__all__ = ["Command", "Fault", "Malformed", "Question", "Task", "Unclear", "Verb", "parse", "task"]
