// A combination of keys, as the keyboard has them written on it.
import { keyNames } from "../../lib/keys";

export function Keys({ keys }: { keys: string }) {
  return (
    <span class="keys__combination">
      {keyNames(keys).map((name) => (
        <kbd key={name}>{name}</kbd>
      ))}
    </span>
  );
}
