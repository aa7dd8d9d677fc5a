"""WordNet: a folder of its format is looked into where it is, by form and by meaning."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence import InvalidInput
from remanence.projections.recall.wordnet import KINDS, WordNet

from ..effort import short

LICENCE = "  1 This is no line of it.  \n"
MEANINGS = {
    "noun": [
        ("canine canid", "", "a dog-like animal"),
        ("dog domestic_dog Canis_familiaris", "@0", "a canine"),
        ("frump dog", "@0", "another meaning, which is rarer"),
        ("mouse", "@0", "a rodent | with a bar"),
    ],
    "verb": [("run", "", "go fast"), ("sprint dash", "@0", "run fast")],
    "adj": [("quick fast(p)", "", "with speed")],
    "adv": [("fast", "", "quickly")],
}
INDEX = {
    "noun": {"dog": 1, "canine": 0, "mouse": 3},
    "verb": {"run": 0, "sprint": 1},
    "adj": {"quick": 0},
    "adv": {"fast": 0},
}
IRREGULAR = {"noun": "mice mouse\n", "verb": "ran run\n", "adj": "", "adv": "best well\n"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small WordNet."""
    folder = tmp_path_factory.mktemp("wordnet")
    for kind in KINDS:
        data, offsets = LICENCE, list[int]()
        for words, wider, gloss in MEANINGS[kind]:
            names = words.split()
            pointers = f"001 @ {offsets[int(wider[1:])]:08} n 0000" if wider else "000"
            offsets.append(len(data))
            told = " ".join(f"{name} 0" for name in names)
            data += f"{offsets[-1]:08} 05 n {len(names):02x} {told} {pointers} | {gloss}  \n"
        (folder / f"data.{kind}").write_text(data)
        lines = [f"{word} n 1 1 @ 1 0 {offsets[at]:08}  \n" for word, at in INDEX[kind].items()]
        (folder / f"index.{kind}").write_text(LICENCE + "".join(sorted(lines)))
        (folder / f"{kind}.exc").write_text(IRREGULAR[kind] or "zzz zzz\n")
    return folder


@pytest.mark.parametrize(
    ("word", "related"),
    [
        ("dog", ("canine", "canid")),
        ("DOGS", ("canine", "canid")),
        ("mice", ("canine", "canid")),
        ("sprinting", ("dash", "run")),
        ("ran", ()),
        ("quicker", ("fast",)),
        ("best", ()),
        ("zebra", ()),
        ("", ()),
        ("ünder", ()),
        ("a b", ()),
    ],
)
def test_a_word_is_found_by_its_forms(folder: Path, word: str, related: tuple[str, ...]) -> None:
    """Synonyms and the next wider meaning of the most frequent one; single words, and never the word itself."""
    assert WordNet(folder).related(word) == related


@given(st.text(alphabet="abcdgimnorstu \0\n|ß", max_size=8))
@short(100)
def test_any_word_is_looked_up(folder: Path, word: str) -> None:
    """Whatever is asked, there are words or none."""
    assert all(each.isalpha() for each in WordNet(folder).related(word))


def test_a_folder_without_the_files_is_refused(folder: Path, tmp_path: Path) -> None:
    """What is missing, or empty, is told by name."""
    with pytest.raises(InvalidInput, match=r"index\.noun"):
        WordNet(tmp_path)
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "verb.exc").write_text("")
    with pytest.raises(InvalidInput, match=r"verb\.exc"):
        WordNet(tmp_path)
