"""What the made-up help desk should become, worked out from its files with pandas."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

# the channel of each way in, as systems/zendesk/README.md lists them
CHANNEL = {
    "email": "email",
    "web": "web",
    "chat": "chatbot",
    "native_messaging": "chatbot",
    "voice": "phone",
    "twitter": "social",
    "mobile": "app",
}


def desk_of(folder: Path) -> dict[str, pd.DataFrame]:
    """The made-up company's files, without the rows that no rule admits."""
    tables = {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in folder.glob("*.csv")}
    tables["ticket"] = tables["ticket"].query("created_at != 'yesterday'")
    tables["satisfaction_rating"] = tables["satisfaction_rating"].query("score != 'great'")
    tables["user"] = tables["user"].query("id != ''")
    for table, columns in {
        "ticket": ["created_at", "updated_at"],
        "ticket_field_history": ["updated"],
        "ticket_comment": ["created"],
        "satisfaction_rating": ["created_at", "updated_at"],
    }.items():
        for column in columns:
            tables[table] = tables[table].assign(**{column: pd.to_datetime(tables[table][column].str.strip())})
    return tables


def cases_of(desk: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The made-up company's cases by ticket, worked out from its files."""
    tickets = desk["ticket"].set_index("id")
    agents = set(desk["user"].query("role != 'end-user'")["id"])
    merged_into = {
        merged: ticket
        for ticket, listed in tickets["merged_ticket_ids"].items()
        for merged in listed.strip("[]").split(",")
        if merged
    }
    tagged = set(desk["ticket_tag"].query("tag == 'closed_by_merge'")["ticket_id"])
    counted = tickets[
        (tickets["status"] != "deleted")
        & (tickets["via_channel"] != "sample_ticket")
        & ~tickets["requester_id"].isin(agents)
        & ~tickets.index.isin(tagged | set(merged_into))
    ]
    public = desk["ticket_comment"].query("public == 'TRUE'")
    contacts = public[~public["user_id"].isin(agents | {"-1"})]
    contact_count = contacts["ticket_id"].replace(merged_into).value_counts()
    answers = public[public["user_id"].isin(agents)].groupby("ticket_id")["created"]
    changes = desk["ticket_field_history"].query("field_name == 'status'").groupby("ticket_id")
    rows = {}
    for ticket, row in counted.iterrows():
        times = [at for at in answers.get_group(ticket) if at > row["created_at"]] if ticket in answers.groups else []
        history = changes.get_group(ticket).sort_values("updated", kind="stable")
        done, reopens, resolved = False, 0, None
        for status, at in zip(history["value"], history["updated"], strict=True):
            if status in {"solved", "closed"}:
                resolved, done = (resolved if done else at), True
            elif done:
                done, reopens = False, reopens + 1
        moves = desk["ticket_field_history"].query("field_name == 'group_id' and ticket_id == @ticket and value != ''")
        groups = moves.sort_values("updated", kind="stable")["value"]
        is_open = row["status"] not in {"solved", "closed"}
        rows[ticket] = {
            "opened_at": row["created_at"],
            "first_response_at": min(times, default=pd.NaT),
            "resolved_at": pd.NaT if is_open else resolved,
            "reopen_count": reopens,
            "handover_count": int((groups != groups.shift()).sum()) - 1 if len(groups) else 0,
            "is_open": is_open,
            "contact_count": int(contact_count.get(ticket, 0)),
            "channel": CHANNEL.get(row["via_channel"], "unknown"),
        }
    return pd.DataFrame.from_dict(rows, orient="index")
