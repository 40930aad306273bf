"""The order in which the processes of a test run get their tests."""

from tests.support.dealing import dealt

TESTS = [
    *((f"walk{number // 3}", "browser") for number in range(12)),
    *((f"build{number // 2}", "slow") for number in range(8)),
    *(("quick", "") for _ in range(41)),
    ("crash", "kills"),
]


def test_each_process_begins_with_its_share_of_long_tests():
    """None is lost, long ones come first, modules stay together, and quick ones are the last."""
    tests = [(*one, number) for number, one in enumerate(TESTS)]
    order = dealt(tests, 4, lambda test: test[1], lambda test: test[0])
    parts = [order[:15], order[15:30], order[30:46], order[46:]]

    assert sorted(order) == sorted(tests)
    for part in parts:
        kinds = [kind for _, kind, _ in part]
        assert kinds == sorted(kinds, key=["kills", "browser", "slow", ""].index)
        assert kinds[0]
        assert kinds[-1] == ""
    for module in {name for name, kind, _ in tests if kind}:
        assert sum(module in {name for name, *_ in part} for part in parts) == 1


def test_one_process_runs_long_tests_first():
    """Without other processes, tests come in the order of their kinds."""
    order = dealt(TESTS, 1, lambda test: test[1], lambda test: test[0])

    assert [kind for _, kind in order] == ["kills"] + ["browser"] * 12 + ["slow"] * 8 + [""] * 41
