// Something this person did that the server has not confirmed yet.

export type OutboxAction = "message" | "edit" | "delete" | "addReaction" | "removeReaction";

/** A message that answers another stands in its thread, and in the channel too if its author wants that. */
export interface InThread {
  thread_id?: string;
  also_to_channel?: boolean;
}

export interface Item {
  /** For a message its client_msg_id: a repeat under the same id is the same message. */
  id: string;
  /** Its place in the queue. */
  n: number;
  channel_id: string;
  action: OutboxAction;
  /** What is asked, as the protocol has it. */
  payload: InThread & {
    channel_id?: string;
    client_msg_id?: string;
    text?: string;
    message_id?: string;
    emoji?: string;
    base_rev?: number;
  };
  created_at: string;
  /** "failed": the server refused; it waits for its author to try again, change or discard it. */
  state: "queued" | "failed";
  /** How often the server asked to come back later. */
  tries: number;
  error?: { code: string; message: string };
}
