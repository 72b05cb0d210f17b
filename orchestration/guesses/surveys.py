"""The maps of a survey's answers: what each question measures, on which scale, and the survey itself."""

from __future__ import annotations

from typing import Any

from orchestration.guesses.columns import Column
from orchestration.guesses.delivered import Delivered, words_for
from orchestration.guesses.names import slug, synonyms
from orchestration.guesses.values import ROW, Value, of_column


def surveys(table: Delivered) -> dict[str, Value]:
    """Return the map of the surveys that a table of answers belongs to."""
    survey = table.find(words_for("", "survey_source_id"))
    relational = Value("relational", "or transactional, about one event: it then needs a touchpoint")
    if survey:
        return {"source_id": Value(survey.name), "survey_name": Value(survey.name), "survey_type": relational}
    name = slug(table.name)
    return {
        "source_id": Value({"value": name}),
        "survey_name": Value({"value": table.name}, "the name that people know it by"),
        "survey_type": relational,
    }


def answers(table: Delivered) -> dict[str, Value]:
    """Return what the map of the answers has beside references: questions, scales and times."""
    survey = table.find(words_for("", "survey_source_id"))
    record = table.find(synonyms()["shared"]["record"])
    response = record.name if record else table.key[0] if len(table.key) == 1 else ROW
    values = {
        "response_source_id": Value(response),
        "survey_source_id": Value(survey.name if survey else {"value": slug(table.name)}),
    }
    if time := table.find(words_for("survey_answers", "answered_at"), "timestamp"):
        values["answered_at"] = of_column(time, "timestamp")
    questions = {
        column.name: _question(column, table.scores[column.name])
        for column in table.columns
        if column.name in table.scores
    }
    if len(questions) == 1:
        [(name, question)] = questions.items()
        return values | {"question": Value({"value": slug(name)})} | question
    if questions:
        each = {slug(name): {part: value.written for part, value in made.items()} for name, made in questions.items()}
        values["each"] = Value(each, "metric and scale of each question")
    return values


def _question(column: Column, metric: str | None) -> dict[str, Value]:
    likely = metric or ("nps" if (column.highest or 0) > 7 else "csat")
    low, high = _scale(column, likely)
    remark = "" if metric else "the name of the question does not say what it measures"
    made: dict[str, Any] = {
        "metric": Value(likely, remark),
        "scale_min": Value(low),
        "scale_max": Value(high, "" if likely == "nps" else "the scale"),
        "answer_value": Value(column.name),
    }
    return made


def _scale(column: Column, metric: str) -> tuple[int, int]:
    """The smallest usual scale that holds all answers."""
    if metric == "nps":
        return 0, 10
    highest = column.highest or 0
    usual = 5 if highest <= 5 else 7 if highest <= 7 else 10
    return (0 if column.lowest == 0 else 1), usual
