"""Who is measured: Taskledger and its peers, each with its server, its database and its seed."""
