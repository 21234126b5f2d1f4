"""Slack's mrkdwn becomes Markdown."""

from __future__ import annotations

import pytest

from chat.importers.emojis import find_emoji
from chat.importers.slack_text import write


class Names:
    """Ana and Bo are here, and a channel that everyone knows."""

    def username(self, key: str) -> str | None:
        return {"U1": "ana", "U2": "bo"}.get(key)

    def channel(self, key: str) -> str | None:
        return {"C1": "town"}.get(key)


@pytest.mark.parametrize(
    ("mrkdwn", "markdown"),
    [
        ("hi <@U1>, and <@U2|old.name>!", "hi @ana, and @bo!"),
        ("<@U9|gone> and <@U8> left", "@gone and @U8 left"),
        ("see <#C1>, <#C1|>, <#C2|other> and <#C3>", "see #town, #town, #other and #private-channel"),
        ("<!here> <!channel> <!everyone> <!group> <!here|here>", "@here @channel @everyone @channel @here"),
        ("<!subteam^S1|@crew> at <!date^139^{date}|noon>", "@crew at noon"),
        # links
        ("go to <https://a.example/x?a=1&amp;b=2>.", "go to https://a.example/x?a=1&b=2."),
        ("<https://a.example|the *page*>", "[the *page*](https://a.example)"),
        ("<https://a.example/(x)|a [b]>", r"[a \[b\]](https://a.example/%28x%29)"),
        ("<https://a.example>を見て", "[https://a.example](https://a.example)を見て"),
        ("[mine](<https://a.example>)", "[mine](https://a.example)"),
        ("<mailto:a@b.example|a@b.example> <tel:123|call>", "a@b.example call"),
        ("<javascript:alert(1)|click>", "click"),
        # entities are decoded once
        ("&lt;b&gt; &amp;amp; &amp;lt; AT&T", "<b> &amp; &lt; AT&T"),
        # styles
        ("*bold* _slanted_ ~gone~", "**bold** _slanted_ ~~gone~~"),
        ("*<https://a.example|x> and <@U1>*", "**[x](https://a.example) and @ana**"),
        ("2*3*4, a * b * c, re*science* and **status**", "2*3*4, a * b * c, re*science* and **status**"),
        ("~1% here, ~10% there", "~1% here, ~10% there"),
        ("snake_case_name stays", "snake_case_name stays"),
        # code
        ("`*a* &lt;b&gt; :fire: <https://a.example|a.example>`", "`*a* <b> :fire: a.example`"),
        ("```one```", "```one```"),
        ("look: ```x = 1\ny *= 2*3*``` done", "look: \n```\nx = 1\ny *= 2*3*\n```\n done"),
        ("```\nx\ny\n```", "```\nx\ny\n```"),
        ("an open ``` fence *b*", "an open ``` fence **b**"),
        # emoji
        (":fire::clap::skin-tone-3: :unknown: 10:30:45 <https://a.example/:fire:>", "🔥👏🏼 :unknown: 10:30:45 https://a.example/:fire:"),
        ("&gt; quoted", "> quoted"),
        ("<|x> < y <>", "x < y <>"),
    ],
)  # fmt: skip
def test_mrkdwn_reads_as_it_did_in_slack(mrkdwn: str, markdown: str) -> None:
    assert write(mrkdwn, Names()).text == markdown


def test_names_and_calls_are_known_besides_the_text() -> None:
    written = write("<@U1> and `<@U2>` and <@U9> <!here>", Names())
    assert written.mentioned == {"U1", "U2"}
    assert written.everyone
    assert not write("a plain @here, and @ana", Names()).mentioned


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("+1", "👍"),
        ("clap::skin-tone-3", "👏🏼"),
        ("point_up::skin-tone-6", "☝🏿"),
        ("the_horns", "🤘"),
        ("flag-de", "🇩🇪"),
        ("woman-shrugging", "🤷‍♀️"),
        ("simple_smile", ":simple_smile:"),
        ("いい", ":いい:"),
        ("fire::skin-tone-2", "🔥"),
    ],
)
def test_emoji_are_unicode_where_there_is_one(name: str, shown: str) -> None:
    assert find_emoji(name) == shown
