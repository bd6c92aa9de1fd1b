"""
Small programs that checks run in pods: something to route to, to scrape, to burden, to look with.

Each is started on its own: `python3 -m aiconform.workload <server> --help`. Standard
library only, no other room of aiconform is imported, so a pod starts in a moment and what it says
rests on nothing but itself. A workload looks and tells; it never judges.
"""
