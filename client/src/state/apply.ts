// The one place where what the server says becomes what this client holds. Pure, and the same for live events,
// answers and replays. Rule numbers are those of docs/delivery, "Client rules".
import type { Activity, Changes, Channel, Hello, Member, Message, Read, StreamChanges, StreamEvent, SubscribeAnswer } from "../wire";
import { inMainLine } from "../wire";
import { answered, counted, countWindow, marked, sent } from "./counts";
import { emptyWindow, hold, HOLD_AT_MOST, release, replaced, upsertMember, upsertMessages, verdict, type Window } from "./window";
import { inDoubt, setWindow, withEntry, withoutEntry, type Own, type World } from "./world";

/** A live event of a stream that is followed. */
export function hear(world: World, event: StreamEvent): World {
  if (event.stream === world.own.stream) return hearOwn(world, event);
  const window = world.windows.get(event.stream);
  if (!window) return world;
  const says = verdict(window.cursor, event);
  if (says === "old") return world;
  if (says === "early") return setWindow(world, event.stream, { ...window, ...held(window, event) });
  return drain(installEvent(moveTo(world, event.stream, event.seq), event), event.stream);
}

function hearOwn(world: World, event: StreamEvent): World {
  const says = verdict(world.own.cursor, event);
  if (says === "old") return world;
  if (says === "early") return { ...world, own: { ...world.own, ...held(world.own, event) } };
  return drainOwn(installOwn({ ...world, own: { ...world.own, cursor: event.seq } }, event));
}

const held = (stream: Window | Own, event: StreamEvent) => ({
  held: hold(stream.held, event),
  behind: stream.behind || stream.held.size >= HOLD_AT_MOST,
});

/** Apply what was held and is next now. A removal on the way purges the window, and the rest with it. */
function drain(world: World, id: string): World {
  for (;;) {
    const window = world.windows.get(id);
    if (!window) return world;
    const { due, held } = release(window.held, window.cursor);
    world = setWindow(world, id, held.size === window.held.size ? window : { ...window, held });
    if (!due) return world;
    world = installEvent(moveTo(world, id, due.seq), due);
  }
}

function drainOwn(world: World): World {
  for (;;) {
    const { due, held } = release(world.own.held, world.own.cursor);
    if (held.size !== world.own.held.size) world = { ...world, own: { ...world.own, held } };
    if (!due) return world;
    world = installOwn({ ...world, own: { ...world.own, cursor: due.seq } }, due);
  }
}

function moveTo(world: World, id: string, cursor: number): World {
  const window = world.windows.get(id);
  return window && cursor > window.cursor ? setWindow(world, id, { ...window, cursor }) : world;
}

function installEvent(world: World, event: StreamEvent): World {
  if (event.message) return uncounted(acknowledge(world, event.message), event.stream);
  if (event.member) return installMember(world, event.stream, event.member);
  if (event.channel) return installChannel(world, event.channel);
  return world;
}

/** Messages from anywhere: events, answers, pages, acks (rule 1). */
export function installMessages(world: World, id: string, messages: readonly Message[]): World {
  const window = world.windows.get(id);
  return window ? setWindow(world, id, upsertMessages(window, messages)) : world;
}

/** A message as a live event or an ack has it. Posting moves the own cursor, and its author is not told so. */
export function acknowledge(world: World, message: Message): World {
  world = installMessages(world, message.channel_id, [message]);
  const known = world.reads.get(message.channel_id);
  if (!known || !isOwnPost(world, message)) return world;
  return { ...world, reads: withEntry(world.reads, message.channel_id, sent(known, message)!) };
}

/** Something changed in a channel of which less is held here than is unread: its count does not follow from the window. */
export function uncounted(world: World, id: string): World {
  const read = world.reads.get(id);
  const window = world.windows.get(id);
  return read && window && !countWindow(window, read.last_read_seq, world.me) ? inDoubt(world, id) : world;
}

const isOwnPost = (world: World, message: Message): boolean =>
  message.user_id === world.me && message.kind === "user" && inMainLine(message);

function installMember(world: World, id: string, member: Member): World {
  const window = world.windows.get(id);
  if (!window) return world;
  if (member.user_id !== world.me) return setWindow(world, id, upsertMember(window, member));
  if (member.left_at) return purge(world, id);
  const channel = world.channels.get(id);
  if (channel?.role) world = { ...world, channels: withEntry(world.channels, id, { ...channel, role: member.role }) };
  return setWindow(world, id, upsertMember(window, member));
}

