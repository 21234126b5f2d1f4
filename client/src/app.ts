// Puts the parts together, and is what the interface asks to do things.
import { computed, effect, signal, untracked } from "@preact/signals";
import { Api, readAll } from "./api";
import { connectionOf } from "./connection";
import { forgetDrafts } from "./drafts";
import { active, note, visited } from "./lately";
import { watchAttention } from "./lib/looking";
import { channelPath } from "./lib/paths";
import { Notifications } from "./notifications";
import type { Item } from "./outbox/item";
import { Outbox } from "./outbox/outbox";
import { postOver } from "./outbox/post";
import { forgetShelf, openShelf } from "./outbox/shelf";
import { BrowserTabs } from "./outbox/tabs";
import { Reading } from "./reading";
import { navigate } from "./routes";
import * as apply from "./state/apply";
import { Store } from "./state/store";
import { Sync } from "./sync/sync";
import { texts } from "./texts";
import { ApiGatewayTransport } from "./transport/apigateway";
import { SocketIOTransport } from "./transport/socketio";
import type { Transport } from "./transport/transport";
import { Typing } from "./typing";
import { isDirect, type Channel, type Member, type Myself, type User } from "./wire";

/** Socket.IO, unless the page names the address of an API Gateway. */
const transportFor = (api: Api): Transport => {
  const { gateway } = document.getElementById("app")?.dataset ?? {};
  return gateway ? new ApiGatewayTransport(gateway, api) : new SocketIOTransport();
};

const isWaiting = (item: Item): boolean => item.state === "queued";

export class App {
  readonly store = new Store();
  readonly api = new Api();
  readonly transport = transportFor(this.api);
  readonly sync = new Sync(this.store, this.transport, this.api);
  readonly reading = new Reading(this.store, this.sync, this.transport);
  readonly typing = new Typing(this.transport);
  readonly notifications = new Notifications(this.store, (id) => this.learnName(id));
  readonly connection = connectionOf(this.store, this.transport);
  /** Set before anything that needs it is drawn. */
  outbox!: Outbox;
  readonly started = signal(false);
  readonly waiting = computed(() => (this.started.value ? this.outbox.items.value.filter(isWaiting) : []));
  private wanted: ReturnType<typeof setTimeout> | undefined;

  /** Someone is signed in: connect, and take up what an earlier page left behind. */
  async start(user: Myself, csrfToken: string): Promise<void> {
    this.store.signIn(user);
    this.api.csrfToken = csrfToken;
    this.api.onSessionEnded = () => this.onSessionEnded();
    const shelf = await openShelf(user.id);
    const post = postOver(this.store, this.sync, this.transport, () => this.onSessionEnded());
    this.outbox = new Outbox(shelf, new BrowserTabs(`parley-outbox-${user.id}`), post);
    this.sync.listener = {
      arrived: (messages) => this.outbox.arrived(messages),
      ready: () => this.onReady(),
      news: (news) => {
        this.order(news.channel_id);
        void this.notifications.hear(news);
      },
    };
    effect(() => this.visit(this.store.open.value));
    watchAttention();
    this.notifications.start();
    await this.outbox.load();
    this.started.value = true;
    this.sync.start();
    addEventListener("online", () => this.sync.wake());
    // The network is gone, or says so: find out now instead of after a missed heartbeat.
    addEventListener("offline", () => {
      this.store.doubted.value = true;
      this.sync.wake();
    });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.sync.wake());
  }

  /** Someone does not want to wait for the next try. */
  retry(): void {
    if (this.store.ready.value) this.sync.wake();
    else this.transport.retry();
  }

  async loadUsers(): Promise<void> {
    this.store.learn((await readAll<{ users: User[] }>(this.api, "/users", "users")).users);
  }

  nameOf(userId: string): string | null {
    const user = this.store.users.value.get(userId);
    if (!user) this.wantUsers();
    return user ? user.display_name || user.username : null;
  }

  async createChannel(channel: { name: string; kind: "public" | "private"; topic?: string }): Promise<void> {
    this.enter(await this.api.send<{ channel: Channel }>("POST", "/channels", channel));
  }

  async startDirect(userIds: string[]): Promise<void> {
    this.enter(await this.api.send<{ channel: Channel }>("POST", "/dms", { user_ids: userIds }));
  }

  async join(channel: Channel): Promise<void> {
    await this.addMember(channel.id, this.store.myId.value);
    const answer = await this.api.get<{ channel: Channel }>(`/channels/${encodeURIComponent(channel.id)}`);
    this.enter(answer);
  }

  addMember(channelId: string, userId: string): Promise<{ member: Member }> {
    return this.api.send("POST", `/channels/${encodeURIComponent(channelId)}/members`, { user_id: userId });
  }

  removeMember(channelId: string, userId: string): Promise<unknown> {
    return this.api.send("DELETE", `/channels/${encodeURIComponent(channelId)}/members/${encodeURIComponent(userId)}`);
  }

  /** Leaves a channel, and goes on to another page. */
  async leave(channelId: string, to: string): Promise<void> {
    await this.removeMember(channelId, this.store.myId.value);
    navigate(to);
  }

  changeChannel(channelId: string, changes: { name?: string; topic?: string; kind?: "private" }): Promise<void> {
    return this.alter("PATCH", `/channels/${encodeURIComponent(channelId)}`, changes);
  }

  archive(channelId: string): Promise<void> {
    return this.alter("POST", `/channels/${encodeURIComponent(channelId)}/archive`, {});
  }

  async changeMe(change: { display_name?: string; email?: string }): Promise<void> {
    const { user } = await this.api.send<{ user: Myself }>("PATCH", "/users/me", change);
    this.store.me.value = user;
    this.store.learn([user]);
  }

  /** Nothing that was written stays on this machine. */
  async signOut(): Promise<void> {
    const id = this.store.myId.value;
    await this.api.send("DELETE", "/session");
    this.outbox.close();
    this.transport.close();
    forgetDrafts(id);
    await forgetShelf(id);
    location.assign("/sign-in");
  }

  private async alter(method: "PATCH" | "POST", path: string, body: object): Promise<void> {
    const { channel } = await this.api.send<{ channel: Channel }>(method, path, body);
    this.sync.change((world) => apply.installPersonal(world, { ...channel, read: null }, world.reads));
  }

  private enter({ channel }: { channel: Channel }): void {
    this.sync.change((world) => apply.adopt(world, channel));
    navigate(channelPath(channel.id));
  }

  /** Conversations stand in the order in which something was said in them. */
  private order(channelId: string): void {
    const channel = this.store.channels.value.get(channelId);
    if (channel && isDirect(channel)) note(active, channelId);
  }

  private visit(channelId: string | null): void {
    if (channelId) untracked(() => note(visited, channelId));
  }

  private onReady(): void {
    this.wantUsers(0);
    this.outbox.ready();
  }

  private onSessionEnded(): void {
    if (!this.store.me.value) return;
    this.store.sessionEnded.value = true;
    this.transport.close();
  }

  /** What someone is called, asked for where it is not known yet. */
  private async learnName(userId: string): Promise<string> {
    if (!this.store.users.value.has(userId)) await this.loadUsers().catch(() => {});
    return this.nameOf(userId) ?? texts.channel.someone;
  }

  /** Someone unknown was named: ask who everyone is, once for all who are. */
  private wantUsers(afterMs = 300): void {
    this.wanted ??= setTimeout(async () => {
      // Where it fails, names are asked for again when they are shown again.
      await this.loadUsers().catch(() => {});
      setTimeout(() => (this.wanted = undefined), 5_000);
    }, afterMs);
  }
}

export const app = new App();
