pytest_plugins = ["pytester", "tests.external_tools", "tests.databases", "tests.faults.programme"]
