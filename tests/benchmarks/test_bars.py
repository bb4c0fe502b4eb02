"""The bar: our figure over a peer's."""

from benchmarks.bars import judge


def test_our_figure_is_divided_by_the_peer_s_for_the_same_workload() -> None:
    verdicts = judge({("donebook-postgres/versioned", "get"): 90.0, ("fastify/versioned", "get"): 75.0})

    assert [("get", 1.2, True)] == [(each.bar.workload, each.ratio, each.met) for each in verdicts]


def test_an_unchanged_list_is_divided_by_what_the_peer_s_whole_list_costs() -> None:
    verdicts = judge(
        {
            ("donebook-postgres/versioned", "unchanged-1000"): 120.0,
            ("fastify/versioned", "unchanged-1000"): 500.0,
            ("fastify/versioned", "list-1000"): 1000.0,
        }
    )

    assert [("list-1000", 0.12, False)] == [
        (each.bar.peer_workload, each.ratio, each.met) for each in verdicts
    ]


def test_a_bar_is_not_judged_where_one_side_was_not_measured() -> None:
    assert [] == judge(
        {("donebook-sqlite/versioned", "create"): 200.0, ("fastify/versioned", "create"): 150.0}
    )
