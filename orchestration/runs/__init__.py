"""One run at a time: its lock, its time limit, and recovery from runs that died."""
