"""
What can this container reach? Devices are used, not looked at: a name proves nothing, an open does.

A device file may lie anywhere under any name, so all of the file system is searched by number. Only
what was asked for is opened, and never a watchdog, whose opening can restart the machine.
"""
