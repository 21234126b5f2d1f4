// What the members of a crowd did, heard and hold: one JSON line each, for the checker (tests/faults/history.py).
import { createHash } from "node:crypto";
import { openSync, writeSync } from "node:fs";
import process from "node:process";
import type { Channel, Member, Message } from "../../src/wire";

export type Row = Message | Member | Channel;

/** Written through to the system line by line: what was done stands there also when the process is killed. */
export class History {
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, "a");
  }

  write(line: object): void {
    const t = Number(process.hrtime.bigint()) / 1e9;
    writeSync(this.file, `${JSON.stringify({ t, ...line })}\n`);
  }
}

/** What a row is called in a history: a message by its id, a membership by its person, the channel's own row. */
export function rowName(row: Row): string {
  if ("client_msg_id" in row) return row.id;
  return "left_at" in row ? `member:${row.user_id}` : "channel";
}

/** What a row says, in 16 hex digits; the same from every program and the database. */
export const digest = (row: Row): string =>
  createHash("sha256").update(JSON.stringify(said(row))).digest("hex").slice(0, 16);

function said(row: Row): unknown[] {
  if ("client_msg_id" in row) {
    const { id, seq, changed_seq, rev, user_id, client_msg_id, text, thread_id, reply_count, deleted_at } = row;
    const reactions = row.reactions.map(({ emoji, user_ids }) => [emoji, user_ids.toSorted(byCharacter)] as const);
    return [
      ...[id, seq, changed_seq, rev, user_id, client_msg_id, text, thread_id, reply_count, deleted_at !== null],
      reactions.sort(([a], [b]) => byCharacter(a, b)),
      row.mentions.toSorted(byCharacter),
    ];
  }
  if ("left_at" in row) return ["member", row.user_id, row.role, row.left_at !== null, row.changed_seq];
  return ["channel", row.name, row.topic, row.kind, row.archived_at !== null, row.changed_seq];
}

/** By whole characters, as other programs sort; JavaScript's own order is by halves of them. */
function byCharacter(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < left.length && at < right.length; at++) {
    const difference = left[at]!.codePointAt(0)! - right[at]!.codePointAt(0)!;
    if (difference) return difference;
  }
  return left.length - right.length;
}
