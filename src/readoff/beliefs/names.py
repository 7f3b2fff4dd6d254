"""The words of forecasting platforms: column names by role, in order of preference, and what cells look like.

>>> plain("Win Probability (%)"), plain("Date (UTC)"), plain("Probabilité")
('win_probability', 'date', 'probabilite')
>>> looks_like_time("01.03.2024"), looks_like_time("Mar 01"), number("$0.37"), number("34,3 %")
(True, True, 0.37, 34.3)
"""

import re
import unicodedata

TIME = tuple(
    """time timestamp datetime date_time date created_at created_time createdtime forecast_time forecast_date
    forecast_timestamp modeldate model_date fcast_date updated_at update_time snapshot snapshot_time as_of asof
    start_time day week round period t datum zeit zeitpunkt fecha""".split()
)
EVENT = tuple(
    """question_id questionid ifp_id event_id market_id marketid game_id match_id forecast_question_id event market
    question series_id stream_id stream contract_id ticker slug question_title market_title title race state country
    team game match name id frage pregunta""".split()
)
OPTION = tuple(
    "option option_id answer_option answer answer_id choice candidate contract contract_name outcome_name".split()
)
FORECASTER = tuple(
    """forecaster forecaster_id forecaster_name user user_id username expert model participant participant_id
    source""".split()
)
SURE = ("probability", "prob", "forecast", "prediction")
PROBABILITY = (
    *SURE,
    *"""prob_after probability_yes prob_yes yes_probability yes_prob p_yes
    predicted_probability forecast_probability community_prediction community_probability implied_probability
    win_probability winprob win_prob winprobability wp home_wp chance belief probability_percent percent percentage
    pct price yes_price close_share_price last_price last_traded_price close p value wahrscheinlichkeit probabilite
    probabilidad""".split(),
)
OUTCOME = tuple(
    """outcome resolution resolved_outcome resolved_to resolution_value resolved_value result truth answer_true
    final_outcome ground_truth winner happened won y label resolved ergebnis resultat resultado""".split()
)
MONTH = (
    "(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|"
    "dec(ember)?)"
)
HEADER_TIME = re.compile(
    r"\s*(\d{4}-\d{2}(-\d{2}.*)?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}.*|(19|20)\d{6}"
    rf"|{MONTH} \d{{1,2}}(,? \d{{4}})?|\d{{1,2}} {MONTH}( \d{{4}})?|{MONTH} \d{{4}})\s*",
    re.IGNORECASE,
)
SIGNS = "$€£"
YES = frozenset(
    "yes true y t 1 won win wins happened correct ja j wahr oui vrai si sí sim verdadero verdadeiro tak".split()
)
NO = frozenset("no false n f 0 lost lose loses incorrect nein falsch non faux não nao nej nie falso".split())
ANNULLED = frozenset("ambiguous annulled cancelled canceled cancel void".split())
OPEN = frozenset("na n/a nan none null open pending unresolved mkt offen ouvert abierto -".split()) | ANNULLED | {""}


def plain(name: str) -> str:
    """A header cell in the form the lists above use, without accents, units and time zones."""
    text = unicodedata.normalize("NFKD", re.sub(r"([a-z])([A-Z])", r"\1_\2", name)).encode("ascii", "ignore").decode()
    return re.sub(r"_(utc|gmt)$", "", re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_"))


def looks_like_time(cell: str) -> bool:
    """Does a header cell name a date, such as 2024-01-08, 8/1/2024, 08.01.2024, 20240108 or Jan 8?"""
    return bool(HEADER_TIME.fullmatch(cell))


def number(cell: str) -> float | None:
    """The number in a cell, percent or cent sign, currency and decimal comma allowed, or None."""
    try:
        return float(cell.strip().strip(SIGNS).rstrip("%¢").strip().replace(",", "."))
    except ValueError:
        return None


def looks_like_outcomes(name: str, cells: list[str]) -> bool:
    """Could a column that is not read hold outcomes: by its name, or since it says yes and no?"""
    said = {cell.strip().lower() for cell in cells} - {""}
    named = re.search(r"outcome|resol|result|winner|truth|ergebnis", plain(name)) is not None
    answers = said <= YES | NO | OPEN and bool(said & (YES | NO) - {"0", "1", "t", "f", "y", "n"})
    return (answers or named) and not any(looks_like_time(word[:10]) for word in said)
