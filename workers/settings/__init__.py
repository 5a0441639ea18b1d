"""Settings: everything a run is told to do."""

from workers.settings.assembling import assemble, judged_by
from workers.settings.values import FixPolicy, OutputsPolicy, Plan, Root, Settings, Value

__all__ = ["FixPolicy", "OutputsPolicy", "Plan", "Root", "Settings", "Value", "assemble", "judged_by"]
