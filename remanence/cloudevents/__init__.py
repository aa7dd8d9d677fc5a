"""CloudEvents: a log as JSON lines that other programs read, and such lines as events of a log (cloudevents.io, 1.0).

One file per idea: `model` (a line's meaning, names and limits), `attributes` (texts and times as attributes), `data`
(what an event says, as JSON and back), `writing` and `reading` (one line), `lines` (a file's), `exporting`, and for the
way in `groups` (lines that are one append), `checking` (the first pass: nothing goes in unless all can) and `importing`
(the second). All but the last three are pure.
"""

from .exporting import Exported as Exported
from .exporting import export_events as export_events
from .importing import Imported as Imported
from .importing import import_events as import_events
from .lines import looks_like_cloudevents as looks_like_cloudevents

__all__ = ["Exported", "Imported", "export_events", "import_events", "looks_like_cloudevents"]