/** The channel's row; who I am in it stands beside it, and is no older for being told with an older row. */
export function installChannel(world: World, channel: Channel): World {
  const known = world.channels.get(channel.id);
  const { read: _, ...row } = channel;
  const role = row.role !== undefined ? row.role : (known?.role ?? null);
  const newest = known && known.changed_seq > row.changed_seq ? known : { ...known, ...row };
  return { ...world, channels: withEntry(world.channels, channel.id, { ...newest, role }) };
}

/** A channel as a personal answer has it. Whether I am in it is for the own stream to say. */
export function installPersonal(world: World, channel: Channel, asked: Asked): World {
  const known = world.channels.get(channel.id);
  const role = known?.role && (channel.role ?? known.role);
  world = installChannel(world, { ...channel, role: role ?? null });
  return channel.read && role ? answer(world, channel.id, channel.read, asked) : world;
}

/** A channel that I just made, joined or started: mine before the own stream says so. */
export function adopt(world: World, channel: Channel): World {
  return installPersonal(installChannel(world, { ...channel, role: channel.role ?? "member" }), channel, world.reads);
}

/** What was known when something was asked: an answer is newer than that, and than nothing else. */
export type Asked = World["reads"];

/** A count that was answered. */
export function answer(world: World, id: string, read: Read, asked: Asked): World {
  const known = world.reads.get(id);
  return recount(world, id, answered(known, read, known === asked.get(id)));
}

/** Something happened in a channel that is not open here. */
export function heardOf(world: World, activity: Activity): World {
  const id = activity.channel_id;
  if (world.live === id) return world;
  // It may be in the part of the list that is still on its way, which may have been read before this.
  if (!world.channels.has(id)) return world.own.stale ? inDoubt(world, id) : world;
  return recount(world, id, counted(world.reads.get(id), activity, world.me));
}

function recount(world: World, id: string, { read, ask }: { read: Read | undefined; ask: boolean }): World {
  if (read && read !== world.reads.get(id)) world = { ...world, reads: withEntry(world.reads, id, read) };
  return ask ? inDoubt(world, id) : world;
}

function installOwn(world: World, event: StreamEvent): World {
  const id = event.channel?.id ?? event.channel_id;
  if (!id) return world;
  if (event.event === "channel_joined" && event.channel) return joined(world, event.channel);
  if (event.event === "channel_left") return left(world, id);
  if (event.event === "read" && event.read) return recount(world, id, marked(world.reads.get(id), event.read));
  return world;
}

/** The told row is everyone's; what is personal, the count and the role, is asked for. */
const joined = (world: World, channel: Channel): World =>
  inDoubt(installChannel(world, { ...channel, role: channel.role ?? world.channels.get(channel.id)?.role ?? "member" }), channel.id);

/** Rule 4: not mine any more. A public channel can still be looked at, anything else is gone. */
function left(world: World, id: string): World {
  const channel = world.channels.get(id);
  // The list on its way may bring it back with an older count than the one let go of here.
  if (world.own.stale) world = inDoubt(world, id);
  world = { ...purge(world, id), reads: withoutEntry(world.reads, id) };
  if (channel?.kind !== "public") return { ...world, channels: withoutEntry(world.channels, id) };
  return { ...world, channels: withEntry(world.channels, id, { ...channel, role: null }) };
}

/** Let go of what is held of a channel. */
export const purge = (world: World, id: string): World => ({
  ...world,
  windows: withoutEntry(world.windows, id),
  live: world.live === id ? null : world.live,
});

/** The first thing told on a connection: who I am, my channels, the heads (rule 4). */
export function greet(world: World, hello: Hello): World {
  if (world.epoch !== hello.epoch) {
    // Numbers start to differ after a restore: nothing held under the old ones can be told apart from the new.
    world = { ...world, epoch: hello.epoch, channels: new Map(), windows: new Map(), reads: new Map(), live: null };
    world = { ...world, own: { ...world.own, cursor: -1, held: new Map() } };
  }
  // Of very many channels it shows a page: the rest is with the whole list.
  world = { ...world, own: { ...world.own, stream: hello.stream, stale: world.own.stale || !!hello.truncated } };
  const asked = world.reads;
  if (hello.seq < world.own.cursor) return hello.channels.reduce((world, row) => installPersonal(world, row, asked), world);
  const list = hello.truncated ? installListed : listMine;
  return drainOwn(list(moveOwn(world, hello.seq), hello.channels, asked));
}

