"""Who is measured: Donebook and its peers, each with its server, its database and its seed."""
