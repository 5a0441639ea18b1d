"""What both sides share: the words of the domain, configuration, records and reports. Imports nothing else of ours."""
