"""The demo: a database, a simulated provider and the whole job on this machine, told step by step
and checked while it is told."""
