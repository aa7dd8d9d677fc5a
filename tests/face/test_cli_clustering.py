"""`remanence clusters`: which memories stand together, as a table, as lines and as JSON."""

from pathlib import Path

from remanence.cli.exits import Exit

from .command import call, objects, told

TEXTS = ("green tea in the kettle", "the deploy works but staging is broken", "jasmine tea in the kettle")


def remember(path: Path) -> None:
    """Three memories, nobody having clustered them."""
    for text in TEXTS:
        call("remember", "-p", path, text)


def test_clusters_are_shown(tmp_path: Path) -> None:
    """What waits is said to wait; --update takes it in; then a line for each cluster, the largest first."""
    remember(tmp_path)
    waiting = call("clusters", "-p", tmp_path, code=Exit.NOTHING)
    assert "there are no clusters in scope main" in waiting.stderr
    assert "--update" in waiting.stderr
    lines = told("clusters", "-p", tmp_path, "--update")
    assert lines == ["1\t2\t0.33\tstable\tkettle, tea, green", "2\t1\t0.21\tstable\tbroken, deploy, staging"]
    assert told("clusters", "-p", tmp_path) == lines


def test_what_has_come_since_is_told(tmp_path: Path) -> None:
    """A change that is not taken in yet is counted beside the clusters that there are."""
    remember(tmp_path)
    call("clusters", "-p", tmp_path, "--update")
    call("remember", "-p", tmp_path, "oolong tea")
    assert "1 change not taken in yet" in call("clusters", "-p", tmp_path).stderr


def test_programs_get_json(tmp_path: Path) -> None:
    """Everything of a cluster, its contradictions too, as long as they are recent."""
    remember(tmp_path)
    _, deploy = objects("clusters", "-p", tmp_path, "--update")
    assert (deploy["id"], deploy["scope"], deploy["size"], deploy["drift"]) == ("2", "main", 1, "stable")
    assert deploy["concepts"] == {"broken": 1, "deploy": 1, "staging": 1, "works": 1}
    assert [each["opposites"] for each in deploy["contradictions"]] == [["works/broken"]]
    _, later = objects("clusters", "-p", tmp_path, "--now", "2099-01-01")
    assert later["contradictions"] == []


def test_a_scope_without_memories_has_no_clusters(tmp_path: Path) -> None:
    """A scope that nothing is in is nothing to show, and there is nothing to take in."""
    remember(tmp_path)
    missing = ("clusters", "-p", tmp_path, "--scope", "juno")
    assert "There is something in main." in call(*missing, code=Exit.NOTHING).stderr
    call("clusters", "-p", tmp_path, "--update")
    assert "--update" not in call(*missing, code=Exit.NOTHING).stderr


def test_the_memories_of_a_cluster_are_listed(tmp_path: Path) -> None:
    """By its number, as `find` lists memories; a number that no cluster has is nothing to show."""
    remember(tmp_path)
    call("clusters", "-p", tmp_path, "--update")
    assert [each["text"] for each in objects("clusters", "1", "-p", tmp_path)] == [TEXTS[0], TEXTS[2]]
    assert len(told("clusters", "1", "-p", tmp_path)) == 2
    assert "no cluster 77" in call("clusters", "77", "-p", tmp_path, code=Exit.NOTHING).stderr
