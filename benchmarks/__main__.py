"""`python -m benchmarks` is the harness's command line."""

from benchmarks.run import main

main()
