// The one store: what the server told (a pure value), and a few facts of this page. The rest of the app only reads it.
import { computed, signal } from "@preact/signals";
import type { Myself, User } from "../wire";
import { newWorld, type World } from "./world";

export class Store {
  readonly world = signal<World>(newWorld(""));
  /** My own id. Parts of the world stand alone, so that what shows one is not drawn again for another. */
  readonly myId = computed(() => this.world.value.me);
  readonly channels = computed(() => this.world.value.channels);
  readonly windows = computed(() => this.world.value.windows);
  readonly me = signal<Myself | null>(null);
  readonly users = signal<ReadonlyMap<string, User>>(new Map());
  readonly limits = signal<Readonly<Record<string, number>>>({});
  readonly typing = signal<ReadonlyMap<string, readonly string[]>>(new Map());
  /** How far this page said it has read a channel, before that was answered. */
  readonly marked = signal<ReadonlyMap<string, number>>(new Map());
  /** The channel on the page, whether it could be subscribed to or not. */
  readonly open = signal<string | null>(null);
  /** The channel on the page is none that this person may see. */
  readonly missing = signal(false);
  readonly sessionEnded = signal(false);
  /** hello was heard on the present connection. */
  readonly ready = signal(false);
  /** The browser says the network is gone, and the server has not been heard since. */
  readonly doubted = signal(false);
  /** The channel that was subscribed to on the present connection. */
  readonly current = signal<string | null>(null);
  /** What is shown of the open channel may be old: its changes are on their way. */
  readonly catchingUp = computed(() => {
    const id = this.open.value;
    if (!id || !this.ready.value || this.missing.value) return false;
    const window = this.windows.value.get(id);
    return this.current.value !== id || !window || window.behind || window.held.size > 0;
  });

  change(step: (world: World) => World): void {
    this.world.value = step(this.world.value);
  }

  signIn(user: Myself): void {
    this.me.value = user;
    this.world.value = newWorld(user.id);
    this.learn([user]);
  }

  learn(users: readonly User[]): void {
    const known = new Map(this.users.value);
    for (const user of users) known.set(user.id, user);
    this.users.value = known;
  }
}
