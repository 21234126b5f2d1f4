// What of all that is said is worth a notification.
import { inMainLine, type Activity, type Message } from "../wire";

export type Choice = "all" | "mentions" | "none";

/** A new message, however one heard of it. */
export interface News {
  /** The same in every tab. */
  key: string;
  channel: string;
  seq: number;
  author: string;
  text: string;
  mentionsMe: boolean;
  /** Or a reply that stands in its thread only. */
  mainLine: boolean;
}

export function newsOf(told: Message | Activity, me: string): News {
  const isMessage = "text" in told;
  const mainLine = !isMessage || inMainLine(told);
  return {
    key: `${told.channel_id}/${mainLine ? told.posted : `reply ${told.seq}`}`,
    channel: told.channel_id,
    seq: told.seq,
    author: told.user_id ?? "",
    text: isMessage ? told.text : (told.snippet ?? ""),
    mentionsMe: !!told.everyone || !!told.mentions?.includes(me),
    mainLine,
  };
}

export interface Moment {
  me: string;
  choice: Choice;
  /** Notifications are switched off, or not now. */
  quiet: boolean;
  /** The channel is before someone's eyes, in whichever tab. */
  seen: boolean;
  lastRead: number;
}

export function shouldNotify(news: News, { me, choice, quiet, seen, lastRead }: Moment): boolean {
  if (news.author === me || quiet || seen || news.seq <= lastRead || choice === "none") return false;
  return news.mentionsMe || (choice === "all" && news.mainLine);
}
