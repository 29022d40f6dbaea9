"""The commands of `python -m moe_core`, one file each: arguments in, a printed table and one JSON object out."""
