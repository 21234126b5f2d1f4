// What there is to say of the connection, out of what the transport and the store know.
import { computed, type ReadonlySignal } from "@preact/signals";
import type { Store } from "./state/store";
import type { Transport } from "./transport/transport";

export type ConnectionState = "connecting" | "live" | "catchingUp" | "offline" | "draining" | "ended";

export function connectionOf(store: Store, transport: Transport): ReadonlySignal<ConnectionState> {
  return computed(() => {
    if (store.sessionEnded.value) return "ended";
    if (transport.draining.value) return "draining";
    if (store.doubted.value) return "offline";
    if (store.ready.value) return store.catchingUp.value ? "catchingUp" : "live";
    // Before the first connection it is only being made; after a failed try, or the first one, it is missing.
    const before = store.world.value.epoch === null && transport.retryAt.value === null;
    return before ? "connecting" : "offline";
  });
}
