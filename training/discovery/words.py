"""Words of several languages that say what a column has, matched against the parts of its name."""

import re
import unicodedata
from collections.abc import Iterable

WORD = re.compile(r"[^\W\d_]+|\d+")
UNCOMPOSED = str.maketrans(
    {"\u00df": "ss", "\u00f8": "o", "\u00d8": "O", "\u00e6": "ae", "\u00c6": "Ae", "\u0142": "l", "\u0111": "d"}
)
"""Letters that Unicode does not compose of a letter and a mark."""
CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def without_accents(text: str) -> str:
    """Return a text with plain letters in place of those with marks."""
    plain = unicodedata.normalize("NFKD", text.translate(UNCOMPOSED))
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def tokens(name: str) -> tuple[str, ...]:
    """Return the words of a name, in lower case and without accents: `G&A bedsOpen` gives ga, beds and open."""
    letters = without_accents(CAMEL_CASE.sub(" ", name)).lower()
    return tuple(WORD.findall(re.sub(r"(?<=\b[a-z])&(?=[a-z]\b)", "", letters)))


def one_of(*forms: str) -> re.Pattern[str]:
    """A pattern that fits a complete word of any of these forms."""
    return re.compile(rf"(?:{'|'.join(forms)})\Z")


def has(words: Iterable[str], pattern: re.Pattern[str]) -> bool:
    """Return whether a word fits."""
    return any(pattern.match(word) for word in words)


