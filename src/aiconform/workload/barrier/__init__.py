"""
One rank of a gang. All ranks meet all others, twice, and only then does any of them end well.

Bound pods prove that a scheduler placed a gang; that the pods ran at the same time and could work
together is proved by their meeting.
"""
