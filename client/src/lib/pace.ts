// Hands things on at once when they come one by one, and together when they come faster than a page can be drawn.

const PICTURE_MS = 16;

export class Pace<Thing> {
  private things: Thing[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = -Infinity;

  constructor(
    private readonly hand: (things: readonly Thing[]) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  push(thing: Thing): void {
    this.things.push(thing);
    if (this.timer !== undefined) return;
    const wait = this.last + PICTURE_MS - this.now();
    if (wait <= 0) this.flush();
    else this.timer = setTimeout(() => this.flush(), wait);
  }

  /** Whatever waits, now. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.things.length) return;
    const { things } = this;
    this.things = [];
    this.last = this.now();
    this.hand(things);
  }
}