BED_WORDS = one_of(
    *("beds?", "cots?", "stretchers?", "trolleys?", "lits?", "civieres?", "brancards?", "camas?", "camillas?"),
    *("leitos?", "letto", "letti", r"\w*bett(?:en)?", "bedden", r"\w*vardplats\w*", "sangar", r"seng\w*", "lozk[ai]"),
)
OCCUPIED_WORDS = one_of(
    *("occ", r"occup\w+", r"ocupa\w+", r"beleg\w*", r"\w*belegt\w*", r"bezet\w*", r"belag\w*", r"belagt\w*", "used"),
    *("filled", r"hospitali[sz]ed", r"hospitalise[se]+s?", r"hospitalizad\w+", r"ingresad\w+", r"internad\w+"),
    *(r"ricoverat\w+", r"inneliggande", r"indlagte", r"innlagte", "opgenomen", "census", "inpatients", "optagne"),
)
OPEN_WORDS = one_of(
    *("open", "opened", "staffed", "capacity", "funded", "operational", r"function\w+", r"fonction\w+", "capacite"),
    *("ouverts?", "ouvertes?", r"capacidad\w*", r"capacidade", r"habilitad\w+", r"instalad\w+", r"capacit[aà]"),
    *(r"\w*kapazitat\w*", r"betreibbar\w*", r"capaciteit", r"kapacitet\w*", r"attivi", r"installed", "commissioned"),
)
AVAILABLE_WORDS = one_of(
    *("available", "avail", r"disponib\w+", r"disponiv\w+", r"verfugbar\w*", r"beschikba\w+", r"tillgangl\w+"),
    *(r"tilgjengel\w+", r"tilgaengel\w+", "disponibla"),
)
FREE_WORDS = one_of(
    *("free", "vacants?", "empty", "unoccupied", r"frei\w{0,2}", "unused", r"libres?", r"livres?", r"liber[aeio]"),
    *(r"vrije?", r"ledig\w?", r"vapaa\w*", r"wolne", r"vacantes?", r"vagas?", r"desocupad\w+", "remaining"),
)
ATTENDANCE_WORDS = one_of(
    *(r"attendances?", r"attend\w*", r"arrivals?", "arrived?", "arr", r"visits?", r"presentations?", r"encounters?"),
    *(r"episod\w+", r"passages?", r"venues", r"arrivees?", r"atencion\w*", r"atendid\w+", r"atendiment\w+"),
    *(r"visitas?", r"llegadas?", r"chegadas?", r"entradas?", r"access[oi]", r"arriv[oi]", r"vorstellung\w*"),
    *(r"\w*ankunft\w*", r"besuch\w*", r"bezoek\w*", r"besok\w*", r"besog\w*", r"\w*ankomst\w*", r"sokande"),
    *(
        r"registrations?",
        r"triaged",
        r"urgencias?",
        r"urgences?",
        "emergencies",
        "pass",
        r"\w*notaufnahmen?",
        r"aankomst\w*",
        r"walkins?",
        r"edvisits?",
        r"kontakte?r?",
    ),
)
ADMISSION_WORDS = one_of(
    *(r"admissions?", r"admitted", r"admits?", "adm", r"ingresos?", r"hospitalisations?", r"hospitali[sz]ations?"),
    *(
        r"entrees?",
        r"internament\w+",
        r"internac\w+",
        r"admiss[ao]\w*",
        r"ricover[oi]",
        r"(?!not)\w*aufnahmen?",
        "zugange?",
    ),
    *(r"einweisung\w*", r"opnam\w+", r"inlaggning\w*", r"inskriv\w+", r"indlaeggels\w+", r"innleggels\w+"),
    *(r"hospitalizacion\w*", r"hospitalizac\w+"),
)
DISCHARGE_WORDS = one_of(
    *(r"discharg\w*", "disch", r"departures?", "departed?", r"sorties?", r"altas?", r"dimission\w+", r"dimess\w+"),
    *(r"\w*entlass\w*", r"abgange?", r"ontslag\w*", r"ontslagen", r"utskriv\w+", r"udskriv\w+", "left", r"egres\w+"),
)
DEMAND_WORDS = one_of(
    *(r"calls?", r"responses?", r"incidents?", r"dispatch\w*", r"jobs?", r"runs?", r"conveyances?", r"llamadas?"),
    *(r"appels?", r"interventions?", r"intervencion\w*", r"chamadas?", r"ocorrencias?", r"chiamate", r"einsatze?"),
    *(r"alarm\w*", r"uppdrag", r"meldinge?n?", r"ritten", r"referrals?", r"handovers?", r"transports?", r"salidas?"),
)
RATE_WORDS = one_of(
    *("rate", "rates", "pct", r"percent\w*", "perc", "proportion", "ratio", "share", "taux", "tasa", "taxa", "tasso"),
    *(r"porcent\w+", r"percentual\w*", r"prozent\w*", r"quote", r"anteil\w*", r"andel", r"percentage", "incidence"),
    *(r"inzidenz\w*", r"incidencia", r"index", r"per", "utilisation", "utilization", "auslastung", "beläggningsgrad"),
    *("belaggningsgrad", "bezettingsgraad", "score", "pourcentage", "graad"),
)
PERCENT_WORDS = one_of(
    *("pct", r"percent\w*", "perc", r"porcent\w+", r"percentual\w*", r"prozent\w*", "pourcentage", r"procent\w*"),
)
RATIO_WORDS = one_of(*("ratio", "incidence", r"inzidenz\w*", "incidencia", "index", "per", "score"))
"""Of rates that are no percentages."""
MEAN_WORDS = one_of(
    *("mean", "avg", "average", "median", "moy", "moyenne", r"medi[ao]n?[ao]?", r"promedio", r"mittel\w*", "std"),
    *("durchschnitt", r"medel\w*", r"gemiddeld\w*", "sd", "min", "mins", "minutes", "minutos", "minuti", "minuten"),
    *("seconds", "dms", "duration", "duree", "duracion", "duracao", "dauer", "los", "tempo", "tiempo", "temps"),
    *("wait", "latitude", "longitude", "lat", "lon", "lng", "population", "temperature", "temp", "rain", "cumulative"),
    *("cumul", r"acumulad\w+", "kumuliert", "rolling", "ma7", "espera", "attente", "waiting", "wartezeit", "delay"),
)
"""Of durations, averages, sums since a beginning, and other things that are no counts of a day."""
DISEASE_WORDS = one_of(
    *("covid", "sars", "cov", "flu", "influenza", "grippe", "gripe", "rsv", "vrs", "noro", "norovirus", "dv"),
    *("corona", "measles", "diarrhoea", "ili", "sari", "pneumonia", "bronchiolitis"),
)
CRITICAL_WORDS = one_of(
    *("icu", "itu", "cc", "hdu", "uci", "rea", "reanimation", "critical", "critica", "criticas", "critico", "criticos"),
    *(r"intensi\w+", "ic", "soins", "uti", "respirador", r"ventilat\w+", "picu", "nicu", "iva"),
)
CHILD_WORDS = one_of(
    *(r"pa?edia?tri\w*", "child", "children", "kinder", "kids", r"pediatr\w+", r"infant\w*", "enfants?", "barn"),
    *("kind", "neonatal", "newborn", "cyp"),
)
ADULT_WORDS = one_of(r"adult\w*", r"erwachsen\w*", "vuxna", r"volwassen\w*", "voksne")
MALE_WORDS, FEMALE_WORDS = (
    one_of("male", "males", "men", "hommes?", "hombres", "uomini"),
    one_of(r"female\w*", "women", "femmes?"),
)
NEGATION_WORDS = one_of(
    "no", "non", "not", "sin", "sem", "sans", "ohne", "without", "senza", "zonder", "utan", "excl", "ej"
)
PART_WORDS = one_of(
    *("over", "under", "within", "gt", "lt", "plus", "mas", "mais", "uber", "ueber", "more", "less", "than", "than"),
    *("delayed", "ambulance", "elective", "planned", "type", "major", "minor", "closed", "blocked", "escalation"),
    *("first", "premier", "erst", "new", "reserve", "notfallreserve", "surge", "deaths?", "died", "boarders?", "gerne"),
    *("private", "mental", "maternity", "male", "female", "ambulancia", "ambulances", "before", "after", "meet"),
    *(r"\d+", r"erst\w+", "virtual", "isolation", "walk", "stroke", "surgical", "medical", "trauma"),
)
"""Of a part of what a measure counts, such as long stays or arrivals by ambulance."""
TOTAL_WORDS = one_of(
    "total", "totals", "totale", "totaux", "totales", "gesamt", "insgesamt", "summe", "totaal", "all", "sum"
)
NAMED_TOTAL = re.compile(
    r"\s*(?:(?:grand|sub|over)[\s-]*)?(?:total|totals|totale|totaux|totales|gesamt|insgesamt|summe|totaal|summa|sum"
    r"|all|alle|alla|tous|toutes|todos|todas|tutti|ensemble|overall|national|nationwide|system total)\b",
    re.IGNORECASE,
)

