// What of Node the crowd leans on; the page's types know nothing of it.
declare module "node:fs" {
  export function existsSync(path: string): boolean;
  export function readFileSync(path: string, encoding: "utf8"): string;
  export function writeFileSync(path: string, text: string): void;
  export function renameSync(from: string, to: string): void;
  export function mkdtempSync(prefix: string): string;
  export function rmSync(path: string, options: { recursive: true }): void;
  export function openSync(path: string, flags: "a"): number;
  export function writeSync(file: number, text: string): number;
}

declare module "node:os" {
  export function tmpdir(): string;
}

declare module "node:crypto" {
  export function createHash(algorithm: "sha256"): { update(text: string): { digest(encoding: "hex"): string } };
}

declare module "node:readline" {
  export interface Lines extends AsyncIterable<string> {
    on(event: "close", listener: () => void): this;
  }
  export function createInterface(options: { input: unknown }): Lines;
}

declare module "node:process" {
  const process: {
    argv: string[];
    stdin: unknown;
    stdout: { write(text: string): void };
    hrtime: { bigint(): bigint };
    exit(code: number): never;
  };
  export default process;
}
