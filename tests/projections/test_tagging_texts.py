"""What is made of a text: words, similarity, keywords, class and quality keep their promises in any script."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from remanence.perf.labelled import pairs, sentences
from remanence.projections.tagging.cxd import CONFIDENCE_MAX, UNCERTAIN, classify
from remanence.projections.tagging.keywords import KEYWORDS_MAX, keywords_of, rarity
from remanence.projections.tagging.quality import quality_of, score_of
from remanence.projections.tagging.similarity import NEAR, bands_of, is_near_duplicate, similarity
from remanence.projections.tagging.verdicts import CLASSES, DUPLICATE, GOOD, JUNK, QUALITIES, SHORT, STATES
from remanence.projections.tagging.words import language_of, plain_of, term_of, words_of

from ..effort import short

SENTENCES = [sentence.text for sentence in sentences()]
texts = st.text(max_size=200) | st.sampled_from(SENTENCES)


def normals(text: str) -> list[str]:
    """The words of a text, function words aside."""
    return [word.normal for word in words_of(text) if not word.is_stop]


# -- words


@given(texts)
@short(200)
def test_words_stand_in_the_text_in_order(text: str) -> None:
    """Each word says where it stands, none overlaps another, and cutting again gives the same."""
    words = words_of(text)
    assert words == words_of(text)
    end = 0
    for word in words:
        assert end <= word.start < word.end <= len(text)
        assert len(word.shown) == word.end - word.start
        end = word.end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It\u2019s my niece\u2019s birthday", ["niece", "birthday"]),
        ("Le chiffre d'affaires a augmenté de 4 % en juin.", ["chiffre", "affaires", "augmenté", "4", "juin"]),
        ("C++ and v1.2 on the on-call rota", ["c++", "v1.2", "on-call", "rota"]),
        ("妹は東京に住んでいます。", ["妹", "東京", "住"]),
        ("我姐姐住在北京。", ["姐姐住", "北京"]),
        ("Kardeşim Ankara'da.", ["kardeşim", "ankara"]),
        ("ﬁle", ["file"]),
        ("?! …", []),
    ],
)
def test_what_a_word_is(text: str, expected: list[str]) -> None:
    """Possessives, elided articles and function words are none; scripts without spaces are cut where they change."""
    assert normals(text) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("the house of my sister", "en"),
        ("la casa de mi hermana", "es"),
        ("das Haus meiner Schwester", "de"),
        ("la maison de ma sœur", "fr"),
        ("Moja siostra jest tam", "pl"),
        ("qwerty", ""),
    ],
)
def test_a_language_is_known_by_its_function_words(text: str, language: str) -> None:
    """And a text without any is in none: then nothing is taken out of it."""
    assert language_of([word.normal for word in words_of(text)]) == language


def test_terms_hold_no_words() -> None:
    """What words are counted under is a digest, the same for the same word."""
    assert term_of("tea") == term_of("tea") != term_of("teas")
    assert len(term_of("tea")) == 8


# -- similarity


def by_the_book(one: str, other: str) -> float:
    """Jaccard over trigrams, written out."""
    sets: list[set[str]] = []
    for text in (one, other):
        line = " ".join(plain_of(word.normal) for word in words_of(text))
        sets.append({f" {line} "[at : at + 3] for at in range(len(line))} if line else set())
    either = sets[0] | sets[1]
    return len(sets[0] & sets[1]) / len(either) if either else 0.0


@given(texts, texts)
@short(150)
def test_similarity_is_the_jaccard_index_of_trigrams(one: str, other: str) -> None:
    """It is symmetric, 1 for texts of the same words, and what the definition says."""
    assert similarity(one, other) == similarity(other, one) == by_the_book(one, other)
    if words_of(one):
        assert is_near_duplicate(one, one) == 1.0


@given(st.sampled_from([text for text in SENTENCES if len(text) > 30]), st.data())
@short(150)
def test_near_duplicates_share_a_band(text: str, data: st.DataObject) -> None:
    """Whatever is a near-duplicate is found among the candidates: of all edits tried here, none is missed."""
    at = data.draw(st.integers(0, len(text) - 1))
    edit = data.draw(st.sampled_from(["", " ", "s", text[at] * 2, " really "]))
    other = text[:at] + edit + text[at + 1 :]
    assume(is_near_duplicate(text, other) is not None)
    assert set(bands_of(text)) & set(bands_of(other))


def test_other_texts_share_no_band() -> None:
    """Candidates are few: of 19,900 pairs of different sentences hardly one has a band in common."""
    bands = [set(bands_of(text)) for text in SENTENCES]
    shared = sum(bool(one & other) for at, one in enumerate(bands) for other in bands[:at])
    assert shared <= 20


@given(st.sampled_from(SENTENCES), st.sampled_from(SENTENCES))
@short(150)
def test_being_a_near_duplicate_is_mutual(one: str, other: str) -> None:
    """Neither order of asking gives another answer, and what isn't similar enough is never one."""
    found = is_near_duplicate(one, other)
    assert found == is_near_duplicate(other, one)
    assert found is None or found >= NEAR


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The budget for the whole office party is 400 euros.", "The budget for the whole office party is 900 euros."),
        ("The door of the old garden house is locked.", "The door of the old garden house is not locked."),
        ("Ada gave her old red bicycle to Bo.", "Bo gave his old red bicycle to Ada."),
        ("We meet the whole design group on Monday.", "We meet the whole design group on Friday."),
    ],
)
def test_another_fact_in_the_same_words_is_no_duplicate(one: str, other: str) -> None:
    """A number, a name, the order of names, or a denial makes it another memory however similar it is."""
    assert is_near_duplicate(one, other) is None


