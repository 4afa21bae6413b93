"""What is read of a text: however its letters are written, and whoever the people are."""

import unicodedata
from collections.abc import Callable
from itertools import pairwise

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.scoring.blinding import blinded
from app.scoring.folding import folded
from app.scoring.language import detect
from tests.support import apps
from tests.support.texts import SITUATION

BOLD = {
    ord(letter): 0x1D400 + place for place, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
}
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
CIRCLED = {ord(letter): 0x24B6 + place for place, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {
    ord(letter): 0x24D0 + place for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz")
}
NEGATIVE = {ord(letter): 0x1F150 + place for place, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
SMALL_CAPITALS = str.maketrans("abcdefghijklmnoprtuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ")
ODD = st.sampled_from("aé\u0301\u200b\u00ad\ufb01𝐊Ｗ’…‑ⓐᴛ\u0336 .KJ'/9-") | st.characters(exclude_categories=["Cs"])

PLAIN = (
    "We don't trust the new office plan: two plants merge, José's non-stop crew and the staff fear for jobs. "
    'The foreman said "wait" and first files the 12-step checklist every week...'
)
STYLED = {
    "bold": PLAIN.translate(BOLD),
    "full-width": PLAIN.translate(WIDE),
    "circled": PLAIN.translate(CIRCLED),
    "negative circled": PLAIN.upper().translate(NEGATIVE),
    "small capitals": PLAIN.translate(SMALL_CAPITALS),
    "ligatures": PLAIN.replace("ffi", "\ufb03").replace("fi", "\ufb01"),
    "decomposed": unicodedata.normalize("NFD", PLAIN),
    "curly": PLAIN.replace("'", "’").replace(' "', " “").replace('"', "”").replace("...", "…"),
    "unbroken": PLAIN.replace("-", "\u2011").replace(" two", "\u00a0two"),
    "unseen": "\ufeff" + PLAIN.replace("checklist", "check\u00adlist").replace("crew", "c\u200br\u200dew"),
    "struck through": "".join(letter + "\u0336" if letter.isalpha() else letter for letter in PLAIN),
}


@pytest.mark.parametrize("text", STYLED.values(), ids=STYLED.keys())
def test_the_same_letters_written_otherwise_are_judged_the_same(text: str) -> None:
    plain, styled = apps.scorer().assess(PLAIN, max_evidence=10), apps.scorer().assess(text, max_evidence=10)
    assert text != PLAIN
    assert plain.status != "unreadable"
    assert (styled.status, styled.language, styled.words) == (plain.status, plain.language, plain.words)
    assert styled.probabilities == plain.probabilities
    assert [warning.code for warning in styled.warnings] == [warning.code for warning in plain.warnings]
    for one, other in zip((*plain.criteria, *plain.factors), (*styled.criteria, *styled.factors), strict=True):
        assert (other.probability, other.present) == (one.probability, one.present)
        assert [quote.weight for quote in other.evidence] == [quote.weight for quote in one.evidence]
        for left, right in zip(one.evidence, other.evidence, strict=True):
            assert text[right.start : right.end] == right.quote
            assert folded(right.quote).text.casefold() == folded(left.quote).text.casefold()


@settings(deadline=None)
@given(st.text(ODD, max_size=60))
def test_every_part_of_the_folded_copy_stands_for_a_part_of_the_text_in_order(text: str) -> None:
    copy = folded(text)
    spans = copy.spans([(place, place + 1) for place in range(len(copy.text))])
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(first[0] <= second[0] and first[1] <= second[1] for first, second in pairwise(spans))
    read = blinded(text)
    for start, end in read.spans([(place, place + 1) for place in range(len(read.copy))]):
        assert 0 <= start < end <= len(text)


def test_plain_text_is_read_as_it_stands() -> None:
    assert folded(SITUATION).text == SITUATION
    assert folded("10² m, Lean™ for ½ of Zoë's crew → 5 °C").text == "10² m, Lean™ for ½ of Zoë's crew → 5 °C"


@pytest.mark.parametrize(
    "text",
    [
        "The S/4HANA rollout is late and HANA2 is next.",
        "Our PAM and SAM tools must be patched every month.",
        "our pam and sam tools must be patched every month.",
        "OUR PAM AND SAM TOOLS MUST BE PATCHED EVERY MONTH.",
        "The AL/ML team tests the JOHN framework and the ALEX-2 module.",
        "We moved to MS Teams; the DR Plan is untested and the MS SQL cluster is slow.",
        "We miss deadlines, and latency rose from 20 ms to 200 ms.",
        "Will you mark the boxes? May we hope for grace? The bill rose in May.",
        "Mark the boxes before noon. Hope is not a plan. Bill the customer.",
        "We follow Plan B. Everyone agrees. Option A. We wait.",
        "A. Train the crew. B. Buy tools.",
        "Five o'clock is the deadline.",
        "The U.S. is a market, and the U.K. has none.",
        "The Grace Period ends in June.",
    ],
)
def test_an_acronym_a_product_and_a_word_are_nobody(text: str) -> None:
    assert not blinded(text).names_somebody
    assert blinded(text).copy == text


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        ("karen from payroll is rude", "alex from payroll is rude"),
        ("KAREN FROM PAYROLL IS RUDE", "alex FROM PAYROLL IS RUDE"),
        ("Mr. K. in shipping is never on time", "mr. smith. in shipping is never on time"),
        ("mr. k. in shipping is never on time", "mr. smith. in shipping is never on time"),
        ("mr k is late", "mr smith is late"),
        ("Mark's team is late", "alex's team is late"),
        ("Mrs T keeps asking", "mr smith keeps asking"),
        ("K. is never on time", "smith. is never on time"),
        ("my colleague K. keeps interrupting", "my colleague smith. keeps interrupting"),
        ("We agreed with J. Ngata", "We agreed with smith. smith"),
        ("Sarah M. is late", "alex smith. is late"),
        ("Dr. O’Neil is late", "Dr. smith is late"),
        ("O'Neil is late", "smith is late"),
        ("Mr. van Dijk left", "mr. van smith left"),
        ("Anne-Marie Smith-Jones left", "alex smith left"),
        ("mr smith is late", "mr smith is late"),
        ("john smith never files", "alex smith never files"),
        ("JOHN SMITH files by noon", "alex smith files by noon"),
        ("Mr SAM files by noon", "mr alex files by noon"),
        ("PAM Kowalski files by noon", "alex smith files by noon"),
        ("Karen/Tom must decide", "alex/alex must decide"),
        ("grace from payroll is rude", "alex from payroll is rude"),
        ("mark in shipping is late", "alex in shipping is late"),
        ("rose from sales is rude", "alex from sales is rude"),
        ("bill keeps shouting", "alex keeps shouting"),
        ("We asked Will and Hope", "We asked alex and alex"),
        ("May Johnson is late", "alex smith is late"),
        ("Jose\u0301 and François left", "alex and alex left"),
        ("Emily\u00a0Walsh left", "alex smith left"),
    ],
)
def test_a_person_in_small_letters_or_with_an_initial_is_somebody(text: str, copy: str) -> None:
    assert blinded(text).names_somebody
    assert blinded(text).copy == copy


