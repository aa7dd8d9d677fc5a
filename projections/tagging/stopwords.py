# ruff: noqa: RUF001 - letters of other scripts are what this file is about
"""Stop words: the function words of a few languages, by language. Data only.

Articles, pronouns, prepositions, conjunctions, auxiliaries and the commonest adverbs, as any grammar lists them; put
together for this project and under its licence (Apache-2.0). Kept short on purpose: a word that may be what a text is
about ("home", "case", "computer") is no stop word, however frequent it is; that is for the log's own counts to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["LANGUAGES", "NEGATIONS", "SPOKEN", "STOP_SIGNS"]

_ENGLISH: Final = """
a about above after again against all almost along already also although always am among an and any anybody anyone
anything are aren't around as at away back be because been before behind being below between beyond both but by can
can't cannot could couldn't did didn't do does doesn't doing don't done down during each either else enough even ever
every everybody everyone everything for from further get gets getting go goes going gone got had hadn't has hasn't have
haven't having he he'd he'll he's her here here's hers herself him himself his how how's however i i'd i'll i'm i've if
in instead into is isn't it it'd it'll it's its itself just kind least less let let's like lot lots many may maybe me
might mine more most much must mustn't my myself neither never next no nobody none nor not nothing now of off often oh
ok okay on once one only onto or other others ought our ours ourselves out over own per perhaps please quite rather
really same say says shall she she'd she'll she's should shouldn't since so some somebody someone something sometimes
soon still such sure than that that'll that's the their theirs them themselves then there there's these they they'd
they'll they're they've thing things this those though through thus till to together too toward towards under unless
until up upon us very via was wasn't we we'd we'll we're we've well were weren't what what's whatever when when's
whenever where where's whether which while who who's whoever whole whom whose why will with within without won't would
wouldn't yes yeah yet you you'd you'll you're you've your yours yourself yourselves two three four five six seven eight
nine ten hi hello hey thanks thank wow haha
"""
_SPANISH: Final = """
a al algo alguien alguna algunas alguno algunos ambos ante antes aquel aquella aquellas aquello aquellos aquí así aun
aunque aún bajo bien cada casi como con contra cual cuales cualquier cuando cuanto cuándo cuál cómo de del demás dentro
desde después donde dos durante dónde e el ella ellas ello ellos en entonces entre era eran eres es esa esas ese eso
esos esta estaba estado estamos estar estas este esto estos estoy está están fue fueron ha haber había han has hasta hay
he hemos hoy incluso la las le les lo los luego mal más me mejor menos mi mientras mis misma mismas mismo mismos mucha
muchas mucho muchos muy más mí mía mío nada nadie ni ninguna ninguno no nos nosotros nuestra nuestras nuestro nuestros
nunca o os otra otras otro otros para pero poco por porque pues puede pueden qué que quien quienes quién se sea según
ser será si sido sin sino sobre sois somos son soy su sus suya suyo sí sólo solo también tampoco tan tanto te tengo
tenía ti tiene tienen toda todas todavía todo todos tras tu tus tuya tuyo tú u un una unas uno unos usted ustedes va vez
vosotros vuestra vuestro y ya yo él tres cuatro cinco seis siete ocho
nueve diez gracias hola
"""
_GERMAN: Final = """
aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus bei beim bin
bis bist da dabei dadurch dafür dagegen daher damit danach dann daran darauf daraus darf darin darum darüber das dass
davon dazu dein deine deinem deinen deiner dem den denn der deren des deshalb dessen dich die dies diese diesem diesen
dieser dieses dir doch dort du durch dürfen ein eine einem einen einer eines einige einigen einmal er erst es etwa etwas
euch euer eure für gegen gehabt gerade gewesen gleich hab habe haben hat hatte hatten her herein herum heraus hier
hinter hin ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im immer in indem ins ist ja je jede jedem jeden jeder
jedes jedoch jemand jene jener jetzt kann kannst kein keine keinem keinen keiner können könnte man manche mancher mehr
mein meine meinem meinen meiner meines mich mir mit muss musste müssen nach nachdem neben nicht nichts nie niemals
niemand noch nun nur ob oder ohne schon sehr seid sein seine seinem seinen seiner seines seit selbst sich sie sind so
sobald solche soll sollen sollte sondern sonst sowie um und uns unser unsere unserem unseren unserer unter viel viele
vom von vor wann war waren warum was weil welche welcher welches wenn wer werde werden wessen wie wieder will wir wird
wirst wo wollen worden wurde wurden während würde würden zu zum zur zwar zwischen über zwei drei vier fünf sechs
sieben acht neun zehn danke hallo
"""
_FRENCH: Final = """
a afin ai aie ailleurs ainsi alors après as assez au aucun aucune aujourd'hui auquel aussi autre autres aux avait avant
avec avoir avons avez beaucoup bien car ce ceci cela celle celles celui cependant ces cet cette ceux chaque chez ci
comme comment contre d dans de depuis derrière des dessous dessus devant doit donc dont du déjà elle elles en encore
entre es est et eu eux fait faut furent fut hors ici il ils je jusque l la là laquelle le lequel les leur leurs lors
lorsque lui ma mais malgré me mes mieux moi moins mon même ne ni nos notre nous on ont ou où par parce parmi pas
pendant peu peut plus plusieurs pour pourquoi puis puisque qu quand que quel quelle quelles quels quelque quelques qui
quoi rien sa sans se selon sera ses si sien soi soit sommes son sont sous suis sur ta tandis te tel telle tes toi ton
toujours tous tout toute toutes très trop tu un une va vers voici voilà vos votre vous y à été était étaient être deux
trois quatre cinq six sept huit neuf dix merci n'est n'a c'est j'ai qu'il qu'elle d'un d'une s'est l'on
"""
_ITALIAN: Final = """
a abbiamo adesso ai al alla alle allo altra altre altri altro anche ancora avere aveva avevano ben c'è che chi ci come
con contro cosa così cui da dai dal dalla dalle dallo davanti degli dei del della delle dello dentro di dopo dove dunque
e ed era erano essere fa fino fra fuori già gli ha hai hanno ho i il in infatti invece io la le lei li lo loro ma mai
meno mentre mi mia mie miei mio molta molte molti molto ne nei nel nella nelle nello nessuno niente noi non nostra
nostro nulla o ogni oppure ora per perché però più poco poi proprio qua quale quali quando quanto quasi quella quelle
quelli quello questa queste questi questo qui se sei sempre senza si siamo sia solo sono sopra sotto sta stata stato su
sua subito sue sui sul sulla sulle suo suoi tanto te tra troppo tu tua tue tuo tutta tutte tutti tutto un una uno va
vi voi è grazie ciao
"""
_PORTUGUESE: Final = """
a ainda alguma algumas alguém algum alguns ante antes ao aos apenas após aquela aquele aquilo as assim até bem cada com
como contra cujo da dá das de dela dele deles depois desde dessa desse desta deste do dos durante e ela elas ele eles em
enquanto entre era eram essa essas esse esses esta estamos estas estava este estes estou está estão eu foi foram fosse
há isso isto já la lá lhe lhes lo mais mas me mesma mesmo meu meus minha minhas muita muitas muito muitos na nas nem
nenhum ninguém no nos nossa nossas nosso nossos nunca não nós num numa o onde os ou outra outras outro outros para pela
pelas pelo pelos pode por porque porém pouco pra qual quais qualquer quando quanto que quem quê se seja sem sempre ser
será seu seus si sido sob sobre sou sua suas são só também tanto te tem tenho ter teu teve tinha toda todas todo todos
tu tua tudo têm um uma umas uns vai você vocês vos à às é obrigado obrigada olá
"""
_DUTCH: Final = """
aan achter al alle alleen als altijd ander andere ben bent bij daar dan dat de deze die dit doch doen door dus een en
er ergens geen had hadden heb hebben heeft hem hen het hier hij hoe hun ik in is ja je jij jou jouw jullie kan kon
kunnen maar me meer men met mij mijn moet moeten na naar nadat niemand niet niets nog nooit nu of om omdat onder ons
onze ook op over reeds sinds te tegen toch toen tot u uit uw van veel voor waar waarom wanneer waren was wat we weer
wel werd werden wie wij wil wordt worden zal ze zelf zich zij zijn zo zonder zou zouden
"""
_SWEDISH: Final = """
alla allt att av blev bli blir de dem den denna deras dess det detta dig din dina ditt du där då efter ej eller en er
ert ett från för ha hade han hans har hon honom hur här i icke ingen inom inte jag ju kan kunde man med mellan men mig
min mina mitt mot mycket ni nu när någon något några och om oss på samma sedan sig sin sina sitt själv ska skulle som så
sådan till under upp ut utan vad var vara varför varit varje vars vem vi vid vilka vilken är över
"""
_POLISH: Final = """
a aby albo ale ani aż bardzo bez bo być był była było były bym by co czy dla do gdy gdzie go i ich ile im ja jak jako
jego jej jest jestem jeszcze jeśli już ją kiedy kto która które którego której który których ma mam mi mnie może moja
moje mój mu my na nad nam nas nasz nasza nie nic nigdy niż no o od on ona one oni oraz pan pod po poza przed przez przy
są się siebie swoje swój ta tak także tam te tego tej ten teraz to tu tutaj twoja twój ty tylko tym u w wam was we
więc wszystkie wszystko z za ze że żeby
"""
_TURKISH: Final = """
ama ancak bana bazı belki ben beni benim bir biri birkaç biz bize bizi bizim bu buna bunda bunu bunun da daha de defa
değil diye en gibi hem hep hepsi her hiç için ile ise kez ki kim mi mu mü mı nasıl ne neden nerede niye o olan olarak
oldu olduğu on ona onlar onu onun sen seni siz sizin ve veya ya yani çok çünkü şey şu şunu
"""
_RUSSIAN: Final = """
а без более бы был была были было быть в вам вас весь во вот все всего всех вы где да даже для до его ее если есть еще
же за здесь и из или им их к как когда кто ли между меня мне может мой моя моё мои мы на над надо нас не него нее нет ни
них но ну о об он она они оно от очень по под при про с сам свой своя себя со так также там тебя тем то того тоже той
только том ты у уже хотя чего чей чем что чтобы эта эти это этот я ещё её всё
"""

LANGUAGES: Final[Mapping[str, frozenset[str]]] = {
    "en": frozenset(_ENGLISH.split()),
    "es": frozenset(_SPANISH.split()),
    "de": frozenset(_GERMAN.split()),
    "fr": frozenset(_FRENCH.split()),
    "pt": frozenset(_PORTUGUESE.split()),
    "it": frozenset(_ITALIAN.split()),
    "nl": frozenset(_DUTCH.split()),
    "ru": frozenset(_RUSSIAN.split()),
    "pl": frozenset(_POLISH.split()),
    "tr": frozenset(_TURKISH.split()),
    "sv": frozenset(_SWEDISH.split()),
}
"""Function words by language, in the order in which a tie is decided."""


def _by_word() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for language, stop in LANGUAGES.items():
        for word in stop:
            found[word] = (*found.get(word, ()), language)
    return found


SPOKEN: Final[Mapping[str, tuple[str, ...]]] = _by_word()
"""The same, the other way round: the languages of a function word."""

STOP_SIGNS: Final = (
    "的了在是我你他她它们这那和与及也都就不有从到被把对为以于吗呢吧啊着过要会很再又还没跟并且但或个里上下"
)
"""Signs that join in Chinese: single signs, for want of words between spaces."""

_NEGATIONS: Final = """
not no never cannot without nobody nothing none nunca jamás sin nadie nicht kein keine keinen keinem keiner nie niemals
ohne ne pas jamais sans non mai senza não sem niet geen nooit zonder bez не нет без inte ej değil 不 没
"""
NEGATIONS: Final = frozenset(_NEGATIONS.split())
"""Words that turn a statement into its opposite."""
