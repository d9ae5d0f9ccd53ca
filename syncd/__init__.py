"""syncd mirrors advertising campaigns into Postgres and carries queued changes back.

The package root holds the version and nothing else; it must not import any room of the house.
"""

__version__ = "0.1.0"
