"""Benching recall: how fast this memory answers, or a made one, and how much of known answers recall finds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from ..opening.opening import open_memory
from ..reading.recalling import ALONE
from .exits import Exit, Failure
from .finding import other_scopes
from .opening import is_memory, reading, run
from .options import DEFAULT_PATH, Options, everywhere, examples, pass_options
from .output import Output
from .progress import bars
from .texts import count, shown

if TYPE_CHECKING:  # it needs numpy, and is imported when something is measured
    from ..memory.memory import Memory
    from ..perf.recall_judging import Asked
    from ..perf.recall_own import Way

__all__ = ["recall"]

QUESTIONS: Final = 100
SIZES: Final = (1_000, 10_000)
WAYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "words alone (BM25)": {"weights": {**ALONE, "meaning": 0.0}},
    "fast": {"preset": "fast"},
    "balanced": {},
    "accurate": {"preset": "accurate"},
}
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER: Final = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(
    short_help="Measure how fast recall is, and how much it finds.",
    epilog=examples(
        "remanence bench recall --scope ada",
        "remanence bench recall --made 1000 --made 100000",
        "remanence bench recall --locomo locomo10.json --cranfield cranfield/",
    ),
)
@click.option("--scope", metavar="PATH", default="main", show_default=True, help="Whose memories.")
@click.option(
    "--questions", metavar="N", type=click.IntRange(1, 10_000), default=QUESTIONS, show_default=True, help="How many."
)
@click.option("--made", "sizes", metavar="N", type=click.IntRange(1), multiple=True, help="Of N made texts instead.")
@click.option("--locomo", metavar="FILE", type=_FILE, help="How much of LoCoMo's evidence is found.")
@click.option("--cranfield", metavar="FOLDER", type=_FOLDER, help="How good it is on the Cranfield collection.")
@everywhere
@pass_options
def recall(  # noqa: PLR0917 - click gives them by name
    options: Options,
    scope: str,
    questions: int,
    sizes: tuple[int, ...],
    locomo: Path | None,
    cranfield: Path | None,
) -> None:
    """Measure how fast recall is on this memory, and how much it finds.

    Questions are words of the memories themselves; "found" says how many of those memories were among the ten. Nothing
    is written to the memory. Where there is none at the usual place, texts are made: 1,000 and 10,000. With --locomo or
    --cranfield, how good recall is on questions whose answers are known is measured instead, in a folder of its own.
    """
    bench = Bench(Output(as_json=options.as_json), questions)
    if locomo is not None:
        run(lambda: bench.locomo(locomo))
    if cranfield is not None:
        run(lambda: bench.cranfield(cranfield))
    is_own = not sizes and (options.path != DEFAULT_PATH or is_memory(options.path))
    if locomo is None and cranfield is None and is_own:
        run(lambda: bench.own(options, scope))
    elif sizes or (locomo is None and cranfield is None):
        for size in sizes or SIZES:
            run(_of_size(bench, size))


def _of_size(bench: Bench, size: int) -> Callable[[], Awaitable[None]]:
    return lambda: bench.made(size)


@attrs.frozen
class Bench:
    """Measures and shows."""

    out: Output
    questions: int

    async def own(self, options: Options, scope: str) -> None:
        """The user's own memory.

        Raises:
            Failure: there is nothing in the scope.
        """
        began = perf_counter()
        async with reading(options) as memory:
            if not memory.recall("ready", scope=scope, limit=1) and not memory.find(scope=scope, limit=1):
                raise Failure(f"nothing in scope {scope}", Exit.NOTHING, hint=other_scopes(memory, scope))
            await self._speed(memory, scope, shown(options.path), perf_counter() - began)

    async def made(self, size: int) -> None:
        """A memory of made-up texts."""
        from ..perf.recall_material import made  # noqa: PLC0415 - see above
        from ..perf.recall_systems import SCOPE, Remanence  # noqa: PLC0415

        with TemporaryDirectory(prefix="remanence-bench-") as folder:
            path = Path(folder) / "memory"
            texts = made(size).told
            with bars(told="remembering made-up texts") as tell:
                await Remanence().remember(path, texts, lambda done: tell("told", done, size))
            began = perf_counter()
            async with open_memory(path, read_only=True) as memory:
                memory.recall("ready", scope=SCOPE, limit=1)
                await self._speed(memory, "/".join(SCOPE), "made-up texts", perf_counter() - began)

    async def _speed(self, memory: Any, scope: str, where: str, first_s: float) -> None:
        from ..perf.recall_own import sampled, ways  # noqa: PLC0415 - see above

        chosen = sampled(memory, scope, self.questions)
        asked = len(chosen.asked)
        with bars(asked="asking questions") as tell:
            found = ways(memory, scope, chosen.asked, _steps(tell, "asked", asked))
        if self.out.as_json:
            self.out.json(
                {
                    "measured": "speed",
                    "where": where,
                    "scope": scope,
                    "memories": chosen.memories,
                    "questions": asked,
                    "first_ms": round(first_s * 1e3, 3),
                    "ways": [_rounded(attrs.asdict(way)) for way in found],
                }
            )
            return
        title = f"{where}, scope {scope}: {count(chosen.memories, 'memory', 'memories')}, {count(asked, 'question')}"
        self._show(title, found, first_s)

    def _show(self, title: str, found: list[Way], first_s: float) -> None:
        heads = ["preset", "p50", "p95", "p99", "found"]
        rows = [
            (
                way.name,
                *(f"{value:.2f} ms" for value in (way.p50_ms, way.p95_ms, way.p99_ms)),
                f"{way.found_percent:.0f} %",
            )
            for way in found
        ]
        self.out.line(title)
        self.out.line(f"Opening it and the first answer took {first_s * 1e3:,.0f} ms.")
        self.out.table(heads, rows, right=heads[1:])
        self.out.line()

    async def locomo(self, path: Path) -> None:
        """LoCoMo's evidence, in several ways."""
        from ..perf.recall_judging import HEADS, coverage, remember_turns  # noqa: PLC0415 - see above
        from ..perf.recall_locomo import conversations  # noqa: PLC0415

        samples = _read(conversations, path)
        with TemporaryDirectory(prefix="remanence-bench-") as folder:
            async with open_memory(Path(folder) / "memory") as memory:
                asked = [each for sample in samples for each in await remember_turns(memory, sample)]
                title = f"LoCoMo, coverage@10: {count(len(asked), 'question')}, {count(len(samples), 'conversation')}"
                self._judge(title, HEADS, memory, asked, coverage)

    async def cranfield(self, path: Path) -> None:
        """Cranfield's judgements, in several ways."""
        from ..perf.recall_cranfield import cranfield  # noqa: PLC0415 - see above
        from ..perf.recall_judging import gain, remember_abstracts  # noqa: PLC0415

        def judged(*given: Any) -> dict[str, float]:
            return {"nDCG@10": gain(*given)}

        collection = _read(cranfield, path)
        with TemporaryDirectory(prefix="remanence-bench-") as folder:
            async with open_memory(Path(folder) / "memory") as memory:
                asked = await remember_abstracts(memory, collection)
                title = f"Cranfield: {count(len(asked), 'question')}, {count(len(collection.abstracts), 'abstract')}"
                self._judge(title, ("nDCG@10",), memory, asked, judged)

    def _judge(
        self,
        title: str,
        heads: tuple[str, ...],
        memory: Memory,
        asked: list[Asked],
        judge: Callable[..., Mapping[str, float]],
    ) -> None:
        with bars(asked="asking questions") as tell:
            step = _steps(tell, "asked", len(asked) * len(WAYS))
            found = {name: judge(memory, asked, options, step) for name, options in WAYS.items()}
        if self.out.as_json:
            ways = [{"name": name, "percent": _rounded(percent)} for name, percent in found.items()]
            self.out.json({"measured": "quality", "of": title, "questions": len(asked), "ways": ways})
            return
        rows = [
            (name, *(f"{percent[head]:.1f}" if head in percent else "" for head in heads))
            for name, percent in found.items()
        ]
        self.out.line(title)
        self.out.table(["percent", *heads], rows, right=heads)
        self.out.line()


def _rounded(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in plain.items()}


def _steps(tell: Callable[[str, int, int], None], what: str, total: int) -> Callable[[], None]:
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        tell(what, done, total)

    return step


def _read(reader: Callable[[Path], Any], path: Path) -> Any:
    """What a file or folder of data holds.

    Raises:
        Failure: it isn't that.
    """
    try:
        return reader(path)
    except (ValueError, LookupError) as error:
        raise Failure(f"{shown(path)} can't be read: {error}", Exit.USAGE) from error