ENGLISH = """Hospital merger unsettles staff.|Budget overrun, supplier late.|Zürich plant merger, morale low.
Giuseppe, Francesca and Alessandro distrust Wojciech.|Mehmet and Ayşe distrust Jürgen.|São Paulo depot misses targets.
Siemens contract delayed again.|Volkswagen supplier strike, no parts.|Dresden crew refuses overtime.
Nobody trusts Giovanni Rossi.|Klaus, Dieter and Heike resigned.|Montréal office lease expires.
Audit finds gaps in Graz.|Vendor demo postponed twice.|Nguyễn Văn Minh distrusts Trần Hương.|Kraków team wants clarity.
Nurses exhausted, rota gaps.|Budapest, Debrecen, Szeged: three depots, one manager.
Crew morale low in Córdoba.|Interim director, no mandate.
Leadership vacuum after merger.|Quality defects double in Guangzhou.|Helsinki hub closes; Virtanen quits.
Decentralise procurement, cut costs.|Restaurant manager quits, chef furious.|Festival volunteers leaderless.
Safety incident unreported.|Payroll errors, angry staff.|Deadline missed, client furious.|Union rep demands talks.
Das Führungsteam in Zürich-Oerlikon resigned.|Łukasz Wiśniewski blames Świątek.|Ångström plant in Malmö closes.
Señor Muñoz micromanages everyone.|Müller, Schäfer, Köhler quarrel daily.|Invoice approval takes ten days.
Managers disagree, project stalls.|New CRM rollout, users confused.|Production line idle, parts missing.
Siobhán and Caoimhe share one desk.""".replace("\n", "|").split("|")
OTHERS = {
    "de": "Das Team ist müde und unzufrieden.|Wir brauchen neue Schichtpläne.|Lieferung zu spät, Kunde verärgert.",
    "fr": "L'équipe est fatiguée et inquiète.|Nous devons réduire les coûts.|Le directeur part en juin.",
    "es": "El equipo está muy cansado.|Hay que reducir los gastos.|Nadie confía en la directora.",
    "it": "La squadra è molto stanca.|Dobbiamo ridurre i costi.|Nessuno si fida del capo.",
    "pt": "A equipe está muito cansada.|Precisamos reduzir os custos.|Ninguém confia no chefe.",
    "nl": "Het team is erg vermoeid.|Wij moeten de kosten verlagen.|Niemand vertrouwt de baas.",
    "pl": "Zespół jest bardzo zmęczony.|Musimy obniżyć koszty produkcji.|Nikt nie ufa kierownikowi.",
    "sv": "Vi måste sänka kostnaderna.|Ingen litar på chefen längre.|Laget är mycket trött i dag.",
    "tr": "Ekip çok yorgun ve mutsuz.|Maliyetleri düşürmemiz gerekiyor.|Kimse müdüre güvenmiyor.",
    "ru": "Команда сегодня очень устала.|Нам нужно снизить расходы.|Никто не доверяет начальнику.",
    "vi": "Nhóm rất mệt mỏi và lo lắng.",
}


