"""A small team that never was, to try Parley with: the same people and words each time, with times that end now."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select, update

from chat import journal, passwords
from chat.importers.export import Conversation, Export, Link, Names, Person, Post, Written
from chat.importers.load import write_all
from chat.importers.report import Report
from chat.models import Channel, Deployment, Message, ReadCursor, User
from chat.text import named_in

OWNER = "ana"
LONG = 5_000  # messages in the channel that shows how a long history behaves
PEOPLE = {
    "ana": "Ana Moreira",
    "bo": "Bo Lindqvist",
    "cleo": "Cleo Papadaki",
    "dmitri": "Dmitri Sorokin",
    "emi": "Emi Tanaka",
    "farid": "Farid Haddad",
    "greta": "Greta Vos",
    "hassan": "Hassan Okafor",
}
BOT = "tidebot"
EVERYBODY = tuple(PEOPLE)


@dataclass(frozen=True)
class Line:
    """One thing said, so many minutes before now; its replies follow a minute apart."""

    ago: int
    who: str
    text: str
    reactions: tuple[str, ...] = ()  # "👍 bo cleo"
    replies: tuple[tuple[str, str], ...] = ()
    file: Link | None = None
    edited: bool = False


HOUR, DAY = 60, 24 * 60
GENERAL = (
    Line(
        9 * DAY,
        "ana",
        "Welcome, everyone! This is where we talk from now on. 🎉",
        ("🎉 bo cleo emi farid", "👋 hassan"),
    ),
    Line(9 * DAY - 4, "hassan", "Moved over without losing a word. Nice."),
    Line(
        6 * DAY,
        "greta",
        "The harbour office in Vlissingen signed: three more gauges from June.",
        ("🎉 ana bo emi", "🌊 dmitri"),
    ),
    Line(6 * DAY - 9, "ana", "Wonderful. @greta will you write two lines for the newsletter?", ("👍 greta",)),
    Line(2 * DAY, "cleo", "Reminder: office closed on Friday. The tide is not."),
    Line(
        DAY,
        "ana",
        "@channel Planning moves to Thursday, 10:00, so that Emi can be there.",
        ("👍 bo cleo dmitri farid", "🙏 emi"),
        (("emi", "Thank you!"), ("farid", "Same room?"), ("ana", "Same room."), ("farid", "👌")),
    ),
    Line(
        75,
        "bo",
        "The new tide curves are on staging. They look right for Brest and Vlissingen; Cuxhaven is off by 4 cm.",
    ),
    Line(60, "emi", "Off by 4 cm is within what the gauge itself promises, isn't it?"),
    Line(41, "bo", "@ana could you look at Cuxhaven before I roll it out? I would rather not guess.", ("👀 dmitri",)),
    Line(38, "dmitri", "I can help after lunch, too."),
)
PRODUCT = (
    Line(
        4 * DAY,
        "cleo",
        "Three people asked for the same thing this week: *tell me when it is safe to leave*, not the curve.",
    ),
    Line(
        4 * DAY - 12,
        "emi",
        "So a time window instead of a graph? I can draw that.",
        ("💯 cleo farid",),
        (
            ("cleo", "Yes. “You can leave between 14:10 and 15:40.” Nothing else on the screen."),
            ("farid", "With the draught of the boat taken into account, or it is wrong for half of them."),
            ("emi", "First sketch tomorrow."),
            ("ana", "I love how small this is."),
        ),
    ),
    Line(
        3 * DAY,
        "emi",
        "The sketch:",
        ("😍 cleo ana", "👍 farid"),
        file=Link("window-first-sketch.png", "image/png", 184_233),
    ),
    Line(
        2 * DAY,
        "farid",
        "Rough numbers:\n\n```\nneeded = draught + clearance\nopen   = [t for t in tide if t.height >= needed]\n```",
    ),
    Line(
        5 * HOUR,
        "cleo",
        "Tried it on my brother's boat. He did not ask a single question. Ship it.",
        ("🚀 ana bo emi farid",),
        edited=True,
    ),
)
SUPPORT = (
    Line(3 * DAY, BOT, "New request #412 from *Port of Den Oever*: “the page shows yesterday's forecast”."),
    Line(3 * DAY - 6, "hassan", "Mine. Looks like their proxy caches everything for a day.", ("👍 greta",)),
    Line(
        3 * DAY - 90,
        "hassan",
        "Solved: told them which header to look at. They were nice about it.",
        ("✅ greta cleo",),
    ),
    Line(7 * HOUR, BOT, "New request #413 from *Sailing club Arcachon*: “can we have it in French?”"),
    Line(
        6 * HOUR, "greta", "Bien sûr. @cleo who translated the last one?", (), (("cleo", "Hassan's sister! I'll ask."),)
    ),
)
RANDOM = (
    Line(
        5 * DAY,
        "dmitri",
        "Found in the attic: a tide table from 1911. It is better typeset than ours.",
        ("😂 ana bo cleo emi", "❤️ greta"),
    ),
    Line(2 * DAY, "bo", "Is anyone else's bike making *that* sound, or is it just mine?"),
    Line(2 * DAY - 3, "hassan", "It's the bike telling you about the chain."),
    Line(3 * HOUR, "emi", "Cake in the kitchen. Not for long.", ("🍰 ana bo cleo dmitri farid greta", "🏃 hassan")),
)
LEADS = (
    Line(8 * DAY, "ana", "Only the three of us here. Budget first: we can hire one person this year."),
    Line(8 * DAY - 5, "greta", "Someone for the gauges, please. @farid is doing two jobs."),
    Line(DAY, "cleo", "I have written the advert; comments welcome until Thursday."),
)
TRIP = (
    Line(200 * DAY, "greta", "Summer trip: Texel or Terschelling?", ("🏝️ ana bo", "⛵ cleo dmitri emi")),
    Line(190 * DAY, "greta", "Terschelling it is. I'll book the ferry."),
    Line(150 * DAY, "bo", "That was a good one. Photos are with Emi.", ("❤️ ana cleo dmitri emi farid greta hassan",)),
)
ANA_AND_BO = (
    Line(2 * HOUR, "ana", "How is the rollout? Be honest."),
    Line(2 * HOUR - 2, "bo", "Good, apart from Cuxhaven. I'd sleep better if you looked."),
    Line(35, "bo", "No hurry, but today would be lovely."),
)
ANA_AND_EMI = (
    Line(DAY + 30, "emi", "Is Thursday fine for you as well? I can ask for another day."),
    Line(DAY + 20, "ana", "Thursday is perfect."),
)
THREE = (
    Line(6 * HOUR, "farid", "Gauge 7 has been silent since 04:00. Shall we drive there or wait for the tide?"),
    Line(6 * HOUR - 3, "dmitri", "Wait. It comes back by itself once the cabinet is dry."),
    Line(4 * HOUR, "farid", "It did. 😅", ("👍 ana dmitri",)),
)
UNREAD = {"general": 75, "dm-bo": 35}  # what ana has not read: from the line that was said so long ago


# The long channel ------------------------------------------------------------------------------

PLACES = (
    "Brest",
    "Vlissingen",
    "Cuxhaven",
    "Den Oever",
    "Arcachon",
    "Dover",
    "Esbjerg",
    "Saint-Malo",
    "Harlingen",
    "Horta",
)
REMARKS = (
    "{place}: {height} m at high water, {delta} cm {side} the forecast.",
    "Gauge {number} at {place} is back after {minutes} minutes.",
    "{place} looks calm. Wind {wind} Bft, nothing to add.",
    "Does anyone know why {place} was {delta} cm {side} again?",
    "Surge at {place}, {delta} cm {side} within {minutes} minutes. Keeping an eye on it.",
    "Changed the battery of gauge {number}. Next one is due in {number} weeks.",
    "@{other} {place} is yours until six.",
    "Thanks, that explains {place}.",
    "Same here.",
    "Log of the night: `{place}` ok, `gauge-{number}` ok, backup ok.",
    "The barnacles have won. Gauge {number} needs cleaning before {place} can be trusted.",
    "{place} again: see https://tides.example/{number}/{minutes} for the curve.",
    "Spring tide tomorrow, so:\n- {place} first\n- then gauge {number}\n- then lunch",
)
CHEERS = ("👍", "👀", "🌊", "✅", "😂", "❤️")


def field_notes() -> Iterator[Line]:
    """A year of short notes by everybody, always the same."""
    chance = random.Random(1911)
    ago = 400 * DAY
    for number in range(LONG):
        left = LONG - number
        ago = max(1, ago - max(1, int(chance.expovariate(left / max(1, ago)))))
        who, other = chance.sample(EVERYBODY, 2)
        text = chance.choice(REMARKS).format(
            place=chance.choice(PLACES),
            other=other,
            height=f"{chance.uniform(1.2, 6.4):.2f}",
            delta=chance.randint(2, 40),
            side=chance.choice(("above", "below")),
            number=chance.randint(1, 24),
            minutes=chance.randint(3, 55),
            wind=chance.randint(1, 9),
        )
        fans = chance.sample(EVERYBODY, chance.randint(1, 4))
        yield Line(ago, who, text, (" ".join([chance.choice(CHEERS), *fans]),) if chance.random() < 0.08 else ())


# As an export ----------------------------------------------------------------------------------


def team(now: datetime) -> Export:
    """The team and everything it said until ``now``."""
    people = {key: Person(key, key, name, f"{key}@tidemark.example") for key, name in PEOPLE.items()}
    people[BOT] = Person(BOT, BOT, "Tidebot", kind="bot")
    conversations = [
        channel("general", "public", EVERYBODY, GENERAL, now, "All of us. Anything that everyone should know."),
        channel("product", "public", ("ana", "cleo", "emi", "farid"), PRODUCT, now, "What we make next, and why"),
        channel("support", "public", ("cleo", "greta", "hassan", BOT), SUPPORT, now, "Who waits for us?"),
        channel("random", "public", EVERYBODY, RANDOM, now),
        channel("field-notes", "public", EVERYBODY, field_notes(), now, "What the gauges say, and what we say back"),
        channel("leads", "private", ("ana", "cleo", "greta"), LEADS, now, "Hiring and money"),
        replace(channel("summer-trip", "public", EVERYBODY, TRIP, now), archived_at=now - timedelta(days=140)),
        channel("dm-bo", "dm", ("ana", "bo"), ANA_AND_BO, now),
        channel("dm-emi", "dm", ("ana", "emi"), ANA_AND_EMI, now),
        channel("three", "group_dm", ("ana", "dmitri", "farid"), THREE, now),
    ]
    return Export("seed", people, conversations, write)


def channel(
    key: str, kind: str, people: tuple[str, ...], lines: Iterable[Line], now: datetime, topic: str = ""
) -> Conversation:
    """A conversation with its lines as posts."""
    posts = sorted((post for line in lines for post in posts_of(line, now)), key=lambda post: post.order)
    posts = [replace(post, order=(number, 0)) for number, post in enumerate(posts)]
    name = key if kind in ("public", "private") else None
    return Conversation(
        key, kind, name, people, posts[0].at - timedelta(hours=1), people[0], topic, posts=distinct(posts)
    )


def distinct(posts: list[Post]) -> list[Post]:
    """Posts under keys of their own: lines of the long channel may fall into one minute."""
    keys: dict[str, int] = {}
    for post in posts:
        keys[post.key] = keys.get(post.key, 0) + 1
    seen: dict[str, int] = {}
    unique = []
    for post in posts:
        seen[post.key] = seen.get(post.key, 0) + 1
        unique.append(post if seen[post.key] == 1 else replace(post, key=f"{post.key}-{seen[post.key]}"))
    return unique


def posts_of(line: Line, now: datetime) -> Iterator[Post]:
    """A line and its replies."""
    at = now - timedelta(minutes=line.ago)
    reactions = tuple((emoji, person) for emoji, *people in map(str.split, line.reactions) for person in people)
    key = f"{line.ago}"
    yield Post(
        key,
        (-line.ago, 0),
        at,
        line.who,
        line.text,
        edited_at=at + timedelta(minutes=1) if line.edited else None,
        reactions=reactions,
        files=(line.file,) if line.file else (),
    )
    for number, (who, text) in enumerate(line.replies, 1):
        order, said = (-line.ago + number, number), at + timedelta(minutes=number)
        yield Post(f"{key}.{number}", order, said, who, text, thread=key)


def write(text: str, names: Names) -> Written:
    """The text, with the usernames that people got."""
    keys, everyone = named_in(text)
    mentioned = frozenset(key for key in keys if names.username(key))
    for key in mentioned:
        text = re.sub(rf"@{key}\b", f"@{names.username(key)}", text)
    return Written(text, mentioned, everyone)


# Planting it -----------------------------------------------------------------------------------


def is_empty() -> bool:
    """Whether nobody and nothing is there yet."""
    return not any(journal.session().scalars(select(table.id).limit(1)).first() for table in (User, Channel))


def plant(password: str, now: datetime) -> tuple[Report, list[str]]:
    """Put the team into the database, all with this password; what was made, and the usernames, the owner's first."""
    report = Report()
    loader = write_all(team(now), report)
    deployment = journal.session().scalars(select(Deployment)).one()
    owned = deployment.accounts > 0
    for key in PEOPLE:
        user = journal.session().get_one(User, loader.users[key])
        deployment.accounts += user.password_hash is None
        user.password_hash = passwords.hash_password(password)
        if key == OWNER and not owned:
            user.role = "owner"
    journal.session().flush()
    if report.is_news:
        leave_unread(loader.users[OWNER])
    return report, [loader.usernames[key] for key in PEOPLE]


def leave_unread(user_id: str) -> None:
    """Something to come back to: a mention and a direct message not read yet."""
    for key, ago in UNREAD.items():
        query = select(Message.channel_id, Message.seq).where(Message.client_msg_id == f"seed:{key}:{ago}")
        row = journal.session().execute(query).one()
        cursor = update(ReadCursor).where(ReadCursor.channel_id == row.channel_id, ReadCursor.user_id == user_id)
        journal.session().execute(cursor.values(last_read_seq=row.seq - 1))
