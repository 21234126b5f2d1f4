"""The limits that the protocol names; hello tells them to every client."""

from __future__ import annotations

MAX_TEXT = 4000  # characters of a message
MAX_FRAME = 65_536  # bytes of a packet from a client
PAGE = 50  # messages in a page that does not say how many
MAX_PAGE = 200
MAX_CHANGES = 200  # changes of a stream that are replayed; more are answered with a fresh page
MAX_STREAMS = 200  # streams in one sync
MAX_LISTED = 500  # entries of a list in one answer, and channels in one hello; more come page by page
MAX_INVITES_LISTED = 100  # in one answer: each names up to 100 channels

MAX_BODY = 262_144  # bytes of a request
MAX_STRANGERS_BODY = 16_384  # bytes of a request of somebody who is not signed in
MAX_CREDENTIAL = 1_024  # characters of a token, a ticket or the token against forged requests; ours have fewer
MAX_FOLDED = 500  # characters of a name or an address: to bring it into one form costs the square of its length
MAX_ARGUMENTS = 32  # of an action, known or not
MAX_EMOJI = 50  # different ones on a message, which is told whole at each change
MAX_REACTING_USERS = 100  # of those who reacted with an emoji, by name; all of them are counted
MAX_MENTIONS = MAX_TEXT // 2  # of a message: "@a" is the shortest
MAX_PARTICIPANTS = 50  # of a conversation that has no name
SNIPPET = 140  # characters of a message that are told to who does not look
MAX_STORED_TEXT = 262_144  # characters of a message's text that an import brought, which keeps it whole
MAX_SYNCED = 500  # changes in one answer to sync, of all streams together; what is beyond is limited, as above

# What hello does not tell: nobody who keeps to the rest meets them.
FRAMES_PER_SECOND = (100, 200)  # read of one connection, on average and at once; more waits in its own network
CALLS_PER_SECOND = (20, 300)  # new connections from one address, such as an office's after a restart
MAX_BACKLOG_PACKETS = 512  # events that wait for one slow reader; above, it is cut off and catches up on coming back
MAX_BACKLOG_BYTES = 1_048_576
MAX_UNREAD_ANSWERS = 262_144  # bytes of answers that wait for one client; above, nothing more is read from it

LIMITS = {"text": MAX_TEXT, "frame": MAX_FRAME, "page": MAX_PAGE, "changes": MAX_CHANGES, "streams": MAX_STREAMS}
