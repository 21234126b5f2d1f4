// A failure, beside what failed.
import type { ComponentChildren } from "preact";

export function Alert({ text, children }: { text: string; children?: ComponentChildren }) {
  if (!text) return null;
  return (
    <div class="alert" role="alert">
      <span class="alert__text">{text}</span>
      {children}
    </div>
  );
}
