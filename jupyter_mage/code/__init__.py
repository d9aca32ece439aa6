"""Reading source without running it: headers, names, captured definitions, functions and cell bodies."""
