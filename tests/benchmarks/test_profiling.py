from benchmarks.profiling import count_parts

LOOP = "main (/x/donebook/cli/__init__.py);Runner.run (/python/asyncio/runners.py)"
SENDING = f"{LOOP};RequestResponseCycle.send (/x/uvicorn/httptools_impl.py)"


def test_a_sample_counts_for_the_innermost_frame() -> None:
    counted = count_parts(
        [
            f"{LOOP} 7",
            f"{SENDING} 2",
            f"{SENDING};JoinedWrites.write (/src/donebook/http/joined_writes.py) 5",
            f"{SENDING};fullmatch (/python/re/__init__.py) 1",
        ]
    )

    assert {
        "the event loop: sockets, asyncpg's decoding, switching between requests": 7,
        "Uvicorn: parsing, the answer's head": 2,
        "the answer's system call": 5,
        "the rest of Python's library": 1,
    } == counted


def test_other_threads_do_not_count() -> None:
    assert {} == count_parts(["_worker (/python/concurrent/futures/thread.py) 100"])
