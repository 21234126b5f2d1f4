// The narrow page of signing in and signing up.
import type { ComponentChildren } from "preact";
import { workspace } from "../frame/workspace";

export function Card({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="card-page">
      <div class="card">
        <p class="card__brand">{workspace()}</p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
