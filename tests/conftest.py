from hypothesis import settings

pytest_plugins = [
    "pytester",
    "tests.external_tools",
    "tests.databases",
    "tests.faults.programme",
    "tests.cluster.programme",
]

settings.register_profile("deep", max_examples=2000)  # for an hour of digging: --hypothesis-profile=deep
