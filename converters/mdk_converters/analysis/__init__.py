"""Static reading of cells: an abstract run of the notebook that tells what each statement reads, binds and changes."""
