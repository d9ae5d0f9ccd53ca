"""Files of changes for the queue: CSV or JSON lines read strictly into rows, rows joined into
updates, and all that is wrong with them told at once, each with its line."""
