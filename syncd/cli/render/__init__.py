"""Everything that is drawn in a terminal or written for a machine: texts, tables, progress,
problems. The rest of the command line hands over values and never formats for a screen."""