@pytest.mark.parametrize("text", ENGLISH)
def test_short_english_is_english_whatever_names_stand_in_it(text: str) -> None:
    for written in (text, unicodedata.normalize("NFD", text)):
        assert detect(written) in {"en", "und"}


@pytest.mark.parametrize(("tag", "text"), [(tag, text) for tag, texts in OTHERS.items() for text in texts.split("|")])
def test_short_texts_in_other_languages_are_named(tag: str, text: str) -> None:
    assert detect(text) == tag
    assert detect(unicodedata.normalize("NFD", text)) == tag


def test_what_is_in_another_language_is_told_which_and_is_asked_nothing() -> None:
    found = apps.scorer().assess("Das Team ist müde und unzufrieden.")
    assert (found.status, found.missing) == ("unreadable", ())
    assert "German (de)" in found.explanation
    assert "reads English only" in found.explanation
    said = apps.scorer().assess(SITUATION, "fra")
    assert (said.language, said.missing) == ("fr", ())
    assert said.explanation.startswith("You say that the text is in French (fr).")
    cyrillic = apps.scorer().assess("Все устали.")
    assert (cyrillic.status, cyrillic.missing) == ("unreadable", ())
    assert "Latin letters" in cyrillic.explanation


@pytest.mark.parametrize(
    ("given", "tag"),
    [
        ("eng", "en"),
        ("ENG", "en"),
        ("eng-GB", "en-GB"),
        ("en_US", "en-US"),
        ("ger", "de"),
        ("deu", "de"),
        ("yue", "yue"),
    ],
)
async def test_iso_639_codes_are_read_as_bcp_47(client: httpx.AsyncClient, given: str, tag: str) -> None:
    body = {"text": SITUATION, "options": {"language": given}}
    one = (await client.post("/v1/score", json=body)).json()
    assert one["input"]["language"] == tag
    assert (one["status"] == "unreadable") == (not tag.startswith("en"))
    batch = {"items": [{"text": SITUATION}], "options": body["options"]}
    many = (await client.post("/v1/score/batch", json=batch)).json()
    assert many["results"][0]["result"]["input"]["language"] == tag


@pytest.mark.parametrize("given", ["english", "xq", "qqz-DE", "", "e", "en-", "en GB", "eng-toolongsubtag", "e" * 400])
async def test_a_language_that_is_none_is_refused_with_what_is_expected(
    client: httpx.AsyncClient, make_key: Callable[..., str], given: str
) -> None:
    options = {"options": {"language": given}}
    headers = apps.key(make_key("read", "score", "write")) | {"Content-Type": "application/x-ndjson"}
    one = await client.post("/v1/score", json={"text": SITUATION} | options)
    batch = await client.post("/v1/score/batch", json={"items": [{"text": SITUATION}]} | options)
    job = await client.post("/v1/jobs", params={"language": given}, headers=headers, content=b'{"text": "x"}\n')
    assert [one.status_code, batch.status_code, job.status_code] == [422, 422, 422]
    for answer in (one, batch, job):
        assert "such as en, en-GB or de" in answer.json()["errors"][0]["message"]
