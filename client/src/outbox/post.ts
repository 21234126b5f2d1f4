// The outbox's way to the server: asked over the connection, and what was done is held as the server has it.
import * as apply from "../state/apply";
import type { Store } from "../state/store";
import type { Sync } from "../sync/sync";
import type { Transport } from "../transport/transport";
import type { Actions, Message } from "../wire";
import type { OutboxAction } from "./item";
import type { Post } from "./outbox";

export const postOver = (store: Store, sync: Sync, transport: Transport, sessionEnded: () => void): Post => ({
  get me() {
    return store.myId.value;
  },
  connected: () => store.ready.value,
  // What was kept for this action is what it asks for.
  request: (action, payload, options) => transport.request(action, payload as Actions[OutboxAction]["asks"], options),
  delivered: (message) => sync.change((world) => apply.acknowledge(world, message)),
  alreadySo: ({ action, payload }, { body }) =>
    action === "edit" && (body.data as { message?: Message } | undefined)?.message?.text === payload.text?.trim(),
  sessionEnded,
  silent: () => transport.restart(),
});
