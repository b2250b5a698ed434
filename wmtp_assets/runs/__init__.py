"""How jobs run: executor, heartbeat, what is printed, how one that stopped goes on."""
