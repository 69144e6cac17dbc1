"""The five steps, once; the loops, as values; and what opens a run. Plain async functions, wrapped as tasks."""
