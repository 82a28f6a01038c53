"""The commands, one file each, named as the command is. Each has the click command as ``command``."""
