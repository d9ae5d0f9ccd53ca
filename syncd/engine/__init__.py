"""The passes: pull, push and recover, the worker that loops and the supervisor of all tasks."""
