// Making an account: the first one, an invited one, or where anyone may.
import { useState } from "preact/hooks";
import { app } from "../../app";
import { texts } from "../../texts";
import { Alert } from "../basics/Alert";
import { Card } from "./Card";
import { Field } from "../basics/Field";
import { useTask } from "../basics/task";

export function SignUp({ invite }: { invite: string | null }) {
  const words = texts.signUp;
  const [username, setUsername] = useState("");
  const [displayName, setDisplayName] = useState("");
  const [password, setPassword] = useState("");
  const task = useTask();
  const onSubmit = (event: Event) => {
    event.preventDefault();
    void task.run(async () => {
      const login = username.trim().toLowerCase();
      const account = { username: login, display_name: displayName.trim() || login, password };
      await app.api.send("POST", "/users", invite ? { ...account, invite } : account);
      await app.api.send("POST", "/session", { login, password });
      location.assign("/");
    });
  };
  return (
    <Card title={words.title}>
      {invite && <p class="card__lead">{words.invited}</p>}
      <form class="form" onSubmit={onSubmit}>
        <Field label={words.displayName} value={displayName} onValue={setDisplayName} name="name" autocomplete="name" maxLength={80} required autofocus invalid={task.field === "display_name"} />
        <Field label={words.username} value={username} onValue={setUsername} hint={words.usernameHint} name="username" autocomplete="username" maxLength={40} required lowercase invalid={task.field === "username"} />
        <Field label={words.password} value={password} onValue={setPassword} hint={words.passwordHint} type="password" name="password" autocomplete="new-password" required invalid={task.field === "password"} />
        <Alert text={task.error} />
        <button class="button button--primary" disabled={task.busy}>
          {task.busy ? words.busy : words.submit}
        </button>
      </form>
      <p class="card__aside">
        {words.haveAccount} <a href="/sign-in" data-route>{words.signIn}</a>
      </p>
    </Card>
  );
}
