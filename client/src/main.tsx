// Starts the page: the forms of signing in and up, or the app for whoever is signed in.
import { render } from "preact";
import { app } from "./app";
import { backoff } from "./lib/backoff";
import { startLook } from "./look";
import { route, startRouting } from "./routes";
import "./styles/main.css";
import { asRefusal } from "./transport/refusal";
import { startFavicon } from "./ui/frame/favicon";
import { followKeyboard } from "./ui/frame/keyboard";
import { Shell } from "./ui/frame/Shell";
import { SignIn } from "./ui/people/SignIn";
import { SignUp } from "./ui/people/SignUp";
import { startAgain } from "./ui/frame/Starting";
import { startTitle } from "./ui/frame/title";
import type { Myself } from "./wire";

function Root() {
  const here = route.value;
  if (here.name === "sign-in") return <SignIn />;
  if (here.name === "sign-up") return <SignUp invite={here.invite} />;
  return <Shell />;
}

const isEntrance = (): boolean => route.value.name === "sign-in" || route.value.name === "sign-up";

async function start(): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const { user, csrf_token } = await app.api.get<{ user: Myself; csrf_token: string }>("/session");
      return await app.start(user, csrf_token);
    } catch (error) {
      if (asRefusal(error).sessionEnded) return location.replace(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
      await patience(backoff(attempt));
    }
  }
}

/** Waits, unless the person in front of it does not. */
function patience(ms: number): Promise<void> {
  return new Promise((resolve) => {
    startAgain.value = resolve;
    setTimeout(resolve, ms);
    addEventListener("online", () => resolve(), { once: true });
  });
}

startLook();
followKeyboard();
startRouting();
startTitle();
startFavicon();
if (!isEntrance()) void start();
render(<Root />, document.getElementById("app")!);
