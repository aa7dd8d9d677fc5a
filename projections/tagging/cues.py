"""Cues: words and phrases that tell what a text is for, in six languages. Data only.

`*` at a word's end stands for any ending. The lists are verbs and nouns of a kind, from general vocabulary: Control
searches, filters, decides, manages; conteXt relates, refers, situates; Data processes, transforms, generates, extracts.
Strong cues are phrases that say it by themselves, words are verbs and nouns of the kind, hints only lean that way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["CUES", "FAILURES"]

_CONTROL_STRONG: Final = """
make sure|do not|don't forget|remind me|set a reminder|look up|look for|we decided|decided to|have to|has to|
needs to be|must be|must not|should be|should not|sign off|in charge|code review|could you|can you|please|
let's|ask * first|never *|hemos decidido|decidimos|tiene que|hay que|por favor|recuérdame|no olvides|
asegúrate|debe ser|deben ser|podrías|nunca *|wir haben uns entschieden|entschieden|muss * werden|darf nicht|
dürfen nicht|bitte|erinnere mich|stelle sicher|sorge dafür|nous avons décidé|avons décidé|il faut|doit être|
doivent être|s'il te plaît|s'il vous plaît|rappelle-moi|ne jamais|ne pas|abbiamo deciso|deve essere|bisogna|
per favore|ricordami|non dimenticare|decidimos|tem de|tem que|deve ser|lembra-me de
"""
_CONTROL_WORDS: Final = """
search*|find|filter*|sort*|select*|choose*|chose|pick|decide*|decid*|approve*|reject*|assign*|allow*|forbid*|
forbidden|require*|enable*|disable*|turn|switch|stop|start*|restart*|cancel*|schedule*|postpone*|reschedule*|
prioriti*|manage|monitor*|verify|check|ensure*|limit*|block*|close|deploy*|revoke*|grant*|delegate*|policy|
rule*|alert*|retry|retries|always|never|must|ordered|order|instruct*|remind*|lookup|avoid|wait|moved|busca|
buscar|encuentra|filtra*|ordena*|elige*|elegimos|elegir|decid*|aprob*|rechaz*|permit*|prohib*|activa*|
desactiva*|inicia*|detener|cancela*|programa|verifica*|comprueba*|asigna*|nunca|siempre|debe*|guarda|guardes|
suche|suchen|finde|filtere|sortiere*|wähle|wählen|entscheid*|genehmig*|ablehn*|erlaub*|verbot*|verbiet*|
aktivier*|deaktivier*|starte*|gestartet|stoppe*|plane|prüfe*|überprüf*|schließe|immer|niemals|muss|müssen|
grundsätzlich|cherche*|trouve|filtre*|trie|trier|choisi*|décid*|approuve*|valid*|refuse*|autoris*|interdi*|
activ*|désactiv*|démarr*|arrêt*|annul*|planifi*|vérifi*|jamais|toujours|doit|devons|cerca|cercare|trova|
filtra*|ordina*|scegli*|decid*|approva*|vieta*|attiva*|avvia*|ferma*|verifica*|deve|devono|sempre|procure|
procura|encontre|filtre|ordene|escolh*|aprov*|proíb*|ative|inicie|pare|verifique|deve|devem|sempre|zoek|vind|
filter|sorteer|kies|besloten|moet|altijd|nooit
"""
_CONTROL_HINTS: Final = """
first|before|after|until|if|when|unless|only|every|instead|should|during|all|si|antes|todas|todos|wenn|bevor|
jede*|alle|avant|toutes|tous|tutte|tutti|todas|alle
"""
_CONTEXT_STRONG: Final = """
lives in|live in|is based in|based in|works for|works with|works at|works in|belongs to|depends on|related to|
is part of|part of|reminds me|as mentioned|as discussed|as we|see also|allergic to|used to|is located|
located in|next to|close to|comes from|met at|met in|born in|grew up|years ago|last week|last year|last month|
in relation to|refers to|because of|in the context|is married|since *|vive en|viven en|trabaja en|trabaja con|
relacionado con|relacionada con|forma parte|me recuerda|hace * años|depende de|wohnt in|wohnt seit|lebt in|
arbeitet bei|arbeitet in|gehört zu|gehört zur|erinnert mich|hängt ab|seit *|teil der|habite à|habite en|vit à|
travaille chez|travaille à|fait partie|me rappelle|dépend de|depuis *|il y a|lié à|abita a|vive a|lavora a|
lavora per|fa parte|mi ricorda|dipende da|dal *|mora em|vive em|trabalha em|faz parte|desde *|lembra-me a|
woont in|werkt bij
"""
_CONTEXT_WORDS: Final = """
prefer*|like|likes|love|loves|hate|hates|enjoy*|favourite|favorite|allerg*|sister*|brother*|mother|father|son|
daughter|niece|nephew|grandmother|grandfather|grandma|grandpa|wife|husband|parents|family|friend*|neighbour*|
neighbor*|cousin*|birthday|wedding|hometown|located|timezone|vegetarian|vegan|currently|previous*|earlier|
yesterday|remember|remembers|supports|supplies|belong*|relat*|mention*|discussed|background|lives|living|
works|married|owns|prefiere*|gusta*|odia*|hermana|hermano|madre|padre|hijo|hija|sobrina|sobrino|abuelo|abuela|
esposa|marido|familia|amigo*|cumpleaños|vive|actualmente|anterior|ayer|alergi*|bevorzug*|mag|liebt|hasst|
schwester|bruder|mutter|vater|sohn|tochter|nichte|neffe|oma|opa|frau|mann|familie|freund*|geburtstag|wohnt|
lebt|derzeit|gestern|*allergie|gehört|erreichbar|liegt|lag|préfère*|aime|déteste|sœur|frère|mère|père|fils|
fille|nièce|neveu|grand-mère|grand-père|femme|mari|famille|ami*|anniversaire|habite|actuellement|hier|
joignable|preferisce|piace|sorella|fratello|madre|padre|figlio|figlia|nipote|nonno|nonna|moglie|marito|
famiglia|compleanno|abita|irmã|irmão|mãe|pai|filho|filha|sobrinh*|avó|avô|esposa|marido|família|aniversário|
mora|prefere|viagem|broer|zus|moeder|vader|zoon|dochter|woont|werkt
"""
_CONTEXT_HINTS: Final = """
is|was|has|where|there|i|i've|my|me|her|his|our|we|she|he|they|their|with|since|because|at|which|who|mi|mis|
es|está|era|nuestro|nuestra|con|mein*|ist|sind|war|hat|unser*|am|mon|ma|mes|notre|est|je|son|sa|mia|mio|
nostra|nostro|è|meu|minha|nossa|é|mijn
"""
_DATA_STRONG: Final = """
converted to|convert to|converted the|rows into|into json|to json|to csv|to pdf|per second|per cent|percent|
write a summary|summary of|average *|the average|rows in|removed * duplicates|hit rate|strip the|out of each|
por ciento|a json|a csv|un resumen|nach csv|nach json|prozent|eine zusammenfassung|en json|en csv|pour cent|
un résumé|in csv|in json|per cento|un riassunto|para json|para csv|por cento|um resumo
"""
_DATA_WORDS: Final = """
convert*|import|imported|export|exported|extract*|generat*|comput*|calculat*|recalculat*|normali*|transform*|
translat*|transcod*|transcrib*|compress*|decompress*|encod*|decod*|parse*|parsing|render*|resiz*|merg*|
aggregat*|summar*|process*|measur*|draft*|dataset*|embedding*|tokens|rows|row|column*|records|latency|
throughput|checksum|sha256|regex|schema|revenue|median|survey|chart*|bytes|megabytes|gigabytes|split|strip|
format*|pull|pulls|build|write|wrote|count*|average|convert*|convirti*|import*|export*|extra*|genera|generar|
generó|calcul*|transform*|traduc*|comprim*|analiz*|proces*|resumen|resume|registros|filas|columnas|ventas|
subieron|bajó|escribe|konvertier*|importiert*|exportiert*|extrahier*|generier*|erzeug*|berechn*|umgewandelt|
übersetz*|komprimier*|einlesen|verarbeitet*|zusammenfass*|datensätze|zeilen|spalten|umsatz|stieg|sank|
bereinig*|formatier*|schreibe|lies|converti*|import*|export*|extrai*|génér*|calcul*|transform*|tradui*|
compress*|trait*|lecture|résum*|lignes|colonnes|chiffre|augment*|diminu*|rédige|convertito|convertire|
importat*|esportat*|estra*|generat*|calcolat*|trasform*|tradur*|tradott*|elabora*|righe|colonne|riassunto|
vendite|converti|importad*|exportad*|extraí*|gerad*|calculad*|traduz*|processad*|linhas|colunas|resumo|vendas|
subiram|verwerkt|regels|omgezet|samenvatting
"""
_DATA_HINTS: Final = """
csv|json|xml|pdf|html|yaml|sql|png|jpeg|h.264|file|files|data|log|batch|table|text|image*|video*|document*|
report*|archive|list|average|total|per|seconds|ms|mb|gb|archivo*|imagen|datos|segundos|datei*|daten|sekunden|
tabelle|bild*|fichier*|données|image|secondes|file|dati|secondi|arquivo*|dados|segundos|seconden
"""
_FAILURES: Final = """
failed|fails|failure|could not|couldn't|cannot|can't|unable to|error|errors|timed out|refused|crashed|in vain|
broken|no se pudo|no pudo|no pude|error|fallo|falló|fehler|konnte nicht|konnten nicht|fehlgeschlagen|
gescheitert|impossible|échec|échoué|erreur|n'a pas pu|non è stato possibile|errore|fallito|não foi possível|
erro|falhou|mislukt|fout
"""


def _cues(text: str) -> tuple[tuple[str, ...], ...]:
    """The phrases of a list, each once, as words."""
    phrases = dict.fromkeys(" ".join(phrase.split()) for phrase in text.split("|"))
    return tuple(tuple(phrase.split()) for phrase in phrases if phrase)


CUES: Final[Mapping[str, tuple[tuple[float, tuple[tuple[str, ...], ...]], ...]]] = {
    "control": ((1.0, _cues(_CONTROL_STRONG)), (0.7, _cues(_CONTROL_WORDS)), (0.3, _cues(_CONTROL_HINTS))),
    "context": ((1.0, _cues(_CONTEXT_STRONG)), (0.7, _cues(_CONTEXT_WORDS)), (0.3, _cues(_CONTEXT_HINTS))),
    "data": ((1.0, _cues(_DATA_STRONG)), (0.7, _cues(_DATA_WORDS)), (0.3, _cues(_DATA_HINTS))),
}
"""For each class its cues by weight: phrases 1, words 0.7, hints 0.3."""

FAILURES: Final = _cues(_FAILURES)
"""What says that it didn't work."""
