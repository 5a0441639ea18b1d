"""Pages for people and routes for machines that watch: a run, a job under way, health, metrics."""

from bot.pages.app import Pages, pages_app

__all__ = ["Pages", "pages_app"]
