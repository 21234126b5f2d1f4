// The reactions to a message, each to be joined or taken back.
import { app } from "../app";
import { texts } from "../texts";
import type { Message, Reaction } from "../wire";
import { personName } from "./names";

export function Chips({ message }: { message: Message }) {
  if (!message.reactions.length) return null;
  return (
    <div class="chips">
      {message.reactions.map((reaction) => (
        <Chip key={reaction.emoji} message={message} reaction={reaction} />
      ))}
    </div>
  );
}

function Chip({ message, reaction }: { message: Message; reaction: Reaction }) {
  const { emoji, count, user_ids, me } = reaction;
  const mine = user_ids.includes(app.store.myId.value) || me === true;
  const toggle = () => app.outbox.do(mine ? "removeReaction" : "addReaction", message, { emoji });
  return (
    <button type="button" class="chip" aria-pressed={mine} aria-label={texts.message.chip(emoji, count, mine)} title={whoReacted(reaction)} onClick={toggle}>
      <span>{emoji}</span>
      <b>{count}</b>
    </button>
  );
}

const NAMED = 10;

function whoReacted({ emoji, count, user_ids }: Reaction): string {
  const names = user_ids.slice(0, NAMED).map(personName);
  if (count > names.length) names.push(texts.message.andOthers(count - names.length));
  return texts.message.reactedWith(names.join(", "), emoji);
}
