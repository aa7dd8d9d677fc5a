"""Questions as people, programs and accidents put them: whatever the script, length or signs, an answer comes."""

# ruff: noqa: RUF001 - letters of other scripts are what this is about

from __future__ import annotations

from pathlib import Path

import pytest

import remanence
from remanence import Memory, MemoryReader
from remanence.reading.recalling import Preset

PRESETS: tuple[Preset, ...] = ("fast", "balanced", "accurate")
TOLD = {
    "thai": ("ฉันชอบดื่มกาแฟตอนเช้า", "แมวนอนอยู่บนโต๊ะ", "วันนี้ฝนตกหนักมาก"),
    "lao": ("ຂ້ອຍມັກດື່ມກາເຟ", "ແມວນອນຢູ່ເທິງໂຕະ", "ມື້ນີ້ຝົນຕົກໜັກ"),
    "khmer": ("ខ្ញុំចូលចិត្តកាហ្វេ", "ឆ្មាដេកលើតុ", "ថ្ងៃនេះភ្លៀងខ្លាំង"),
    "burmese": ("ကျွန်တော်ကော်ဖီကြိုက်တယ်", "ကြောင်စားပွဲပေါ်အိပ်နေတယ်", "ဒီနေ့မိုးရွာတယ်"),
    "chinese": ("我早上喜欢喝咖啡", "猫睡在桌子上", "今天雨下得很大"),
    "japanese": ("朝にコーヒーを飲むのが好きです", "猫がテーブルで寝ている", "今日は雨がひどい"),
    "korean": ("나는아침에커피를마신다", "고양이가책상에서잔다", "오늘은비가많이온다"),
    "russian": ("По утрам я пью кофе", "Кошка спит на столе", "Сегодня идёт сильный дождь"),
    "arabic": ("أحب شرب القهوة في الصباح", "القطة نائمة على الطاولة", "المطر غزير اليوم"),
    "hebrew": ("אני אוהב קפה בבוקר", "החתול ישן על השולחן", "היום יורד גשם חזק"),
    "hindi": ("मुझे सुबह कॉफ़ी पसंद है", "बिल्ली मेज़ पर सोती है", "आज तेज़ बारिश है"),
    "greek": ("Μου αρέσει ο καφές το πρωί", "Η γάτα κοιμάται στο τραπέζι", "Σήμερα βρέχει πολύ"),
    "code": ("def read_file(path): ...", "class HttpServer: handles getUserName()", "SELECT * FROM turns WHERE id = 7"),
    "signs": ("he said “maybe” 🙂", "it's 5 o'clock 🎂", "C++ & C# — both"),
}
ASKED = [
    ("thai", "กาแฟ", 0),
    ("thai", "แมว", 1),
    ("thai", "ฝนตก", 2),
    ("lao", "ກາເຟ", 0),
    ("lao", "ແມວ", 1),
    ("khmer", "កាហ្វេ", 0),
    ("khmer", "ឆ្មា", 1),
    ("burmese", "ကော်ဖီ", 0),
    ("burmese", "မိုး", 2),
    ("chinese", "咖啡", 0),
    ("chinese", "猫", 1),
    ("chinese", "下雨", 2),
    ("japanese", "コーヒー", 0),
    ("japanese", "猫", 1),
    ("japanese", "雨", 2),
    ("korean", "커피", 0),
    ("korean", "고양이", 1),
    ("russian", "КОФЕ", 0),
    ("russian", "идет дождь", 2),
    ("arabic", "القهوة", 0),
    ("hebrew", "חתול החתול", 1),
    ("hindi", "कॉफ़ी", 0),
    ("greek", "ΓΑΤΑ", 1),
    ("greek", "καφες", 0),
    ("code", "read_file", 0),
    ("code", "getUserName", 1),
    ("code", "user name", 1),
    ("code", "select from where turns", 2),
    ("signs", "🙂", 0),
    ("signs", '"maybe"', 0),
    ("signs", "C#", 2),
    ("signs", "what's 5 o'clock", 1),
]


async def remember(memory: Memory) -> None:
    """Everything, each language in a scope of its own."""
    for scope, texts in TOLD.items():
        for text in texts:
            await memory.remember(text, scope=scope)


@pytest.mark.parametrize("preset", PRESETS)
async def test_a_word_is_found_in_any_script(tmp_path: Path, preset: Preset) -> None:
    """What says it comes first, whether or not the script parts words by spaces."""
    async with remanence.open(tmp_path / "m") as memory:
        await remember(memory)
        for scope, query, place in ASKED:
            best = MemoryReader.recall(memory, query, scope=scope, preset=preset, weights={"meaning": 0.0})
            assert best, query
            assert best[0].text == TOLD[scope][place], query


@pytest.mark.parametrize(
    "query",
    [
        "x",
        "?",
        "…",
        "🙂" * 25_000,
        "a" * 100_000,
        "猫" * 33_333,
        "1 " * 50_000,
        "2023-" * 20_000,
        "in May " * 15_000,
        "\u0301" * 50_000,
        "\u202eabc\u202c\u200d\u0000",
        '"unbalanced (quote AND NOT [x TO *] field:value^2~ \\',
        "'; DROP TABLE memories; --",
        "(" * 1000,
        "qwzx jjkv vvbn",
        "\n\t tea \r\n",
    ],
)
async def test_any_question_is_answered_soon(tmp_path: Path, query: str) -> None:
    """One sign or a hundred thousand, in no language or as another engine's syntax: hits or none, in every preset."""
    async with remanence.open(tmp_path / "m") as memory:
        await memory.remember("tea at four", session="s", speaker="Ada")
        await memory.remember("the boat at berth twelve", session="s", speaker="Juno")
        for preset in PRESETS:
            hits = MemoryReader.recall(memory, query, preset=preset, explain=True)
            assert len(hits) <= 2
