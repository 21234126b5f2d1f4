// Random numbers that a seed repeats.

export class Random {
  constructor(private seed: number) {}

  next(): number {
    // mulberry32
    let t = (this.seed += 0x6d2b79f5);
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  chance = (p: number): boolean => this.next() < p;
  below = (n: number): number => Math.floor(this.next() * n);
  pick = <Value>(values: readonly Value[]): Value => values[this.below(values.length)]!;
}
