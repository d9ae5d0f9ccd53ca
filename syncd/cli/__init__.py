"""The command line: every command, what it prints, and the code with which it ends. Commands ask
`daemon` and `store`; they decide nothing about campaigns themselves."""
