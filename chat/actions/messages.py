"""Send, edit, delete and show messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy import delete as delete_rows

from chat import journal
from chat.actions import Answer
from chat.actors import Actor
from chat.basics import iso, new_id, now
from chat.errors import ChatError
from chat.models import Mention, Message, NewMessage, ReadCursor, Revision, User
from chat.policies import MESSAGE_PARTS, access_message, lock_message, may_in_channel
from chat.prepared import Prepared
from chat.presenters import present_message
from chat.text import check_text, message_fingerprint, named_in

MESSAGES, CURSORS = Message.__table__, ReadCursor.__table__
_ADD, _ADD_MENTIONS = Prepared(insert(MESSAGES)), insert(Mention.__table__)
_SENT = Prepared(
    select(MESSAGES.c.id).where(
        MESSAGES.c.user_id == bindparam("user"), MESSAGES.c.client_msg_id == bindparam("client_msg_id")
    )
)
_MOVE_CURSOR = Prepared(
    update(CURSORS)
    .where(
        CURSORS.c.channel_id == bindparam("channel"),
        CURSORS.c.user_id == bindparam("user"),
        CURSORS.c.last_read_seq < bindparam("seq"),
    )
    .values(last_read_seq=bindparam("seq"))
)


def send(
    actor: Actor,
    channel_id: str,
    client_msg_id: str,
    text: str = "",
    file_ids: Sequence[str] = (),
    thread_id: str | None = None,
    also_to_channel: bool = False,
) -> Answer:
    """Post a message; sending the same ``client_msg_id`` again answers with the first one."""
    if file_ids:
        raise ChatError("file_not_found", field="file_ids")  # no file can have been uploaded yet
    check_text(text)
    in_main_line = thread_id is None or also_to_channel
    seq, posted = journal.next_post(channel_id) if in_main_line else (journal.next_number(channel_id), None)
    print_of_it = message_fingerprint(channel_id, text, thread_id, in_main_line)
    if earlier := find_sent(actor, client_msg_id):
        return repeat(actor, earlier, print_of_it)
    may_in_channel(actor, channel_id, "channel:post")
    root = access_root(channel_id, thread_id) if thread_id is not None else None
    mentioned, everyone = find_mentioned(text)
    message = NewMessage(
        id=new_id(),
        channel_id=channel_id,
        seq=seq,
        changed_seq=seq,
        rev=1,
        kind="user",
        user_id=actor.id,
        client_msg_id=client_msg_id,
        fingerprint=print_of_it,
        text=text,
        thread_id=thread_id,
        in_main_line=in_main_line,
        posted=posted,
        reply_count=0,
        last_reply_at=None,
        mentions_everyone=everyone,
        pinned_at=None,
        created_at=now(),
        edited_at=None,
        deleted_at=None,
        reactions=[],
        mentions=[Mention(user_id=user_id, channel_id=channel_id, seq=seq) for user_id in mentioned],
        files=[],
    )
    add(message)
    shown = record(message)
    if root:
        count_reply(root, +1, message)
    if in_main_line:
        move_own_cursor(actor, channel_id, seq)
    return Answer({"message": shown, "seq": seq, "duplicate": False}, new=True)


def edit(actor: Actor, message_id: str, text: str, base_rev: int | None = None) -> Answer:
    """Change a message's text; the one it replaces is kept as a revision."""
    check_text(text)
    seq = lock_message(message_id)
    message = access_message(actor, message_id, "message:edit")
    if message.deleted_at:
        raise ChatError("message_not_found")
    if base_rev is not None and base_rev != message.rev:
        present = {"message": present_message(message), "seq": message.changed_seq}
        raise ChatError("edit_conflict", field="base_rev", data=present)
    if text == message.text:
        return unchanged(message)
    journal.session().add(Revision(message_id=message.id, rev=message.rev, text=message.text, replaced_at=now()))
    mentioned, everyone = find_mentioned(text)
    before = {mention.user_id for mention in message.mentions}, message.mentions_everyone
    message.mentions = [mention for mention in message.mentions if mention.user_id in mentioned] + [
        Mention(user_id=user_id, channel_id=message.channel_id, seq=message.seq)
        for user_id in mentioned
        if user_id not in before[0]
    ]
    message.text, message.mentions_everyone = text, everyone
    message.rev += 1
    message.edited_at, message.changed_seq = now(), seq
    journal.session().flush()
    shown = record(message, recount=before != (set(mentioned), everyone))
    return Answer({"message": shown, "seq": seq, "changed": True})


def delete(actor: Actor, message_id: str) -> Answer:
    """Leave only a tombstone of a message: its place, author and times; its texts are gone for good."""
    seq = lock_message(message_id)
    message = access_message(actor, message_id, "message:delete")
    if message.deleted_at:
        return unchanged(message)
    bury(message)
    message.changed_seq = seq
    journal.session().flush()
    shown = record(message, recount=True)
    if message.thread_id:
        root = journal.session().get_one(Message, message.thread_id, options=MESSAGE_PARTS)
        count_reply(root, -1, message)
    return Answer({"message": shown, "seq": seq, "changed": True})


