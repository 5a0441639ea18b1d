"""Rules as people write them, turned into values: what they look for, and the cases they are tried on."""
