// Tells someone through their desktop what is said to them while they look elsewhere.
// What they chose is kept per browser: its permission is, and a phone may stay silent while a desk does not.
import { effect } from "@preact/signals";
import { Claims } from "./lib/claims";
import { attentive, Looking } from "./lib/looking";
import { newsOf, shouldNotify, type Choice, type News } from "./lib/news";
import { channelPath } from "./lib/paths";
import { oneOf, preference } from "./prefs";
import { navigate } from "./routes";
import type { Store } from "./state/store";
import { badge, isMine } from "./state/world";
import { texts } from "./texts";
import { isDirect, type Activity, type Channel, type Message } from "./wire";

const isChoice = oneOf<Choice>("all", "mentions", "none");
const areChoices = (value: unknown): value is Readonly<Record<string, Choice>> =>
  typeof value === "object" && value !== null && Object.values(value).every(isChoice);

/** Of the channels where one chose; the others are as `usual` says. */
export const choices = preference<Readonly<Record<string, Choice>>>("notify.channels", {}, areChoices);
export const switched = preference<"on" | "off">("notify", "on", oneOf("on", "off"));
/** Nothing is told before this moment. */
export const quietUntil = preference("notify.quiet", 0, (value): value is number => typeof value === "number");

const usual = (channel: Channel): Choice => (isDirect(channel) ? "all" : "mentions");
export const choiceFor = (channel: Channel): Choice => choices.value[channel.id] ?? usual(channel);
export const isMuted = (channelId: string): boolean => choices.value[channelId] === "none";

export function choose(channel: Channel, choice: Choice): void {
  const { [channel.id]: _, ...others } = choices.value;
  choices.value = choice === usual(channel) ? others : { ...others, [channel.id]: choice };
}

/** Without https browsers offer nothing. */
export const permission = (): NotificationPermission | "unsupported" =>
  typeof Notification === "undefined" || !isSecureContext ? "unsupported" : Notification.permission;

interface Shown {
  notification: Notification;
  channel: string;
  seq: number;
  /** How far one had read when it came. */
  since: number;
}

const SNIPPET = 140;

export class Notifications {
  private readonly looking = new Looking();
  private readonly shown = new Set<Shown>();
  private claims!: Claims;

  constructor(
    private readonly store: Store,
    private readonly nameOf: (userId: string) => Promise<string>,
  ) {}

  start(): void {
    this.claims = new Claims(`parley-news-${this.store.myId.value}`);
    effect(() => this.looking.look(attentive.value ? this.store.open.value : null));
    effect(() => this.closeRead());
    // Nobody would hear a click on them any more.
    addEventListener("pagehide", () => {
      this.looking.look(null);
      for (const { notification } of this.shown) notification.close();
    });
  }

  async hear(told: Message | Activity): Promise<void> {
    if ("kind" in told && told.kind !== "user") return;
    const { world, myId } = this.store;
    const news = newsOf(told, myId.value);
    const channel = world.value.channels.get(news.channel);
    if (!channel || !isMine(channel) || permission() !== "granted") return;
    const quiet = switched.value === "off" || Date.now() < quietUntil.value;
    const lastRead = world.value.reads.get(channel.id)?.last_read_seq ?? 0;
    const moment = { me: myId.value, choice: choiceFor(channel), quiet, seen: this.looking.sees(channel.id), lastRead };
    if (shouldNotify(news, moment) && (await this.claims.take(news.key))) await this.show(news, channel, lastRead);
  }

  private async show(news: News, channel: Channel, since: number): Promise<void> {
    const name = await this.nameOf(news.author);
    const title = isDirect(channel) ? name : texts.notify.title(name, channel.name ?? "");
    const body = news.text.length > SNIPPET ? `${news.text.slice(0, SNIPPET)}…` : news.text;
    let notification: Notification;
    try {
      notification = new Notification(title, { body, tag: news.key, icon: "/static/icon.svg" });
    } catch {
      return; // Phones show notifications of installed apps only.
    }
    const shown = { notification, channel: news.channel, seq: news.seq, since };
    this.shown.add(shown);
    notification.onclose = () => this.shown.delete(shown);
    notification.onclick = () => {
      focus();
      navigate(channelPath(news.channel));
      notification.close();
    };
  }

  private closeRead(): void {
    const world = this.store.world.value;
    const looksAt = attentive.value ? this.store.open.value : null;
    for (const { channel, seq, since, notification } of this.shown) {
      const read = world.reads.get(channel)?.last_read_seq ?? 0;
      const allRead = read > since && !badge(world, channel).unread;
      if (read >= seq || allRead || looksAt === channel) notification.close();
    }
  }
}
