// Stands in for state/apply where the crowd is built: does the same, and says what moved the world.
import * as apply from "../../src/state/apply";
import type { World } from "../../src/state/world";
import type { StreamEvent } from "../../src/wire";

export * from "../../src/state/apply";

/** A live event, or an answer and the number at which it was true. */
export type Cause =
  | { via: "event"; event: StreamEvent }
  | { via: "page" | "since" | "sync" | "hello"; seq: number }
  | { via: "ack" | "purge" };

let cause: Cause | null = null;

/** What was behind a change of the world; null: none of the rules below, as with a page that was scrolled to. */
export function causeOf(change: () => void): Cause | null {
  cause = null;
  change();
  return cause;
}

type Step<Given extends unknown[]> = (world: World, ...given: Given) => World;

const because =
  <Given extends unknown[]>(step: Step<Given>, why: (...given: Given) => Cause): Step<Given> =>
  (world, ...given) => {
    cause = why(...given);
    return step(world, ...given);
  };

export const hear = because(apply.hear, (event) => ({ via: "event", event }));
export const greet = because(apply.greet, ({ seq }) => ({ via: "hello", seq }));
export const list = because(apply.list, ({ seq }) => ({ via: "page", seq }));
export const synced = because(apply.synced, (_id, _since, { seq }) => ({ via: "sync", seq }));
export const syncedOwn = because(apply.syncedOwn, (_since, { seq }) => ({ via: "sync", seq: seq ?? -1 }));
export const acknowledge = because(apply.acknowledge, () => ({ via: "ack" }));
export const purge = because(apply.purge, () => ({ via: "purge" }));
export const subscribed = because(apply.subscribed, (_id, { since }, { limited, seq }) => ({
  via: since !== null && !limited ? "since" : "page",
  seq,
}));
