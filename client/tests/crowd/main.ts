// A crowd: many web clients in one process, told what to do line by line. Its words are in tests/faults/web_crowd.py.
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { Random } from "../support/random";
import { digest, History, type Row } from "./history";
import { Member, type Identity } from "./member";

interface Config {
  url: string;
  history: string;
  seed: number;
  transports: string[];
  members: Identity[];
}

type Command =
  | { do: "start"; per_second: number }
  | { do: "stop" | "dump" | "quit" }
  | { do: "rest"; timeout: number }
  | { do: "digest"; rows: Row[] };

const config = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as Config;
const random = new Random(config.seed);
const history = new History(config.history);
const members = config.members.map((who) => new Member(who, history, random, config.url, config.transports));
const say = (line: object): void => process.stdout.write(`${JSON.stringify(line)}\n`);

// Who sees so much of theirs waiting writes no more. Else a slow machine, on which every outage is long, would have
// the more to work off afterwards the slower it is. As many as tests/faults/crowd.py has.
const WAITING_AT_MOST = 40;

let asked = 0;
let acting: ReturnType<typeof setInterval> | undefined;

/** So many things a second, all members together, however coarse the timer is. */
function start(perSecond: number): void {
  const began = performance.now();
  const before = asked;
  acting = setInterval(() => {
    const due = before + ((performance.now() - began) / 1000) * perSecond;
    while (asked < due) {
      const member = random.pick(members);
      if (member.pending < WAITING_AT_MOST) member.act();
      asked++;
    }
  }, 10);
}

async function rest(seconds: number): Promise<object> {
  const until = Date.now() + seconds * 1000;
  const resting = await Promise.all(members.map((member) => member.rest(until)));
  const sum = (of: (member: Member) => number) => members.reduce((total, member) => total + of(member), 0);
  const pending = sum((member) => member.pending);
  return { at_rest: resting.every(Boolean) && !pending, pending, applied: sum((member) => member.trace.applied) };
}

async function obey(command: Command): Promise<object> {
  if (command.do === "start") start(command.per_second);
  if (command.do === "stop") clearInterval(acting);
  if (command.do === "stop") return { asked };
  if (command.do === "rest") return rest(command.timeout);
  if (command.do === "dump") members.forEach((member) => member.dump());
  if (command.do === "digest") return { digests: command.rows.map(digest) };
  if (command.do === "quit") members.forEach((member) => member.close());
  return {};
}

// Whoever tells it what to do is gone, perhaps while it still tries to connect: open sockets must not keep it alive.
const lines = createInterface({ input: process.stdin }).on("close", () => process.exit(0));

await Promise.all(members.map((member) => member.start()));
while (!members.every((member) => member.live)) await new Promise((resolve) => setTimeout(resolve, 20));
say({ done: "ready" });
for await (const line of lines) {
  const command = JSON.parse(line) as Command;
  say({ done: command.do, ...(await obey(command)) });
  if (command.do === "quit") break;
}