def test_the_labelled_pairs() -> None:
    """At least nine of ten labelled pairs are told as a person would."""
    right = sum((is_near_duplicate(pair.one, pair.other) is not None) == pair.same for pair in pairs())
    assert right / len(pairs()) >= 0.9


# -- keywords


@given(texts, st.integers(0, 1000))
@short(150)
def test_keywords_are_words_of_the_text(text: str, common: int) -> None:
    """At most five, none twice, each made of the text's own content words, and always the same."""
    words = words_of(text)
    found = keywords_of(text, words, lambda normal: rarity(1000, common if len(normal) > 5 else 1))
    assert found == keywords_of(text, words, lambda normal: rarity(1000, common if len(normal) > 5 else 1))
    assert len(found) == len(set(found)) <= KEYWORDS_MAX
    content = set(normals(text))
    assert all(set(keyword.split()) <= content for keyword in found)


def test_rare_words_come_before_common_ones() -> None:
    """The log's own counts decide: what every text says is not what this one is about."""
    text = "the kettle stands on the table"
    counts = {"kettle": 2, "table": 900, "stands": 900}
    assert keywords_of(text, words_of(text), lambda normal: rarity(1000, counts.get(normal, 0)))[0] == "kettle"
    counts = {"kettle": 900, "table": 2, "stands": 900}
    assert keywords_of(text, words_of(text), lambda normal: rarity(1000, counts.get(normal, 0)))[0] == "table"


def test_words_side_by_side_make_a_phrase() -> None:
    """A pair that stands together is one keyword; a comma keeps words apart."""
    text = "The payment gateway is down."
    assert "payment gateway" in keywords_of(text, words_of(text), lambda _: 1.0)
    text = "tea, coffee"
    assert set(keywords_of(text, words_of(text), lambda _: 1.0)) == {"tea", "coffee"}


# -- class


@given(texts)
@short(150)
def test_a_class_is_one_of_three_or_none(text: str) -> None:
    """Its confidence lies between 0.2 and 0.95, and its state is one of four."""
    found = classify(words_of(text))
    if found is not None:
        assert found.cxd in CLASSES
        assert found.state in STATES
        assert UNCERTAIN <= found.confidence <= CONFIDENCE_MAX
        assert found.evidence


@pytest.mark.parametrize(
    ("text", "cxd", "state"),
    [
        ("Never deploy on Fridays, always ask Marta first.", "control", "+"),
        ("My sister lives in Porto and works for a bank.", "context", "+"),
        ("Converted the CSV export to JSON.", "data", "+"),
        ("The export to CSV failed.", "data", "-"),
        ("No se pudo convertir el archivo.", "data", "-"),
    ],
)
def test_what_a_text_is_for(text: str, cxd: str, state: str) -> None:
    """Directing is control, situating is context, content is data; what failed says so."""
    found = classify(words_of(text))
    assert found is not None
    assert (found.cxd, found.state) == (cxd, state)


@pytest.mark.parametrize("text", ["", "Wow!", "Haha, that's so nice!", "Hope is the thing with feathers.", "qwfp"])
def test_it_abstains_when_it_does_not_know(text: str) -> None:
    """Hints alone, noises and nothing make no class."""
    assert classify(words_of(text)) is None


# -- quality


def verdict(text: str, *, is_duplicate: bool = False) -> str:
    """The quality of a text."""
    return quality_of(text, words_of(text), is_duplicate=is_duplicate)[0]


@given(texts, st.booleans())
@short(150)
@example(text="", is_duplicate=False)
def test_quality_is_a_verdict_with_a_score(text: str, is_duplicate: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    """The score is 0 to 1, and what is long enough and repeated is a duplicate."""
    quality, score = quality_of(text, words_of(text), is_duplicate=is_duplicate)
    assert quality in QUALITIES
    assert 0 <= score <= 1
    assert quality in {SHORT, DUPLICATE} or not is_duplicate


@pytest.mark.parametrize(
    ("text", "quality"),
    [
        ("123456789", SHORT),
        ("  so    so  ", SHORT),
        ("Tea at ten", GOOD),
        ("Ada is here", GOOD),
        ("我喜欢喝茶", GOOD),
        ("aaaaaaaaaaaaaaaaaa", JUNK),
        ("?!?!?!?!?!?!?!?!", JUNK),
    ],
)
def test_what_is_too_short_and_what_is_junk(text: str, quality: str) -> None:
    """Under ten characters it is short, a wide one counting as two; noise is junk."""
    assert verdict(text) == quality


def test_a_long_text_is_not_junk_for_being_long() -> None:
    """In a long text most words have been said before; that makes it no noise."""
    text = " ".join(sentence.text for sentence in sentences() if sentence.quality == "good" and sentence.lang == "en")
    assert verdict(f"{text} {text} {text}") == GOOD


def labelled(quality: str) -> Sequence[str]:
    """Sentences with a label."""
    return [sentence.text for sentence in sentences() if sentence.quality == quality]


def test_the_labelled_qualities() -> None:
    """No good sentence is called junk; of the junk at least two thirds are."""
    assert [text for text in labelled("good") if verdict(text) == JUNK and score_of(text, words_of(text)) > 0] == [
        "lorem ipsum dolor sit amet"
    ]
    assert sum(verdict(text) == JUNK for text in labelled("junk")) >= len(labelled("junk")) * 2 / 3
