"""One run at a time: which load dates it takes, its lock, its time limit, and recovery from runs that were killed."""