def bury(message: Message) -> None:
    """Make a message its tombstone."""
    message.text, message.mentions_everyone = "", False
    message.reactions, message.mentions, message.files = [], [], []
    message.rev += 1
    message.deleted_at = now()
    journal.session().execute(delete_rows(Revision).where(Revision.message_id == message.id))


def show(actor: Actor, message_id: str) -> Answer:
    """A message as it is now, with the reactions of the caller marked."""
    message = access_message(actor, message_id, "message:read")
    return Answer({"message": present_message(message, viewer_id=actor.id)})


def list_revisions(actor: Actor, message_id: str) -> Answer:
    """The texts a message had before, oldest first."""
    access_message(actor, message_id, "message:read")
    query = select(Revision).filter_by(message_id=message_id).order_by(Revision.rev)
    revisions = [
        {"rev": revision.rev, "text": revision.text, "replaced_at": iso(revision.replaced_at)}
        for revision in journal.session().scalars(query)
    ]
    return Answer({"revisions": revisions})


def find_sent(actor: Actor, client_msg_id: str) -> Message | None:
    """What the actor sent under this id before. Only successes are remembered, and for ever."""
    sent = _SENT(user=actor.id, client_msg_id=client_msg_id)
    return journal.session().get_one(Message, sent.id, options=MESSAGE_PARTS) if sent else None


def add(message: NewMessage) -> None:
    """Store a new message, and whom it mentions."""
    _ADD(**vars(message))
    if message.mentions:
        place = {"message_id": message.id, "channel_id": message.channel_id, "seq": message.seq}
        journal.connection().execute(_ADD_MENTIONS, [{**place, "user_id": each.user_id} for each in message.mentions])


def repeat(actor: Actor, earlier: Message, print_of_it: str) -> Answer:
    """Answer a repeated send with the first one; someone who left since learns only that it had arrived."""
    if earlier.fingerprint != print_of_it:
        raise ChatError("idempotency_mismatch", field="client_msg_id")
    try:
        access_message(actor, earlier.id, "message:read")
    except ChatError:
        data: dict[str, Any] = {"id": earlier.id, "seq": earlier.changed_seq, "duplicate": True}
    else:
        data = {"message": present_message(earlier), "seq": earlier.changed_seq, "duplicate": True}
    return Answer(data, changed=False)


def access_thread(channel_id: str, thread_id: str) -> Message:
    """The message that a thread hangs on, perhaps a tombstone by now; replies have no threads of their own."""
    query = select(Message).filter_by(id=thread_id, channel_id=channel_id, thread_id=None).options(*MESSAGE_PARTS)
    root = journal.session().scalars(query).one_or_none()
    if root is None:
        raise ChatError("thread_not_found", field="thread_id")
    return root


def access_root(channel_id: str, thread_id: str) -> Message:
    """The message to reply to; what was deleted takes no replies."""
    root = access_thread(channel_id, thread_id)
    if root.deleted_at:
        raise ChatError("thread_not_found", field="thread_id")
    return root


def count_reply(root: Message, by: int, reply: Message | NewMessage) -> None:
    """Bring the root's count of replies up to date, under a number of its own: one number, one row."""
    replies = select(func.max(Message.created_at)).where(Message.thread_id == root.id, Message.deleted_at.is_(None))
    root.reply_count += by
    root.last_reply_at = reply.created_at if by > 0 else journal.session().scalar(replies)
    root.changed_seq = journal.next_number(root.channel_id)
    journal.session().flush()
    record(root)


def find_mentioned(text: str) -> tuple[list[str], bool]:
    """The ids of the people a text names, and whether it addresses everyone."""
    names, everyone = named_in(text)
    if not names:
        return [], everyone
    query = select(User.id).where(User.username.in_(names)).order_by(User.id)
    return list(journal.session().scalars(query)), everyone


def move_own_cursor(actor: Actor, channel_id: str, seq: int) -> None:
    """Who writes has read what stands above; everyone's programs know it by the author, so it takes no number."""
    _MOVE_CURSOR(channel=channel_id, user=actor.id, seq=seq)


def record(message: Message | NewMessage, *, recount: bool = False) -> dict[str, Any]:
    """Tell the message as it is now under the number of its last change, and answer with the same object."""
    shown = present_message(message)
    journal.tell(message.channel_id, message.changed_seq, "message", recount=recount, message=shown)
    return shown


def unchanged(message: Message) -> Answer:
    """The message is already as it was asked to be."""
    shown = present_message(message)
    return Answer({"message": shown, "seq": message.changed_seq, "changed": False}, changed=False)
