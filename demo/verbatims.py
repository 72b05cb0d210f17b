"""Comments: sentences in English and German, labelled with theme and sentiment.

Some sentences are negations: a negative (or positive) word with the opposite meaning.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.world import Flags, Rates, Texts, named

COMMENT_SHARE = 0.35
LATE_THEME_SHARE = 0.7
"""Share of comments after a late delivery that get the theme delivery before the other themes are drawn."""
THEMES = {"delivery": 0.26, "service": 0.24, "product": 0.20, "price": 0.16, "app": 0.14}
SENTIMENTS = ("negative", "neutral", "positive")
_LANGUAGES = ("en", "de")
_NEGATED = "!"

# By theme and language: three sentences per sentiment, from negative to positive; the mark is a negation.
_SENTENCES = {
    ("delivery", "en"): (
        ("The parcel came far too late.", "The box arrived damaged.", "!Delivery was not on time."),
        ("The parcel came at some point.", "Delivery was okay.", "The parcel was left with a neighbour."),
        ("Very quick delivery.", "The parcel came a day early.", "!The delivery was never late."),
    ),
    ("delivery", "de"): (
        ("Das Paket kam viel zu spät.", "Der Karton war beschädigt.", "!Die Lieferung war nicht pünktlich."),
        ("Das Paket kam irgendwann an.", "Die Lieferung war in Ordnung.", "Das Paket lag beim Nachbarn."),
        ("Sehr schnelle Lieferung.", "Das Paket kam einen Tag früher.", "!Die Lieferung war nie zu spät."),
    ),
    ("service", "en"): (
        ("The advisor was rude.", "I had to explain everything twice.", "!Support was not helpful."),
        ("Support answered.", "The hotline was as expected.", "I talked to the support once."),
        ("Very friendly support.", "The advisor solved it at once.", "!The hotline was not unfriendly at all."),
    ),
    ("service", "de"): (
        ("Der Berater war unhöflich.", "Ich musste alles zweimal erklären.", "!Der Service war nicht hilfreich."),
        ("Der Service hat geantwortet.", "Die Hotline war wie erwartet.", "Ich sprach einmal mit dem Service."),
        ("Sehr freundlicher Service.", "Der Berater hat es sofort gelöst.", "!Die Hotline war gar nicht unfreundlich."),
    ),
    ("product", "en"): (
        ("The machine broke after a week.", "The coffee tastes burnt.", "!The grinder is not good."),
        ("The machine does its job.", "The coffee is average.", "The grinder is as described."),
        ("Great coffee.", "The machine is a joy.", "!The grinder is not bad at all."),
    ),
    ("product", "de"): (
        ("Die Maschine war nach einer Woche kaputt.", "Der Kaffee schmeckt verbrannt.", "!Die Mühle ist nicht gut."),
        ("Die Maschine tut, was sie soll.", "Der Kaffee ist durchschnittlich.", "Die Mühle ist wie beschrieben."),
        ("Großartiger Kaffee.", "Die Maschine macht Freude.", "!Die Mühle ist gar nicht schlecht."),
    ),
    ("price", "en"): (
        ("Far too expensive.", "The price went up again.", "!It is not worth the money."),
        ("The price is what it is.", "Prices are like elsewhere.", "I compared the price before."),
        ("A fair price.", "Great value for the money.", "!Not expensive for what you get."),
    ),
    ("price", "de"): (
        ("Viel zu teuer.", "Der Preis ist schon wieder gestiegen.", "!Das ist sein Geld nicht wert."),
        ("Der Preis ist, wie er ist.", "Die Preise sind wie anderswo.", "Ich habe den Preis vorher verglichen."),
        ("Ein fairer Preis.", "Sehr gutes Preis-Leistungs-Verhältnis.", "!Nicht teuer für das, was man bekommt."),
    ),
    ("app", "en"): (
        ("The app crashes.", "The login fails every time.", "!The app does not work."),
        ("The app could be clearer.", "The app is like any other.", "I use the app now and then."),
        ("The app is wonderfully simple.", "I like the app.", "!No problems with the app."),
    ),
    ("app", "de"): (
        ("Die App stürzt ab.", "Der Login schlägt jedes Mal fehl.", "!Die App funktioniert nicht."),
        ("Die App könnte übersichtlicher sein.", "Die App ist wie jede andere.", "Ich nutze die App ab und zu."),
        ("Die App ist wunderbar einfach.", "Ich mag die App.", "!Keine Probleme mit der App."),
    ),
}  # fmt: skip


def make_comments(
    rng: np.random.Generator, language: Texts, felt: Rates, *, is_late: Flags, share: float
) -> pd.DataFrame:
    """One row per person: comment, theme, sentiment, is_negated, comment_language; None without a comment."""
    count = len(felt)
    theme = rng.choice(len(THEMES), count, p=list(THEMES.values()))
    theme[is_late & (rng.random(count) < LATE_THEME_SHARE)] = 0
    tone = np.digitize(felt, (6.5, 8.5))
    in_language = (language == "de").astype(np.int64)
    sentence = rng.integers(0, 3, count)
    written = _all_sentences()[theme, in_language, tone, sentence]
    is_negated = np.char.startswith(written.astype(str), _NEGATED)
    position = np.where(rng.random(count) < share, np.arange(count), -1)
    return pd.DataFrame(
        {
            "comment": named(np.char.lstrip(written.astype(str), _NEGATED).astype(object), position),
            "theme": named(np.array(list(THEMES), dtype=object)[theme], position),
            "sentiment": named(np.array(SENTIMENTS, dtype=object)[tone], position),
            "is_negated": is_negated & (position >= 0),
            "comment_language": named(np.array(_LANGUAGES, dtype=object)[in_language], position),
        }
    )


def _all_sentences() -> Texts:
    """Sentences by theme, language, sentiment and number."""
    return np.array([[_SENTENCES[theme, language] for language in _LANGUAGES] for theme in THEMES], dtype=object)


def sentences() -> dict[str, tuple[str, str, str, bool]]:
    """Theme, language, sentiment and is_negated of every sentence."""
    return {
        sentence.lstrip(_NEGATED): (theme, language, sentiment, sentence.startswith(_NEGATED))
        for (theme, language), by_sentiment in _SENTENCES.items()
        for sentiment, some in zip(SENTIMENTS, by_sentiment, strict=True)
        for sentence in some
    }
