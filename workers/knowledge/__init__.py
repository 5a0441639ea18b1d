"""Rule packs: what is known about staleness, as data with gates, dates and sources."""
