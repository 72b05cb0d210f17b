"""What readers get: immutable versions, withdrawals and holds, the history of runs, restated figures."""
