// Signing in; afterwards the page is loaded anew, at the address that was asked for.
import { useState } from "preact/hooks";
import { app } from "../../app";
import { localPath } from "../../lib/paths";
import { texts } from "../../texts";
import { asRefusal, Refusal } from "../../transport/refusal";
import { Alert } from "../basics/Alert";
import { Card } from "./Card";
import { Field } from "../basics/Field";
import { useTask } from "../basics/task";

export function SignIn() {
  const words = texts.signIn;
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const task = useTask();
  const next = localPath(new URLSearchParams(location.search).get("next"));
  const onSubmit = (event: Event) => {
    event.preventDefault();
    void task.run(async () => {
      await app.api.send("POST", "/session", { login: login.trim(), password }).catch(explain);
      location.assign(next);
    });
  };
  return (
    <Card title={words.title}>
      <form class="form" onSubmit={onSubmit}>
        <Field label={words.username} value={login} onValue={setLogin} name="username" autocomplete="username" required autofocus lowercase />
        <Field label={words.password} value={password} onValue={setPassword} type="password" name="password" autocomplete="current-password" required />
        <Alert text={task.error} />
        <button class="button button--primary" disabled={task.busy}>
          {task.busy ? words.busy : words.submit}
        </button>
      </form>
      <p class="card__aside">
        {words.noAccount} <a href="/sign-up" data-route>{words.signUp}</a>
      </p>
    </Card>
  );
}

/** After many wrong passwords one has to wait: for how long? */
function explain(error: unknown): never {
  const refusal = asRefusal(error);
  if (refusal.code !== "rate_limited" || !refusal.retryAfterMs) throw refusal;
  throw new Refusal({ code: refusal.code, message: texts.signIn.wait(Math.ceil(refusal.retryAfterMs / 1_000)) });
}
