"""What a team of a hundred thousand, or a million, would ask of Parley: a model on paper, from measured costs.

Nothing here is measured at that size. It says what grows with what, and which of it reaches its end first;
docs/scaling.md has its tables. The costs are of one core of the machine that bench/ ran on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MICRO = 1e-6
KILO, MEGA = 1e3, 1e6
DAY_OF_WORK = 8 * 3600.0


@dataclass(frozen=True)
class Costs:
    """Measured costs, in seconds of one core unless it says otherwise; see docs/scaling.md for where each is from."""

    memory: float = 10 * KILO  # bytes in the process for an idle connection
    idle: float = 9 * MICRO  # a second of an idle connection: pings and heads
    arrival: float = 2.7e-3  # from the TCP connection until greeted and subscribed
    send: float = 2_300 * MICRO  # a message: read, checked, stored on PostgreSQL, acknowledged
    delivery_little: float = 10 * MICRO  # of a message to one of a few readers: a system call each
    delivery_many: float = 2.5 * MICRO  # of one message to one of very many
    hint_out: float = 60 * MICRO  # to publish a hint
    hint_in: float = 40 * MICRO  # to read a hint, and to find that nobody here listens
    statements: int = 7  # that a message asks of the database, the commit included
    database: float = 800 * MICRO  # the database's own time for them
    one_channel: float = 300.0  # messages a second that one channel's row lock lets through on PostgreSQL


@dataclass(frozen=True)
class Team:
    """How people behave: everyone connected once, at work."""

    people: int
    says: float = 40.0  # messages of a person in a day of work
    peak: float = 4.0  # the busiest minute, against the average
    readers: float = 8.0  # who look at a channel while someone writes in it
    members: float = 60.0  # who are in it, and hear that something is new
    of_a_process: int = 10_000  # connections

    @property
    def processes(self) -> int:
        """How many processes hold the connections."""
        return max(1, -(-self.people // self.of_a_process))

    @property
    def sends(self) -> float:
        """Messages a second in the busiest minute."""
        return self.people * self.says / DAY_OF_WORK * self.peak


@dataclass(frozen=True)
class Load:
    """What one of the processes, and what all of them share, has to do in the busiest minute; cores, unless said."""

    processes: int
    sends: float  # a second
    memory: float  # bytes, one process
    idle: float
    writing: float
    telling: float
    hints: float
    database: float  # the database's cores
    comes_back: float  # seconds until everyone is back when all processes restart at once

    @property
    def of_a_process(self) -> float:
        """How busy one process is, in cores; at 1 it is full."""
        return self.idle + self.writing + self.telling + self.hints

    @property
    def hint_share(self) -> float:
        """What part of that goes into hearing of what happens elsewhere."""
        return self.hints / self.of_a_process


def load(team: Team, costs: Costs = Costs(), *, hints_to_all: bool = True) -> Load:
    """The load of a team. ``hints_to_all``: every process hears of every message, as it does now."""
    processes, sends = team.processes, team.sends
    mine = sends / processes
    # A reader and a member are in whichever process holds them; what one process tells is its share of all.
    told = (team.readers + team.members) * mine
    # Spread over so many processes, a channel's people are few in each: no delivery shares its system call.
    heard = sends if hints_to_all else sends * min(1.0, (team.readers + team.members) / processes)
    return Load(
        processes=processes,
        sends=sends,
        memory=team.people / processes * costs.memory,
        idle=team.people / processes * costs.idle,
        writing=mine * costs.send,
        telling=told * costs.delivery_little,
        hints=(mine * costs.hint_out + (heard - mine) * costs.hint_in) if processes > 1 else 0.0,
        database=sends * costs.database,
        comes_back=team.people / processes * costs.arrival,
    )


def announcement(people: int, costs: Costs = Costs()) -> float:
    """Seconds of one process for a message to a channel that everybody is in, per process."""
    team = Team(people)
    return people / team.processes * costs.delivery_many


SIZES = (10_000, 100_000, 1_000_000)


def rows() -> list[tuple[str, ...]]:
    """The table of docs/scaling.md: what each size asks for, one line a question."""
    teams = [Team(size) for size in SIZES]
    now, told = [load(team) for team in teams], [load(team, hints_to_all=False) for team in teams]
    cores = "{:.2f}".format
    return [
        ("processes of 10,000 connections", *(f"{each.processes:,}" for each in now)),
        ("messages a second, busiest minute", *(f"{each.sends:,.0f}" for each in now)),
        ("memory of a process for its connections, MB", *(f"{each.memory / MEGA:,.0f}" for each in now)),
        ("a process: idle connections, cores", *(cores(each.idle) for each in now)),
        ("a process: its people's messages, cores", *(cores(each.writing) for each in now)),
        ("a process: telling, cores", *(cores(each.telling) for each in now)),
        ("a process: hints, cores", *(cores(each.hints) for each in now)),
        ("a process, all of it, cores", *(cores(each.of_a_process) for each in now)),
        ("the same, hints only to whom they concern", *(cores(each.of_a_process) for each in told)),
        ("the database, cores", *(cores(each.database) for each in now)),
        ("a message to everybody, seconds of each process", *(cores(announcement(size)) for size in SIZES)),
        ("everybody back after a restart of all, seconds", *(f"{each.comes_back:,.0f}" for each in now)),
    ]


def largest(share: float = 0.7, *, hints_to_all: bool = True, costs: Costs = Costs()) -> int:
    """The most people at whom no process is busier than ``share`` of its core."""
    people = 1_000
    while load(Team(people), costs, hints_to_all=hints_to_all).of_a_process <= share and people < 10**8:
        people = int(people * 1.05)
    return people


def with_faster_arrivals(people: int) -> float:
    """Seconds until all are back if an arrival cost half; what that would be worth."""
    return load(Team(people), replace(Costs(), arrival=Costs.arrival / 2)).comes_back


if __name__ == "__main__":
    for row in rows():
        print(*(f"{cell:>14}" if number else f"{cell:<55}" for number, cell in enumerate(row)))
    print("largest now:", largest(), "; with hints to whom they concern:", largest(hints_to_all=False))
