"""
The program in each node's pod: what is this node, does it compute right, is its network sound?

Standard library only and Python 3.10 or newer, because it runs in whatever image the site trains
with. It is shipped as a zipapp (tools/build_agent.py) and imports no other room of aiconform.
"""