export interface ChannelList {
  channels: Channel[];
  stream: string;
  seq: number;
}

/** GET /channels: mine and the public ones. `anew`: what was held of the own stream is forgotten. */
export function list(world: World, answer: ChannelList, asked: Asked, anew: boolean): World {
  const { cursor } = world.own;
  const back = anew || answer.seq < cursor ? answer.seq : cursor;
  const own = { ...world.own, stream: answer.stream, cursor: back, behind: back < cursor, stale: world.own.stale && !anew };
  world = listMine({ ...world, own }, answer.channels, asked);
  const shown = new Set(answer.channels.map((channel) => channel.id));
  for (const id of world.channels.keys()) {
    if (!shown.has(id)) world = { ...purge(world, id), channels: withoutEntry(world.channels, id) };
  }
  return drainOwn(world);
}

function listMine(world: World, channels: Channel[], asked: Asked): World {
  const mine = new Set(channels.filter((channel) => channel.role).map((channel) => channel.id));
  for (const [id, channel] of world.channels) if (channel.role && !mine.has(id)) world = left(world, id);
  world = installListed(world, channels, asked);
  for (const id of world.windows.keys()) if (!mayHold(world, id)) world = left(world, id);
  return world;
}

function installListed(world: World, channels: Channel[], asked: Asked): World {
  for (const channel of channels) {
    world = installChannel(world, { ...channel, role: channel.role ?? null });
    if (channel.role && channel.read) world = answer(world, channel.id, channel.read, asked);
  }
  return world;
}

/** Also what was looked at without ever hearing that it was mine. */
function mayHold(world: World, id: string): boolean {
  const channel = world.channels.get(id);
  return channel?.kind === "public" || !!channel?.role;
}

const moveOwn = (world: World, cursor: number): World => ({ ...world, own: { ...world.own, cursor } });

/** The answer to `subscribe`; `since` is what was asked with, null for the latest page (rule 2). */
export function subscribed(world: World, id: string, question: Question, got: SubscribeAnswer): World {
  const { since, asked, limit } = question;
  const window = world.windows.get(id) ?? emptyWindow;
  const { messages, members, seq } = got;
  world = installPersonal({ ...setWindow(world, id, window), live: id }, { ...got.channel, read: got.read }, asked);
  if (since !== null && !got.limited) return range(world, id, since, seq, messages, members);
  const more = got.more_before ?? messages.length >= limit;
  const low = more && messages.length ? messages[0]!.seq : 0;
  return drain(installMessages(setWindow(world, id, replaced(window, { cursor: seq, low })), id, messages), id);
}

export interface Question {
  since: number | null;
  asked: Asked;
  limit: number;
}

/** The answer to `sync` for one channel. */
export function synced(world: World, id: string, since: number, changes: Changes): World {
  for (const event of changes.events) if (event.channel) world = installChannel(world, event.channel);
  const messages = changes.events.flatMap((event) => event.message ?? []);
  const members = changes.events.flatMap((event) => event.member ?? []);
  // Where these stand among the marks is not known.
  if (messages.some((message) => message.seq > since && isOwnPost(world, message))) world = inDoubt(world, id);
  else if (messages.length) world = uncounted(world, id);
  return range(world, id, since, changes.seq, messages, members);
}

/** What changed after `since`, up to `seq`: counts as one event (rule 2); newer held events stay and follow. */
function range(world: World, id: string, since: number, seq: number, messages: Message[], members: Member[]): World {
  const window = world.windows.get(id);
  if (!window) return world;
  if (since > window.cursor) return setWindow(world, id, { ...window, behind: true });
  world = installMessages(world, id, messages);
  for (const member of members) if (member.changed_seq > window.cursor) world = installMember(world, id, member);
  return drain(moveTo(world, id, seq), id);
}

/** The answer to `sync` for the own stream. */
export function syncedOwn(world: World, since: number, changes: StreamChanges): World {
  if (changes.gone || changes.reset || changes.limited) return { ...world, own: { ...world.own, stale: true } };
  if (since > world.own.cursor) return { ...world, own: { ...world.own, behind: true } };
  for (const event of changes.events) if (event.seq > world.own.cursor) world = installOwn(world, event);
  return drainOwn(moveOwn(world, Math.max(world.own.cursor, changes.seq)));
}
