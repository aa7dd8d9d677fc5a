"""Data sets of a few lines, in the form that LoCoMo and Cranfield have."""

import json
from pathlib import Path

__all__ = ["write_cranfield", "write_locomo"]


def write_locomo(path: Path) -> Path:
    """A conversation of two sessions; two questions that can be answered, and one whose evidence isn't there."""

    def turn(name: str, speaker: str, text: str) -> dict[str, str]:
        return {"dia_id": name, "speaker": speaker, "text": text}

    sample: dict[str, object] = {
        "sample_id": "talk",
        "conversation": {
            "speaker_a": "Ada",
            "speaker_b": "Juno",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                turn("D1:1", "Ada", "I moored the boat at berth twelve yesterday."),
                turn("D1:2", "Juno", "Lovely! Is the mooring dear in summer?"),
                turn("D1:3", "Ada", "Hardly. The harbour master is a friend of my aunt."),
            ],
            "session_2_date_time": "10:02 am on 20 May, 2023",
            "session_2": [
                turn("D2:1", "Juno", "My sister painted the kitchen yellow while I was away."),
                turn("D2:2", "Ada", "Yellow like a lemon, or yellow like mustard?")
                | {"blip_caption": "a photo of a bowl of lemons"},
            ],
        },
        "qa": [
            {"question": "Where did Ada moor the boat?", "evidence": ["D1:1"], "category": 4},
            {"question": "Who painted the kitchen?", "evidence": ["D2:01; D9:9"], "category": 2},
            {"question": "What is not told?", "evidence": [], "category": 5},
        ],
    }
    path.write_text(json.dumps([sample]))
    return path


def write_cranfield(folder: Path) -> Path:
    """Three abstracts, one of them empty; two questions, each answered by one of them."""
    folder.mkdir()
    (folder / "cran.all.1400").write_text(
        ".I 1\n.T\nwings\n.A\nsomebody\n.B\nj. 1\n.W\nslipstream over a swept wing\n"
        ".I 2\n.T\n\n.A\n\n.B\n\n.W\n\n"
        ".I 3\n.T\nheat\n.A\nsomebody\n.B\nj. 2\n.W\nheat transfer in\nhypersonic flow\n"
    )
    (folder / "cran.qry").write_text(".I 001\n.W\nwhat of the slipstream ?\n.I 007\n.W\nhypersonic heat transfer ?\n")
    (folder / "cranqrel").write_text("1 1 2\n1 3 -1\n2 3 1\n")
    return folder
