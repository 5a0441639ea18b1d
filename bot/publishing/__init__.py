"""The steps of publishing a run, and of tending what was published: `publish` and `lifecycle` put them in order."""