CODE_WORDS = one_of(
    *("id", "ids", "code", "codes", "cod", "codigo", "codice", "no", "nr", "permis"),
    *("permit", "ods", "key", "fips", "geoid", "finess", "cnes", "ibge", "schlussel", "kod", "ident", "identifier"),
    *("ref", "siret", "ik", "uid", "oid", "abbr", "ags", "insee", "rss", "kode", "short", "ccn", "pk"),
)
NAME_WORDS = one_of(
    "name", "names", "nom", "nombre", "nome", "naam", "namn", "navn", "label", "description", "bezeichnung"
)
SITE_WORDS = one_of(
    *("site", "sites", r"hospital\w*", "trust", "trusts", "provider", "providers", r"facilit\w+", "facilidad"),
    *("permit", "permis", r"installation\w*", r"etablissement\w*", r"establ?e?ciment\w*", r"establec\w+", "centro"),
    *("center", "centre", "clinic", "clinica", "klinik", "klinikum", "krankenhaus", "spital", r"ziekenhuis\w*"),
    *("sjukhus", "sygehus", "sykehus", "station", "place", "places", "unitcode", "location", "hopital", "hopitaux"),
    *("instituicao", "institution", "institucion", "instituto", "ospedale", "presidio", "struttura", "standort"),
    *("department", "departments", "dept", "ed", "code", "org", "campus", "division", "finess", "ods", "servicio"),
)
ORGANISATION_WORDS = one_of(
    *(r"organi[sz]ation\w*", "organisme", "trust", "network", "group", "groupe", "grupo", "system", "parent"),
    *("authority", "board", "icb", "stp", "ics", "sustainability", "company", "trager", "azienda", "asl", "ulss"),
    *("commissioner", "ccg", "lhd", "lhn", "dhb", "lhin", "ars", "ght"),
)
REGION_WORDS = one_of(
    *("region", "regions", "regione", "regiao", "county", "state", "states", "province", "provincia", "provincias"),
    *("provincie", "provinz", r"bundesl\w+", "land", "lander", "kreis", "landkreis", "district", "distrito", "kommun"),
    *("departement", "departamento", "ccaa", "comunidad", "autonoma", "comarca", "municipio", "municipality"),
    *("canton", "kanton", "borough", "boroughs", "area", "areas", "zone", "zona", "country", "nation", "city"),
    *("town", "locality", "territory", "lan", "fylke", "kommune", "gebiet", "bezirk", "stadt", "rss", "health", "nuts"),
    *("dep", "geography", "jurisdiction", "concelho", "comune", "commune", "uf", "geo"),
)
STREAM_WORDS = one_of(
    *(r"unidad\w*", "unit", "units", "unite", "unidade", "einheit", "ward", "wards", "type", "tipo", "typ", "category"),
    *("age", "ages", "agegroup", "edad", "idade", "alter", r"altersgruppe\w*", "alder", "leeftijd", "eta", "band"),
    *("sex", "sexe", "sexo", "gender", "geschlecht", "triage", "acuity", "esi", "ctas", "mts", "priority", "severity"),
    *(r"special\w+", r"speciali\w+", "service", "pathway", "stream", "class", "kategorie", "categorie", "categoria"),
    *("cause", "syndrome", "diagnosis", "mode", "modality", "sesso", "level", "nivel", "prioridad", "prioridade"),
    *(r"versorgungs\w+", "behandlungsgruppe", "bettenart", "poblacion", "group", "urgency", "streams", "dimension"),
)
MEASURE_NAME_WORDS = one_of(
    *("measure", "measures", "metric", "metrics", "indicator", "indicateur", "indicador", "indicatore", "variable"),
    *("kennzahl", "merkmal", "item", "series", "kpi", "matt", "attribute", "statistic", "concept", "concepto", "field"),
)
VALUE_WORDS = one_of(
    *("value", "values", "valeur", "valor", "valore", "wert", "waarde", "varde", "verdi", "count", "counts", "n"),
    *("number", "anzahl", "antal", "antall", "aantal", "nombre", "numero", "amount", "quantity", "cantidad", "total"),
)
DAY_WORDS = one_of(
    *("date", "dates", "day", "days", "fecha", "dia", "data", "datum", "tag", "jour", "dato", "dag", "giorno", "ds"),
    *("reporting", "reported", "report", "period", "datetime", "timestamp", "time", "dt", r"\w*datum", "pvm"),
    *("snapshot", "census", "stichtag", "meldedatum", "when", "dzien", "hora", "collection"),
)
PUBLISHED_WORDS = one_of(
    *(
        "published",
        "publication",
        "publicado",
        "updated",
        "update",
        "maj",
        "mise",
        "extracted",
        "extraction",
        "release",
    ),
    *("released", "loaded", "inserted", "modified", "created", "veroffentlicht", "stand", "version", "asof", "known"),
    *("refresh", "refreshed", "ingested", "issued", "actualizacion", "atualizacao", "aggiornamento", "submitted"),
)
YEAR_WORDS = one_of("year", "yr", "ano", "annee", "jahr", "anno", "jaar", "ar", "yyyy")
MONTH_WORDS = one_of("month", "mon", "mes", "mois", "monat", "mese", "maand", "manad", "mm")
WEEK_WORDS = one_of("week", "semana", "semaine", "woche", "settimana", "vecka", "kw", "isoweek", "wk")
WEEK_ENDS_WORDS = one_of("ending", "end", "ended", "fin", "ende", "fim", "fine", "sunday", "einde", "slut", "we")
WEEK_BEGINS_WORDS = one_of(
    "commencing", "beginning", "starting", "start", "begin", "debut", "inicio", "beginn", "monday", "wc"
)
DAY_OF_MONTH_WORDS = one_of("day", "dia", "jour", "tag", "giorno", "dag", "dd", "dom")
HOUR_WORDS = one_of(
    *("hour", "hours", "hr", "hora", "heure", "stunde", "ora", "uur", "timme", "time", "uhrzeit", "horaire", "hh"),
    *("tid", "tijd", "klockslag", "hod", "interval", "hrs"),
)
INDEX = re.compile(
    r"\s*(?:unnamed: ?\d+|column\d+|index|row ?(?:id|num(?:ber)?)?|#|_?id|objectid|fid|rownames|n[ro]\.?)\s*", re.I
)
NO_NAME = re.compile(r"\s*(?:unnamed: ?\d+|column\d+)\s*", re.I)
"""Names that programs give to columns whose header is blank."""
NO_VALUE_WORDS = frozenset(
    {"-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "*", "**", ":", "x", "X", "?", "/", "\\N", "_"}
    | {"NULL", "Null", "null", "None", "none", "NONE", "NA", "N/A", "n/a", "na", "n.a.", "N.A.", "#N/A", "NaN", "nan"}
    | {"NaT", "<NA>", "ND", "nd", "n.d.", "N.D.", "s/d", "S/D", "k.A.", "k. A.", "NR", "nr", "missing", "Missing"}
    | {"unknown", "not available", "Not available", "no data", "No data", "NC", "c", "C", "z", "[c]", "[x]", "[z]"}
    | {"suppressed", "closed", "Closed", "Non disponible", "non disponible", "No disponible", "#REF!", "#VALUE!"}
    | {"#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "N/D", "n/d", "ns", "NS", "S", "s", "DNR", "NSP"}
)
"""Words that stand where a number could be and say that there is none."""
NAMELESS_WORDS = frozenset(
    {"-", "--", "---", "\u2013", "\u2014", ".", "..", "*", "?", "NULL", "Null", "null", "None", "N/A", "n/a", "#N/A"}
    | {"NaN", "nan", "<NA>", "\\N"}
)
"""Words that stand where the id of a place could be and say that there is none: letters may be an id."""
