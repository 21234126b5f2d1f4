// A big part of the app that most pages can do without: brought when it is first wanted, and then there for all.
import { signal } from "@preact/signals";

export class Later<Value> {
  private readonly brought = signal<Value | null>(null);
  private asked = false;

  constructor(private readonly bring: () => Promise<Value>) {}

  /** null until it is there; whoever reads this is drawn again then. */
  get value(): Value | null {
    return this.brought.value;
  }

  /** Where it fails, the next who wants it tries again. */
  want(): void {
    if (this.asked) return;
    this.asked = true;
    this.bring().then(
      (value) => (this.brought.value = value),
      () => (this.asked = false),
    );
  }
}
