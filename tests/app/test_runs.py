"""Stop ends the visitor's own run and nobody else's."""

from app.runs import Runs


def test_stop_reaches_only_that_visitor():
    runs = Runs()
    ours, theirs = runs.begin("ours"), runs.begin("theirs")
    runs.stop("ours")
    assert ours.is_set()
    assert not theirs.is_set()


def test_a_new_run_ends_the_one_before():
    runs = Runs()
    first, second = runs.begin("me"), runs.begin("me")
    assert first.is_set()
    assert not second.is_set()


def test_a_run_knows_that_a_newer_one_shows_its_text_even_when_that_has_ended():
    runs = Runs()
    first = runs.begin("me")
    runs.stop("me")
    second = runs.begin("me")
    runs.end("me", second)
    assert first.superseded
    assert not second.superseded


def test_an_old_run_that_ends_late_leaves_the_new_one_stoppable():
    runs = Runs()
    first = runs.begin("me")
    second = runs.begin("me")
    runs.end("me", first)
    runs.stop("me")
    assert second.is_set()


def test_stop_without_a_run_does_nothing():
    Runs().stop("nobody")


def test_a_click_during_a_run_is_taken_over_by_it():
    runs = Runs()
    sign = runs.begin("me")
    runs.look("me", layer=2)
    runs.look("me", position=5)
    assert runs.looked("me") == {"layer": 2, "position": 5}
    runs.end("me", sign)
    assert runs.looked("me") == {}


def test_a_click_between_runs_is_nobodys():
    runs = Runs()
    runs.look("me", layer=2)
    runs.begin("me")
    assert runs.looked("me") == {}
